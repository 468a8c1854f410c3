"""How well scores tell two kinds of pairs apart: the arithmetic, and nothing about faces.

Genuine pairs are of one person, impostor pairs of two. A pair is accepted when its score reaches the threshold. A score
of −∞ stands for a pair that could not be compared: it counts in every total and is never accepted. Terms are those of
ISO/IEC 19795-1.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Numbers: TypeAlias = NDArray[np.float64]
Flags: TypeAlias = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Roc:
    """One entry for each distinct score, highest first, after one for a threshold that nothing reaches. All of one
    length."""

    thresholds: Numbers
    far: Numbers  # share of impostor pairs accepted, rising from 0
    tar: Numbers  # share of genuine pairs accepted, rising from 0

    def tar_at(self, far: float) -> float:
        """The largest share of genuine pairs accepted by any threshold whose false acceptances stay within `far`."""
        return float(self.tar[self._last_within(far)])

    def threshold_at(self, far: float) -> float:
        """The lowest threshold whose false acceptances stay within `far`; +∞ where every one accepts too many."""
        return float(self.thresholds[self._last_within(far)])

    def equal_error_rate(self) -> float:
        """Where as many genuine pairs are rejected as impostor pairs are accepted, between two thresholds by straight
        line. Where no threshold accepts that many, because comparisons failed, half the errors of the lowest."""
        gap = self.far - (1 - self.tar)
        after = int(np.argmax(gap >= 0))
        if gap[after] < 0:
            return float(self.far[-1] + 1 - self.tar[-1]) / 2
        share = -gap[after - 1] / (gap[after] - gap[after - 1])
        return float(self.far[after - 1] + share * (self.far[after] - self.far[after - 1]))

    def equal_error_threshold(self) -> float:
        """The highest threshold with at least as many false acceptances as false rejections, each as a share."""
        gap = self.far - (1 - self.tar)
        after = int(np.argmax(gap >= 0))
        return float(self.thresholds[after if gap[after] >= 0 else -1])

    def best_threshold(self) -> float:
        """Where most pairs are judged right, both kinds counting equally; midway to the next score below it."""
        best = int(np.argmax(self.tar - self.far))
        if not np.isfinite(self.thresholds[best]) or best + 1 == len(self.thresholds):
            return float(self.thresholds[best])
        return float(self.thresholds[best] + self.thresholds[best + 1]) / 2

    def _last_within(self, far: float) -> int:
        return int(np.searchsorted(self.far, far + 1e-12, side="right")) - 1


class Ranking:
    """Pairs in order of falling score, so that a curve for other weights costs no second sorting."""

    def __init__(self, scores: Numbers, genuine: Flags) -> None:
        """Raises ValueError for scores that are NaN, and where one of the kinds is missing."""
        if np.isnan(scores).any():
            raise ValueError("a score is not a number")
        if genuine.all() or not genuine.any():
            raise ValueError("there must be pairs of one person and of two")
        self._order = np.argsort(-scores, kind="stable")
        ranked = scores[self._order]
        self._genuine = genuine[self._order]
        compared = int(np.isfinite(ranked).sum())
        is_last = np.append(ranked[1:compared] != ranked[: max(compared - 1, 0)], np.ones(min(compared, 1), bool))
        self._ends = np.flatnonzero(is_last)
        self._thresholds = np.append(np.inf, ranked[self._ends])

    def roc(self, weights: Numbers | None = None) -> Roc:
        """`weights` (pairs,): how often each pair counts; None for once each."""
        ranked = np.ones(len(self._order)) if weights is None else weights[self._order]
        return Roc(self._thresholds, self._share(ranked * ~self._genuine), self._share(ranked * self._genuine))

    def _share(self, weights: Numbers) -> Numbers:
        reached = weights.cumsum()
        total = reached[-1]
        return np.append(0.0, reached[self._ends] / total if total > 0 else np.zeros(len(self._ends)))


def balanced_accuracy(scores: Numbers, genuine: Flags, threshold: float) -> float:
    """The mean of the shares of genuine pairs accepted and impostor pairs rejected; with as many of each kind, plain
    accuracy."""
    accepted = scores >= threshold
    return float(accepted[genuine].mean() + 1 - accepted[~genuine].mean()) / 2


@dataclass(frozen=True, slots=True)
class CrossValidated:
    """The mean over folds, and its standard error: their standard deviation over the root of their number."""

    mean: float
    standard_error: float
    folds: int


def cross_validated(
    scores: Numbers, genuine: Flags, first_folds: NDArray[np.intp], second_folds: NDArray[np.intp]
) -> CrossValidated | None:
    """Accuracy on each fold's pairs, with the threshold that is best on the pairs without any photo of that fold. A
    pair whose photos fall into two folds is used for neither's test. None for fewer than two folds."""
    folds = np.unique(np.append(first_folds, second_folds))
    if len(folds) < 2:
        return None
    accuracies = []
    for fold in folds:
        tested = (first_folds == fold) & (second_folds == fold)
        learned = (first_folds != fold) & (second_folds != fold)
        threshold = Ranking(scores[learned], genuine[learned]).roc().best_threshold()
        accuracies.append(balanced_accuracy(scores[tested], genuine[tested], threshold))
    return CrossValidated(float(np.mean(accuracies)), float(np.std(accuracies, ddof=1) / len(folds) ** 0.5), len(folds))


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure with its 95 % interval."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.2%} (95 % interval {self.low:.2%} to {self.high:.2%})"


def resampled(identities: int, draws: int, seed: int = 0) -> NDArray[np.int64]:
    """(draws, identities): how often each was drawn when as many were drawn with replacement (Efron 1979). Whole people
    are drawn, because photos of one person err together."""
    generator = np.random.default_rng(seed)
    return generator.multinomial(identities, np.full(identities, 1 / identities), size=draws)


def bootstrap(value: float, drawn: NDArray[np.int64], figure: Callable[[NDArray[np.int64]], float]) -> Estimate:
    """The middle 95 % of `figure`, a share, over the draws; those for which it is not defined (NaN) are left out."""
    return interval(value, np.array([figure(counts) for counts in drawn]), identities=drawn.shape[1])


def interval(value: float, replicates: Numbers, *, identities: int) -> Estimate:
    """Where no draw holds an error, or nothing but errors, three over the number of people takes the place of the
    missing bound: the largest rate that shows no error in so many with a chance of 5 % (Hanley and Lippman-Hand, If
    nothing goes wrong, is everything all right?, 1983)."""
    defined = replicates[~np.isnan(replicates)]
    if not len(defined):
        return Estimate(value, 0.0, 1.0)
    low, high = (float(bound) for bound in np.quantile(defined, [0.025, 0.975]))
    unseen = min(1.0, 3 / identities)
    return Estimate(value, min(low, 1 - unseen) if low == 1 else low, max(high, unseen) if high == 0 else high)
