"""The people who can be recognized, as one immutable matrix, and the exact search in it."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recognizer.engine.base import Embeddings
from recognizer.gallery.dataset import Person

_SHORTEST_MEAN = 1e-3


@dataclass(frozen=True, slots=True)
class Candidate:
    person: Person
    distance: float  # cosine, 0 to 2, to the centre of the person's templates


@dataclass(frozen=True, slots=True)
class Match:
    """The two nearest people, nearest first; None where the gallery has fewer."""

    best: Candidate | None
    runner_up: Candidate | None


@dataclass(frozen=True, slots=True)
class Enrolled:
    """A person and at least one template, rows of unit length."""

    person: Person
    templates: Embeddings


@dataclass(frozen=True, slots=True, eq=False)
class GallerySnapshot:
    """Safe to read from any thread, because nothing in it ever changes. Made by `snapshot_of`."""

    fingerprint: str  # equal for equal people, templates and engines
    people: tuple[Person, ...]
    centres: Embeddings  # (people, d): the mean of each person's templates, scaled to unit length
    photos: int  # templates behind the centres

    def match(self, probes: Embeddings) -> list[Match]:
        """The nearest and second nearest person for each probe, exactly. Of equals, the earlier person comes first."""
        if not self.people:
            return [Match(None, None)] * len(probes)
        return [self._best_two(row) for row in probes @ self.centres.T]

    def _best_two(self, similarities: NDArray[np.float32]) -> Match:
        """`similarities` (people,) is overwritten."""
        nearest = int(similarities.argmax())
        best = self._candidate(similarities, nearest)
        if len(self.people) == 1:
            return Match(best, None)
        similarities[nearest] = -np.inf
        return Match(best, self._candidate(similarities, int(similarities.argmax())))

    def _candidate(self, similarities: NDArray[np.float32], index: int) -> Candidate:
        return Candidate(self.people[index], min(2.0, max(0.0, 1.0 - float(similarities[index]))))


def snapshot_of(enrolled: Sequence[Enrolled], *, engine: str, dimension: int) -> GallerySnapshot:
    """`engine` names what made the templates; it is part of the fingerprint."""
    ordered = sorted(enrolled, key=lambda each: each.person.person_id)
    if any(len(each.templates) == 0 for each in ordered):
        raise ValueError("a person without a template cannot be matched")
    centres = np.empty((len(ordered), dimension), np.float32)
    for row, each in zip(centres, ordered, strict=True):
        row[:] = _centre(each.templates)
    centres.flags.writeable = False
    people = tuple(each.person for each in ordered)
    photos = sum(len(each.templates) for each in ordered)
    return GallerySnapshot(_fingerprint(engine, people, centres), people, centres, photos)


def _centre(templates: Embeddings) -> NDArray[np.float32]:
    """Of the ways to combine templates the one that misses fewest people; docs/accuracy.md has the figures."""
    mean: NDArray[np.float32] = templates.mean(axis=0)
    length = float(np.linalg.norm(mean))
    if length < _SHORTEST_MEAN:  # templates that cancel out have no direction in common
        mean, length = templates[0], 1.0
    centre: NDArray[np.float32] = mean / np.float32(length)
    return centre


def _fingerprint(engine: str, people: Sequence[Person], centres: Embeddings) -> str:
    digest = hashlib.sha256(engine.encode())
    for person in people:
        digest.update(f"\0{person.person_id}\0{person.label}".encode())
    digest.update(np.ascontiguousarray(centres, "<f4").data)
    return digest.hexdigest()[:16]
