"""Times and durations as iCalendar writes them."""

import re
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from logger.domain.icalendar import ContentLine
from logger.domain.schedule import YEARS
from logger.domain.wall_clock import instant_of

DAY = re.compile(r"\d{8}", re.ASCII)
_MOMENT = re.compile(r"(\d{8})T(\d{4})(\d\d)(Z?)", re.ASCII)
_DURATION = re.compile(r"P(?:(\d{1,2})D)?(?:T(?:(\d{1,3})H)?(?:(\d{1,4})M)?(?:0S)?)?", re.ASCII)


class NotUnderstood(ValueError):
    """This event cannot be taken; the message is a sentence."""


def duration_of(value: str) -> timedelta:
    found = _DURATION.fullmatch(value)
    if found is None:
        raise NotUnderstood(f"The duration {value[:40]} is not understood.")
    day_count, hours, minutes = (int(part or 0) for part in found.groups())
    return timedelta(days=day_count, hours=hours, minutes=minutes)


def zone_of(line: ContentLine, site: ZoneInfo) -> ZoneInfo:
    if line.value.endswith("Z"):
        return ZoneInfo("UTC")
    name = line.parameters.get("TZID")
    if name is None:
        return site
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise NotUnderstood(f"The time zone {name[:60]} is not known; use a name such as Europe/Berlin.") from None


def moment(value: str, line: ContentLine, zone: ZoneInfo, site: ZoneInfo) -> datetime:
    """By the wall clock of `zone`, whatever zone the line gives."""
    own = zone_of(line, site) if not value.endswith("Z") else ZoneInfo("UTC")
    wall = wall_of(value, own)
    return wall if own == zone else instant_of(wall, own).astimezone(zone).replace(tzinfo=None)


def wall_of(value: str, zone: ZoneInfo) -> datetime:
    """By the wall clock of `zone`; a value with Z is an instant."""
    if DAY.fullmatch(value):
        raise NotUnderstood("The event lasts all day; a session needs hours.")
    found = _MOMENT.fullmatch(value)
    if found is None:
        raise NotUnderstood(f"The time {value[:40]} is not understood.")
    if found[3] != "00":
        raise NotUnderstood("Times are understood to the minute.")
    wall = datetime.combine(day_of(found[1]), _time(found[2]))
    return instant_of(wall, ZoneInfo("UTC")).astimezone(zone).replace(tzinfo=None) if found[4] else wall


def day_of(digits: str) -> date:
    try:
        day = date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    except ValueError:
        raise NotUnderstood(f"There is no day {digits}.") from None
    if day.year not in YEARS:
        raise NotUnderstood(f"Only the years {YEARS[0]} to {YEARS[-1]} are understood.")
    return day


def _time(digits: str) -> time:
    try:
        return time(int(digits[:2]), int(digits[2:]))
    except ValueError:
        raise NotUnderstood(f"There is no time {digits}.") from None
