"""The embedded store's file: what its queries read, and files from earlier releases."""

from collections.abc import Callable
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from logger.domain.attendance import begin
from logger.domain.sightings import LoggedSighting, Sighting
from logger.store import sqlite_schema
from logger.store.base import AttendanceFilter, EventFilter, Position
from logger.store.documents import attendance_fields, logged_fields
from logger.store.sqlite import SqliteStore, _put_all, attendance_query, events_query
from shared.contracts.attendance import Method
from shared.contracts.events import AttendanceStatus, Outcome
from shared.sqlite import connect

Where = dict[str, Any]
Statement = tuple[str, list[str | int]]

DAY, LATER = date(2025, 3, 3), date(2025, 6, 30)
SPANS: list[Where] = [{}, {"first_date": DAY}, {"last_date": DAY}, {"first_date": DAY, "last_date": LATER}]
SPANS.append({"first_date": DAY, "last_date": DAY})
ATTENDANCE: list[Where] = [
    {},
    {"person_id": "101"},
    {"session_id": "maths"},
    {"status": AttendanceStatus.LATE},
    {"method": Method.CLIENT},
    {"person_id": "101", "status": AttendanceStatus.LATE},
]
EVENTS: list[Where] = [{}, {"person_id": "101"}, {"source": "gate"}, {"outcome": Outcome.RECORDED}]
ONWARD = Position(1_000_000, "a")


def attendance(where: Where, after: Position | None) -> Statement:
    return attendance_query(AttendanceFilter(**where), after, 100)


def events(where: Where, after: Position | None) -> Statement:
    return events_query(EventFilter(**where), after, 100)


Query = tuple[Callable[[Where, Position | None], Statement], Where]
QUERIES: list[Query] = [*((attendance, where) for where in ATTENDANCE), *((events, where) for where in EVENTS)]


def plan(path: Path, sql: str, values: list[str | int]) -> str:
    with closing(connect(path)) as connection:
        return "; ".join(row["detail"] for row in connection.execute(f"EXPLAIN QUERY PLAN {sql}", values))


@pytest.mark.parametrize("after", [None, ONWARD])
@pytest.mark.parametrize("span", SPANS, ids=str)
@pytest.mark.parametrize("query", QUERIES, ids=lambda query: f"{query[0].__name__} {query[1]}")
async def test_no_filter_of_a_list_reads_the_whole_table(
    sqlite_store: SqliteStore, attendance_file: Path, query: Query, span: Where, after: Position | None
) -> None:
    await sqlite_store.prepare()
    listing, where = query[0], query[1] | span
    found = plan(attendance_file, *listing(where, after))
    if where or after:
        assert "SCAN" not in found
    else:  # the newest of all: read in the order of an index, as far as the page goes
        assert "_by_time" in found
        assert "TEMP B-TREE" not in found


@pytest.mark.parametrize(
    ("where", "index"),
    [
        ({"status": AttendanceStatus.PRESENT}, "attendance_by_status"),
        ({"status": AttendanceStatus.PRESENT, "first_date": DAY, "last_date": DAY}, "attendance_by_day"),
        ({"person_id": "1", "method": Method.FACE, "first_date": DAY, "last_date": LATER}, "attendance_by_person"),
        ({"session_id": "maths", "status": AttendanceStatus.PRESENT}, "attendance_by_session"),
    ],
)
async def test_the_rarest_condition_chooses_the_index(
    sqlite_store: SqliteStore, attendance_file: Path, where: Where, index: str
) -> None:
    await sqlite_store.prepare()
    assert index in plan(attendance_file, *attendance(where, None))


async def test_a_file_of_the_first_release_is_brought_up_to_date_with_all_that_is_in_it(
    sqlite_store: SqliteStore, attendance_file: Path, see: Callable[..., Sighting]
) -> None:
    sightings = [see(str(number), number) for number in range(5)]
    attendance_file.parent.mkdir()
    with closing(connect(attendance_file)) as connection:
        for statement in sqlite_schema.FIRST:
            connection.execute(statement)
        connection.execute("PRAGMA user_version = 1")
        _put_all(connection, "attendance", [attendance_fields(begin(one)) for one in sightings])
        _put_all(connection, "events", [logged_fields(LoggedSighting(one, Outcome.RECORDED)) for one in sightings])
    listed = await sqlite_store.attendance_page(AttendanceFilter(), after=None, limit=10)
    assert listed.items == [begin(one) for one in reversed(sightings)]
    assert (await sqlite_store.reconcile()).repaired == 0
    assert [one.outcome for one in await sqlite_store.record(sightings)] == [Outcome.DUPLICATE] * 5
