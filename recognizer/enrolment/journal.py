"""What enrolment must not forget: what is still to be told the logger, and who did what to whom.

One SQLite file (WAL, `synchronous=FULL`), readable by its owner alone: it holds addresses and numbers until they are
delivered. What is deleted is overwritten.
"""

import asyncio
import json
import sqlite3
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, TypeVar

from recognizer.enrolment.requests import Consent, Profile
from recognizer.errors import JournalUnavailable
from shared.clock import Clock
from shared.contracts.people import HandedIn
from shared.logs import get_logger
from shared.sqlite import SqliteWriter, connect

log = get_logger(__name__)

Value = TypeVar("Value")

_SCHEMA = """
PRAGMA secure_delete = ON;
CREATE TABLE IF NOT EXISTS messages (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    person_id TEXT NOT NULL,
    body TEXT NOT NULL,
    refused TEXT
) STRICT;
CREATE INDEX IF NOT EXISTS messages_person ON messages (person_id);
CREATE TABLE IF NOT EXISTS deeds (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    at REAL NOT NULL,
    by TEXT NOT NULL,
    deed TEXT NOT NULL,
    person_id TEXT NOT NULL,
    other_id TEXT
) STRICT;
CREATE INDEX IF NOT EXISTS deeds_person ON deeds (person_id);
CREATE INDEX IF NOT EXISTS deeds_other ON deeds (other_id);
"""


class Deed(StrEnum):
    ENROLLED = "enrolled"
    DUPLICATE_ALLOWED = "duplicate_allowed"  # although the face looks like that of `other_id`
    IMAGES_ADDED = "images_added"
    IMAGE_REMOVED = "image_removed"
    ERASED = "erased"


@dataclass(frozen=True, slots=True)
class Message:
    """To the logger, about one person."""

    person_id: str
    name: str
    profile: Profile
    consent: Consent | None


@dataclass(frozen=True, slots=True)
class KeptMessage:
    seq: int
    message: Message


@dataclass(frozen=True, slots=True)
class DeedEntry:
    at: datetime
    by: str  # the id of the key
    deed: Deed
    person_id: str
    other_id: str | None


class Journal:
    """Every method that changes something returns after its commit. Raises JournalUnavailable."""

    def __init__(self, path: Path, *, clock: Clock) -> None:
        self._path = path
        self._clock = clock
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            path.touch(mode=0o600)
            self._writer = SqliteWriter(path, schema=_make_tables)
        except (sqlite3.Error, OSError) as error:
            raise JournalUnavailable("The journal of enrolment cannot be opened") from error

    def close(self) -> None:
        self._writer.close()

    async def keep(self, message: Message) -> KeptMessage:
        """Until `drop` or `refuse`."""
        body = json.dumps({"name": message.name, "profile": asdict(message.profile), "consent": _consent_body(message)})

        def insert(connection: sqlite3.Connection) -> int:
            row = connection.execute(
                "INSERT INTO messages (person_id, body) VALUES (?, ?) RETURNING seq", (message.person_id, body)
            ).fetchone()
            return int(row[0])

        return KeptMessage(await self._write(insert), message)

    async def waiting(self, limit: int) -> list[KeptMessage]:
        """The oldest first, without those that were refused."""

        def select(connection: sqlite3.Connection) -> list[KeptMessage]:
            rows = connection.execute(
                "SELECT seq, person_id, body FROM messages WHERE refused IS NULL ORDER BY seq LIMIT ?", (limit,)
            )
            return [_read_message(row) for row in rows]

        return await asyncio.to_thread(self._read, select)

    async def standing(self, kept: KeptMessage) -> HandedIn:
        """Gone is delivered, as far as anybody here is concerned."""

        def select(connection: sqlite3.Connection) -> HandedIn:
            row = connection.execute("SELECT refused FROM messages WHERE seq = ?", (kept.seq,)).fetchone()
            if row is None:
                return HandedIn.DELIVERED
            return HandedIn.QUEUED if row["refused"] is None else HandedIn.REFUSED

        return await self._write(select)

    async def drop(self, kept: KeptMessage) -> None:
        await self._write(lambda connection: connection.execute("DELETE FROM messages WHERE seq = ?", (kept.seq,)))

    async def refuse(self, kept: KeptMessage, reason: str) -> None:
        """The logger will never take it as it is."""
        await self._write(
            lambda connection: connection.execute("UPDATE messages SET refused = ? WHERE seq = ?", (reason, kept.seq))
        )

    async def note(self, deed: Deed, person_id: str, *, by: str, other_id: str | None = None) -> None:
        at_s = self._clock.now().timestamp()
        await self._write(
            lambda connection: connection.execute(
                "INSERT INTO deeds (at, by, deed, person_id, other_id) VALUES (?, ?, ?, ?, ?)",
                (at_s, by, deed, person_id, other_id),
            )
        )

    async def forget(self, person_id: str, *, pseudonym: str) -> int:
        """Deletes what was to be told of a person, and puts a pseudonym wherever a deed names them. Returns how many
        messages that were."""

        def erase(connection: sqlite3.Connection) -> int:
            for column in ("person_id", "other_id"):
                connection.execute(
                    f"UPDATE deeds SET {column} = ? WHERE {column} = ?",  # noqa: S608 - one of two words
                    (pseudonym, person_id),
                )
            return connection.execute("DELETE FROM messages WHERE person_id = ?", (person_id,)).rowcount

        deleted = await self._write(erase)
        await asyncio.to_thread(self._read, _empty_log)
        return deleted

    def read_refused(self) -> list[tuple[str, str]]:
        """Whose profile the logger has not taken, by id, and why. Blocks."""
        query = "SELECT person_id, refused FROM messages WHERE refused IS NOT NULL ORDER BY seq"
        return self._read(lambda connection: [(row["person_id"], row["refused"]) for row in connection.execute(query)])

    def read_deeds(self, limit: int = 1_000) -> list[DeedEntry]:
        """The latest first. Blocks."""
        return self._read(lambda connection: _select_deeds(connection, limit))

    async def _write(self, work: Callable[[sqlite3.Connection], Value]) -> Value:
        try:
            return await self._writer.run(work)
        except sqlite3.Error as error:
            log.exception("journal write failed", exc_info=error)
            raise JournalUnavailable("The enrolment cannot be written down") from error

    def _read(self, query: Callable[[sqlite3.Connection], Value]) -> Value:
        connection = connect(self._path)
        try:
            return query(connection)
        except sqlite3.Error as error:
            raise JournalUnavailable("The journal of enrolment cannot be read") from error
        finally:
            connection.close()


def _make_tables(connection: sqlite3.Connection) -> None:
    connection.executescript(_SCHEMA)


def _empty_log(connection: sqlite3.Connection) -> None:
    """What was deleted is overwritten in the file; the log beside it would still have it."""
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _consent_body(message: Message) -> dict[str, Any] | None:
    return None if message.consent is None else asdict(message.consent)


def _read_message(row: sqlite3.Row) -> KeptMessage:
    body = json.loads(row["body"])
    consent = None if body["consent"] is None else Consent(**body["consent"])
    return KeptMessage(row["seq"], Message(row["person_id"], body["name"], Profile(**body["profile"]), consent))


def _select_deeds(connection: sqlite3.Connection, limit: int) -> list[DeedEntry]:
    rows = connection.execute("SELECT * FROM deeds ORDER BY seq DESC LIMIT ?", (limit,))
    return [
        DeedEntry(
            datetime.fromtimestamp(row["at"], UTC), row["by"], Deed(row["deed"]), row["person_id"], row["other_id"]
        )
        for row in rows
    ]
