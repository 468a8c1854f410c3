"""`python -m recognizer people --check`: what in dataset/ will lead to mistakes. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recognizer.decision import MatchPolicy
from recognizer.engine.base import Embeddings
from recognizer.gallery.dataset import Person

_FEW_PHOTOS = 3


@dataclass(frozen=True, slots=True, eq=False)
class EnrolledPhotos:
    person: Person
    files: tuple[str, ...]  # relative to the dataset
    templates: Embeddings  # (photos, d)


@dataclass(frozen=True, slots=True)
class Findings:
    """Sentences for the operator, the most serious first in each."""

    somebody_else: tuple[str, ...]  # photos nearer to another person than to their own
    too_alike: tuple[str, ...]  # people whom the service will not tell apart
    unlike_own: tuple[str, ...]  # photos that their own person's others do not match
    few_photos: tuple[str, ...]  # people

    def lines(self) -> list[str]:
        parts = (
            ("photos that look like somebody else's", self.somebody_else),
            ("people too alike to be told apart", self.too_alike),
            ("photos unlike the others of their person", self.unlike_own),
            (f"people with fewer than {_FEW_PHOTOS} usable photos", self.few_photos),
        )
        return [line for title, found in parts for line in (f"{title}: {len(found)}", *(f"  {each}" for each in found))]


def check(people: Sequence[EnrolledPhotos], policy: MatchPolicy) -> Findings:
    """By the distances that recognition goes by: to the centre of a person's photos, a photo being left out of its own
    person's centre."""
    few = tuple(
        f"{each.person.label}: {len(each.files)}"
        for each in sorted(people, key=lambda each: len(each.files))
        if len(each.files) < _FEW_PHOTOS
    )
    if not people:
        return Findings((), (), (), few)
    centres = np.array([_unit(each.templates.sum(axis=0)) for each in people])
    strangers, unlike = _odd_photos(people, centres, policy)
    return Findings(strangers, tuple(_alike(people, centres, policy)), unlike, few)


def _odd_photos(
    people: Sequence[EnrolledPhotos], centres: Embeddings, policy: MatchPolicy
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """A photo is reported once: where it looks like somebody else's, that says more than that it is unlike its own."""
    strangers: list[tuple[float, str]] = []
    unlike: list[tuple[float, str]] = []
    for place, each in enumerate(people):
        own = _distances_to_own(each.templates)
        for row, file in enumerate(each.files):
            others = 1 - centres @ each.templates[row]
            others[place] = np.inf
            nearest = int(others.argmin())
            lead = others[nearest] - own[row]
            if others[nearest] <= policy.threshold and not lead >= policy.margin:
                text = f"{file}: {others[nearest]:.3f} from {people[nearest].person.label}{_from_own(own[row])}"
                strangers.append((lead, text))
            elif own[row] > policy.threshold:
                unlike.append((-own[row], f"{file}: {own[row]:.3f} from the other photos of {each.person.label}"))
    return _sorted(strangers), _sorted(unlike)


def _alike(people: Sequence[EnrolledPhotos], centres: Embeddings, policy: MatchPolicy) -> Iterator[str]:
    """Nearest first. Beyond the threshold a person's own photos may still be near the other, but are named."""
    distances = 1 - centres @ centres.T
    first, second = np.nonzero(np.triu(distances <= policy.threshold, k=1))
    for pair in np.argsort(distances[first, second], kind="stable"):
        one, other = int(first[pair]), int(second[pair])
        yield f"{people[one].person.label} and {people[other].person.label}: {distances[one, other]:.3f}"


def _distances_to_own(templates: Embeddings) -> NDArray[np.float64]:
    """Of each photo to the centre of the others; NaN for an only photo."""
    if len(templates) == 1:
        return np.full(1, np.nan)
    return np.array([1 - float(_unit(templates.sum(axis=0) - row) @ row) for row in templates])


def _unit(row: NDArray[np.float32]) -> NDArray[np.float32]:
    length = np.linalg.norm(row)
    return np.asarray(row / length if length else row, np.float32)


def _from_own(distance: float) -> str:
    return "" if np.isnan(distance) else f", {distance:.3f} from the others of its own person"


def _sorted(found: list[tuple[float, str]]) -> tuple[str, ...]:
    return tuple(text for _, text in sorted(found, key=lambda entry: (np.nan_to_num(entry[0]), entry[1])))
