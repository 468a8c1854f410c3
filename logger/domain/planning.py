"""Planning ahead: which sessions the schedules of a class ask for, and what that changes."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from logger.domain.classes import SchoolClass
from logger.domain.days import local_day
from logger.domain.schedule import Occurrence, Schedule, expand
from logger.domain.sessions import Session, SessionState, plan, replan


@dataclass(frozen=True, slots=True)
class PlannedUntil:
    """Up to which day, that one included, a schedule has been turned into sessions."""

    schedule_id: str
    day: date


@dataclass(frozen=True, slots=True)
class Span:
    """What is to be planned: until when, and at which moment."""

    now: datetime
    site: ZoneInfo
    last: date

    @property
    def today(self) -> date:
        return local_day(self.now, self.site)


def occurrences_to_plan(schedule: Schedule, done: PlannedUntil | None, span: Span) -> tuple[Occurrence, ...]:
    """Those that are not over. Of a schedule that was planned before, also those that nobody planned when it was time,
    because the service was away: they took place all the same."""
    first = min(span.today, done.day) if done else span.today
    return tuple(
        one
        for one in expand(schedule, first, span.last)
        if one.ends_at > span.now or (done is not None and one.original.date() > done.day)
    )


def planned_sessions(
    occurrences: Iterable[Occurrence], school_class: SchoolClass, sources_of: Mapping[str, frozenset[str]]
) -> dict[str, Session]:
    """By id. `sources_of` has the cameras of each room."""
    sessions = (plan(one, school_class, _sources(one, school_class, sources_of)) for one in occurrences)
    return {session.session_id: session for session in sessions}


def changed_sessions(planned: Mapping[str, Session], stored: Mapping[str, Session]) -> tuple[Session, ...]:
    """What to save: new sessions, and those that have not begun and are planned otherwise by now."""
    after = {key: replan(stored[key], one) if key in stored else one for key, one in planned.items()}
    return tuple(one for key, one in after.items() if stored.get(key) != one)


def dropped_sessions(planned: Mapping[str, Session], stored: Mapping[str, Session], now: datetime) -> tuple[str, ...]:
    """The ids of sessions to come that no schedule asks for any more."""
    return tuple(
        key
        for key, one in stored.items()
        if key not in planned and one.state is SessionState.SCHEDULED and one.starts_at > now
    )


def _sources(
    occurrence: Occurrence, school_class: SchoolClass, sources_of: Mapping[str, frozenset[str]]
) -> frozenset[str]:
    room = occurrence.room or school_class.room
    return sources_of.get(room, frozenset()) if room else frozenset()
