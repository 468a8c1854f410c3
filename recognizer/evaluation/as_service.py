"""What the service would answer: the first photos of each person are enrolled, the others and the strangers are asked
about, one photo at a time, with the threshold and the margin in use."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from recognizer.decision import MatchPolicy, decide
from recognizer.evaluation.photos import Sample
from recognizer.gallery.dataset import Person
from recognizer.gallery.snapshot import Candidate, Enrolled, GallerySnapshot, snapshot_of
from shared.contracts.recognition import DecisionKind


@dataclass(frozen=True, slots=True)
class Answer:
    photo: str
    truth: str | None  # None for a stranger
    decision: DecisionKind
    named: str | None


@dataclass(frozen=True, slots=True)
class ServiceAnswers:
    people: int
    photos: int
    not_enrolled: tuple[tuple[str, DecisionKind], ...]  # photos meant for enrolment that were refused
    answers: tuple[Answer, ...]

    def of_known(self) -> list[Answer]:
        return [answer for answer in self.answers if answer.truth is not None]

    def of_strangers(self) -> list[Answer]:
        return [answer for answer in self.answers if answer.truth is None]


def answers_of_service(
    samples: Sequence[Sample], *, enrolled_photos: int, policy: MatchPolicy, dimension: int
) -> ServiceAnswers:
    enrolled, asked = _divided(samples, enrolled_photos)
    snapshot = _gallery(enrolled, dimension)
    return ServiceAnswers(
        people=len(snapshot.people),
        photos=snapshot.photos,
        not_enrolled=tuple((each.photo.label, each.refusal) for each in enrolled if each.refusal is not None),
        answers=tuple(_answer(sample, snapshot, policy) for sample in asked),
    )


def _divided(samples: Sequence[Sample], enrolled_photos: int) -> tuple[list[Sample], list[Sample]]:
    seen: dict[str, int] = {}
    enrolled: list[Sample] = []
    asked: list[Sample] = []
    for sample in samples:
        before = seen.get(sample.photo.identity, 0)
        seen[sample.photo.identity] = before + 1
        (asked if sample.photo.stranger or before >= enrolled_photos else enrolled).append(sample)
    return enrolled, asked


def _gallery(enrolled: Sequence[Sample], dimension: int) -> GallerySnapshot:
    rows: dict[str, list[Sample]] = {}
    for sample in enrolled:
        if sample.refusal is None:
            rows.setdefault(sample.photo.identity, []).append(sample)
    people = [
        Enrolled(_person(name), np.stack([sample.look.template for sample in found if sample.look is not None]))
        for name, found in rows.items()
    ]
    return snapshot_of(people, engine="evaluation", dimension=dimension)


def _person(name: str) -> Person:
    """Here the whole name is the identity: research folders carry no ids."""
    return Person(person_id=name, name=name, label=name, folder=name)


def _answer(sample: Sample, snapshot: GallerySnapshot, policy: MatchPolicy) -> Answer:
    truth = None if sample.photo.stranger else sample.photo.identity
    if sample.refusal is not None or sample.look is None:
        return Answer(sample.photo.label, truth, sample.refusal or DecisionKind.NO_FACE, None)
    [match] = snapshot.match(sample.look.probe[np.newaxis])
    decision = decide(_distance(match.best), _distance(match.runner_up), policy)
    known = match.best is not None and decision is DecisionKind.KNOWN
    return Answer(sample.photo.label, truth, decision, match.best.person.person_id if known and match.best else None)


def _distance(candidate: Candidate | None) -> float | None:
    return None if candidate is None else candidate.distance
