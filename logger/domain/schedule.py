"""Schedules: the weekly hours and single dates of a class, and what is different this time."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from logger.domain.wall_clock import day_exists, days, span_of

MAX_SPAN_DAYS = 3_660
YEARS = range(1970, 2201)  # far from where instants leave Python's calendar


class InvalidSchedule(ValueError):
    """The schedule cannot be expanded; the message says why."""


class Weekday(StrEnum):
    """RFC 5545's names, Monday first as in `date.weekday()`."""

    MONDAY = "MO"
    TUESDAY = "TU"
    WEDNESDAY = "WE"
    THURSDAY = "TH"
    FRIDAY = "FR"
    SATURDAY = "SA"
    SUNDAY = "SU"

    @classmethod
    def of(cls, day: date) -> "Weekday":
        return list(cls)[day.weekday()]


@dataclass(frozen=True, slots=True)
class Hours:
    """Hours by the wall clock. An end that is not after the start is on the next day."""

    starts: time
    ends: time

    def __post_init__(self) -> None:
        if self.starts.tzinfo or self.ends.tzinfo:
            raise InvalidSchedule("hours are those of the wall clock and have no zone")
        if any(one.second or one.microsecond for one in (self.starts, self.ends)):
            raise InvalidSchedule("hours are given to the minute")

    def on(self, day: date) -> tuple[datetime, datetime]:
        """By the wall clock, naive."""
        start, end = datetime.combine(day, self.starts), datetime.combine(day, self.ends)
        return start, end if end > start else end + timedelta(days=1)


@dataclass(frozen=True, slots=True)
class WeeklyRule:
    """Every week, or every second, third … week counted from the week of `first`, Monday being a week's first day."""

    weekdays: frozenset[Weekday]
    hours: Hours
    first: date
    last: date | None = None
    every_weeks: int = 1

    def __post_init__(self) -> None:
        if not self.weekdays:
            raise InvalidSchedule("a weekly rule needs a day of the week")
        if self.every_weeks < 1:
            raise InvalidSchedule("weeks are counted from one")
        if self.last is not None and self.last < self.first:
            raise InvalidSchedule("the last day is before the first")

    def falls_on(self, day: date) -> bool:
        if day < self.first or (self.last is not None and day > self.last):
            return False
        return Weekday.of(day) in self.weekdays and _weeks_between(self.first, day) % self.every_weeks == 0


@dataclass(frozen=True, slots=True)
class SingleDate:
    day: date
    hours: Hours

    def falls_on(self, day: date) -> bool:
        return day == self.day


@dataclass(frozen=True, slots=True)
class Cancelled:
    """This occurrence does not take place."""

    original: datetime  # its start as planned, by the wall clock
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Moved:
    """This occurrence takes place at another time, and in another room unless that is None."""

    original: datetime
    day: date
    hours: Hours
    room: str | None = None


@dataclass(frozen=True, slots=True)
class Extra:
    """One more occurrence."""

    day: date
    hours: Hours
    room: str | None = None


Exceptional = Cancelled | Moved | Extra


@dataclass(frozen=True, slots=True)
class Schedule:
    """When a class meets. One start by the wall clock is one occurrence, however many rules name it."""

    schedule_id: str
    class_id: str
    zone: ZoneInfo
    rules: tuple[WeeklyRule | SingleDate, ...]
    exceptions: tuple[Exceptional, ...] = ()
    room: str | None = None


def leave_out(schedule: Schedule, original: datetime) -> Schedule:
    """Without the occurrence that was planned for this start, wherever it was moved to."""
    return replace(schedule, exceptions=(*_others(schedule, original), Cancelled(original)))


def move(schedule: Schedule, original: datetime, day: date, hours: Hours, room: str | None = None) -> Schedule:
    """With the occurrence that was planned for this start at another time; once more, it moves from there. Raises
    InvalidSchedule for a start that nothing was planned for."""
    if _is_planned(schedule, original):
        return replace(schedule, exceptions=(*_others(schedule, original), Moved(original, day, hours, room)))
    kept = tuple(one for one in schedule.exceptions if not _is_extra(one, original))
    if len(kept) == len(schedule.exceptions):
        raise InvalidSchedule("nothing takes place at the time that was to be moved")
    return replace(schedule, exceptions=(*kept, Extra(day, hours, room)))


def _others(schedule: Schedule, original: datetime) -> tuple[Exceptional, ...]:
    return tuple(one for one in schedule.exceptions if isinstance(one, Extra) or one.original != original)


def _is_extra(one: Exceptional, start: datetime) -> bool:
    return isinstance(one, Extra) and one.hours.on(one.day)[0] == start


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One meeting. Its id is made of the schedule and the start as planned, so that it survives being moved and every
    later expansion finds the same session."""

    schedule_id: str
    class_id: str
    original: datetime  # by the wall clock, naive
    starts_at: datetime  # UTC
    ends_at: datetime
    room: str | None
    moved: bool = False

    @property
    def occurrence_id(self) -> str:
        return f"{self.schedule_id}@{self.original.isoformat(timespec='minutes')}"


def expand(schedule: Schedule, first: date, last: date) -> tuple[Occurrence, ...]:
    """What takes place from `first` to `last`, both included, in the order of starting.

    A day is the one by the wall clock of the schedule's zone, so spans that touch share nothing and miss nothing.
    Raises InvalidSchedule for a span longer than MAX_SPAN_DAYS or out of YEARS.
    """
    if first.year not in YEARS or last.year not in YEARS:
        raise InvalidSchedule(f"schedules are for the years {YEARS[0]} to {YEARS[-1]}")
    if (last - first).days > MAX_SPAN_DAYS:
        raise InvalidSchedule(f"a schedule is expanded over at most {MAX_SPAN_DAYS} days at once")
    found = {occurrence.original: occurrence for occurrence in _meetings(schedule, first, last)}
    return tuple(sorted(found.values(), key=lambda one: (one.starts_at, one.original)))


def _meetings(schedule: Schedule, first: date, last: date) -> Iterator[Occurrence]:
    elsewhere = {one.original for one in schedule.exceptions if not isinstance(one, Extra)}
    cancelled = {one.original for one in schedule.exceptions if isinstance(one, Cancelled)}
    for day in days(first, last):
        for rule in schedule.rules:
            start, _ = rule.hours.on(day)
            if rule.falls_on(day) and start not in elsewhere:
                yield from _meeting(schedule, start, day, rule.hours, schedule.room)
    for one in schedule.exceptions:
        if isinstance(one, Cancelled) or not first <= one.day <= last:
            continue
        moved = isinstance(one, Moved)
        original = one.original if isinstance(one, Moved) else one.hours.on(one.day)[0]
        if original not in cancelled and (not moved or _is_planned(schedule, original)):
            yield from _meeting(schedule, original, one.day, one.hours, one.room or schedule.room, moved=moved)


def _is_planned(schedule: Schedule, start: datetime) -> bool:
    """Whether a rule names this start: moving what was never planned moves nothing."""
    return any(rule.falls_on(start.date()) and rule.hours.starts == start.time() for rule in schedule.rules)


def _meeting(
    schedule: Schedule, original: datetime, day: date, hours: Hours, room: str | None, *, moved: bool = False
) -> Iterator[Occurrence]:
    if day_exists(day, schedule.zone):
        starts_at, ends_at = span_of(*hours.on(day), schedule.zone)
        yield Occurrence(schedule.schedule_id, schedule.class_id, original, starts_at, ends_at, room, moved)


def _weeks_between(earlier: date, later: date) -> int:
    monday = earlier - timedelta(days=earlier.weekday())
    return (later - monday).days // 7
