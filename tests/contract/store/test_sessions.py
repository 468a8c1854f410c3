"""Sessions and marks on every store: from the schedule to the absences, whatever comes late or happens in between."""

import asyncio
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import count, product
from types import NoneType
from typing import Any, cast
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from prometheus_client import CollectorRegistry

from logger.domain.audit import AuditAction
from logger.domain.classes import Room, SchoolClass
from logger.domain.marking import Basis
from logger.domain.people import PersonProfile
from logger.domain.placing import InSession, NotCounted
from logger.domain.policy import AttendancePolicy
from logger.domain.schedule import Cancelled, Hours, Schedule, Weekday, WeeklyRule, move
from logger.domain.sessions import CLOCK, Session, SessionState
from logger.errors import Conflict, InvalidRequest, NotFound, StoreUnavailable
from logger.metrics import LoggerMetrics
from logger.services.audit import AuditService
from logger.services.ingest import IngestService
from logger.services.live import LiveFeed
from logger.services.marking import Marking, MarkingService
from logger.services.marks import MarksService
from logger.services.placement import Placement
from logger.services.planning import Planner
from logger.services.session_moves import SessionMoves
from logger.services.session_views import SessionViews
from logger.services.sessions import SessionsService
from logger.services.tallies import TalliesService
from logger.store.base import AttendanceFilter, EventFilter, Store
from logger.store.kinds import CLASSES, MARKS, PEOPLE, ROOMS, SCHEDULES, SESSIONS
from logger.store.tables import ANY, Row, Selection, Table
from shared.contracts.events import EventResult, Outcome, RecognitionEvent

SITE = ZoneInfo("Europe/Berlin")
MONDAY = date(2025, 3, 3)
NINE = datetime(2025, 3, 3, 8, tzinfo=UTC)  # nine o'clock at the site
ROSTER = ("101", "102", "103")


class MovableClock:
    def __init__(self, instant: datetime) -> None:
        self.instant = instant

    def now(self) -> datetime:
        return self.instant


@dataclass
class Logger:
    """One process: all its services, on one store."""

    store: Store
    clock: MovableClock
    sessions: SessionsService
    views: SessionViews
    marks: MarksService
    audit: AuditService
    ingest: IngestService
    marking: MarkingService

    @classmethod
    def on(cls, store: Store, clock: MovableClock) -> "Logger":
        audit, feed, placement = AuditService(store, clock), LiveFeed(), Placement(store, clock)
        marks = MarksService(store, store, audit, feed, site=SITE, clock=clock)
        moves = SessionMoves(store, marks, placement, audit=audit, feed=feed, clock=clock)
        sessions = SessionsService(store, moves, Planner(store, clock, site=SITE), placement, clock)
        views = SessionViews(store, store, marks, TalliesService(store, placement, feed, clock), site=SITE, clock=clock)
        metrics = LoggerMetrics(CollectorRegistry())
        ingest = IngestService(store, placement, marks, feed, site=SITE, clock=clock, metrics=metrics)
        window = timedelta(minutes=1)
        marking = MarkingService(store, ingest, placement, site=SITE, clock=clock, window=window, trusted=False)
        return cls(store, clock, sessions, views, marks, audit, ingest, marking)

    def at(self, minutes: float) -> None:
        self.clock.instant = NINE + timedelta(minutes=minutes)

    async def see(self, person_id: str, minutes: float, source: str | None = "cam-a", **changes: Any) -> EventResult:
        return (await self.ingest.ingest([sighting(person_id, minutes, source, **changes)])).results[0]

    async def only_session(self) -> Session:
        [row] = await self.store.select(SESSIONS, Selection())
        return row.value

    async def statuses(self, session_id: str) -> dict[str, tuple[str, Basis]]:
        kept = await self.marks.marks_of_session(session_id)
        return {one.person_id: (one.mark.status.code, one.mark.basis) for one in kept if one.mark}

    async def records(self) -> dict[str, str]:
        page = await self.store.attendance_page(AttendanceFilter(), after=None, limit=100)
        return {one.key.person_id: one.status.value for one in page.items}


numbers = count(1)


def sighting(
    person_id: str, minutes: float, source: str | None = "cam-a", number: int | None = None
) -> RecognitionEvent:
    return RecognitionEvent(
        event_id=UUID(int=number or next(numbers)),
        person_id=person_id,
        person=f"Name {person_id}",
        name="Name",
        distance=0.1,
        similarity=0.9,
        threshold=0.3,
        engine="Fake",
        source=source,
        captured_at=NINE + timedelta(minutes=minutes),
    )


@pytest.fixture
async def school(store: Store) -> Logger:
    """One class in room A with one camera, on Mondays and Tuesdays from nine to ten; at the moment it is eight."""
    clock = MovableClock(NINE - timedelta(hours=1))
    await store.save_many(PEOPLE, [PersonProfile(person_id, f"Name {person_id}") for person_id in (*ROSTER, "900")])
    await store.save(ROOMS, Room("A", frozenset({"cam-a"})), ANY)
    await store.save(CLASSES, SchoolClass("c1", "Physics", "t1", SITE, frozenset(ROSTER), "A"), ANY)
    return Logger.on(store, clock)


@pytest.fixture
async def planned(school: Logger) -> Logger:
    rule = WeeklyRule(frozenset({Weekday.MONDAY}), Hours(time(9), time(10)), MONDAY, MONDAY)
    await school.store.save(SCHEDULES, Schedule("p1", "c1", SITE, (rule,)), ANY)
    await school.sessions.tick()
    return school


async def test_a_schedule_becomes_sessions_that_the_clock_starts_ends_and_closes(planned: Logger) -> None:
    session = await planned.only_session()
    assert (session.state, session.starts_at, session.sources) == (SessionState.SCHEDULED, NINE, frozenset({"cam-a"}))
    planned.at(0)
    await planned.sessions.tick()
    session = await planned.only_session()
    assert (session.state, session.started_by) == (SessionState.ACTIVE, CLOCK)
    planned.at(60)
    await planned.sessions.tick()
    await planned.sessions.tick()
    session = await planned.only_session()
    assert (session.state, session.ended_at) == (SessionState.ENDED, NINE + timedelta(hours=1))
    assert await planned.statuses(session.session_id) == dict.fromkeys(ROSTER, ("absent", Basis.CLOSING))
    told = [one.deed for one in reversed(await planned.audit.page())]
    assert {(one.by, one.subject) for one in told} == {(CLOCK, f"session:{session.session_id}")}
    assert [one.action for one in told] == [
        AuditAction.SESSION_STARTED,
        AuditAction.SESSION_ENDED,
        AuditAction.ABSENCES_MARKED,
    ]
    assert told[-1].after == '{"absent":3}'


async def test_being_seen_in_a_session_is_present_or_late_and_one_record(planned: Logger) -> None:
    session_id = (await planned.only_session()).session_id
    planned.at(30)
    await planned.sessions.tick()
    early, late, again = await planned.see("101", -5), await planned.see("102", 20), await planned.see("102", 25)
    assert (early.outcome, early.status, early.session_id) == (Outcome.RECORDED, "present", session_id)
    assert (late.outcome, late.status) == (Outcome.RECORDED, "late")
    assert (again.outcome, again.status, again.first_seen) == (Outcome.ALREADY_MARKED, "late", late.first_seen)
    assert await planned.records() == {"101": "present", "102": "late"}
    planned.at(60)
    await planned.sessions.tick()
    assert await planned.statuses(session_id) == {
        "101": ("present", Basis.SIGHTING),
        "102": ("late", Basis.SIGHTING),
        "103": ("absent", Basis.CLOSING),
    }


async def test_an_earlier_sighting_that_comes_later_makes_a_late_one_present(planned: Logger) -> None:
    planned.at(30)
    assert (await planned.see("101", 20, number=2**70)).status == "late"
    assert (await planned.see("101", 2)).status == "present"
    assert await planned.records() == {"101": "present"}
    again = await planned.see("101", 20, number=2**70)
    assert (again.outcome, again.status) == (Outcome.DUPLICATE, "present")


async def test_who_is_not_expected_or_comes_at_another_time_is_kept_as_an_event_alone(planned: Logger) -> None:
    planned.at(65)
    stranger, early = await planned.see("900", 5), await planned.see("101", -20)
    after, elsewhere = await planned.see("101", 61), await planned.see("102", 5, "cam-b")
    assert (stranger.outcome, stranger.status) == (Outcome.NOT_ON_ROSTER, None)
    assert stranger.detail == "is not on the roster of this session"
    assert {early.outcome, after.outcome} == {Outcome.OUTSIDE_SESSION}
    assert (elsewhere.outcome, elsewhere.session_id) == (Outcome.RECORDED, None)
    assert await planned.records() == {"102": "present"}
    page = await planned.store.events_page(EventFilter(), after=None, limit=10)
    assert len(page.items) == 4
    [summary] = await planned.views.today(MONDAY)
    assert (summary.unknown, summary.expected, summary.missing) == (1, 3, 3)


async def test_far_from_every_session_the_day_counts_as_without_sessions(planned: Logger) -> None:
    planned.at(-60)
    assert (await planned.see("101", -80)).session_id is None
    assert (await planned.see("101", 10 * 60)).session_id is None


async def test_an_event_that_comes_hours_later_turns_an_absence_into_what_it_would_have_been(planned: Logger) -> None:
    session_id = (await planned.only_session()).session_id
    planned.at(60)
    await planned.sessions.tick()
    planned.at(9 * 60)
    result = await planned.see("102", 15)
    assert (result.outcome, result.status, result.session_id) == (Outcome.RECORDED, "late", session_id)
    assert (await planned.statuses(session_id))["102"] == ("late", Basis.SIGHTING)
    assert (await planned.see("102", 61)).outcome is Outcome.OUTSIDE_SESSION


async def test_a_session_that_is_over_expects_whom_it_expected_then(planned: Logger) -> None:
    session_id = (await planned.only_session()).session_id
    planned.at(60)
    await planned.sessions.tick()
    changed = SchoolClass("c1", "Physics", "t1", SITE, frozenset({"102", "900"}), "A")
    await planned.store.save(CLASSES, changed, ANY)
    planned.at(5 * 60)
    assert (await planned.see("101", 5)).status == "present"
    assert (await planned.see("900", 5)).outcome is Outcome.NOT_ON_ROSTER
    detail = await planned.views.detail(session_id)
    assert {line.person.person_id for line in detail.roster} == set(ROSTER)


async def test_what_was_slept_through_is_planned_ended_and_closed_once(planned: Logger) -> None:
    rule = WeeklyRule(frozenset(Weekday), Hours(time(9), time(10)), MONDAY)
    await planned.store.save(SCHEDULES, Schedule("p1", "c1", SITE, (rule,)), ANY)
    await planned.sessions.replan()
    back = Logger.on(planned.store, MovableClock(NINE + timedelta(days=21, minutes=30)))  # a fresh process, weeks later
    await back.sessions.tick()
    await back.sessions.tick()
    past = await back.views.of_class("c1", MONDAY, MONDAY + timedelta(days=21))
    assert [one.state for one in past] == [SessionState.ENDED] * 21 + [SessionState.ACTIVE]
    marks = await back.marks.marks_of_class("c1", MONDAY, MONDAY + timedelta(days=21))
    assert len(marks) == 21 * 3
    assert {one.mark.basis for one in marks if one.mark} == {Basis.CLOSING}


async def test_a_new_schedule_makes_nobody_absent_in_the_past(school: Logger) -> None:
    rule = WeeklyRule(frozenset(Weekday), Hours(time(9), time(10)), MONDAY - timedelta(days=30))
    await school.store.save(SCHEDULES, Schedule("p1", "c1", SITE, (rule,)), ANY)
    school.at(90)
    await school.sessions.tick()
    rows = await school.store.select(SESSIONS, Selection())
    assert min(row.value.starts_at for row in rows) == NINE + timedelta(days=1)


async def test_a_changed_schedule_moves_what_has_not_begun_and_drops_what_is_not_asked_for(planned: Logger) -> None:
    rule = WeeklyRule(frozenset({Weekday.MONDAY, Weekday.TUESDAY}), Hours(time(9), time(10)), MONDAY)
    await planned.store.save(SCHEDULES, Schedule("p1", "c1", SITE, (rule,)), ANY)
    await planned.sessions.replan()
    planned.at(0)
    await planned.sessions.tick()
    longer = replace(rule, hours=Hours(time(9), time(11)))
    tuesday = Cancelled(datetime(2025, 3, 4, 9))  # noqa: DTZ001 - by the wall clock
    await planned.store.save(SCHEDULES, Schedule("p1", "c1", SITE, (longer,), (tuesday,)), ANY)
    await planned.sessions.replan()
    found = await planned.views.of_class("c1", MONDAY, MONDAY + timedelta(days=7))
    hours = [(one.starts_at - NINE, one.ends_at - one.starts_at) for one in found]
    assert hours == [(timedelta(0), timedelta(hours=1)), (timedelta(days=7), timedelta(hours=2))]


async def test_one_date_is_moved_and_a_schedule_that_is_removed_takes_what_has_not_begun_with_it(
    planned: Logger,
) -> None:
    rule = WeeklyRule(frozenset({Weekday.MONDAY, Weekday.TUESDAY}), Hours(time(9), time(10)), MONDAY)
    weekly, tuesday = Schedule("p1", "c1", SITE, (rule,)), datetime(2025, 3, 4, 9)  # noqa: DTZ001 - by the wall clock
    await planned.store.save(SCHEDULES, weekly, ANY)
    await planned.sessions.replan()
    planned.at(0)
    await planned.sessions.tick()
    before = await planned.views.of_class("c1", MONDAY, MONDAY + timedelta(days=7))
    moved = move(weekly, tuesday, date(2025, 3, 6), Hours(time(14), time(15)), "B")
    await planned.store.save(SCHEDULES, moved, ANY)
    await planned.sessions.replan()
    after = await planned.views.of_class("c1", MONDAY, MONDAY + timedelta(days=7))
    assert [(one.starts_at - NINE, one.room) for one in after] == [
        (timedelta(0), "A"),
        (timedelta(days=3, hours=5), "B"),
        (timedelta(days=7), "A"),
    ]
    assert {one.session_id for one in after} == {one.session_id for one in before}
    await planned.store.remove(SCHEDULES, "p1")
    await planned.sessions.replan()
    left = await planned.views.of_class("c1", MONDAY, MONDAY + timedelta(days=30))
    assert [(one.state, one.starts_at) for one in left] == [(SessionState.ACTIVE, NINE)]


async def test_two_loggers_close_a_session_once(planned: Logger, other_store: Store) -> None:
    other = Logger.on(other_store, planned.clock)
    planned.at(60)
    await asyncio.gather(planned.sessions.tick(), other.sessions.tick())
    session = await planned.only_session()
    assert await other.statuses(session.session_id) == dict.fromkeys(ROSTER, ("absent", Basis.CLOSING))
    await other.sessions.tick()
    assert {row.version for row in await planned.store.select(SESSIONS, Selection())} <= {3, 4}


async def test_a_closing_that_was_interrupted_is_completed_from_the_records(planned: Logger) -> None:
    session = await planned.only_session()
    planned.at(30)
    await planned.see("101", 20)
    ended = replace(session, state=SessionState.ENDED, started_at=NINE, ended_at=session.ends_at, ended_by=CLOCK)
    await planned.store.save(SESSIONS, ended, ANY)
    for kept in await planned.marks.marks_of_session(session.session_id):
        await planned.store.remove(MARKS, kept.key)
    planned.at(70)
    await planned.sessions.tick()
    found = await planned.statuses(session.session_id)
    assert found == {
        "101": ("late", Basis.SIGHTING),
        "102": ("absent", Basis.CLOSING),
        "103": ("absent", Basis.CLOSING),
    }


async def test_a_session_begun_by_hand_counts_at_once_and_ends_with_absences(school: Logger) -> None:
    school.at(0)
    session = await school.sessions.begin_now("c1", 45, "t1")
    assert (await school.see("101", 0)).session_id == session.session_id
    with pytest.raises(Conflict, match="Room A"):
        await school.sessions.begin_now("c1", 45, "t1")
    with pytest.raises(NotFound):
        await school.sessions.begin_now("c9", 45, "t1")
    with pytest.raises(InvalidRequest):
        await school.sessions.begin_now("c1", 0, "t1")
    school.at(20)
    ended = await school.sessions.end(session.session_id, "t1")
    assert (ended.state, ended.ended_by, ended.settled_at) == (SessionState.ENDED, "t1", school.clock.now())
    assert (await school.statuses(session.session_id))["103"] == ("absent", Basis.CLOSING)
    with pytest.raises(Conflict, match="cannot be ended"):
        await school.sessions.end(session.session_id, "t1")
    entries = await school.audit.page()
    assert [(one.deed.action, one.deed.by) for one in entries] == [
        (AuditAction.ABSENCES_MARKED, "t1"),
        (AuditAction.SESSION_ENDED, "t1"),
        (AuditAction.SESSION_STARTED, "t1"),
    ]
    assert await school.audit.verify() is None


async def test_of_two_loggers_that_begin_a_session_in_one_room_at_once_one_is_refused(
    school: Logger, other_store: Store
) -> None:
    other = Logger.on(other_store, school.clock)
    calls = [one.sessions.begin_now("c1", 45, "t1") for one in (school, other)]
    done = await asyncio.gather(*calls, return_exceptions=True)
    assert sorted(type(one).__name__ for one in done) == ["Conflict", "Session"]


async def test_starting_early_opens_the_doors_and_extending_keeps_them_open(planned: Logger) -> None:
    session_id = (await planned.only_session()).session_id
    with pytest.raises(Conflict, match="active"):
        await planned.sessions.extend(session_id, NINE + timedelta(hours=2), "t1")
    planned.at(-40)
    await planned.sessions.start(session_id, "t1")
    assert (await planned.see("101", -39)).status == "present"
    planned.at(50)
    await planned.sessions.extend(session_id, NINE + timedelta(minutes=90), "t1")
    planned.at(70)
    await planned.sessions.tick()
    assert (await planned.see("102", 70)).status == "late"
    with pytest.raises(InvalidRequest, match="at most"):
        await planned.sessions.extend(session_id, NINE + timedelta(days=2), "t1")


async def test_nothing_counts_in_a_cancelled_session(planned: Logger) -> None:
    session_id = (await planned.only_session()).session_id
    planned.at(10)
    await planned.see("101", 5)
    await planned.sessions.cancel(session_id, "t1")
    assert await planned.statuses(session_id) == {}
    assert (await planned.see("102", 5)).session_id is None
    planned.at(60)
    await planned.sessions.tick()
    assert await planned.statuses(session_id) == {}


async def test_a_correction_stands_over_sightings_and_absences_until_it_is_undone(planned: Logger) -> None:
    session_id = (await planned.only_session()).session_id
    planned.at(30)
    await planned.see("101", 20)
    mark = await planned.marks.correct(session_id, "101", "present", "Helped with the chairs", "t1")
    assert (mark.status.code, mark.basis) == ("present", Basis.CORRECTION)
    assert await planned.records() == {"101": "present"}
    assert (await planned.see("101", 25)).status == "present"
    await planned.marks.correct(session_id, "102", "excused", "Ill", "t1")
    planned.at(60)
    await planned.sessions.tick()
    assert (await planned.statuses(session_id))["102"] == ("excused", Basis.CORRECTION)
    await planned.marks.undo(session_id, "101", "t2")
    await planned.marks.undo(session_id, "102", "t2")
    assert await planned.statuses(session_id) == {
        "101": ("late", Basis.SIGHTING),
        "102": ("absent", Basis.CLOSING),
        "103": ("absent", Basis.CLOSING),
    }
    assert await planned.records() == {"101": "late"}
    with pytest.raises(Conflict, match="no correction"):
        await planned.marks.undo(session_id, "101", "t2")
    newest, *_, oldest = await planned.audit.page()
    assert (newest.deed.by, newest.deed.action) == ("t2", AuditAction.CORRECTION_UNDONE)
    assert (oldest.deed.reason, oldest.deed.subject) == ("Helped with the chairs", f"session:{session_id}/101")
    assert oldest.deed.before == '{"basis":"sighting","status":"late"}'
    assert oldest.deed.after == '{"basis":"correction","status":"present"}'


async def test_marking_by_hand_is_for_the_roster_and_for_guests_who_are_known(planned: Logger) -> None:
    session_id = (await planned.only_session()).session_id
    planned.at(5)
    assert (await planned.marks.mark_by_hand(session_id, "103", "t1")).status.code == "present"
    await planned.marks.mark_by_hand(session_id, "900", "t1", "late", "A guest")
    with pytest.raises(NotFound):
        await planned.marks.mark_by_hand(session_id, "nobody", "t1")
    with pytest.raises(NotFound):
        await planned.marks.mark_by_hand("no session", "103", "t1")
    with pytest.raises(InvalidRequest, match="no status"):
        await planned.marks.mark_by_hand(session_id, "103", "t1", "asleep")
    with pytest.raises(InvalidRequest, match="reason"):
        await planned.marks.correct(session_id, "103", "late", " ", "t1")
    lines = {line.person.person_id: line for line in (await planned.views.detail(session_id)).roster}
    assert lines.keys() == {*ROSTER, "900"}
    assert (lines["900"].on_roster, lines["103"].on_roster, lines["101"].mark) == (False, True, None)
    planned.at(60)
    await planned.sessions.tick()
    await planned.marks.undo(session_id, "900", "t1")
    assert "900" not in await planned.statuses(session_id)


async def test_fifty_corrections_and_sightings_at_once_leave_none_out(planned: Logger, other_store: Store) -> None:
    other = Logger.on(other_store, planned.clock)
    session_id = (await planned.only_session()).session_id
    planned.at(10)
    corrections = [
        one.marks.correct(session_id, "101", "late", f"Reason {number}", "t1")
        for number in range(5)
        for one in (planned, other)
    ]
    await asyncio.gather(*corrections, *(one.see("101", 3) for one in (planned, other)))
    [kept] = await planned.marks.marks_of_session(session_id)
    assert len(kept.facts.corrections) == 10
    assert kept.facts.first_seen == NINE + timedelta(minutes=3)
    assert len(await planned.audit.page()) == 10


class Interrupted:
    """A store that goes away once, when a mark is to be saved."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.went_away = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def save(self, table: Table[Any], value: Any, version: int | None) -> Row[Any]:
        if table is MARKS and not self.went_away:
            self.went_away = True
            raise StoreUnavailable("away")
        return await self._store.save(table, value, version)


async def test_a_delivery_that_broke_off_before_the_mark_is_completed_when_it_comes_again(planned: Logger) -> None:
    planned.at(30)
    broken = Logger.on(cast("Store", Interrupted(planned.store)), planned.clock)
    with pytest.raises(StoreUnavailable):
        await broken.see("101", 20, number=2**71)
    again = await broken.see("101", 20, number=2**71)
    assert (again.outcome, again.status) == (Outcome.DUPLICATE, "late")
    assert await planned.records() == {"101": "late"}


async def test_today_counts_who_is_there_and_who_is_missing(planned: Logger) -> None:
    planned.at(15)
    await planned.sessions.tick()
    await planned.see("101", 2)
    await planned.see("102", 12)
    [summary] = await planned.views.today(MONDAY)
    assert (dict(summary.counts), summary.expected, summary.missing) == ({"present": 1, "late": 1}, 3, 1)
    assert await planned.views.today(MONDAY + timedelta(days=1)) == []
    assert await planned.views.of_days(MONDAY, MONDAY + timedelta(days=9)) == [summary.session]
    await planned.marks.mark_by_hand(summary.session.session_id, "900", "t1")
    planned.at(60)
    await planned.sessions.tick()
    [summary] = await planned.views.today(MONDAY)
    assert dict(summary.counts) == {"present": 2, "late": 1, "absent": 1}
    assert (summary.expected, summary.missing) == (3, 1)


async def test_a_front_end_is_told_about_the_session_that_is_running(planned: Logger) -> None:
    planned.at(5)
    await planned.sessions.tick()
    body = {"name": "Name 101", "distance": 0.1}
    assert await planned.marking.mark(body) is Marking.NOT_RECOGNIZED
    await planned.see("101", 5)
    assert await planned.marking.mark(body) is Marking.PROCESSED
    assert await planned.marking.mark(body) is Marking.ALREADY_MARKED
    await planned.see("900", 5, "cam-b")  # not in this session: the day counts
    assert await planned.marking.mark({"name": "Name 900", "distance": 0.1}) is Marking.PROCESSED


async def test_a_class_that_gives_nobody_absent_still_remembers_whom_it_expected(planned: Logger) -> None:
    gentle = AttendancePolicy(absent_at_end=False)
    school_class = SchoolClass("c1", "Physics", "t1", SITE, frozenset(ROSTER), "A", gentle)
    await planned.store.save(CLASSES, school_class, ANY)
    await planned.sessions.replan()
    session_id = (await planned.only_session()).session_id
    planned.at(60)
    await planned.sessions.tick()
    assert await planned.statuses(session_id) == {}
    planned.at(600)
    assert (await planned.see("102", 5)).status == "present"


async def test_what_another_logger_changed_is_noticed_within_seconds(school: Logger, other_store: Store) -> None:
    other = Logger.on(other_store, school.clock)
    school.at(0)
    assert (await school.see("101", 0)).session_id is None
    session = await other.sessions.begin_now("c1", 45, "t1")
    school.clock.instant += timedelta(seconds=3)
    assert (await school.see("102", 0.04)).session_id == session.session_id
    await other.sessions.cancel(session.session_id, "t1")
    school.clock.instant += timedelta(seconds=3)
    assert (await school.see("103", 0.08)).session_id is None


async def test_a_sighting_is_put_in_the_same_place_at_once_and_much_later(planned: Logger) -> None:
    free = Session("s2", "c1", NINE + timedelta(minutes=20), NINE + timedelta(minutes=80))
    await planned.store.save(SESSIONS, free, ANY)
    late = Placement(planned.store, MovableClock(NINE + timedelta(days=3)))
    places = set()
    for minutes in (-30, -16, -15, 0, 10, 11, 59, 60, 90, 121, 200):
        seen_at = NINE + timedelta(minutes=minutes)
        soon = Placement(planned.store, MovableClock(seen_at + timedelta(seconds=1)))
        for person_id, source in product(("101", "900"), ("cam-a", "cam-b", None)):
            placed = await soon.place(person_id, source, seen_at)
            assert placed == await late.place(person_id, source, seen_at)
            places.add(type(placed))
    assert places == {InSession, NotCounted, NoneType}
