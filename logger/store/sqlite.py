"""The embedded store: one file. Writes share commits (shared.sqlite); reads have connections of their own."""

import asyncio
import json
import queue
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import date, datetime
from functools import cache, partial
from itertools import groupby
from pathlib import Path
from typing import Any, TypeAlias, TypeVar
from uuid import UUID

from logger.domain.attendance import Attendance, AttendanceKey, rebuild
from logger.domain.sightings import NO_RECORD, LoggedSighting, Sighting
from logger.errors import StoreBusy, StoreUnavailable
from logger.store import sqlite_privacy, sqlite_rows
from logger.store.base import (
    Acknowledgement,
    AttendanceFilter,
    EventFilter,
    Page,
    Position,
    Reconciliation,
    Recorded,
    StoredKey,
    Touched,
)
from logger.store.documents import (
    Fields,
    attendance_fields,
    attendance_from,
    attendance_position,
    event_position,
    key_fields,
    key_from,
    logged_fields,
    logged_from,
    sighting_from,
    to_us,
)
from logger.store.gathering import Gathering
from logger.store.kinds import TABLES
from logger.store.ledger import KeptEvent, Ledger
from logger.store.preparation import Preparation
from logger.store.sqlite_schema import apply_schema
from logger.store.tables import Row, Selection, Table
from shared.contracts.events import AttendanceStatus
from shared.sqlite import SqliteWriter, connect

Value = TypeVar("Value")
Query: TypeAlias = tuple[str, list[str | int]]  # the statement and its values
Conditions = dict[str, str | int | None]  # "column >=" -> value; None asks for nothing

MAX_WAITING_WRITES = 2_000
MAX_GATHERED = 1_000  # sightings to a commit: bounds how long the first of them waits for the last
READERS = 2
_OWN_MISTAKES = (sqlite3.ProgrammingError, sqlite3.IntegrityError, sqlite3.InterfaceError)


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except _OWN_MISTAKES:
        raise
    except (sqlite3.Error, OSError) as error:
        raise StoreUnavailable("The attendance file cannot be used at the moment") from error


class SqliteStore:
    """Implements Store."""

    def __init__(
        self, path: Path, *, max_waiting_writes: int = MAX_WAITING_WRITES, max_gathered: int = MAX_GATHERED
    ) -> None:
        """Opened on first use. With `max_waiting_writes` waiting, the next one is answered StoreBusy. Recordings that
        wait share a commit while they come to no more than `max_gathered` sightings."""
        self._path = path
        self._max_waiting_writes = max_waiting_writes
        self._writer: SqliteWriter | None = None
        self._waiting_writes = 0
        self._sightings = Gathering(self._record, max_items=max_gathered, shared_errors=StoreUnavailable)
        self._idle_readers: queue.LifoQueue[sqlite3.Connection] = queue.LifoQueue()
        self._readers = ThreadPoolExecutor(READERS, thread_name_prefix="attendance reader")
        self._preparation = Preparation(self._open)

    async def prepare(self) -> None:
        await self._preparation.done()

    async def check(self) -> None:
        await self._read(lambda connection: connection.execute("SELECT 1 FROM attendance LIMIT 1").fetchone())

    async def close(self) -> None:
        await self._preparation.stop()
        await self._sightings.drained()
        if self._writer is not None:
            await asyncio.to_thread(self._writer.close)
        await asyncio.to_thread(self._close_readers)

    async def record(self, sightings: Sequence[Sighting]) -> list[Recorded]:
        await self.prepare()
        with self._admitted():
            return list(await self._sightings.add(sightings))

    async def acknowledge(self, key: AttendanceKey, *, seen_since: datetime, at: datetime) -> Acknowledgement:
        return await self._write(lambda connection: _acknowledge(connection, key, seen_since, at))

    async def set_status(self, key: AttendanceKey, status: AttendanceStatus) -> None:
        change = "UPDATE attendance SET status = ? WHERE id = ?"
        await self._write(lambda connection: connection.execute(change, (status.value, key.record_id)).rowcount)

    async def attendance_of(self, record_id: str) -> Attendance | None:
        return await self._read(lambda connection: _attendance(connection, record_id))

    async def attendance_page(self, where: AttendanceFilter, *, after: Position | None, limit: int) -> Page[Attendance]:
        sql, values = attendance_query(where, after, limit)
        rows = await self._read(lambda connection: connection.execute(sql, values).fetchall())
        return Page.cut([attendance_from(row) for row in rows], limit, attendance_position)

    async def events_page(self, where: EventFilter, *, after: Position | None, limit: int) -> Page[LoggedSighting]:
        sql, values = events_query(where, after, limit)
        rows = await self._read(lambda connection: connection.execute(sql, values).fetchall())
        return Page.cut([logged_from(row) for row in rows], limit, event_position)

    async def reconcile(self) -> Reconciliation:
        # Events are read on a snapshot, so that the service goes on writing; only what looks wrong is looked at again
        # inside a transaction.
        suspects = await self._read(_suspects)
        repaired = [await self._write(partial(_repair, key=key)) for key in suspects]
        events, records = await self._read(_counts)
        return Reconciliation(events=events, attendance=records, repaired=sum(repaired))

    async def pseudonymize(self, person_id: str, pseudonym: str) -> Touched:
        return await self._write(lambda connection: sqlite_privacy.pseudonymize(connection, person_id, pseudonym))

    async def forget_before(self, day: date) -> Touched:
        return await self._write(lambda connection: sqlite_privacy.forget_before(connection, day.isoformat()))

    async def load(self, table: Table[Value], key: str) -> Row[Value] | None:
        return await self._read(lambda connection: sqlite_rows.load(connection, table, key))

    async def load_many(self, table: Table[Value], keys: Sequence[str]) -> dict[str, Row[Value]]:
        return await self._read(lambda connection: sqlite_rows.load_many(connection, table, keys))

    async def save(self, table: Table[Value], value: Value, version: int | None) -> Row[Value]:
        return await self._write(lambda connection: sqlite_rows.save(connection, table, value, version))

    async def save_many(self, table: Table[Value], values: Sequence[Value]) -> None:
        await self._write(lambda connection: sqlite_rows.save_many(connection, table, values))

    async def remove(self, table: Table[Any], key: str) -> bool:
        return await self._write(lambda connection: sqlite_rows.remove(connection, table, key))

    async def remove_many(self, table: Table[Any], keys: Sequence[str]) -> int:
        return await self._write(lambda connection: sqlite_rows.remove_many(connection, table, keys))

    async def select(self, table: Table[Value], selection: Selection) -> list[Row[Value]]:
        return await self._read(lambda connection: sqlite_rows.select(connection, table, selection))

    async def count(self, table: Table[Any], terms: Mapping[str, str]) -> int:
        return await self._read(lambda connection: sqlite_rows.count(connection, table, terms))

    async def tally(self, table: Table[Any], term: str, selection: Selection) -> dict[str, int]:
        return await self._read(lambda connection: sqlite_rows.tally(connection, table, term, selection))

    async def save_key(self, key: StoredKey) -> None:
        await self._write(lambda connection: _put(connection, "api_keys", key_fields(key)))

    async def keys(self) -> list[StoredKey]:
        query = "SELECT * FROM api_keys ORDER BY created_us, key_id"
        rows = await self._read(lambda connection: connection.execute(query).fetchall())
        return [key_from(row) for row in rows]

    async def _open(self) -> None:
        with _translated():
            self._writer = await asyncio.to_thread(_open_writer, self._path)

    async def _record(self, sightings: Sequence[Sighting]) -> list[Recorded]:
        return await self._commit(lambda connection: _record(connection, sightings))

    async def _write(self, work: Callable[[sqlite3.Connection], Value]) -> Value:
        await self.prepare()
        with self._admitted():
            return await self._commit(work)

    @contextmanager
    def _admitted(self) -> Iterator[None]:
        if self._waiting_writes >= self._max_waiting_writes:
            raise StoreBusy("Too many writes are waiting for the disk")
        self._waiting_writes += 1
        try:
            yield
        finally:
            self._waiting_writes -= 1

    async def _commit(self, work: Callable[[sqlite3.Connection], Value]) -> Value:
        assert self._writer is not None  # noqa: S101 - every caller has prepared
        with _translated():
            return await self._writer.run(work)

    async def _read(self, work: Callable[[sqlite3.Connection], Value]) -> Value:
        await self.prepare()
        with _translated():
            return await asyncio.get_running_loop().run_in_executor(self._readers, self._read_now, work)

    def _read_now(self, work: Callable[[sqlite3.Connection], Value]) -> Value:
        try:
            connection = self._idle_readers.get_nowait()
        except queue.Empty:
            connection = connect(self._path)
        try:
            return work(connection)
        finally:
            self._idle_readers.put(connection)

    def _close_readers(self) -> None:
        self._readers.shutdown()
        while not self._idle_readers.empty():
            self._idle_readers.get_nowait().close()


def _open_writer(path: Path) -> SqliteWriter:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.touch(mode=0o600)  # attendance is personal data; SQLite gives its side files the mode of the main one
    return SqliteWriter(path, schema=_make_tables)


def _make_tables(connection: sqlite3.Connection) -> None:
    apply_schema(connection)
    sqlite_rows.create_tables(connection, TABLES)


def _record(connection: sqlite3.Connection, sightings: Sequence[Sighting]) -> list[Recorded]:
    ledger = _open_ledger(connection, sightings)
    recorded = [ledger.enter(sighting) for sighting in sightings]
    _put_all(connection, "attendance", [attendance_fields(record) for record in ledger.changed_records])
    _put_all(connection, "events", [logged_fields(logged) for logged in ledger.new_events])
    return recorded


def _open_ledger(connection: sqlite3.Connection, sightings: Sequence[Sighting]) -> Ledger:
    events = {
        UUID(row["event_id"]): KeptEvent(row["digest"], row["attendance_id"])
        for row in _rows_of(connection, "events", "event_id", {str(sighting.event_id) for sighting in sightings})
    }
    record_ids = {sighting.record_id for sighting in sightings} | {kept.record_id for kept in events.values()}
    records = (attendance_from(row) for row in _rows_of(connection, "attendance", "id", record_ids))
    return Ledger(events, {record.id: record for record in records})


def _rows_of(connection: sqlite3.Connection, table: str, key: str, keys: Iterable[str]) -> list[Any]:
    """One statement for any number of keys."""
    sql = f"SELECT * FROM {table} WHERE {key} IN (SELECT value FROM json_each(?))"  # noqa: S608 - names are ours
    return connection.execute(sql, (json.dumps(list(keys)),)).fetchall()


def _attendance(connection: sqlite3.Connection, record_id: str) -> Attendance | None:
    row = connection.execute("SELECT * FROM attendance WHERE id = ?", (record_id,)).fetchone()
    return None if row is None else attendance_from(row)


def _put(connection: sqlite3.Connection, table: str, fields: Fields) -> None:
    _put_all(connection, table, [fields])


def _put_all(connection: sqlite3.Connection, table: str, rows: Sequence[Fields]) -> None:
    """Inserts each row, or replaces the one with its primary key, which is the first field."""
    if rows:
        connection.executemany(_upsert(table, tuple(rows[0])), rows)


@cache
def _upsert(table: str, names: tuple[str, ...]) -> str:
    columns = ", ".join(names)
    places = ", ".join(f":{name}" for name in names)
    changes = ", ".join(f"{name} = excluded.{name}" for name in names[1:])
    return f"INSERT INTO {table} ({columns}) VALUES ({places}) ON CONFLICT ({names[0]}) DO UPDATE SET {changes}"  # noqa: S608 - names are ours


def _acknowledge(
    connection: sqlite3.Connection, key: AttendanceKey, seen_since: datetime, at: datetime
) -> Acknowledgement:
    marked = connection.execute(
        "UPDATE attendance SET acknowledged_us = ? WHERE id = ? AND acknowledged_us IS NULL AND last_us >= ?",
        (to_us(at), key.record_id, to_us(seen_since)),
    )
    if marked.rowcount:
        return Acknowledgement.FIRST
    return Acknowledgement.ABSENT if _attendance(connection, key.record_id) is None else Acknowledgement.AGAIN


def _suspects(connection: sqlite3.Connection) -> list[AttendanceKey]:
    """Keys whose record is missing or is not what its events add up to."""
    with _snapshot(connection):
        rows = connection.execute("SELECT * FROM events WHERE attendance_id <> ? ORDER BY attendance_id", (NO_RECORD,))
        groups = ([sighting_from(row) for row in group] for _, group in groupby(rows, lambda row: row["attendance_id"]))
        return [
            group[0].key
            for group in groups
            if _attendance(connection, group[0].key.record_id) != _rebuilt(connection, group)
        ]


def _repair(connection: sqlite3.Connection, key: AttendanceKey) -> bool:
    """Whether the record had to be written."""
    rows = connection.execute(
        "SELECT * FROM events WHERE person_id = ? AND attendance_id = ?", (key.person_id, key.record_id)
    )
    record = _rebuilt(connection, [sighting_from(row) for row in rows])
    if record == _attendance(connection, key.record_id):
        return False
    _put(connection, "attendance", attendance_fields(record))
    return True


def _rebuilt(connection: sqlite3.Connection, group: list[Sighting]) -> Attendance:
    return rebuild(group, _attendance(connection, group[0].key.record_id))


def _counts(connection: sqlite3.Connection) -> tuple[int, int]:
    row = connection.execute("SELECT (SELECT count(*) FROM events), (SELECT count(*) FROM attendance)").fetchone()
    return row[0], row[1]


@contextmanager
def _snapshot(connection: sqlite3.Connection) -> Iterator[None]:
    """Everything read inside is of one moment."""
    connection.execute("BEGIN")
    try:
        yield
    finally:
        connection.execute("ROLLBACK")


def attendance_query(where: AttendanceFilter, after: Position | None, limit: int) -> Query:
    conditions: Conditions = {
        "person_id =": where.person_id,
        "scope =": where.scope,
        "session_id =": where.session_id,
        **_between(where.first_date, where.last_date),
        "(SELECT t_class FROM r_sessions WHERE key = session_id) =": where.class_id,
        "status =": where.status,
        "method =": where.method,
    }
    return _newest_first("attendance", ("first_us", "id"), conditions, after, limit)


def events_query(where: EventFilter, after: Position | None, limit: int) -> Query:
    conditions: Conditions = {
        "person_id =": where.person_id,
        **_between(where.first_date, where.last_date),
        "source =": where.source,
        "outcome =": where.outcome,
    }
    return _newest_first("events", ("captured_us", "event_id"), conditions, after, limit)


def _newest_first(
    table: str, order: tuple[str, str], conditions: Conditions, after: Position | None, limit: int
) -> Query:
    """The query for one page, and one row more to know whether another page follows.

    Conditions go from the rarest to the commonest, and the first column alone chooses the index: SQLite without
    statistics takes `status = 'present'` to be as rare as a day. (A `+` keeps a column's index out of it.)
    """
    asked = {condition: value for condition, value in conditions.items() if value is not None}
    leading = next(iter(asked), "").partition(" ")[0]
    wanted = [f"{condition} ?" if condition.startswith(f"{leading} ") else f"+{condition} ?" for condition in asked]
    values: list[str | int] = list(asked.values())
    if after is not None:
        wanted.append(f"({order[0]}, {order[1]}) < (?, ?)")
        values += [after.instant_us, after.id]
    where = f"WHERE {' AND '.join(wanted)}" if wanted else ""
    ordered = f"ORDER BY {order[0]} DESC, {order[1]} DESC"
    if leading == "local_date" and "local_date =" not in asked:
        # A span of days is not in the order of the list: its keys are sorted, and only the rows of the page are read.
        by_key = f"ORDER BY +{order[0]} DESC, {order[1]} DESC"  # without the +, one with an open end walks all of time
        where = f"WHERE rowid IN (SELECT rowid FROM {table} {where} {by_key} LIMIT ?)"  # noqa: S608 - names are ours
        values.append(limit + 1)
    return f"SELECT * FROM {table} {where} {ordered} LIMIT ?", [*values, limit + 1]  # noqa: S608


def _between(first: date | None, last: date | None) -> Conditions:
    """One day is asked for as such: then an index of day and instant gives its rows in order."""
    if first is not None and first == last:
        return {"local_date =": first.isoformat()}
    limits = {"local_date >=": first, "local_date <=": last}
    return {condition: day.isoformat() for condition, day in limits.items() if day is not None}
