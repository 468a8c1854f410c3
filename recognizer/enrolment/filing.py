"""Accepted photos into the dataset, and people out of it, one at a time among all replicas. Everything blocks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recognizer.decision import MatchPolicy
from recognizer.engine.base import Embeddings
from recognizer.enrolment.judging import belonging
from recognizer.enrolment.looking import PhotoReader, SeenPhoto
from recognizer.enrolment.photo_store import NewPhoto, PhotoStore, image_id_of
from recognizer.enrolment.requests import UNLIKE, AcceptedPhoto, PhotoUpload, RejectedPhoto, Rejection
from recognizer.errors import LastPhoto, NoSuchPerson, NoUsablePhoto, PersonExists, PossibleDuplicate
from recognizer.gallery.dataset import Person
from recognizer.gallery.following import FollowedGallery
from recognizer.gallery.snapshot import GallerySnapshot, centre_of
from shared.contracts.people import RejectedImage


@dataclass(frozen=True, slots=True, eq=False)
class LookedAt:
    """An upload and what was made of it."""

    upload: PhotoUpload
    outcome: SeenPhoto | Rejection


@dataclass(frozen=True, slots=True, eq=False)
class Sorted:
    """The photos of one upload, by their places in it."""

    accepted: Mapping[int, SeenPhoto]
    rejected: tuple[RejectedPhoto, ...]

    @property
    def templates(self) -> Embeddings:
        return np.stack([photo.template for photo in self.accepted.values()])


@dataclass(frozen=True, slots=True)
class Filed:
    person: Person
    accepted: tuple[AcceptedPhoto, ...]
    rejected: tuple[RejectedPhoto, ...]


class Filing:
    """Every method raises DatasetUnavailable, and those that change something DatasetBusy."""

    def __init__(self, store: PhotoStore, reader: PhotoReader, gallery: FollowedGallery, policy: MatchPolicy) -> None:
        self._store = store
        self._reader = reader
        self._gallery = gallery
        self._policy = policy

    def find(self, person_id: str) -> Person:
        """Raises NoSuchPerson."""
        return self._store.get(person_id)

    def claim(self, person: Person) -> Person:
        """As the dataset has them already, or as they are given. Raises PersonExists for another name."""
        there = self._store.find(person.person_id)
        if there is not None and there.name != person.name:
            raise PersonExists("This id belongs to somebody with another name")
        return there or person

    def twin(self, person_id: str, looked: Sequence[LookedAt]) -> Person | None:
        """Somebody else whose face this is. Raises NoUsablePhoto."""
        snapshot = self._gallery.current()
        return self._twin(snapshot, person_id, self._sort(snapshot, person_id, looked))

    def file(self, person: Person, looked: Sequence[LookedAt], *, although: Person | None) -> Filed:
        """`although` is the twin that is known about. Raises NoUsablePhoto, PersonExists, PossibleDuplicate: then
        nothing was written."""
        with self._store.exclusive():
            person = self.claim(person)
            snapshot = self._gallery.current()
            photos = self._sort(snapshot, person.person_id, looked)
            twin = self._twin(snapshot, person.person_id, photos)
            if twin is not None and (although is None or twin.person_id != although.person_id):
                raise possible_duplicate(twin)
            return self._write(person, looked, photos)

    def remove_photo(self, person_id: str, image_id: str) -> None:
        """Raises NoSuchPerson, NoSuchImage, LastPhoto."""
        with self._store.exclusive():
            person = self.find(person_id)
            if [image_id_of(photo) for photo in self._store.photos(person)] == [image_id]:
                raise LastPhoto("This is the person's only photo: add another first, or erase the person")
            self._store.remove_photo(person, image_id)
            self._gallery.current()

    def erase(self, person_id: str) -> dict[str, int]:
        """How many of what were removed. Raises NoSuchPerson."""
        with self._store.exclusive():
            photos = sum(len(self._store.photos(person)) for person in self._store.all_with(person_id))
            removed = self._store.remove(person_id)
            if not removed:
                raise NoSuchPerson("Nobody is enrolled with this id")
            templates = self._reader.forget([self._store.folder(person) for person in removed])
            self._gallery.current()
        return {"folders": len(removed), "photos": photos, "templates": templates}

    def _sort(self, snapshot: GallerySnapshot, person_id: str, looked: Sequence[LookedAt]) -> Sorted:
        """Those that can be used and belong together, and the others. Raises NoUsablePhoto."""
        usable = {place: one.outcome for place, one in enumerate(looked) if isinstance(one.outcome, SeenPhoto)}
        templates = np.stack([photo.template for photo in usable.values()]) if usable else np.empty((0, 0), np.float32)
        fits = belonging(templates, _centre_in(snapshot, person_id), self._policy.threshold)
        accepted = {place: photo for (place, photo), fit in zip(usable.items(), fits, strict=True) if fit}
        rejected = tuple(
            RejectedPhoto(place, one.upload.filename, _why(one.outcome))
            for place, one in enumerate(looked)
            if place not in accepted
        )
        if not accepted:
            raise NoUsablePhoto("None of the photos can be used; nothing was stored", rejected_images=on_wire(rejected))
        return Sorted(accepted, rejected)

    def _twin(self, snapshot: GallerySnapshot, person_id: str, photos: Sorted) -> Person | None:
        distances = 1 - snapshot.centres @ centre_of(photos.templates)
        near = [place for place in np.argsort(distances) if distances[place] <= self._policy.threshold]
        others = (snapshot.people[place] for place in near)
        return next((person for person in others if person.person_id != person_id), None)

    def _write(self, person: Person, looked: Sequence[LookedAt], photos: Sorted) -> Filed:
        seen = list(photos.accepted.values())
        files = self._store.add(person, [NewPhoto(photo.data, photo.kind) for photo in seen])
        self._reader.remember(files, seen)
        self._gallery.current()
        accepted = tuple(
            AcceptedPhoto(place, looked[place].upload.filename, image_id_of(file))
            for place, file in zip(photos.accepted, files, strict=True)
        )
        return Filed(person, accepted, photos.rejected)


def possible_duplicate(twin: Person) -> PossibleDuplicate:
    return PossibleDuplicate("This face looks like that of somebody who is enrolled", person_id=twin.person_id)


def on_wire(rejected: Sequence[RejectedPhoto]) -> list[RejectedImage]:
    return [
        RejectedImage(
            index=photo.index, filename=photo.filename, reason=photo.rejection.code, detail=photo.rejection.sentence
        )
        for photo in rejected
    ]


def _why(outcome: SeenPhoto | Rejection) -> Rejection:
    return outcome if isinstance(outcome, Rejection) else Rejection.of(UNLIKE)


def _centre_in(snapshot: GallerySnapshot, person_id: str) -> NDArray[np.float32] | None:
    for row, person in enumerate(snapshot.people):
        if person.person_id == person_id:
            centre: NDArray[np.float32] = snapshot.centres[row]
            return centre
    return None
