"""The benchmark's own arithmetic. Pure."""

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True, slots=True)
class Latencies:
    """Milliseconds; `n` requests."""

    p50: float
    p95: float
    p99: float
    n: int


def percentile(values: Sequence[float], percent: float) -> float:
    """The nearest rank: the smallest value that `percent` of all do not exceed. Raises ValueError for no values."""
    if not values:
        raise ValueError("there is no percentile of nothing")
    rank = math.ceil(percent / 100 * len(values))
    return sorted(values)[max(rank, 1) - 1]


def latencies(values_ms: Sequence[float]) -> Latencies:
    p50, p95, p99 = (percentile(values_ms, percent) for percent in (50, 95, 99))
    return Latencies(p50, p95, p99, len(values_ms))


def median_ratio(over: Sequence[float], under: Sequence[float]) -> float:
    """The median of the ratios of rounds that were measured side by side: what slowed one round slowed both halves."""
    return median(above / below for above, below in zip(over, under, strict=True))


def arrivals_s(rate: float, duration_s: float, seed: int) -> list[float]:
    """When requests arrive that know nothing of each other: a Poisson process of `rate` a second."""
    chance = random.Random(seed)
    moments: list[float] = []
    moment_s = chance.expovariate(rate)
    while moment_s < duration_s:
        moments.append(moment_s)
        moment_s += chance.expovariate(rate)
    return moments


def crossing(sizes: Sequence[float], costs: Sequence[float], limit: float) -> float | None:
    """The size at which a cost that grows with it reaches `limit`, straight lines between logarithms of neighbours;
    None where the last is still below it."""
    for at, cost in enumerate(costs):
        if cost >= limit:
            if at == 0:
                return sizes[0]
            share = math.log(limit / costs[at - 1]) / math.log(cost / costs[at - 1])
            return math.exp(math.log(sizes[at - 1]) + share * math.log(sizes[at] / sizes[at - 1]))
    return None
