"""The service of schedules, the same on every store."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import count
from zoneinfo import ZoneInfo

import pytest

from logger.domain.audit import AuditAction, Deed
from logger.domain.classes import SchoolClass
from logger.domain.schedule import Cancelled, Hours, Moved, SingleDate, Weekday, WeeklyRule
from logger.domain.sessions import cancel, end, plan, start
from logger.errors import InvalidRequest, NotFound, Outdated
from logger.services.schedules import ScheduleDetails, SchedulesService
from logger.services.trail import AuditTrail
from logger.store.base import Store
from logger.store.kinds import CLASSES, SESSIONS
from logger.store.tables import NEW, Selection
from shared.clock import Clock

NINE = datetime(2025, 3, 3, 8, tzinfo=UTC)  # by the clock on the wall
BERLIN = ZoneInfo("Europe/Berlin")
MONDAYS = WeeklyRule(frozenset({Weekday.MONDAY}), Hours(time(9), time(10)), first=date(2025, 3, 3))
CALENDAR = """BEGIN:VCALENDAR\r
BEGIN:VEVENT\r
UID:a\r
SUMMARY:Physics\r
DTSTART;TZID=Europe/Berlin:20250304T090000\r
DTEND;TZID=Europe/Berlin:20250304T100000\r
RRULE:FREQ=WEEKLY;BYDAY=TU\r
END:VEVENT\r
BEGIN:VEVENT\r
UID:b\r
SUMMARY:Whole day\r
DTSTART;VALUE=DATE:20250304\r
END:VEVENT\r
END:VCALENDAR\r
"""


async def classes(store: Store) -> dict[str, SchoolClass]:
    return {row.value.class_id: row.value for row in await store.select(CLASSES, Selection())}


@pytest.fixture
def new_id() -> Callable[[], str]:
    numbers = count(1)
    return lambda: f"p{next(numbers)}"


@pytest.fixture
async def schedules(store: Store, trail: AuditTrail, clock: Clock, new_id: Callable[[], str]) -> SchedulesService:
    await store.save(CLASSES, SchoolClass("c1", "Physics; optics", "t1", BERLIN, room="A"), NEW)
    return SchedulesService(store, trail, clock, site=BERLIN, new_id=new_id)


async def test_a_schedule_is_kept_changed_and_removed(schedules: SchedulesService, deeds: list[Deed]) -> None:
    made = await schedules.create("c1", ScheduleDetails((MONDAYS,)), by="t1")
    assert (made.value.schedule_id, made.value.zone) == ("p1", BERLIN)
    later = ScheduleDetails((MONDAYS,), (Cancelled(datetime(2025, 3, 10, 9)),), room="B")  # noqa: DTZ001
    changed = await schedules.change("p1", later, version=made.version, by="t1")
    assert (changed.value.room, len(changed.value.exceptions)) == ("B", 1)
    with pytest.raises(Outdated):
        await schedules.change("p1", later, version=made.version, by="t1")
    await schedules.remove("p1", by="t1")
    assert await schedules.of_class("c1") == ()
    assert {deed.action for deed in deeds} == {AuditAction.SCHEDULE_SAVED}
    assert deeds[-1].after is None
    with pytest.raises(NotFound):
        await schedules.remove("p1", by="t1")


async def test_a_schedule_is_of_a_class_and_says_when(schedules: SchedulesService) -> None:
    with pytest.raises(NotFound):
        await schedules.create("c9", ScheduleDetails((MONDAYS,)), by="t1")
    with pytest.raises(InvalidRequest, match="needs a day"):
        await schedules.create("c1", ScheduleDetails(()), by="t1")
    with pytest.raises(InvalidRequest, match="at most"):
        await schedules.create("c1", ScheduleDetails((MONDAYS,) * 1_001), by="t1")


async def test_importing_a_calendar_twice_doubles_nothing_and_a_new_one_replaces(schedules: SchedulesService) -> None:
    first = await schedules.import_calendar("c1", CALENDAR, by="t1")
    assert [(one.title, one.line) for one in first.refused] == [("Whole day", 9)]
    rows = await schedules.of_class("c1")
    await schedules.import_calendar("c1", CALENDAR, by="t1")
    assert await schedules.of_class("c1") == rows
    await schedules.import_calendar("c1", CALENDAR.replace("BYDAY=TU", "BYDAY=TU,TH"), by="t1")
    (changed,) = await schedules.of_class("c1")
    assert changed.value.schedule_id == rows[0].value.schedule_id
    assert changed.value != rows[0].value
    with pytest.raises(InvalidRequest, match="BEGIN:VCALENDAR"):
        schedules.preview_calendar("X:1")


async def test_what_is_planned_comes_in_the_order_of_time(schedules: SchedulesService) -> None:
    friday = SingleDate(date(2025, 3, 7), Hours(time(9), time(10)))
    await schedules.create("c1", ScheduleDetails((MONDAYS,)), by="t1")
    await schedules.create("c1", ScheduleDetails((friday,)), by="t1")
    planned = await schedules.occurrences("c1", ahead=timedelta(days=8))
    assert [one.starts_at for one in planned] == [datetime(2025, 3, day, 8, tzinfo=UTC) for day in (3, 7, 10)]


async def test_a_week_is_of_all_classes(schedules: SchedulesService, store: Store) -> None:
    await store.save(CLASSES, SchoolClass("c2", "Art", "t1", BERLIN), NEW)
    for class_id in ("c1", "c2"):
        await schedules.create(class_id, ScheduleDetails((MONDAYS,)), by="t1")
    week = await schedules.between(date(2025, 3, 10), date(2025, 3, 16))
    assert sorted(one.class_id for one in week) == ["c1", "c2"]
    with pytest.raises(InvalidRequest, match="at most"):
        await schedules.between(date(1980, 1, 1), date(2025, 1, 1))


async def test_the_feed_has_each_session_once_also_those_that_were_cancelled(
    schedules: SchedulesService, store: Store
) -> None:
    await schedules.create("c1", ScheduleDetails((MONDAYS,)), by="t1")
    row = await store.load(CLASSES, "c1")
    assert row is not None
    second = plan((await schedules.occurrences("c1", ahead=timedelta(days=8)))[1], row.value)
    await store.save(SESSIONS, cancel(second, at=second.starts_at, by="t1"), NEW)
    feed = await schedules.feed("c1")
    assert feed.count("BEGIN:VEVENT") == 26
    assert feed.count("STATUS:CANCELLED") == 1
    assert "SUMMARY:Physics\\; optics" in feed
    assert feed.count(f"UID:{second.session_id}@rollcall") == 1
    with pytest.raises(NotFound):
        await schedules.feed("c9")


async def seen_days(schedules: SchedulesService, first: date, last: date) -> list[tuple[int, int, bool]]:
    """Day and hour of each meeting, by UTC, and whether it is kept."""
    meetings = await schedules.meetings(first, last, lambda one: one.teacher_id == "t1")
    return [(one.session.starts_at.day, one.session.starts_at.hour, one.is_kept) for one in meetings]


async def test_a_timetable_has_what_took_place_and_what_will(
    schedules: SchedulesService, store: Store, forward: Callable[..., None]
) -> None:
    made = await schedules.create("c1", ScheduleDetails((MONDAYS,)), by="t1")
    await store.save(CLASSES, SchoolClass("c2", "Art", "t2", BERLIN), NEW)
    await schedules.create("c2", ScheduleDetails((MONDAYS,)), by="t2")
    forward(hours=-12)
    span = (date(2025, 3, 1), date(2025, 3, 17))
    assert await seen_days(schedules, *span) == [(3, 8, False), (10, 8, False), (17, 8, False)]
    planned = await schedules.occurrences("c1", ahead=timedelta(days=8))
    sessions = [plan(one, (await classes(store))["c1"]) for one in planned]
    await store.save_many(
        SESSIONS, [end(start(sessions[0], at=NINE, by="t1", others=[]), at=NINE, by="t1"), *sessions[1:]]
    )
    forward(days=1)
    elsewhere = Moved(datetime(2025, 3, 10, 9), date(2025, 3, 13), Hours(time(9), time(10)))  # noqa: DTZ001
    weekly = replace(MONDAYS, first=date(2025, 2, 3))
    await schedules.change("p1", ScheduleDetails((weekly,), (elsewhere,)), version=made.version, by="t1")
    assert await seen_days(schedules, *span) == [(3, 8, True), (13, 8, True), (17, 8, False)]
    assert await seen_days(schedules, date(2025, 2, 1), date(2025, 2, 28)) == []
    with pytest.raises(InvalidRequest, match="at most"):
        await seen_days(schedules, date(1980, 1, 1), date(2025, 1, 1))
