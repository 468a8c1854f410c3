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
    # (people, d): the mean of each person's templates, scaled to unit length. Column after column in memory, which the
    # product reads 1.3 to 2 times as fast as row after row (`make bench ONLY=gallery`).
    centres: Embeddings
    photos: int  # templates behind the centres

    def match(self, probes: Embeddings) -> list[Match]:
        """The nearest and second nearest person for each probe, exactly. Of equals, the earlier person comes first."""
        if not self.people:
            return [Match(None, None)] * len(probes)
        return [self._best_two(row) for row in probes @ self.centres.T]

    def _best_two(self, similarities: NDArray[np.float32]) -> Match:
        """`similarities` (people,) is overwritten. Lean: among 1,000 people the product itself is as quick."""
        nearest = similarities.argmax()
        best = Candidate(self.people[nearest], _distance(similarities.item(nearest)))
        if len(self.people) == 1:
            return Match(best, None)
        similarities[nearest] = -np.inf
        second = similarities.argmax()
        return Match(best, Candidate(self.people[second], _distance(similarities.item(second))))


def _distance(similarity: float) -> float:
    """Cosine distance; rounding must not leave its range."""
    distance = 1.0 - similarity
    return 0.0 if distance < 0.0 else min(distance, 2.0)


def snapshot_of(enrolled: Sequence[Enrolled], *, engine: str, dimension: int) -> GallerySnapshot:
    """`engine` names what made the templates; it is part of the fingerprint."""
    ordered = sorted(enrolled, key=lambda each: each.person.person_id)
    if any(len(each.templates) == 0 for each in ordered):
        raise ValueError("a person without a template cannot be matched")
    centres = np.empty((len(ordered), dimension), np.float32, order="F")
    for row, each in zip(centres, ordered, strict=True):
        row[:] = centre_of(each.templates)
    people = tuple(each.person for each in ordered)
    return _snapshot(engine, people, centres, sum(len(each.templates) for each in ordered))


def changed_snapshot(
    base: GallerySnapshot, keep: Sequence[bool], added: GallerySnapshot, *, engine: str, photos: int
) -> GallerySnapshot:
    """The people of `base` that are kept, and all of `added`, whose templates the same engine made."""
    kept = [person for person, is_kept in zip(base.people, keep, strict=True) if is_kept]
    people = [*kept, *added.people]
    order = sorted(range(len(people)), key=lambda place: people[place].person_id)
    rows = np.concatenate([base.centres[np.asarray(keep, bool)], added.centres])
    return _snapshot(engine, tuple(people[place] for place in order), np.asfortranarray(rows[order]), photos)


def _snapshot(engine: str, people: tuple[Person, ...], centres: Embeddings, photos: int) -> GallerySnapshot:
    centres.flags.writeable = False
    return GallerySnapshot(_fingerprint(engine, people, centres), people, centres, photos)


def centre_of(templates: Embeddings) -> NDArray[np.float32]:
    """A person's templates as one, of unit length. Of the ways to combine them the one that misses fewest people;
    docs/accuracy.md has the figures."""
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
