"""One to many, open set: is this anybody who is enrolled, and who? Terms are those of ISO/IEC 19795-1 and of NIST's
Face Recognition Vendor Test part 2 (Grother, Ngan, Hanaoka, NIST IR 8271).

FPIR, the false positive identification rate: the share of strangers' photos that would be given somebody's name. FNIR,
the false negative identification rate: the share of enrolled people's photos that are not given their own name. A face
that was not found or not good enough counts among the photos: it is a miss for its owner, and names no stranger.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recognizer.engine.base import Embeddings
from recognizer.evaluation.choices import Combination
from recognizer.evaluation.combining import similarities
from recognizer.evaluation.curves import Estimate, Flags, Numbers, bootstrap, resampled
from recognizer.evaluation.photos import Sample, numbered, probes_of, templates_of

TARGET_FPIRS = (0.01, 0.003)
ENROLMENTS = 20  # times that photos for enrolment are drawn


@dataclass(frozen=True, slots=True, eq=False)
class Searches:
    """Every photo looked for in every gallery; −∞ for one that could not be. Similarities, and whose photo it was."""

    strangers: Numbers  # best of all people in a gallery that its owner is not in; highest first
    stranger_identity: NDArray[np.intp]
    mates: Numbers  # of the owner, who is enrolled with other photos
    rivals: Numbers  # best of all others, for the same photos
    mate_identity: NDArray[np.intp]

    def threshold_at(self, fpir: float, counts: NDArray[np.int64] | None = None) -> float:
        """The lowest threshold that names at most this share of strangers. `counts`: how often each identity counts."""
        weights = np.ones(len(self.strangers)) if counts is None else counts[self.stranger_identity].astype(float)
        named = weights.cumsum()
        beyond = int(np.searchsorted(named, fpir * named[-1] + 1e-9, side="right"))
        if beyond == len(named) or not np.isfinite(self.strangers[beyond]):
            return -1.0
        return float(np.nextafter(self.strangers[beyond], np.inf))

    def fnir_at(self, threshold: float, counts: NDArray[np.int64] | None = None) -> float:
        return self._share(~((self.mates >= threshold) & (self.mates > self.rivals)), counts)

    def rank_one(self, counts: NDArray[np.int64] | None = None) -> float:
        return self._share(self.mates > self.rivals, counts)

    def _share(self, chosen: Flags, counts: NDArray[np.int64] | None) -> float:
        weights = np.ones(len(chosen)) if counts is None else counts[self.mate_identity]
        total = float(weights.sum())
        return float(weights[chosen].sum()) / total if total else float("nan")


@dataclass(frozen=True, slots=True)
class FnirAtFpir:
    fpir: float
    fnir: Estimate
    threshold: float  # cosine similarity
    strangers: float  # people that the rate means, of those who were strangers


@dataclass(frozen=True, slots=True, eq=False)
class Identification:
    gallery: int  # people enrolled
    enrolled_photos: int  # of each, drawn ENROLMENTS times
    combination: Combination
    strangers: int  # people who were one
    searches: int  # for enrolled people
    rank_one: Estimate
    fnir_at_fpir: tuple[FnirAtFpir, ...]
    trade_off: tuple[tuple[float, float], ...]  # FPIR and FNIR, for the plot


def identify(
    samples: Sequence[Sample], *, enrolled_photos: int, combination: Combination, dimension: int, draws: int
) -> Identification | None:
    """None where fewer than two people have a photo beside those to enrol."""
    identity = numbered(samples)
    candidates = enrollable(samples, identity, enrolled_photos)
    if len(candidates) < 2:
        return None
    templates, probes = _usable(samples, dimension)
    searches = search_all(
        identity, candidates, templates, probes, enrolled_photos=enrolled_photos, combination=combination
    )
    drawn = resampled(int(identity.max()) + 1, draws)
    return Identification(
        gallery=len(candidates),
        enrolled_photos=enrolled_photos,
        combination=combination,
        strangers=len(np.unique(searches.stranger_identity)),
        searches=len(searches.mates),
        rank_one=bootstrap(searches.rank_one(), drawn, searches.rank_one),
        fnir_at_fpir=tuple(_fnir_at(fpir, searches, drawn) for fpir in TARGET_FPIRS),
        trade_off=tuple((fpir, searches.fnir_at(searches.threshold_at(fpir))) for fpir in np.geomspace(1e-3, 0.3, 40)),
    )


def enrollable(samples: Sequence[Sample], identity: NDArray[np.intp], enrolled_photos: int) -> NDArray[np.intp]:
    """People with at least one photo more than is enrolled, who were not given as strangers."""
    given_as_strangers = {number for number, sample in zip(identity, samples, strict=True) if sample.photo.stranger}
    able = np.flatnonzero(np.bincount(identity) > enrolled_photos)
    return np.array([number for number in able if number not in given_as_strangers], np.intp)


def search_all(
    identity: NDArray[np.intp],
    candidates: NDArray[np.intp],
    templates: Embeddings,
    probes: Embeddings,
    *,
    enrolled_photos: int,
    combination: Combination,
    seed: int = 0,
) -> Searches:
    """Photos for enrolment are drawn anew for each gallery. Everybody is a stranger to the gallery of all others."""
    generator = np.random.default_rng(seed)
    found = []
    for _ in range(ENROLMENTS):
        drawn = [generator.permutation(np.flatnonzero(identity == number)) for number in candidates]
        galleries = [_whole(templates[photos[:enrolled_photos]]) for photos in drawn]
        unseen = np.concatenate([photos[enrolled_photos:] for photos in drawn])
        found.append(_searched(identity, candidates, similarities(probes, galleries, combination), unseen))
    strangers, stranger_identity, *of_mates = (np.concatenate(parts) for parts in zip(*found, strict=True))
    order = np.argsort(-strangers, kind="stable")
    return Searches(strangers[order], stranger_identity[order], *of_mates)


def _searched(
    identity: NDArray[np.intp], candidates: NDArray[np.intp], scores: NDArray[np.float32], unseen: NDArray[np.intp]
) -> tuple[Numbers, NDArray[np.intp], Numbers, Numbers, NDArray[np.intp]]:
    own = identity[:, np.newaxis] == candidates
    others = np.where(own, -np.inf, scores).max(axis=1).astype(np.float64)
    mates = np.where(own, scores, -np.inf).max(axis=1).astype(np.float64)
    return others, identity, mates[unseen], others[unseen], identity[unseen]


def _usable(samples: Sequence[Sample], dimension: int) -> tuple[Embeddings, Embeddings]:
    """Templates and probes; NaN for photos that the service refuses."""
    refused = np.array([sample.refusal is not None for sample in samples])[:, np.newaxis]
    absent = np.float32(np.nan)
    templates, probes = templates_of(samples, dimension), probes_of(samples, dimension)
    return np.where(refused, absent, templates), np.where(refused, absent, probes)


def _whole(rows: Embeddings) -> Embeddings:
    kept: Embeddings = rows[~np.isnan(rows).any(axis=1)]
    return kept


def _fnir_at(fpir: float, searches: Searches, drawn: NDArray[np.int64]) -> FnirAtFpir:
    def replicate(counts: NDArray[np.int64]) -> float:
        return searches.fnir_at(searches.threshold_at(fpir, counts), counts)

    threshold = searches.threshold_at(fpir)
    strangers = len(np.unique(searches.stranger_identity))
    fnir = bootstrap(searches.fnir_at(threshold), drawn, replicate)
    return FnirAtFpir(fpir, fnir, threshold, fpir * strangers)
