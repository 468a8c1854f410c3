"""Reports: marks counted by status for a person, a class, a month."""

from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import TypeVar

from logger.domain.policy import Status
from shared.contracts.events import AttendanceStatus

Key = TypeVar("Key", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Counted:
    """Marks that are alike. A store that groups them says how many there are."""

    person_id: str
    class_id: str
    local_date: date
    status: Status
    times: int = 1


@dataclass(frozen=True, slots=True)
class Tally:
    """How often each status was given."""

    times: Mapping[Status, int]

    @property
    def total(self) -> int:
        return sum(self.times.values())

    def counted_as(self, kind: AttendanceStatus) -> int:
        return sum(times for status, times in self.times.items() if status.counts_as is kind)

    @property
    def percent(self) -> float | None:
        """100 × Σ weight / sessions, over the statuses that have a weight; None when there is no such session."""
        weighed = [(status.weight, times) for status, times in self.times.items() if status.weight is not None]
        sessions = sum(times for _, times in weighed)
        return 100 * sum(weight * times for weight, times in weighed) / sessions if sessions else None

    def warns(self, threshold_percent: float) -> bool:
        """Below the threshold; never on nothing."""
        return self.percent is not None and self.percent < threshold_percent


def tally(marks: Iterable[Counted]) -> Tally:
    times: Counter[Status] = Counter()
    for one in marks:
        times[one.status] += one.times
    return Tally(dict(times))


def tally_by(key: Callable[[Counted], Key], marks: Iterable[Counted]) -> dict[Key, Tally]:
    """One tally for each value of the key, in the order in which they first come."""
    times: defaultdict[Key, Counter[Status]] = defaultdict(Counter)
    for one in marks:
        times[key(one)][one.status] += one.times
    return {value: Tally(dict(counter)) for value, counter in times.items()}


def by_person(mark: Counted) -> str:
    return mark.person_id


def by_class(mark: Counted) -> str:
    return mark.class_id


def by_month(mark: Counted) -> str:
    """Such as 2025-03: sorts by time."""
    return mark.local_date.isoformat()[:7]


def warned(tallies: Mapping[Key, Tally], threshold_percent: float) -> tuple[Key, ...]:
    """Those below the threshold, the lowest first; equals in the order given."""
    low = [
        (one.percent, key) for key, one in tallies.items() if one.percent is not None and one.warns(threshold_percent)
    ]
    return tuple(key for _, key in sorted(low, key=lambda pair: pair[0]))
