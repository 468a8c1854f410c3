"""A mark as it is kept: with the facts it follows from, and where and when it counts."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import lru_cache
from typing import Any

from logger.domain.marking import Facts, Mark
from logger.domain.policy import Status
from logger.domain.reports import Counted
from shared.contracts.events import AttendanceStatus


@dataclass(frozen=True, slots=True)
class KeptMark:
    """One person in one session. `mark` is what `marking.mark` makes of the facts; None while nothing is known."""

    session_id: str
    person_id: str
    class_id: str
    local_date: date  # of the session's start, at the site
    starts_at: datetime
    facts: Facts = field(default_factory=Facts)
    mark: Mark | None = None
    on_roster: bool = True  # as the roster was when the session ended, or is while it has not

    @property
    def key(self) -> str:
        return mark_key(self.session_id, self.person_id)

    @property
    def place(self) -> str:
        """Sorts by day, then by start: the rows of a span of days stand together."""
        return f"{first_place(self.local_date)} {self.starts_at.isoformat()}"


def first_place(day: date) -> str:
    """Before all marks of this day. With a letter in front: not every server compares what looks like a date as the
    text that it is."""
    return f"d{day.isoformat()}"


def last_place(day: date) -> str:
    """Behind all marks of this day."""
    return f"{first_place(day)}~"


def mark_key(session_id: str, person_id: str) -> str:
    return f"{session_id}/{person_id}"


def counted_as_text(kept: KeptMark) -> str | None:
    """What a report counts of it, the same text for marks that it counts alike; None when it counts nowhere."""
    if kept.mark is None:
        return None
    status = kept.mark.status
    parts = [kept.person_id, kept.class_id, kept.local_date.isoformat()[:7]]
    return json.dumps([*parts, status.code, status.name, status.counts_as.value, status.weight], ensure_ascii=False)


def counted_from_texts(found: Mapping[str, int]) -> list[Counted]:
    """The other direction, of texts and how often each is there; days are the first of their month. Read as one text:
    a month of a school has thousands."""
    read = json.loads(f"[{','.join(found)}]")
    return [_counted(parts, times) for parts, times in zip(read, found.values(), strict=True)]


def _counted(parts: Sequence[Any], times: int) -> Counted:
    person_id, class_id, month, *status = parts
    return Counted(person_id, class_id, _first_of(month), _status(*status), times)


@lru_cache(maxsize=256)
def _first_of(month: str) -> date:
    return date.fromisoformat(f"{month}-01")


@lru_cache(maxsize=256)  # a report reads the few of a school thousands of times
def _status(code: str, name: str, counts_as: str, weight: float | None) -> Status:
    return Status(code, name, AttendanceStatus(counts_as), weight)


@dataclass(frozen=True, slots=True)
class Headcount:
    """People of one session whose marks are alike."""

    session_id: str
    on_roster: bool
    counts_as: AttendanceStatus
    code: str


def headcount_as_text(kept: KeptMark) -> str | None:
    """The same text for marks of one session that are alike; None when there is no mark."""
    if kept.mark is None:
        return None
    status = kept.mark.status
    return json.dumps([kept.session_id, kept.on_roster, status.counts_as.value, status.code], ensure_ascii=False)


def headcount_from_text(text: str) -> Headcount:
    session_id, on_roster, counts_as, code = json.loads(text)
    return Headcount(session_id, on_roster, AttendanceStatus(counts_as), code)
