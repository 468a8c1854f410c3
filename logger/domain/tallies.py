"""Counts of faces without a name: kept by the hour, and told by session."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from logger.domain.sessions import Session, SessionState
from shared.contracts.tallies import Nameless

HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class MinuteCount:
    minute: int  # of the hour
    decision: Nameless
    count: int


@dataclass(frozen=True, slots=True)
class TalliedHour:
    """What one recognizer has counted at one camera in an hour: few rows, whatever happens in it."""

    origin: str
    source: str | None
    hour: datetime  # its start, in UTC
    counts: tuple[MinuteCount, ...] = ()  # one for each minute and decision

    @property
    def key(self) -> str:
        canonical = json.dumps([self.origin, self.source, self.hour.isoformat()], ensure_ascii=False)
        return hashlib.sha256(canonical.encode()).hexdigest()

    def with_counts(self, counts: Iterable[MinuteCount]) -> "TalliedHour":
        """The highest count of each minute and decision, in whatever order and how often they come."""
        highest = {(one.minute, one.decision): one.count for one in self.counts}
        for one in counts:
            highest[one.minute, one.decision] = max(one.count, highest.get((one.minute, one.decision), 0))
        merged = [MinuteCount(minute, decision, count) for (minute, decision), count in sorted(highest.items())]
        return replace(self, counts=tuple(merged))


@dataclass(frozen=True, slots=True)
class Strangers:
    """Sightings of faces without a name: how often, not how many people."""

    unknown: int = 0
    ambiguous: int = 0
    spoof: int = 0

    def __add__(self, other: "Strangers") -> "Strangers":
        return Strangers(self.unknown + other.unknown, self.ambiguous + other.ambiguous, self.spoof + other.spoof)

    def __bool__(self) -> bool:
        return bool(self.unknown or self.ambiguous or self.spoof)


NO_STRANGERS = Strangers()


def strangers_in(sessions: Sequence[Session], hours: Iterable[TalliedHour]) -> dict[str, Strangers]:
    """What was counted at the cameras of each session while its doors were open, by the session's id.

    A session without cameras of its own has the counts of those that no other session has at that minute.
    """
    alive = [one for one in sessions if one.state is not SessionState.CANCELLED]
    found: dict[str, Counter[Nameless]] = {one.session_id: Counter() for one in alive}
    for hour in hours:
        near = [one for one in alive if one.window.opens_at < hour.hour + HOUR and hour.hour < one.window.closes_at]
        bound = [one for one in near if hour.source in one.sources]
        unbound = [one for one in near if not one.sources]
        for counted in hour.counts if near else ():
            for session in _open(bound, hour, counted) or _open(unbound, hour, counted):
                found[session.session_id][counted.decision] += counted.count
    return {key: _strangers(counts) for key, counts in found.items()}


def _open(sessions: Sequence[Session], hour: TalliedHour, counted: MinuteCount) -> list[Session]:
    """A minute that a session's doors were open for in part is counted whole."""
    starts_at = hour.hour + timedelta(minutes=counted.minute)
    ends_at = starts_at + timedelta(minutes=1)
    return [one for one in sessions if one.window.opens_at < ends_at and starts_at < one.window.closes_at]


def _strangers(counts: Counter[Nameless]) -> Strangers:
    return Strangers(counts[Nameless.UNKNOWN], counts[Nameless.AMBIGUOUS], counts[Nameless.SPOOF])
