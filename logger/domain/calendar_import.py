"""Schedules from an iCalendar file: a strict part of RFC 5545. What is not understood is refused, never guessed at.

Taken are events with a time of day, single or weekly (BYDAY, INTERVAL, UNTIL, COUNT), without some (EXDATE), with some
moved or cancelled (RECURRENCE-ID). An event is taken whole or not at all.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from logger.domain.icalendar import Component, ContentLine, NotACalendar, components, unescaped
from logger.domain.schedule import (
    YEARS,
    Cancelled,
    Exceptional,
    Hours,
    InvalidSchedule,
    Moved,
    Schedule,
    SingleDate,
    Weekday,
    WeeklyRule,
)
from logger.domain.text import Unfit, clean_name, clean_source
from logger.domain.wall_clock import instant_of

MAX_CHARACTERS = 2_000_000
MAX_EVENTS = 5_000
MAX_COUNT = 2_000
MAX_INTERVAL = 52

_MOMENT = re.compile(r"(\d{8})T(\d{4})(\d\d)(Z?)", re.ASCII)
_DAY = re.compile(r"\d{8}", re.ASCII)
_DURATION = re.compile(r"P(?:(\d{1,2})D)?(?:T(?:(\d{1,3})H)?(?:(\d{1,4})M)?(?:0S)?)?", re.ASCII)
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


class _Refused(ValueError):
    """This event cannot be taken; the message is a sentence."""


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
        except _Refused as refusal:
            refused.append(_refusal(series[0], refusal))
    return CalendarImport(tuple(schedules), tuple(refused))


def _refusal(event: Component, refusal: _Refused) -> RefusedEvent:
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
        raise _Refused(
            "The event is there twice." if masters else "The series that this one date belongs to is missing."
        )
    master = masters[0]
    if _is_cancelled(master):
        raise _Refused("The event is cancelled.")
    for name in _NOT_TAKEN:
        if master.all(name):
            raise _Refused(f"{name} is not understood: give such dates as events of their own.")
    return master


def _one(event: Component, name: str) -> ContentLine | None:
    found = event.all(name)
    if len(found) > 1:
        raise _Refused(f"The event has {name} twice.")
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
        raise _Refused(f"The title {unfit}.") from None


def _room(event: Component) -> str | None:
    location = _text(event, "LOCATION")
    try:
        return clean_source(location) if location else None
    except Unfit as unfit:
        raise _Refused(f"The location {unfit}.") from None


def _rule(event: Component, site: ZoneInfo) -> tuple[ZoneInfo, WeeklyRule | SingleDate]:
    start, zone = _moment_of(event, "DTSTART", site)
    hours = _hours(event, start, zone, site)
    recurrence = _one(event, "RRULE")
    if recurrence is None:
        return zone, SingleDate(start.date(), hours)
    try:
        return zone, _weekly(recurrence.value, start, hours, zone)
    except InvalidSchedule as invalid:
        raise _Refused(f"The rule is not possible: {invalid}.") from None


def _hours(event: Component, start: datetime, zone: ZoneInfo, site: ZoneInfo) -> Hours:
    """Raises _Refused unless it ends after its start and within a day."""
    duration = _one(event, "DURATION")
    if duration is not None:
        end = start + _duration(duration.value)
    else:
        end, end_zone = _moment_of(event, "DTEND", site)
        end = end if end_zone == zone else instant_of(end, end_zone).astimezone(zone).replace(tzinfo=None)
    if not timedelta(0) < end - start <= timedelta(days=1):
        raise _Refused("The event must end after it starts, and within a day.")
    return Hours(start.time(), end.time())


def _duration(value: str) -> timedelta:
    found = _DURATION.fullmatch(value)
    if found is None:
        raise _Refused(f"The duration {value[:40]} is not understood.")
    day_count, hours, minutes = (int(part or 0) for part in found.groups())
    return timedelta(days=day_count, hours=hours, minutes=minutes)


def _weekly(value: str, start: datetime, hours: Hours, zone: ZoneInfo) -> WeeklyRule:
    parts = _rule_parts(value)
    every_weeks = _whole(parts, "INTERVAL", MAX_INTERVAL) or 1
    if every_weeks > 1 and parts.get("WKST", "MO") != "MO":
        raise _Refused("Weeks that do not begin on Monday are not understood in a rule with INTERVAL.")
    weekdays = _weekdays(parts.get("BYDAY", Weekday.of(start.date()).value))
    if Weekday.of(start.date()) not in weekdays:
        raise _Refused("The event begins on a day of the week that its own rule leaves out.")
    rule = WeeklyRule(weekdays, hours, start.date(), None, every_weeks)
    return WeeklyRule(weekdays, hours, start.date(), _last(parts, rule, zone), every_weeks)


def _rule_parts(value: str) -> dict[str, str]:
    parts: dict[str, str] = {}
    for part in value.upper().rstrip(";").split(";"):
        name, equals, given = part.partition("=")
        if not equals or name in parts:
            raise _Refused("The rule cannot be read.")
        parts[name] = given
    if parts.get("FREQ") != "WEEKLY":
        raise _Refused("Only weekly rules are understood.")
    unknown = parts.keys() - {"FREQ", "BYDAY", "UNTIL", "COUNT", "INTERVAL", "WKST"}
    if unknown:
        raise _Refused(f"{min(unknown)[:40]} is not understood in a weekly rule.")
    return parts


def _weekdays(value: str) -> frozenset[Weekday]:
    try:
        return frozenset(Weekday(day) for day in value.split(","))
    except ValueError:
        raise _Refused(f"The days {value[:40]} are not understood in a weekly rule.") from None


def _whole(parts: dict[str, str], name: str, largest: int) -> int | None:
    value = parts.get(name)
    if value is None:
        return None
    if not re.fullmatch(r"[0-9]{1,6}", value) or not 1 <= int(value) <= largest:
        raise _Refused(f"{name} must be a number from 1 to {largest}.")
    return int(value)


def _last(parts: dict[str, str], endless: WeeklyRule, zone: ZoneInfo) -> date | None:
    count = _whole(parts, "COUNT", MAX_COUNT)
    until = parts.get("UNTIL")
    if count is not None and until is not None:
        raise _Refused("A rule has COUNT or UNTIL, not both.")
    if count is not None:
        return _day_of(endless, count)
    return _until(until, endless.hours, zone) if until is not None else None


def _day_of(rule: WeeklyRule, count: int) -> date:
    """The day of the count-th occurrence; the first day is one, and those that EXDATE leaves out are counted."""
    order = sorted(list(Weekday).index(weekday) for weekday in rule.weekdays)
    weeks, position = divmod(order.index(rule.first.weekday()) + count - 1, len(order))
    monday = rule.first - timedelta(days=rule.first.weekday())
    return monday + timedelta(weeks=weeks * rule.every_weeks, days=order[position])


def _until(value: str, hours: Hours, zone: ZoneInfo) -> date:
    if _DAY.fullmatch(value):
        return _date(value)
    wall = _wall(value, zone)
    return wall.date() if wall.time() >= hours.starts else wall.date() - timedelta(days=1)


def _left_out(event: Component, rule: WeeklyRule | SingleDate, zone: ZoneInfo, site: ZoneInfo) -> list[datetime]:
    walls: list[datetime] = []
    for line in event.all("EXDATE"):
        for value in line.value.split(","):
            if _DAY.fullmatch(value):
                walls.append(datetime.combine(_date(value), rule.hours.starts))
            else:
                walls.append(_moment(value, line, zone, site))
    return walls


def _override(event: Component, zone: ZoneInfo, site: ZoneInfo) -> Exceptional:
    line = _one(event, "RECURRENCE-ID")
    if line is None or "RANGE" in line.parameters:
        raise _Refused("A change to all following dates is not understood.")
    original = _moment(line.value, line, zone, site)
    if _is_cancelled(event):
        return Cancelled(original)
    start, start_zone = _moment_of(event, "DTSTART", site)
    if start_zone != zone:
        raise _Refused("One date was moved to another time zone.")
    return Moved(original, start.date(), _hours(event, start, zone, site), _room(event))


def _moment_of(event: Component, name: str, site: ZoneInfo) -> tuple[datetime, ZoneInfo]:
    line = _one(event, name)
    if line is None:
        raise _Refused(f"The event has no {name}.")
    zone = _zone(line, site)
    return _moment(line.value, line, zone, site), zone


def _zone(line: ContentLine, site: ZoneInfo) -> ZoneInfo:
    if line.value.endswith("Z"):
        return ZoneInfo("UTC")
    name = line.parameters.get("TZID")
    if name is None:
        return site
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise _Refused(f"The time zone {name[:60]} is not known; use a name such as Europe/Berlin.") from None


def _moment(value: str, line: ContentLine, zone: ZoneInfo, site: ZoneInfo) -> datetime:
    """By the wall clock of `zone`, whatever zone the line gives."""
    own = _zone(line, site) if not value.endswith("Z") else ZoneInfo("UTC")
    wall = _wall(value, own)
    return wall if own == zone else instant_of(wall, own).astimezone(zone).replace(tzinfo=None)


def _wall(value: str, zone: ZoneInfo) -> datetime:
    """By the wall clock of `zone`; a value with Z is an instant."""
    if _DAY.fullmatch(value):
        raise _Refused("The event lasts all day; a session needs hours.")
    found = _MOMENT.fullmatch(value)
    if found is None:
        raise _Refused(f"The time {value[:40]} is not understood.")
    if found[3] != "00":
        raise _Refused("Times are understood to the minute.")
    wall = datetime.combine(_date(found[1]), _time(found[2]))
    return instant_of(wall, ZoneInfo("UTC")).astimezone(zone).replace(tzinfo=None) if found[4] else wall


def _date(digits: str) -> date:
    try:
        day = date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    except ValueError:
        raise _Refused(f"There is no day {digits}.") from None
    if day.year not in YEARS:
        raise _Refused(f"Only the years {YEARS[0]} to {YEARS[-1]} are understood.")
    return day


def _time(digits: str) -> time:
    try:
        return time(int(digits[:2]), int(digits[2:]))
    except ValueError:
        raise _Refused(f"There is no time {digits}.") from None
