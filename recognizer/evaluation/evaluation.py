"""One evaluation: what is asked of it, and what came out."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from recognizer.decision import MatchPolicy
from recognizer.evaluation.as_service import ServiceAnswers, answers_of_service
from recognizer.evaluation.choices import Combination, FaceChoice
from recognizer.evaluation.identification import Identification, identify
from recognizer.evaluation.photos import Sample, numbered
from recognizer.evaluation.verification import Pairs, Verification, all_pairs, verify
from shared.contracts.recognition import DecisionKind


@dataclass(frozen=True, slots=True)
class Protocol:
    """What is done with the photos."""

    choice: FaceChoice
    enrolled_photos: tuple[int, ...]  # each a gallery of its own; the service is asked with the last
    combination: Combination
    policy: MatchPolicy
    draws: int = 500  # of people, for the intervals


@dataclass(frozen=True, slots=True)
class Setup:
    """What was measured, in words."""

    engine: str
    probe_views: str
    enrolled_views: str
    embed_ms: float  # median, one face before the camera
    source: str


@dataclass(frozen=True, slots=True, eq=False)
class Evaluation:
    setup: Setup
    protocol: Protocol
    photos: int
    people: int
    not_acquired: tuple[tuple[str, DecisionKind], ...]  # photos that the service refuses, and its answer
    without_face: int  # of these, how many cannot be compared at all
    not_enrolled: int  # people none of whose photos can be used
    verification: Verification | None  # None where there are no pairs of both kinds
    identifications: tuple[Identification, ...]
    service: ServiceAnswers | None  # None for a list of pairs


def evaluate_folder(samples: Sequence[Sample], setup: Setup, protocol: Protocol, *, dimension: int) -> Evaluation:
    """Over every two photos, and as a gallery that is searched."""
    found = (
        identify(
            samples,
            enrolled_photos=count,
            combination=protocol.combination,
            dimension=dimension,
            draws=protocol.draws,
        )
        for count in protocol.enrolled_photos
    )
    service = answers_of_service(
        samples, enrolled_photos=protocol.enrolled_photos[-1], policy=protocol.policy, dimension=dimension
    )
    verification = _verified(samples, all_pairs(samples), protocol, dimension)
    identifications = tuple(each for each in found if each is not None)
    return _assembled(samples, setup, protocol, verification, identifications=identifications, service=service)


def evaluate_pairs(
    samples: Sequence[Sample], pairs: Pairs, setup: Setup, protocol: Protocol, *, dimension: int
) -> Evaluation:
    """Over the pairs of a list; they say nothing about galleries."""
    return _assembled(samples, setup, protocol, _verified(samples, pairs, protocol, dimension))


def _verified(samples: Sequence[Sample], pairs: Pairs, protocol: Protocol, dimension: int) -> Verification | None:
    identity = numbered(samples)
    genuine = identity[pairs.first] == identity[pairs.second]
    if genuine.all() or not genuine.any():
        return None
    return verify(samples, pairs, dimension=dimension, draws=protocol.draws)


def _assembled(
    samples: Sequence[Sample],
    setup: Setup,
    protocol: Protocol,
    verification: Verification | None,
    *,
    identifications: tuple[Identification, ...] = (),
    service: ServiceAnswers | None = None,
) -> Evaluation:
    to_enrol = {sample.photo.identity for sample in samples if not sample.photo.stranger}
    usable = {sample.photo.identity for sample in samples if sample.refusal is None}
    return Evaluation(
        setup=setup,
        protocol=protocol,
        photos=len(samples),
        people=len({sample.photo.identity for sample in samples}),
        not_acquired=tuple((each.photo.label, each.refusal) for each in samples if each.refusal is not None),
        without_face=int(np.sum([sample.look is None for sample in samples])),
        not_enrolled=len(to_enrol - usable),
        verification=verification,
        identifications=identifications,
        service=service,
    )
