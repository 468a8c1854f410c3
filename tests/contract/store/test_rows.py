"""Rows, the same on every store."""

import asyncio
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from logger.domain.classes import SchoolClass
from logger.domain.people import Consent, ConsentHow, PersonProfile
from logger.domain.policy import AttendancePolicy
from logger.domain.schedule import Cancelled, Hours, Schedule, SingleDate, Weekday, WeeklyRule
from logger.domain.sessions import Session
from logger.errors import Outdated
from logger.store.base import Store
from logger.store.kinds import CLASSES, PEOPLE, SCHEDULES, SESSIONS
from logger.store.tables import ANY, NEW, Place, Selection, Table

AT = datetime(2026, 3, 2, 8, 0, 0, 123456, tzinfo=UTC)
ALICE = PersonProfile(
    person_id="101",
    name="Zoë Alice",
    department="Physics",
    consent=Consent(version="2026-1", given_at=AT, how=next(iter(ConsentHow)), by="admin"),
)
LESSON = Session(
    session_id="s1", class_id="c1", starts_at=AT, ends_at=AT + timedelta(hours=1), sources=frozenset({"a"})
)


async def test_what_was_saved_is_read_back_as_it_was(store: Store) -> None:
    zone = ZoneInfo("Europe/Berlin")
    school_class = SchoolClass(
        class_id="c1",
        title="Physics",
        teacher_id="t1",
        zone=zone,
        roster=frozenset({"101", "102"}),
        policy=AttendancePolicy(opens_before_min=5),
    )
    schedule = Schedule(
        schedule_id="p1",
        class_id="c1",
        zone=zone,
        rules=(
            WeeklyRule(frozenset({next(iter(Weekday))}), Hours(time(8), time(9)), first=date(2026, 1, 5)),
            SingleDate(date(2026, 3, 7), Hours(time(10), time(11))),
        ),
        exceptions=(Cancelled(datetime(2026, 3, 2, 8)),),  # noqa: DTZ001 - by the wall clock
    )
    rows: list[tuple[Table[Any], Any]] = [
        (PEOPLE, ALICE),
        (CLASSES, school_class),
        (SCHEDULES, schedule),
        (SESSIONS, LESSON),
    ]
    for table, value in rows:
        await store.save(table, value, NEW)
        row = await store.load(table, table.key(value))
        assert row is not None
        assert row.value == value
        assert row.version == 1
    assert await store.load(PEOPLE, "nobody") is None


async def test_two_who_edit_at_once_do_not_undo_each_other(store: Store) -> None:
    first = await store.save(PEOPLE, ALICE, NEW)
    with pytest.raises(Outdated):
        await store.save(PEOPLE, ALICE, NEW)
    edits = [replace(ALICE, department=f"D{number}") for number in range(8)]
    done = await asyncio.gather(*(store.save(PEOPLE, edit, first.version) for edit in edits), return_exceptions=True)
    assert sum(isinstance(one, Outdated) for one in done) == 7
    row = await store.load(PEOPLE, "101")
    assert row is not None
    assert row.version == 2
    assert (await store.save(PEOPLE, ALICE, ANY)).version == 3


async def test_rows_are_found_by_their_terms_in_order_and_by_pages(store: Store) -> None:
    people = [
        PersonProfile(person_id=f"{number:02}", name=f"Name {9 - number}", department="AB"[number % 2])
        for number in range(10)
    ]
    await store.save_many(PEOPLE, people)
    rows = await store.select(PEOPLE, Selection(terms={"department": "A"}))
    assert [row.value.person_id for row in rows] == ["08", "06", "04", "02", "00"]
    seen: list[str] = []
    after: Place | None = None
    while page := await store.select(PEOPLE, Selection(after=after, limit=3)):
        seen += [row.value.person_id for row in page]
        after = Place(PEOPLE.order(page[-1].value), page[-1].value.person_id)
    assert seen == [f"{number:02}" for number in reversed(range(10))]
    assert await store.count(PEOPLE, {"department": "B"}) == 5
    with pytest.raises(ValueError, match="has no term"):
        await store.select(PEOPLE, Selection(terms={"shoe": "9"}))


async def test_a_span_of_the_order_newest_first(store: Store) -> None:
    days = [
        replace(LESSON, session_id=f"s{n}", starts_at=AT + timedelta(days=n), ends_at=AT + timedelta(days=n, hours=1))
        for n in range(5)
    ]
    await store.save_many(SESSIONS, days)
    wanted = Selection(first=days[1].starts_at.isoformat(), last=days[3].starts_at.isoformat(), descending=True)
    assert [row.value.session_id for row in await store.select(SESSIONS, wanted)] == ["s3", "s2", "s1"]


async def test_many_rows_are_saved_and_read_at_once_and_again(store: Store) -> None:
    people = [PersonProfile(person_id=str(number), name="N") for number in range(1_200)]
    await store.save_many(PEOPLE, people)
    await store.save_many(PEOPLE, people[:3])
    found = await store.load_many(PEOPLE, [person.person_id for person in people] + ["nobody"])
    assert {key: row.value for key, row in found.items()} == {person.person_id: person for person in people}
    assert found["0"].version == 2


async def test_a_removed_row_is_gone(store: Store) -> None:
    await store.save(PEOPLE, ALICE, NEW)
    assert await store.remove(PEOPLE, "101")
    assert not await store.remove(PEOPLE, "101")
    assert await store.load(PEOPLE, "101") is None
