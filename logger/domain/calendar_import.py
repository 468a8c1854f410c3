"""Schedules from an iCalendar file: a strict part of RFC 5545. What is not understood is refused, never guessed at.

Taken are events with a time of day, single or weekly (BYDAY, INTERVAL, UNTIL, COUNT), without some (EXDATE), with some
moved or cancelled (RECURRENCE-ID). An event is taken whole or not at all.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from logger.domain.calendar_rule import weekly_rule
from logger.domain.calendar_values import DAY, NotUnderstood, day_of, duration_of, moment, zone_of
from logger.domain.icalendar import Component, ContentLine, NotACalendar, components, unescaped
from logger.domain.schedule import (
    Cancelled,
    Exceptional,
    Hours,
    InvalidSchedule,
    Moved,
    Schedule,
    SingleDate,
    WeeklyRule,
)
from logger.domain.text import Unfit, clean_name, clean_source
from logger.domain.wall_clock import instant_of

MAX_CHARACTERS = 2_000_000
MAX_EVENTS = 5_000

_NOT_TAKEN = ("RDATE", "EXRULE")


@dataclass(frozen=True, slots=True)
class ImportedSchedule:
    uid: str
    title: str
    room: str | None
    zone: ZoneInfo
    rule: WeeklyRule | SingleDate
    exceptions: tuple[Exceptional, ...] = ()

    def as_schedule(self, schedule_id: str, class_id: str) -> Schedule:
        return Schedule(schedule_id, class_id, self.zone, (self.rule,), self.exceptions, self.room)


@dataclass(frozen=True, slots=True)
class RefusedEvent:
    line: int
    title: str | None
    sentence: str


@dataclass(frozen=True, slots=True)
class CalendarImport:
    schedules: tuple[ImportedSchedule, ...]
    refused: tuple[RefusedEvent, ...]


def read_calendar(text: str, site: ZoneInfo) -> CalendarImport:
    """What the file says of schedules; `site` is the zone of times without one. Raises NotACalendar."""
    if len(text) > MAX_CHARACTERS:
        raise NotACalendar(f"The file is longer than {MAX_CHARACTERS:,} characters.")
    events = components(text, "VEVENT")
    if len(events) > MAX_EVENTS:
        raise NotACalendar(f"The file has more than {MAX_EVENTS:,} events.")
    schedules: list[ImportedSchedule] = []
    refused: list[RefusedEvent] = []
    for series in _by_uid(events):
        try:
            schedules.append(_schedule(series, site))
        except NotUnderstood as refusal:
            refused.append(_refusal(series[0], refusal))
    return CalendarImport(tuple(schedules), tuple(refused))


def _refusal(event: Component, refusal: NotUnderstood) -> RefusedEvent:
    titles = event.all("SUMMARY")
    return RefusedEvent(event.line, unescaped(titles[0].value)[:200] if titles else None, str(refusal))


def _by_uid(events: Iterable[Component]) -> Iterable[list[Component]]:
    """An event without UID, against the standard, stands alone."""
    groups: dict[str, list[Component]] = {}
    for event in events:
        uid = event.all("UID")
        groups.setdefault(uid[0].value if uid else f"line {event.line}", []).append(event)
    return groups.values()


def _schedule(events: Sequence[Component], site: ZoneInfo) -> ImportedSchedule:
    master = _master(events)
    zone, rule = _rule(master, site)
    exceptions: list[Exceptional] = [Cancelled(wall) for wall in _left_out(master, rule, zone, site)]
    exceptions += [_override(event, zone, site) for event in events if event is not master]
    return ImportedSchedule(
        uid=_text(master, "UID") or f"line {master.line}",
        title=_clean_title(master),
        room=_room(master),
        zone=zone,
        rule=rule,
        exceptions=tuple(exceptions),
    )


def _master(events: Sequence[Component]) -> Component:
    masters = [event for event in events if not event.all("RECURRENCE-ID")]
    if len(masters) != 1:
        raise NotUnderstood(
            "The event is there twice." if masters else "The series that this one date belongs to is missing."
        )
    master = masters[0]
    if _is_cancelled(master):
        raise NotUnderstood("The event is cancelled.")
    for name in _NOT_TAKEN:
        if master.all(name):
            raise NotUnderstood(f"{name} is not understood: give such dates as events of their own.")
    return master


def _one(event: Component, name: str) -> ContentLine | None:
    found = event.all(name)
    if len(found) > 1:
        raise NotUnderstood(f"The event has {name} twice.")
    return found[0] if found else None


def _text(event: Component, name: str) -> str:
    line = _one(event, name)
    return " ".join(unescaped(line.value).split()) if line else ""


def _is_cancelled(event: Component) -> bool:
    return _text(event, "STATUS").upper() == "CANCELLED"


def _clean_title(event: Component) -> str:
    try:
        return clean_name(_text(event, "SUMMARY") or "Untitled")
    except Unfit as unfit:
        raise NotUnderstood(f"The title {unfit}.") from None


def _room(event: Component) -> str | None:
    location = _text(event, "LOCATION")
    try:
        return clean_source(location) if location else None
    except Unfit as unfit:
        raise NotUnderstood(f"The location {unfit}.") from None


def _rule(event: Component, site: ZoneInfo) -> tuple[ZoneInfo, WeeklyRule | SingleDate]:
    start, zone = _moment_of(event, "DTSTART", site)
    hours = _hours(event, start, zone, site)
    recurrence = _one(event, "RRULE")
    if recurrence is None:
        return zone, SingleDate(start.date(), hours)
    try:
        return zone, weekly_rule(recurrence.value, start, hours, zone)
    except InvalidSchedule as invalid:
        raise NotUnderstood(f"The rule is not possible: {invalid}.") from None


def _hours(event: Component, start: datetime, zone: ZoneInfo, site: ZoneInfo) -> Hours:
    """Raises NotUnderstood unless it ends after its start and within a day."""
    duration = _one(event, "DURATION")
    if duration is not None:
        end = start + duration_of(duration.value)
    else:
        end, end_zone = _moment_of(event, "DTEND", site)
        end = end if end_zone == zone else instant_of(end, end_zone).astimezone(zone).replace(tzinfo=None)
    if not timedelta(0) < end - start <= timedelta(days=1):
        raise NotUnderstood("The event must end after it starts, and within a day.")
    return Hours(start.time(), end.time())


def _left_out(event: Component, rule: WeeklyRule | SingleDate, zone: ZoneInfo, site: ZoneInfo) -> list[datetime]:
    walls: list[datetime] = []
    for line in event.all("EXDATE"):
        for value in line.value.split(","):
            if DAY.fullmatch(value):
                walls.append(datetime.combine(day_of(value), rule.hours.starts))
            else:
                walls.append(moment(value, line, zone, site))
    return walls


def _override(event: Component, zone: ZoneInfo, site: ZoneInfo) -> Exceptional:
    line = _one(event, "RECURRENCE-ID")
    if line is None or "RANGE" in line.parameters:
        raise NotUnderstood("A change to all following dates is not understood.")
    original = moment(line.value, line, zone, site)
    if _is_cancelled(event):
        return Cancelled(original)
    start, start_zone = _moment_of(event, "DTSTART", site)
    if start_zone != zone:
        raise NotUnderstood("One date was moved to another time zone.")
    return Moved(original, start.date(), _hours(event, start, zone, site), _room(event))


def _moment_of(event: Component, name: str, site: ZoneInfo) -> tuple[datetime, ZoneInfo]:
    line = _one(event, name)
    if line is None:
        raise NotUnderstood(f"The event has no {name}.")
    zone = zone_of(line, site)
    return moment(line.value, line, zone, site), zone
