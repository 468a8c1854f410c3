"""The hours of a class, line by line, in words."""

from dataclasses import dataclass
from datetime import date
from typing import assert_never

from logger.domain.schedule import (
    Cancelled,
    Exceptional,
    Extra,
    Hours,
    Moved,
    Schedule,
    SingleDate,
    Weekday,
    WeeklyRule,
)
from logger.store.tables import Row
from logger.web.rendering import short_day, words

_EVERY = {1: "week", 2: "second week", 3: "third week", 4: "fourth week"}
_RUN = 3  # days in a row that are named by the first and the last


@dataclass(frozen=True, slots=True)
class RuleLine:
    when: str
    detail: str
    over: bool  # nothing more comes of it
    schedule_id: str
    version: int
    index: int  # among the rules of its schedule, or behind them among its exceptions


def lines_of(row: Row[Schedule], today: date) -> list[RuleLine]:
    schedule, lines = row.value, []
    for index, part in enumerate((*schedule.rules, *schedule.exceptions)):
        when, detail = _in_words(part)
        last = _last_day(part)
        over = last is not None and last < today
        lines.append(RuleLine(when, detail, over, schedule.schedule_id, row.version, index))
    return lines


def _in_words(part: WeeklyRule | SingleDate | Exceptional) -> tuple[str, str]:
    match part:
        case WeeklyRule():
            every = _EVERY.get(part.every_weeks, f"{part.every_weeks} weeks")
            until = f" to {part.last}" if part.last else " on"
            return f"{_days(part)}, {_span(part.hours)}", f"Every {every}, from {part.first}{until}"
        case SingleDate():
            return f"{short_day(part.day)} {part.day.year}, {_span(part.hours)}", "Once"
        case Cancelled():
            return f"Not on {short_day(part.original.date())}, {part.original:%H:%M}", part.reason or "Left out"
        case Moved():
            from_ = f"Moved from {short_day(part.original.date())}, {part.original:%H:%M}"
            return f"{short_day(part.day)}, {_span(part.hours)}", from_ + (f", to {part.room}" if part.room else "")
        case Extra():
            return f"{short_day(part.day)}, {_span(part.hours)}", "Once more"
        case _:
            assert_never(part)


def _last_day(part: WeeklyRule | SingleDate | Exceptional) -> date | None:
    """None: without end."""
    match part:
        case WeeklyRule():
            return part.last
        case SingleDate() | Extra():
            return part.day
        case Cancelled():
            return part.original.date()
        case Moved():
            return max(part.original.date(), part.day)
        case _:
            assert_never(part)


def _days(rule: WeeklyRule) -> str:
    places = [place for place, day in enumerate(Weekday) if day in rule.weekdays]
    names = [day.name.capitalize() for day in Weekday if day in rule.weekdays]
    in_a_row = places[-1] - places[0] == len(places) - 1
    return f"{names[0]} to {names[-1]}" if in_a_row and len(names) >= _RUN else words(names)


def _span(hours: Hours) -> str:
    return f"{hours.starts:%H:%M}–{hours.ends:%H:%M}"
