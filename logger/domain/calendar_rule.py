"""Weekly rules as iCalendar writes them (RFC 5545, 3.3.10)."""

import re
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from logger.domain.calendar_values import DAY, NotUnderstood, day_of, wall_of
from logger.domain.schedule import Hours, Weekday, WeeklyRule

MAX_COUNT = 2_000
MAX_INTERVAL = 52


def weekly_rule(value: str, start: datetime, hours: Hours, zone: ZoneInfo) -> WeeklyRule:
    parts = _rule_parts(value)
    every_weeks = _whole(parts, "INTERVAL", MAX_INTERVAL) or 1
    if every_weeks > 1 and parts.get("WKST", "MO") != "MO":
        raise NotUnderstood("Weeks that do not begin on Monday are not understood in a rule with INTERVAL.")
    weekdays = _weekdays(parts.get("BYDAY", Weekday.of(start.date()).value))
    if Weekday.of(start.date()) not in weekdays:
        raise NotUnderstood("The event begins on a day of the week that its own rule leaves out.")
    rule = WeeklyRule(weekdays, hours, start.date(), None, every_weeks)
    return WeeklyRule(weekdays, hours, start.date(), _last(parts, rule, zone), every_weeks)


def _rule_parts(value: str) -> dict[str, str]:
    parts: dict[str, str] = {}
    for part in value.upper().rstrip(";").split(";"):
        name, equals, given = part.partition("=")
        if not equals or name in parts:
            raise NotUnderstood("The rule cannot be read.")
        parts[name] = given
    if parts.get("FREQ") != "WEEKLY":
        raise NotUnderstood("Only weekly rules are understood.")
    unknown = parts.keys() - {"FREQ", "BYDAY", "UNTIL", "COUNT", "INTERVAL", "WKST"}
    if unknown:
        raise NotUnderstood(f"{min(unknown)[:40]} is not understood in a weekly rule.")
    return parts


def _weekdays(value: str) -> frozenset[Weekday]:
    try:
        return frozenset(Weekday(day) for day in value.split(","))
    except ValueError:
        raise NotUnderstood(f"The days {value[:40]} are not understood in a weekly rule.") from None


def _whole(parts: dict[str, str], name: str, largest: int) -> int | None:
    value = parts.get(name)
    if value is None:
        return None
    if not re.fullmatch(r"[0-9]{1,6}", value) or not 1 <= int(value) <= largest:
        raise NotUnderstood(f"{name} must be a number from 1 to {largest}.")
    return int(value)


def _last(parts: dict[str, str], endless: WeeklyRule, zone: ZoneInfo) -> date | None:
    count = _whole(parts, "COUNT", MAX_COUNT)
    until = parts.get("UNTIL")
    if count is not None and until is not None:
        raise NotUnderstood("A rule has COUNT or UNTIL, not both.")
    if count is not None:
        return _nth_day(endless, count)
    return _until(until, endless.hours, zone) if until is not None else None


def _nth_day(rule: WeeklyRule, count: int) -> date:
    """The day of the count-th occurrence; the first day is one, and those that EXDATE leaves out are counted."""
    order = sorted(list(Weekday).index(weekday) for weekday in rule.weekdays)
    weeks, position = divmod(order.index(rule.first.weekday()) + count - 1, len(order))
    monday = rule.first - timedelta(days=rule.first.weekday())
    return monday + timedelta(weeks=weeks * rule.every_weeks, days=order[position])


def _until(value: str, hours: Hours, zone: ZoneInfo) -> date:
    if DAY.fullmatch(value):
        return day_of(value)
    wall = wall_of(value, zone)
    return wall.date() if wall.time() >= hours.starts else wall.date() - timedelta(days=1)
