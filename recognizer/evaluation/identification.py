"""Open-set identification as the service does it: some people are enrolled; other photos of them, and strangers, are
probes. What could not be enrolled or acquired is counted, never dropped."""

import math
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from recognizer.decision import MatchPolicy, decide
from recognizer.engine.base import Embedder
from recognizer.errors import StartError
from recognizer.gallery.dataset import PHOTO_SUFFIXES, Person
from recognizer.gallery.snapshot import Candidate, Enrolled, GallerySnapshot, snapshot_of
from recognizer.stopwatch import Stopwatch
from recognizer.vision.faces import Face, FaceFinder, Scene, foreground
from shared.contracts.recognition import DecisionKind
from shared.web.errors import ServiceError

_DRAWS = 20  # of photos for enrolment
_TARGET_FPIR = (0.003, 0.01)


class FaceChoice(StrEnum):
    CENTRE = "centre"  # the face nearest the picture's centre: what the labels of LFW speak of
    SERVICE = "service"  # as POST /recognize does: several people before the camera are refused


@dataclass(frozen=True, slots=True)
class Identity:
    person: Person
    photos: tuple[Path, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """One photo, looked at once."""

    photo: Path
    person: Person | None  # None for a stranger
    look: NDArray[np.float32] | DecisionKind  # the embedding, or the decision that the service gives without one


@dataclass(frozen=True, slots=True)
class ProbeResult:
    photo: Path
    truth: str | None  # the person's id; None for a stranger
    decision: DecisionKind
    named: str | None  # the id of the person that was named


@dataclass(frozen=True, slots=True)
class StrangerThreshold:
    """The distance at which this share of strangers would be named: FPIR, the false positive identification rate."""

    fpir: float
    distance: float


@dataclass(frozen=True, slots=True)
class IdentificationResult:
    engine: str
    policy: MatchPolicy
    choice: FaceChoice
    people: int
    photos: int
    not_enrolled: tuple[Sample, ...]  # photos meant for enrolment that were refused
    probes: tuple[ProbeResult, ...]
    thresholds: tuple[StrangerThreshold, ...]

    def of_known(self) -> list[ProbeResult]:
        return [probe for probe in self.probes if probe.truth is not None]

    def of_strangers(self) -> list[ProbeResult]:
        return [probe for probe in self.probes if probe.truth is None]


def read_known(folder: Path) -> list[Identity]:
    """One subfolder a person. Raises StartError when there is none."""
    photos = {sub: tuple(_photos(sub)) for sub in sorted(folder.glob("*/"))}
    identities = [Identity(_person(sub.name), found) for sub, found in photos.items() if found]
    if not identities:
        raise StartError(f"{folder} holds no folders with photos in them")
    return identities


def read_strangers(folder: Path | None) -> list[Path]:
    return [] if folder is None else _photos(folder)


def _photos(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.name.lower().endswith(PHOTO_SUFFIXES))


def _person(folder: str) -> Person:
    """Here the whole name is the identity: research folders carry no ids."""
    return Person(person_id=folder, name=folder, label=folder, folder=folder)


@dataclass(frozen=True, slots=True)
class Protocol:
    """What is done with the photos."""

    choice: FaceChoice
    enrolled_photos: int  # of each person, the first in the order of their names; the others are probes
    policy: MatchPolicy


def evaluate(
    known: Sequence[Identity],
    strangers: Sequence[Path],
    *,
    finder: FaceFinder,
    embedder: Embedder,
    protocol: Protocol,
    workers: int,
) -> IdentificationResult:
    tasks: list[tuple[Path, Person | None]] = [(photo, each.person) for each in known for photo in each.photos]
    tasks += [(photo, None) for photo in strangers]
    samples = _look_at(tasks, partial(_look, finder=finder, embedder=embedder, choice=protocol.choice), workers)
    people = _by_person(samples)
    enrolled = {person: photos[: protocol.enrolled_photos] for person, photos in people.items()}
    snapshot = _gallery(enrolled, embedder)
    unseen = [sample for photos in people.values() for sample in photos[protocol.enrolled_photos :]]
    unseen += [sample for sample in samples if sample.person is None]
    return IdentificationResult(
        engine=f"{embedder.name}/{finder.detector.name}",
        policy=protocol.policy,
        choice=protocol.choice,
        people=len(snapshot.people),
        photos=snapshot.photos,
        not_enrolled=tuple(s for photos in enrolled.values() for s in photos if isinstance(s.look, DecisionKind)),
        probes=tuple(_probe(sample, snapshot, protocol.policy) for sample in unseen),
        thresholds=stranger_thresholds(samples, protocol.enrolled_photos, embedder),
    )


def stranger_thresholds(
    samples: Sequence[Sample], enrolled_photos: int, embedder: Embedder
) -> tuple[StrangerThreshold, ...]:
    """Everybody in turn is a stranger to the gallery of all others, with photos for enrolment drawn anew each time.

    The quantiles of their distances to the nearest person are the thresholds. The margin to the runner-up, which only
    ever names fewer, is left out.
    """
    draw = np.random.default_rng(seed=0)
    people = _by_person(samples)
    distances: list[float] = []
    for _ in range(_DRAWS):
        shuffled = {person: [photos[i] for i in draw.permutation(len(photos))] for person, photos in people.items()}
        enrolled = {person: photos[:enrolled_photos] for person, photos in shuffled.items()}
        distances += _distances_of_strangers(samples, _gallery(enrolled, embedder))
    if not distances:
        return ()
    return tuple(StrangerThreshold(fpir, float(np.quantile(distances, fpir))) for fpir in _TARGET_FPIR)


def _distances_of_strangers(samples: Sequence[Sample], snapshot: GallerySnapshot) -> list[float]:
    probes = [sample for sample in samples if not isinstance(sample.look, DecisionKind)]
    if not probes or len(snapshot.people) < 2:
        return []
    distances = 1 - np.stack([probe.look for probe in probes]) @ snapshot.centres.T
    own = np.array([[probe.person == person for person in snapshot.people] for probe in probes])
    return [float(nearest) for nearest in np.where(own, np.inf, distances).min(axis=1)]


def _look_at(
    tasks: Sequence[tuple[Path, Person | None]], look: Callable[[Path, Person | None], Sample], workers: int
) -> list[Sample]:
    with ThreadPoolExecutor(workers) as pool:
        samples = pool.map(lambda task: look(*task), tasks)
        return list(tqdm(samples, desc="Photos", total=len(tasks), disable=None, leave=False))


def _look(photo: Path, person: Person | None, *, finder: FaceFinder, embedder: Embedder, choice: FaceChoice) -> Sample:
    try:
        scene = finder.find(photo.read_bytes(), Stopwatch())
    except ServiceError:
        return Sample(photo, person, DecisionKind.NO_FACE)
    faces = _nearest_centre(scene) if choice is FaceChoice.CENTRE else foreground(scene.faces)
    if len(faces) != 1:
        return Sample(photo, person, DecisionKind.MULTIPLE_FACES if faces else DecisionKind.NO_FACE)
    if faces[0].quality.issue is not None:
        return Sample(photo, person, DecisionKind.LOW_QUALITY)
    return Sample(photo, person, embedder.embed(faces[0].chip[np.newaxis])[0])


def _nearest_centre(scene: Scene) -> tuple[Face, ...]:
    height, width = scene.image.frame.shape[:2]

    def distance_px(face: Face) -> float:
        box = face.detection.box
        return math.hypot(box.x + box.width / 2 - width / 2, box.y + box.height / 2 - height / 2)

    return (min(scene.faces, key=distance_px),) if scene.faces else ()


def _by_person(samples: Sequence[Sample]) -> dict[Person, list[Sample]]:
    people: dict[Person, list[Sample]] = {}
    for sample in samples:
        if sample.person is not None:
            people.setdefault(sample.person, []).append(sample)
    return people


def _gallery(enrolled: Mapping[Person, Sequence[Sample]], embedder: Embedder) -> GallerySnapshot:
    usable = {
        person: [sample.look for sample in photos if not isinstance(sample.look, DecisionKind)]
        for person, photos in enrolled.items()
    }
    people = [Enrolled(person, np.stack(templates)) for person, templates in usable.items() if templates]
    return snapshot_of(people, engine=embedder.name, dimension=embedder.dimension)


def _probe(sample: Sample, snapshot: GallerySnapshot, policy: MatchPolicy) -> ProbeResult:
    truth = None if sample.person is None else sample.person.person_id
    if isinstance(sample.look, DecisionKind):
        return ProbeResult(sample.photo, truth, sample.look, None)
    match = snapshot.match(sample.look[np.newaxis])[0]
    decision = decide(_distance(match.best), _distance(match.runner_up), policy)
    known = decision is DecisionKind.KNOWN and match.best is not None
    return ProbeResult(sample.photo, truth, decision, match.best.person.person_id if known and match.best else None)


def _distance(candidate: Candidate | None) -> float | None:
    return None if candidate is None else candidate.distance
