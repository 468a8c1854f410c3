"""One to one: are these two photos of one person? Over the pairs of a list, or over all pairs of a folder."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from recognizer.engine.base import Embeddings
from recognizer.evaluation.curves import (
    CrossValidated,
    Estimate,
    Flags,
    Numbers,
    Ranking,
    Roc,
    cross_validated,
    interval,
    resampled,
)
from recognizer.evaluation.pairs import Pair
from recognizer.evaluation.photos import LabelledPhoto, Sample, numbered, probes_of, templates_of

TARGET_FARS = (1e-2, 1e-3, 1e-4)
FOLDS = 10
MAX_IMPOSTOR_PAIRS = 2_000_000  # of a folder; where it has more, so many are drawn
LEAST_FALSE_ACCEPTANCES = 3  # that a false acceptance rate must mean in pairs to be spoken of
_BLOCK = 1 << 18  # pairs scored at once


@dataclass(frozen=True, slots=True, eq=False)
class Pairs:
    """Indices into the samples, the first of a pair as it is enrolled, the second as it is looked for. (n,) each"""

    first: NDArray[np.intp]
    second: NDArray[np.intp]
    first_folds: NDArray[np.intp]
    second_folds: NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class TarAtFar:
    far: float
    tar: Estimate | None  # None where there are too few impostor pairs to speak of such a rate
    threshold: float  # cosine similarity
    false_acceptances: float  # that the rate means in pairs


@dataclass(frozen=True, slots=True)
class WrongPair:
    first: str
    second: str
    same: bool
    similarity: float  # −∞ where a photo had no face to compare


@dataclass(frozen=True, slots=True, eq=False)
class Verification:
    genuine: int
    impostor: int
    failed: int  # pairs in which a photo had no face to compare
    accuracy: CrossValidated | None
    eer: Estimate
    tar_at_far: tuple[TarAtFar, ...]
    roc: Roc
    genuine_scores: Numbers
    impostor_scores: Numbers
    threshold: float  # of equal errors; the mistakes are those at it
    mistakes: tuple[WrongPair, ...]  # rejections, then acceptances, the worst of each first


def verify(samples: Sequence[Sample], pairs: Pairs, *, dimension: int, draws: int, mistakes: int = 10) -> Verification:
    """Raises ValueError where there are no pairs of one person, or none of two."""
    identity = numbered(samples)
    first_identity, second_identity = identity[pairs.first], identity[pairs.second]
    genuine = first_identity == second_identity
    scores = _scores(templates_of(samples, dimension), probes_of(samples, dimension), pairs)
    ranking = Ranking(scores, genuine)
    roc = ranking.roc()
    people = int(identity.max()) + 1
    # Figures alone are kept of each draw: a curve has as many points as there are pairs.
    replicates = np.array(
        [
            _figures(ranking.roc(_weights(counts, first_identity, second_identity, genuine)))
            for counts in tqdm(resampled(people, draws), desc="Intervals", disable=None, leave=False, delay=1)
        ]
    )
    threshold = roc.equal_error_threshold()
    return Verification(
        genuine=int(genuine.sum()),
        impostor=int((~genuine).sum()),
        failed=int(np.isneginf(scores).sum()),
        accuracy=cross_validated(scores, genuine, pairs.first_folds, pairs.second_folds),
        eer=interval(roc.equal_error_rate(), replicates[:, 0], identities=people),
        tar_at_far=tuple(
            _tar_at(far, roc, replicates[:, 1 + place], int((~genuine).sum()), people)
            for place, far in enumerate(TARGET_FARS)
        ),
        roc=roc,
        genuine_scores=scores[genuine],
        impostor_scores=scores[~genuine],
        threshold=threshold,
        mistakes=_worst(samples, pairs, scores, genuine, threshold=threshold, count=mistakes),
    )


def listed_pairs(pairs: Sequence[Pair]) -> tuple[list[LabelledPhoto], Pairs]:
    """The photos that a list of pairs names, each once, and the pairs as indices into them."""
    places: dict[LabelledPhoto, int] = {}
    for pair in pairs:
        places.setdefault(pair.first, len(places))
        places.setdefault(pair.second, len(places))
    folds = np.array([pair.fold for pair in pairs], np.intp)
    first = np.array([places[pair.first] for pair in pairs], np.intp)
    second = np.array([places[pair.second] for pair in pairs], np.intp)
    return list(places), Pairs(first, second, folds, folds)


def all_pairs(samples: Sequence[Sample], *, max_impostors: int = MAX_IMPOSTOR_PAIRS, seed: int = 0) -> Pairs:
    """Every two photos of a folder, in folds of people; where they are too many, every pair of one person, and at most
    `max_impostors` of two, drawn evenly."""
    identity = numbered(samples)
    folds = folds_of_people(identity, seed=seed)[identity]
    first, second = _two_of(identity, max_impostors, seed)
    return Pairs(first, second, folds[first], folds[second])


def folds_of_people(identity: NDArray[np.intp], *, seed: int = 0) -> NDArray[np.intp]:
    """The fold of each person (people,). Those with several photos and those with one are dealt out separately, so that
    every fold has pairs of both kinds; FOLDS folds, fewer where there are too few people for that."""
    photos = np.bincount(identity)
    generator = np.random.default_rng(seed)
    several = generator.permutation(np.flatnonzero(photos > 1))
    single = generator.permutation(np.flatnonzero(photos == 1))
    count = max(1, min(FOLDS, len(several), len(photos) // 2))
    folds = np.zeros(len(photos), np.intp)
    folds[np.append(several, single)] = np.arange(len(photos)) % count
    return folds


def _two_of(identity: NDArray[np.intp], max_impostors: int, seed: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    count = len(identity)
    if count * (count - 1) // 2 <= max_impostors:
        return np.triu_indices(count, 1)
    genuine = [np.flatnonzero(identity == person) for person in np.flatnonzero(np.bincount(identity) > 1)]
    within = [photos[np.array(np.triu_indices(len(photos), 1))] for photos in genuine]
    drawn = np.sort(np.random.default_rng(seed).integers(0, count, (max_impostors, 2)), axis=1)
    unique = np.unique(drawn[identity[drawn[:, 0]] != identity[drawn[:, 1]]], axis=0)
    first, second = np.concatenate([*within, unique.T], axis=1)
    return first, second


def _scores(templates: Embeddings, probes: Embeddings, pairs: Pairs) -> Numbers:
    """Cosine similarity of each pair; −∞ where a photo has none."""
    scores = np.empty(len(pairs.first))
    for start in range(0, len(scores), _BLOCK):
        block = slice(start, start + _BLOCK)
        scores[block] = np.einsum("nd,nd->n", templates[pairs.first[block]], probes[pairs.second[block]])
    return np.where(np.isnan(scores), -np.inf, scores)


def _weights(counts: NDArray[np.int64], first: NDArray[np.intp], second: NDArray[np.intp], genuine: Flags) -> Numbers:
    """How often a pair occurs when people occur `counts` times: one person's pairs as often as the person."""
    return np.where(genuine, counts[first], counts[first] * counts[second]).astype(np.float64)


def _figures(roc: Roc) -> list[float]:
    return [roc.equal_error_rate(), *(roc.tar_at(far) for far in TARGET_FARS)]


def _tar_at(far: float, roc: Roc, replicates: Numbers, impostors: int, people: int) -> TarAtFar:
    means = far * impostors
    tar = None
    if means >= LEAST_FALSE_ACCEPTANCES:
        tar = interval(roc.tar_at(far), replicates, identities=people)
    return TarAtFar(far, tar, roc.threshold_at(far), means)


def _worst(
    samples: Sequence[Sample], pairs: Pairs, scores: Numbers, genuine: Flags, *, threshold: float, count: int
) -> tuple[WrongPair, ...]:
    """Those farthest on the wrong side of the threshold: half of them rejections, half acceptances, and more of one
    where there are fewer of the other."""
    rejected = np.flatnonzero(genuine & (scores < threshold))
    accepted = np.flatnonzero(~genuine & (scores >= threshold))
    rejected = rejected[np.argsort(scores[rejected], kind="stable")]
    accepted = accepted[np.argsort(-scores[accepted], kind="stable")]
    of_rejected = max(count // 2, count - len(accepted))
    worst = np.append(rejected[:of_rejected], accepted[: count - min(of_rejected, len(rejected))])
    return tuple(
        WrongPair(
            samples[pairs.first[index]].photo.label,
            samples[pairs.second[index]].photo.label,
            bool(genuine[index]),
            float(scores[index]),
        )
        for index in worst
    )
