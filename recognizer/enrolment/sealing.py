"""The photos that are in the dataset already: sealed, or made plain again. Everything blocks."""

from collections.abc import Callable
from dataclasses import dataclass

from recognizer.enrolment.photo_store import NewPhoto, PhotoStore, image_id_of
from recognizer.errors import CannotUnseal
from recognizer.gallery.dataset import Person, Photo, shown
from recognizer.gallery.photo_files import is_sealed
from recognizer.vision.image_headers import sniff


@dataclass(frozen=True, slots=True)
class Converted:
    photos: int
    left: tuple[str, ...]  # a sentence for each photo that stays as it was


def seal_photos(sealing: PhotoStore) -> Converted:
    """Every plain photo becomes a sealed one; `sealing` has a vault. Raises DatasetUnavailable, DatasetBusy,
    CannotUnseal where somebody's key cannot be used."""
    return _convert(sealing, sealing, lambda photo: not is_sealed(photo.path))


def unseal_photos(sealed: PhotoStore, plain: PhotoStore) -> Converted:
    """The other way. Raises DatasetUnavailable, DatasetBusy."""
    return _convert(sealed, plain, lambda photo: is_sealed(photo.path))


def _convert(source: PhotoStore, target: PhotoStore, wanted: Callable[[Photo], bool]) -> Converted:
    """One person at a time, so that nobody waits long who is being enrolled meanwhile."""
    done = 0
    left: list[str] = []
    for folder in source.all_people():
        with source.exclusive():
            for photo in source.photos(folder):
                if not wanted(photo):
                    continue
                problem = _convert_one(source, target, folder, photo)
                done += problem is None
                left += [] if problem is None else [f"{shown(f'{folder.folder}/{photo.path.name}')}: {problem}"]
    return Converted(done, tuple(left))


def _convert_one(source: PhotoStore, target: PhotoStore, person: Person, photo: Photo) -> str | None:
    """The new file is there before the old one goes. What is wrong with the photo, where it cannot be converted."""
    image_id = image_id_of(photo)
    try:
        data, _ = source.read(person, image_id)
    except CannotUnseal as error:
        return error.detail
    kind = sniff(data)
    if kind is None:
        return "it is no JPEG, PNG or WebP picture"
    target.add(person, [NewPhoto(data, kind)])
    source.remove_photo(person, image_id)
    return None
