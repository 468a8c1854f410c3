"""The durable spool between a recognition and the logger: what is in here has been promised to a client.

One SQLite file (WAL, `synchronous=FULL`). An event is `pending` until the logger has answered for it, then it is
`delivered` (kept for a while, so that a client's repeat of its own event_id gets the first answer again) or `dead`
(the logger will never take it; an operator decides). A publisher works on events that it has leased; leases end by
themselves, so that what a killed publisher held is taken up by another.
"""

import asyncio
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import TypeVar
from uuid import UUID

from recognizer.errors import OutboxFull, OutboxUnavailable
from shared.clock import Clock
from shared.contracts.events import EventResult, Outcome, RecognitionEvent
from shared.logs import get_logger
from shared.sqlite import SqliteWriter, connect

log = get_logger(__name__)

Value = TypeVar("Value")

REMEMBER_DELIVERED = timedelta(hours=24)

_SCHEMA = """
CREATE TABLE IF NOT EXISTS outbox (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    event_id TEXT NOT NULL UNIQUE,
    body TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('pending', 'delivered', 'dead')),
    leased_by TEXT,
    leased_until REAL NOT NULL DEFAULT 0,
    attempts INTEGER NOT NULL DEFAULT 0,
    added_at REAL NOT NULL,
    settled_at REAL,
    answer TEXT
) STRICT;
CREATE TABLE IF NOT EXISTS probe (id INTEGER PRIMARY KEY, at REAL NOT NULL) STRICT;
CREATE INDEX IF NOT EXISTS outbox_pending ON outbox (seq) WHERE state = 'pending';
CREATE INDEX IF NOT EXISTS outbox_dead ON outbox (seq) WHERE state = 'dead';
CREATE INDEX IF NOT EXISTS outbox_delivered ON outbox (settled_at) WHERE state = 'delivered';
"""


class EntryState(StrEnum):
    PENDING = "pending"
    DELIVERED = "delivered"
    DEAD = "dead"


@dataclass(frozen=True, slots=True)
class OutboxEntry:
    """A spooled event. `answer` is the logger's, once there is one."""

    event: RecognitionEvent
    state: EntryState
    answer: EventResult | None = None
    fresh: bool = False  # made by this very call


@dataclass(frozen=True, slots=True)
class DeadLetter:
    event: RecognitionEvent
    added_at: datetime
    attempts: int
    reason: str


@dataclass(frozen=True, slots=True)
class OutboxCounts:
    pending: int
    dead: int
    oldest_pending_at: datetime | None


class Outbox:
    """Every method that changes something returns after its commit. Raises OutboxUnavailable when the file cannot be
    written."""

    def __init__(self, path: Path, *, clock: Clock, owner: str, lease_s: float, max_pending: int) -> None:
        self._path = path
        self._clock = clock
        self._owner = owner
        self._lease_s = lease_s
        self._max_pending = max_pending
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            path.touch(mode=0o600)  # names are personal data; SQLite gives its side files the mode of the main one
            self._writer = SqliteWriter(path, schema=_make_tables)
        except (sqlite3.Error, OSError) as error:
            raise OutboxUnavailable("The outbox cannot be opened") from error

    def close(self) -> None:
        self._writer.close()

    async def append(self, event: RecognitionEvent, *, lease: bool) -> OutboxEntry:
        """Makes the event durable, leased to this publisher if it is to be sent at once. When its event_id is here
        already, nothing changes and the first one's entry comes back, with `fresh` false. Raises OutboxFull."""
        return await self._write(lambda connection: self._append(connection, event, lease=lease))

    async def claim(self, limit: int) -> list[RecognitionEvent]:
        """Leases the oldest pending events that no other publisher holds."""
        return await self._write(lambda connection: self._claim(connection, limit))

    async def release(self, event_ids: Sequence[UUID]) -> None:
        """Gives leases back after an attempt that failed."""
        await self._write(lambda connection: self._release(connection, event_ids))

    async def settle(self, results: Sequence[EventResult]) -> None:
        """The logger has answered: delivered, or dead where it rejected the event for good."""
        await self._write(lambda connection: self._settle(connection, results))

    async def revive(self) -> int:
        """Sends every dead letter again; returns how many there were."""
        return await self._write(self._revive)

    async def forget(self, person_id: str) -> int:
        """Deletes what is kept of a person although it is settled; what still waits has been promised. Returns how
        many events that were."""
        return await self._write(
            lambda connection: (
                connection.execute(
                    "DELETE FROM outbox WHERE state != 'pending' AND json_extract(body, '$.person_id') = ?",
                    (person_id,),
                ).rowcount
            )
        )

    async def check(self) -> None:
        """Raises OutboxUnavailable unless a row can be written now, OutboxFull when there is no room for one."""
        await self._write(self._probe)

    async def counts(self) -> OutboxCounts:
        return await asyncio.to_thread(self.read_counts)

    def read_counts(self) -> OutboxCounts:
        """Blocks."""
        return self._read(self._count)

    async def dead_letters(self, limit: int = 100) -> list[DeadLetter]:
        return await asyncio.to_thread(self._read, lambda connection: self._dead_letters(connection, limit))

    async def _write(self, work: Callable[[sqlite3.Connection], Value]) -> Value:
        try:
            return await self._writer.run(work)
        except sqlite3.Error as error:
            log.exception("outbox write failed", exc_info=error)
            raise OutboxUnavailable("The recognition cannot be stored; nothing was recorded") from error

    def _read(self, query: Callable[[sqlite3.Connection], Value]) -> Value:
        connection = connect(self._path)
        try:
            return query(connection)
        finally:
            connection.close()

    def _now_s(self) -> float:
        return self._clock.now().timestamp()

    def _append(self, connection: sqlite3.Connection, event: RecognitionEvent, *, lease: bool) -> OutboxEntry:
        found = connection.execute("SELECT * FROM outbox WHERE event_id = ?", (str(event.event_id),)).fetchone()
        if found is not None:
            return _entry(found)
        self._check_room(connection)
        now_s = self._now_s()
        forgotten_s = now_s - REMEMBER_DELIVERED.total_seconds()
        connection.execute("DELETE FROM outbox WHERE state = 'delivered' AND settled_at < ?", (forgotten_s,))
        connection.execute(
            "INSERT INTO outbox (event_id, body, state, leased_by, leased_until, added_at)"
            " VALUES (?, ?, 'pending', ?, ?, ?)",
            (str(event.event_id), event.model_dump_json(), self._owner, now_s + self._lease_s if lease else 0, now_s),
        )
        return OutboxEntry(event, EntryState.PENDING, fresh=True)

    def _check_room(self, connection: sqlite3.Connection) -> None:
        bounded = "SELECT count(*) FROM (SELECT 1 FROM outbox WHERE state = 'pending' LIMIT ?)"
        if connection.execute(bounded, (self._max_pending,)).fetchone()[0] >= self._max_pending:
            raise OutboxFull("Too many recognitions wait for the logger; nothing was recorded")

    def _claim(self, connection: sqlite3.Connection, limit: int) -> list[RecognitionEvent]:
        # A lease that ends later than a lease can last was made before the clock was set back: it holds nothing.
        now_s = self._now_s()
        rows = connection.execute(
            """UPDATE outbox SET leased_by = :owner, leased_until = :until WHERE seq IN (
                   SELECT seq FROM outbox WHERE state = 'pending' AND (leased_until <= :now OR leased_until > :until)
                   ORDER BY seq LIMIT :limit)
               RETURNING seq, body""",
            {"owner": self._owner, "now": now_s, "until": now_s + self._lease_s, "limit": limit},
        ).fetchall()
        return [
            RecognitionEvent.model_validate_json(row["body"]) for row in sorted(rows, key=lambda row: int(row["seq"]))
        ]

    def _release(self, connection: sqlite3.Connection, event_ids: Sequence[UUID]) -> None:
        connection.executemany(
            "UPDATE outbox SET leased_until = 0, attempts = attempts + 1"
            " WHERE event_id = ? AND state = 'pending' AND leased_by = ?",
            [(str(event_id), self._owner) for event_id in event_ids],
        )

    def _settle(self, connection: sqlite3.Connection, results: Sequence[EventResult]) -> None:
        now_s = self._now_s()
        connection.executemany(
            "UPDATE outbox SET state = ?, answer = ?, settled_at = ?, attempts = attempts + 1"
            " WHERE event_id = ? AND state = 'pending'",
            [(_state_after(result), result.model_dump_json(), now_s, str(result.event_id)) for result in results],
        )

    def _revive(self, connection: sqlite3.Connection) -> int:
        return connection.execute(
            "UPDATE outbox SET state = 'pending', leased_until = 0, answer = NULL, settled_at = NULL"
            " WHERE state = 'dead'"
        ).rowcount

    def _probe(self, connection: sqlite3.Connection) -> None:
        self._check_room(connection)
        connection.execute("INSERT OR REPLACE INTO probe (id, at) VALUES (1, ?)", (self._now_s(),))

    def _count(self, connection: sqlite3.Connection) -> OutboxCounts:
        pending, oldest = connection.execute(
            "SELECT count(*), min(added_at) FROM outbox WHERE state = 'pending'"
        ).fetchone()
        dead = connection.execute("SELECT count(*) FROM outbox WHERE state = 'dead'").fetchone()[0]
        return OutboxCounts(pending, dead, None if oldest is None else _instant(oldest))

    def _dead_letters(self, connection: sqlite3.Connection, limit: int) -> list[DeadLetter]:
        rows = connection.execute("SELECT * FROM outbox WHERE state = 'dead' ORDER BY seq LIMIT ?", (limit,)).fetchall()
        return [_dead_letter(row) for row in rows]


def _make_tables(connection: sqlite3.Connection) -> None:
    connection.executescript(_SCHEMA)


def _state_after(result: EventResult) -> EntryState:
    return EntryState.DEAD if result.outcome is Outcome.REJECTED else EntryState.DELIVERED


def _entry(row: sqlite3.Row) -> OutboxEntry:
    answer = None if row["answer"] is None else EventResult.model_validate_json(row["answer"])
    return OutboxEntry(RecognitionEvent.model_validate_json(row["body"]), EntryState(row["state"]), answer)


def _dead_letter(row: sqlite3.Row) -> DeadLetter:
    entry = _entry(row)
    reason = entry.answer.detail if entry.answer is not None and entry.answer.detail else "refused without a reason"
    return DeadLetter(entry.event, _instant(row["added_at"]), row["attempts"], reason)


def _instant(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
