"""Who is in the dataset, with which photos. Everything blocks, and raises DatasetUnavailable."""

from bisect import bisect_right
from dataclasses import dataclass

from recognizer.enrolment.photo_store import PhotoStore, image_id_of, media_type_of
from recognizer.enrolment.requests import EnrolledPerson, StoredPhoto
from recognizer.gallery.dataset import Person
from recognizer.gallery.following import FollowedGallery


@dataclass(frozen=True, slots=True)
class PeoplePage:
    people: tuple[EnrolledPerson, ...]
    more: bool


class Register:
    def __init__(self, store: PhotoStore, gallery: FollowedGallery) -> None:
        self._store = store
        self._gallery = gallery

    def page(self, after: str | None, limit: int) -> PeoplePage:
        """People by id, beginning after the one that is given."""
        people = self._store.people()
        first = 0 if after is None else bisect_right(people, after, key=lambda person: person.person_id)
        photos_of = self._gallery.built().photos_of
        page = tuple(self._described(person, person.person_id in photos_of) for person in people[first : first + limit])
        return PeoplePage(page, more=first + limit < len(people))

    def person(self, person_id: str) -> EnrolledPerson:
        """Raises NoSuchPerson."""
        return self._described(self._store.get(person_id), person_id in self._gallery.built().photos_of)

    def photo(self, person_id: str, image_id: str) -> tuple[bytes, str]:
        """The bytes and their media type. Raises NoSuchPerson, NoSuchImage."""
        return self._store.read(self._store.get(person_id), image_id)

    def _described(self, person: Person, recognizable: bool) -> EnrolledPerson:
        photos = (
            StoredPhoto(image_id_of(photo), photo.size, media_type_of(photo)) for photo in self._store.photos(person)
        )
        return EnrolledPerson(person, recognizable, tuple(photos))
