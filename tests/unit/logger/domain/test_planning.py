"""Planning ahead: nothing twice, nothing in the past that nobody had planned, and nothing lost by being away."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from logger.domain.classes import SchoolClass
from logger.domain.planning import (
    PlannedUntil,
    Span,
    changed_sessions,
    dropped_sessions,
    occurrences_to_plan,
    planned_sessions,
)
from logger.domain.schedule import Hours, Moved, Occurrence, Schedule, Weekday, WeeklyRule
from logger.domain.sessions import Session, SessionState

SITE = ZoneInfo("Europe/Berlin")
NOON = datetime(2025, 3, 5, 11, tzinfo=UTC)  # a Wednesday, twelve o'clock at the site
DAILY = Schedule("p1", "c1", SITE, (WeeklyRule(frozenset(Weekday), Hours(time(9), time(10)), date(2025, 1, 1)),))


def span(now: datetime = NOON, days: int = 3) -> Span:
    return Span(now, SITE, now.astimezone(SITE).date() + timedelta(days=days))


def days_of(occurrences: tuple[Occurrence, ...]) -> list[int]:
    return [one.original.day for one in occurrences]


def test_a_new_schedule_is_planned_from_what_is_not_over() -> None:
    assert days_of(occurrences_to_plan(DAILY, None, span())) == [6, 7, 8]
    assert days_of(occurrences_to_plan(DAILY, None, span(NOON - timedelta(hours=3, minutes=30)))) == [5, 6, 7, 8]


def test_what_nobody_planned_while_the_service_was_away_took_place_all_the_same() -> None:
    away_since = PlannedUntil("p1", date(2025, 3, 1))
    assert days_of(occurrences_to_plan(DAILY, away_since, span())) == [2, 3, 4, 5, 6, 7, 8]


def test_a_room_brings_its_cameras(school_class: SchoolClass) -> None:
    moved = Moved(datetime(2025, 3, 7, 9), date(2025, 3, 7), Hours(time(9), time(10)), "B")  # noqa: DTZ001
    occurrences = occurrences_to_plan(replace(DAILY, exceptions=(moved,)), None, span())
    sources_of = {"A": frozenset({"cam-a"})}
    sessions = planned_sessions(occurrences, school_class, sources_of).values()
    rooms = {one.starts_at.day: (one.room, one.sources) for one in sessions}
    assert rooms == {6: ("A", {"cam-a"}), 7: ("B", frozenset()), 8: ("A", {"cam-a"})}


def plan_into(stored: dict[str, Session], school_class: SchoolClass, now: datetime) -> dict[str, Session]:
    planned = planned_sessions(occurrences_to_plan(DAILY, None, span(now)), school_class, {})
    changed = {one.session_id: one for one in changed_sessions(planned, stored)}
    dropped = dropped_sessions(planned, stored, now)
    return {key: one for key, one in {**stored, **changed}.items() if key not in dropped}


def test_what_has_begun_follows_its_schedule_no_more(school_class: SchoolClass) -> None:
    stored = plan_into({}, school_class, NOON)
    first = min(stored.values(), key=lambda one: one.starts_at)
    begun = replace(first, state=SessionState.ACTIVE, room="C")
    assert plan_into({**stored, first.session_id: begun}, school_class, NOON)[first.session_id] == begun
    changed = replace(school_class, room="D")
    assert {one.room for one in plan_into(stored, changed, NOON).values()} == {"D"}


def test_what_no_schedule_asks_for_is_dropped_unless_it_has_begun() -> None:
    later = Session("s1", "c1", NOON + timedelta(hours=1), NOON + timedelta(hours=2))
    earlier = Session("s2", "c1", NOON - timedelta(hours=1), NOON + timedelta(hours=2))
    cancelled = replace(later, session_id="s3", state=SessionState.CANCELLED)
    stored = {one.session_id: one for one in (later, earlier, cancelled)}
    assert dropped_sessions({}, stored, NOON) == ("s1",)


@given(hours=st.lists(st.integers(0, 400), min_size=1, max_size=6))
def test_planning_at_any_moments_makes_each_session_once_and_the_same(hours: list[int]) -> None:
    school_class = SchoolClass("c1", "Physics", "t1", SITE, frozenset({"101"}), "A")
    stored: dict[str, Session] = {}
    for hour in sorted(hours):
        now = NOON + timedelta(hours=hour)
        stored = plan_into(stored, school_class, now)
        assert plan_into(stored, school_class, now) == stored
    starts = [one.starts_at for one in stored.values()]
    assert len(starts) == len(set(starts))
