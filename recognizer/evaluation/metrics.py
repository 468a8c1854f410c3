"""Rates and how sure they are."""

import math
from dataclasses import dataclass

Z_95 = 1.959964  # the normal distribution's 97.5 % point


@dataclass(frozen=True, slots=True)
class Rate:
    """`count` out of `total`, with a 95 % interval by Wilson's score (Wilson, Probable inference, the law of
    succession, and statistical inference, 1927), which holds for few trials and for rates near 0 and 1."""

    count: int
    total: int

    @property
    def value(self) -> float:
        return self.count / self.total if self.total else math.nan

    @property
    def interval(self) -> tuple[float, float]:
        if not self.total:
            return (0.0, 1.0)
        share, n = self.value, self.total
        centre = (share + Z_95**2 / (2 * n)) / (1 + Z_95**2 / n)
        half = Z_95 / (1 + Z_95**2 / n) * math.sqrt(share * (1 - share) / n + Z_95**2 / (4 * n**2))
        return (max(0.0, centre - half), min(1.0, centre + half))

    def __str__(self) -> str:
        low, high = self.interval
        return f"{self.count}/{self.total} = {self.value:.1%} (95 % interval {low:.1%} to {high:.1%})"
