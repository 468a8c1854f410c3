"""A threshold and a margin for a target rate of strangers named, from people who are strangers to each other. Pure.

Similarities are cosines. A comparison is one photo against one person. With FMR the share of comparisons of two people
that match, a stranger to N people is named with the chance FPIR = 1 − (1 − FMR)^N, where comparisons are independent
(Grother, Ngan, Hanaoka, NIST IR 8271). They are not quite: one photo is compared with N people, so the formula is held
against people set aside, see `cross_check`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from recognizer.engine.base import Embeddings
from recognizer.evaluation.choices import Combination
from recognizer.evaluation.combining import similarities
from recognizer.evaluation.curves import Numbers

LEAST_PEOPLE = 10  # fewer say nothing about strangers
_TAIL_SHARE = 0.02  # of the comparisons: the nearest, from which rates beyond the data are extrapolated
_LEAST_TAIL = 10
_LEAST_COUNTED = 3.0  # comparisons beyond a threshold that is read off; below that, the tail decides
_MARGINS = (0.0, 0.0025, 0.005, 0.0075, 0.01, 0.015, 0.02)
_MARGIN_COST = 0.005  # of searches for enrolled people that the margin may refuse


@dataclass(frozen=True, slots=True, eq=False)
class Comparisons:
    """Every photo with every person; a person's own photo is left out of their centre."""

    own: Numbers  # (photos,) −∞ where it is the person's only photo
    others: Numbers  # (photos, people − 1)
    identity: NDArray[np.intp]  # (photos,)

    @property
    def people(self) -> int:
        return int(self.others.shape[1]) + 1

    @property
    def nearest(self) -> Numbers:
        """(photos,): the most similar other person, as a stranger to the gallery of all others would find."""
        found: Numbers = self.others.max(axis=1)
        return found


@dataclass(frozen=True, slots=True)
class ThresholdChoice:
    distance: float
    extrapolated: bool  # beyond what was seen among the comparisons


@dataclass(frozen=True, slots=True)
class CrossCheck:
    """Strangers named among people whom the threshold was not chosen from, over many splits into halves."""

    gallery: int  # of each half
    splits: int
    target: float
    mean: float
    low: float  # the middle 95 % of the splits
    high: float


def compare(templates: Sequence[Embeddings], probes: Sequence[Embeddings]) -> Comparisons:
    """Each entry holds one person's photos, at least one, in the same order in both."""
    asked = np.concatenate(list(probes))
    identity = np.repeat(np.arange(len(probes)), [len(rows) for rows in probes])
    scores = similarities(asked, list(templates), Combination.CENTRE).astype(np.float64)
    own = np.concatenate([_without_itself(*rows) for rows in zip(templates, probes, strict=True)])
    is_other = identity[:, np.newaxis] != np.arange(len(probes))
    return Comparisons(own, scores[is_other].reshape(len(asked), len(probes) - 1), identity)


def choose_threshold(comparisons: Comparisons, *, fpir: float, gallery: int) -> ThresholdChoice:
    """The farthest distance at which a stranger to `gallery` people is named with a chance of at most `fpir`."""
    fmr = -np.expm1(np.log1p(-fpir) / gallery)
    ranked = np.sort(comparisons.others, axis=None)[::-1]
    beyond = fmr * len(ranked)
    if beyond >= _LEAST_COUNTED:
        return ThresholdChoice(1 - float(np.nextafter(ranked[int(beyond)], np.inf)), extrapolated=False)
    return ThresholdChoice(1 - _extrapolated(ranked, fmr), extrapolated=True)


def choose_margin(comparisons: Comparisons, threshold: float) -> float:
    """The widest of a few margins that refuses at most one in two hundred of those whom the threshold lets through."""
    passed = (1 - comparisons.own <= threshold) & (comparisons.own > comparisons.nearest)
    if not passed.any():
        return 0.0
    lead = comparisons.own[passed] - comparisons.nearest[passed]
    return max(margin for margin in _MARGINS if float((lead < margin).mean()) <= _MARGIN_COST)


def missed(comparisons: Comparisons, threshold: float, margin: float) -> float:
    """The share of photos of people with another one that would not get their own name; NaN where there are none."""
    able = np.isfinite(comparisons.own)
    if not able.any():
        return float("nan")
    own, nearest = comparisons.own[able], comparisons.nearest[able]
    return float(((1 - own > threshold) | (own - nearest < margin)).mean())


def strangers_named(comparisons: Comparisons, threshold: float) -> float:
    """Each person counts the same, however many photos they have."""
    named = 1 - comparisons.nearest <= threshold
    photos = np.bincount(comparisons.identity)
    return float((np.bincount(comparisons.identity, weights=named) / photos).mean())


def strangers_needed(fpir: float) -> int:
    """So many independent strangers, none of them named, show with a confidence of 95 % that the rate is no higher: the
    rule of three (Hanley and Lippman-Hand 1983)."""
    return int(np.ceil(3 / fpir))


def cross_check(
    templates: Sequence[Embeddings], probes: Sequence[Embeddings], *, fpir: float, splits: int = 40, seed: int = 0
) -> CrossCheck:
    """Chooses on one half of the people, counts on the other, for the gallery that the other half makes."""
    generator = np.random.default_rng(seed)
    half = len(templates) // 2
    named = []
    for _ in range(splits):
        order = generator.permutation(len(templates))
        learned, held_out = (
            compare([templates[index] for index in part], [probes[index] for index in part])
            for part in (order[:half], order[half : 2 * half])
        )
        chosen = choose_threshold(learned, fpir=fpir, gallery=half - 1)
        named.append(strangers_named(held_out, chosen.distance))
    low, high = np.quantile(named, [0.025, 0.975])
    return CrossCheck(half, splits, fpir, float(np.mean(named)), float(low), float(high))


def _without_itself(templates: Embeddings, probes: Embeddings) -> Numbers:
    """Each photo against the centre of the person's others. (k,)"""
    if len(templates) == 1:
        return np.full(1, -np.inf)
    rest = templates.sum(axis=0) - templates.astype(np.float64)
    found: Numbers = np.einsum("kd,kd->k", rest, probes) / np.linalg.norm(rest, axis=1)
    return found


def _extrapolated(ranked: Numbers, fmr: float) -> float:
    """The nearest comparisons follow a straight line over the quantiles of the normal distribution (a Q-Q plot: Wilk
    and Gnanadesikan, Probability plotting methods for the analysis of data, 1968); the line is prolonged. Tails of an
    exponential, the usual choice, came out far too strict: see docs/decisions/0009-calibration.md."""
    count = min(len(ranked), max(_LEAST_TAIL, int(_TAIL_SHARE * len(ranked))))
    normal = NormalDist()
    quantiles = [normal.inv_cdf(1 - (place + 0.5) / len(ranked)) for place in range(count)]
    slope, intercept = np.polyfit(quantiles, ranked[:count], 1)
    return min(1.0, float(intercept + slope * normal.inv_cdf(1 - fmr)))
