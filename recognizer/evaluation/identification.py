"""Open-set identification as the service does it: some people are enrolled; other photos of them, and strangers, are
probes."""

import math
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import TypeAlias

import numpy as np
from tqdm import tqdm

from recognizer.decision import MatchPolicy, decide
from recognizer.engine.base import Embedder
from recognizer.errors import StartError
from recognizer.gallery.dataset import PHOTO_SUFFIXES, Person
from recognizer.gallery.snapshot import Candidate, Enrolled, GallerySnapshot, Match, snapshot_of
from recognizer.stopwatch import Stopwatch
from recognizer.vision.faces import Face, FaceFinder, Scene, foreground
from shared.contracts.recognition import DecisionKind
from shared.web.errors import ServiceError

Look: TypeAlias = Callable[[Path], Face | DecisionKind]


class FaceChoice(StrEnum):
    CENTRE = "centre"  # the face nearest the picture's centre: what the labels of LFW speak of
    SERVICE = "service"  # as POST /recognize does: several people before the camera are refused


@dataclass(frozen=True, slots=True)
class Identity:
    person: Person
    photos: tuple[Path, ...]


@dataclass(frozen=True, slots=True)
class ProbeResult:
    photo: Path
    truth: str | None  # the person's id; None for a stranger
    decision: DecisionKind
    match: Match | None  # None where no face was embedded

    @property
    def named(self) -> str | None:
        if self.decision is not DecisionKind.KNOWN or self.match is None or self.match.best is None:
            return None
        return self.match.best.person.person_id


@dataclass(frozen=True, slots=True)
class IdentificationResult:
    engine: str
    policy: MatchPolicy
    choice: FaceChoice
    people: int
    photos: int
    not_enrolled: tuple[tuple[Path, str], ...]  # photos meant for enrolment, and why they were refused
    probes: tuple[ProbeResult, ...]

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


def evaluate(
    known: Sequence[Identity],
    strangers: Sequence[Path],
    *,
    finder: FaceFinder,
    embedder: Embedder,
    policy: MatchPolicy,
    choice: FaceChoice,
    enrolled_photos: int,
    workers: int,
) -> IdentificationResult:
    """Enrols the first photos of each person, in the order of their names, and probes with all that is left. What
    could not be enrolled or acquired is counted, never dropped."""
    look = partial(_look, finder=finder, choice=choice)
    enrolled, not_enrolled = _enrol(known, look, embedder, enrolled_photos, workers)
    snapshot = snapshot_of(enrolled, engine=embedder.name, dimension=embedder.dimension)
    probes = [(photo, each.person.person_id) for each in known for photo in each.photos[enrolled_photos:]]
    unknown = [(photo, None) for photo in strangers]
    probe = partial(_probe, look=look, embedder=embedder, snapshot=snapshot, policy=policy)
    with ThreadPoolExecutor(workers) as pool:
        tasks = [*probes, *unknown]
        results = tuple(tqdm(pool.map(probe, tasks), desc="Probes", total=len(tasks), disable=None, leave=False))
    return IdentificationResult(
        engine=f"{embedder.name}/{finder.detector.name}",
        policy=policy,
        choice=choice,
        people=len(snapshot.people),
        photos=snapshot.photos,
        not_enrolled=tuple(not_enrolled),
        probes=results,
    )


def _enrol(
    known: Sequence[Identity], look: Look, embedder: Embedder, count: int, workers: int
) -> tuple[list[Enrolled], list[tuple[Path, str]]]:
    photos = [photo for each in known for photo in each.photos[:count]]
    with ThreadPoolExecutor(workers) as pool:
        looks = tqdm(pool.map(look, photos), desc="Enrolment", total=len(photos), disable=None, leave=False)
        found = dict(zip(photos, looks, strict=True))
    enrolled = []
    for each in known:
        chips = [face.chip for photo in each.photos[:count] if isinstance(face := found[photo], Face)]
        if chips:
            enrolled.append(Enrolled(each.person, embedder.embed(np.stack(chips))))
    return enrolled, [(photo, refusal) for photo, refusal in found.items() if isinstance(refusal, DecisionKind)]


def _look(photo: Path, *, finder: FaceFinder, choice: FaceChoice) -> Face | DecisionKind:
    """The face that the photo is about, or the decision that the service would give without embedding anything."""
    try:
        scene = finder.find(photo.read_bytes(), Stopwatch())
    except ServiceError:
        return DecisionKind.NO_FACE
    faces = _nearest_centre(scene) if choice is FaceChoice.CENTRE else foreground(scene.faces)
    if len(faces) != 1:
        return DecisionKind.MULTIPLE_FACES if faces else DecisionKind.NO_FACE
    return faces[0] if faces[0].quality.issue is None else DecisionKind.LOW_QUALITY


def _nearest_centre(scene: Scene) -> tuple[Face, ...]:
    height, width = scene.image.frame.shape[:2]

    def distance_px(face: Face) -> float:
        box = face.detection.box
        return math.hypot(box.x + box.width / 2 - width / 2, box.y + box.height / 2 - height / 2)

    return (min(scene.faces, key=distance_px),) if scene.faces else ()


def _probe(
    task: tuple[Path, str | None], *, look: Look, embedder: Embedder, snapshot: GallerySnapshot, policy: MatchPolicy
) -> ProbeResult:
    photo, truth = task
    face = look(photo)
    if not isinstance(face, Face):
        return ProbeResult(photo, truth, face, None)
    match = snapshot.match(embedder.embed(face.chip[np.newaxis]))[0]
    return ProbeResult(photo, truth, decide(_distance(match.best), _distance(match.runner_up), policy), match)


def _distance(candidate: Candidate | None) -> float | None:
    return None if candidate is None else candidate.distance
