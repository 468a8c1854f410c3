"""Whether something grows. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from statistics import median

WARM_UP = 0.2  # of a run: caches fill, and the allocator finds its size
MAX_GROWTH_MB = 50.0  # over the rest of the run
MAX_MORE_DESCRIPTORS = 4  # a connection to the logger may be open or not
MAX_MORE_THREADS = 4  # pools of threads fill when they are first in a hurry


@dataclass(frozen=True, slots=True)
class Sample:
    """Of one process, when so many requests had been answered."""

    answered: int
    memory_mb: float  # resident
    descriptors: int
    threads: int


@dataclass(frozen=True, slots=True)
class Trend:
    """After the warm-up."""

    memory_mb: tuple[float, float]  # the medians of the first and of the last tenth
    memory_mb_per_10k: float  # requests
    descriptors: tuple[int, int]  # before anybody was connected, and after everybody had gone
    descriptors_most: int
    threads: tuple[int, int]

    @property
    def faults(self) -> list[str]:
        before, after = self.memory_mb
        found = []
        if after - before > MAX_GROWTH_MB:
            found.append(f"memory grew from {before:.0f} to {after:.0f} MB")
        idle, left = self.descriptors
        if left - idle > MAX_MORE_DESCRIPTORS:
            found.append(f"{left - idle} descriptors were left open")
        if self.threads[1] - self.threads[0] > MAX_MORE_THREADS:
            found.append(f"threads grew from {self.threads[0]} to {self.threads[1]}")
        return found


def trend(idle: Sample, samples: Sequence[Sample], after: Sample) -> Trend:
    """`idle` and `after`: with nobody connected. Raises ValueError for fewer than ten samples."""
    if len(samples) < 10:
        raise ValueError("ten samples at least make a trend")
    warm = samples[int(len(samples) * WARM_UP) :]
    tenth = max(1, len(warm) // 10)
    return Trend(
        memory_mb=(_memory_mb(warm[:tenth]), _memory_mb(warm[-tenth:])),
        memory_mb_per_10k=1e4 * _slope([(sample.answered, sample.memory_mb) for sample in warm]),
        descriptors=(idle.descriptors, after.descriptors),
        descriptors_most=max(sample.descriptors for sample in samples),
        threads=(max(sample.threads for sample in warm[:tenth]), after.threads),
    )


def _memory_mb(samples: Sequence[Sample]) -> float:
    return median(sample.memory_mb for sample in samples)


def _slope(points: Sequence[tuple[float, float]]) -> float:
    """The median of the slopes between any two (Theil, 1950; Sen, 1968): a jump of the allocator is no trend."""
    return median((y2 - y1) / (x2 - x1) for (x1, y1), (x2, y2) in combinations(points, 2) if x2 > x1)
