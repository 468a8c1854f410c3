"""The people who can be recognized, as one immutable matrix, and the exact search in it."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recognizer.engine.base import Embeddings
from recognizer.gallery.dataset import Person


@dataclass(frozen=True, slots=True)
class Candidate:
    person: Person
    distance: float  # cosine, 0 to 2, to the nearest of the person's templates


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
    templates: Embeddings  # (n, d), grouped by person
    offsets: NDArray[np.intp]  # (people,), where each person's templates begin

    def match(self, probes: Embeddings) -> list[Match]:
        """The nearest and second nearest person for each probe, exactly. Of equals, the earlier person comes first."""
        if not self.people:
            return [Match(None, None)] * len(probes)
        similarities = np.maximum.reduceat(probes @ self.templates.T, self.offsets, axis=1)
        return [self._best_two(row) for row in similarities]

    def _best_two(self, similarities: NDArray[np.float32]) -> Match:
        """`similarities` (people,) is overwritten."""
        best = self._candidate(similarities, int(similarities.argmax()))
        if len(self.people) == 1:
            return Match(best, None)
        similarities[int(similarities.argmax())] = -np.inf
        return Match(best, self._candidate(similarities, int(similarities.argmax())))

    def _candidate(self, similarities: NDArray[np.float32], index: int) -> Candidate:
        return Candidate(self.people[index], min(2.0, max(0.0, 1.0 - float(similarities[index]))))


def snapshot_of(enrolled: Sequence[Enrolled], *, engine: str, dimension: int) -> GallerySnapshot:
    """`engine` names what made the templates; it is part of the fingerprint."""
    ordered = sorted(enrolled, key=lambda each: each.person.person_id)
    counts = [len(each.templates) for each in ordered]
    if 0 in counts:
        raise ValueError("a person without a template cannot be matched")
    empty = np.empty((0, dimension), np.float32)
    templates = np.concatenate([empty, *(each.templates for each in ordered)], dtype=np.float32)
    templates.flags.writeable = False
    offsets = np.cumsum([0, *counts])[:-1].astype(np.intp)
    offsets.flags.writeable = False
    people = tuple(each.person for each in ordered)
    return GallerySnapshot(_fingerprint(engine, people, offsets, templates), people, templates, offsets)


def _fingerprint(engine: str, people: Sequence[Person], offsets: NDArray[np.intp], templates: Embeddings) -> str:
    digest = hashlib.sha256(engine.encode())
    for person in people:
        digest.update(f"\0{person.person_id}\0{person.label}".encode())
    digest.update(offsets.astype("<i8").tobytes())
    digest.update(np.ascontiguousarray(templates, "<f4").data)
    return digest.hexdigest()[:16]
