"""The benchmark's own arithmetic. Pure."""

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass
from heapq import heapify, heapreplace
from statistics import median

KIOSK_FPS = 2.0  # what a kiosk page sends at most, unless it is told otherwise


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


def kiosk_arrivals_s(rate: float, duration_s: float, seed: int) -> list[float]:
    """When the frames of kiosks arrive that send two a second each, `rate` a second together: each in its own step,
    begun at any moment, and a tenth of it early or late."""
    chance = random.Random(seed)
    kiosks = max(1, round(rate / KIOSK_FPS))
    step_s = kiosks / rate
    moments: list[float] = []
    for _ in range(kiosks):
        moment_s = chance.uniform(0, step_s)
        while moment_s < duration_s:
            moments.append(max(0.0, moment_s + chance.uniform(-0.1, 0.1) * step_s))
            moment_s += step_s
    return sorted(moments)


def ideal_latencies_s(moments_s: Sequence[float], *, servers: int, service_s: float) -> list[float]:
    """What the same arrivals would meet at servers that always take the same time and lose none between two frames:
    the least that any order of work can do about those who come in a bunch."""
    free_s = [0.0] * servers
    heapify(free_s)
    found: list[float] = []
    for moment_s in moments_s:
        done_s = max(moment_s, free_s[0]) + service_s
        heapreplace(free_s, done_s)
        found.append(done_s - moment_s)
    return found


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
