"""People's photos as files in the dataset, changed so that nobody ever sees half of a change.

A new person's photos are written into a hidden folder, which then gets the person's name; a person who goes is first
renamed to a hidden name. Hidden names are passed over by whoever reads the dataset, and what a crash leaves under them
is removed by the next `clean`. Everything blocks.
"""

import fcntl
import hashlib
import os
import shutil
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from recognizer.at_rest.vault import SEALED_SUFFIX, Vault
from recognizer.enrolment.people_folders import PeopleFolders
from recognizer.errors import DatasetBusy, DatasetUnavailable, NoSuchImage, NoSuchPerson
from recognizer.gallery.changes import ChangeMarks
from recognizer.gallery.dataset import Person, Photo, photos_in
from recognizer.gallery.photo_files import picture_suffix, read_photo
from recognizer.vision.image_headers import ImageKind
from shared.logs import get_logger

log = get_logger(__name__)

_LOCK = ".lock"
_COMING, _GOING = ".coming-", ".going-"  # folders on their way into the dataset and out of it
_LOCK_PATIENCE_S = 20.0
_LOCK_POLL_S = 0.02
_SUFFIXES = {ImageKind.JPEG: ".jpg", ImageKind.PNG: ".png", ImageKind.WEBP: ".webp"}
_MEDIA_TYPES = {".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".png": "image/png", ".webp": "image/webp"}


@dataclass(frozen=True, slots=True)
class NewPhoto:
    data: bytes
    kind: ImageKind


class PhotoStore:
    """Every method raises DatasetUnavailable when the dataset cannot be read or written. Methods that change something
    are called within `exclusive`. With a vault, new photos are sealed; those that were not stay as they are."""

    def __init__(self, root: Path, marks: ChangeMarks, vault: Vault | None = None) -> None:
        self._root = root
        self._marks = marks
        self._vault = vault
        self._people = PeopleFolders(root, marks)

    @contextmanager
    def exclusive(self) -> Iterator[None]:
        """One at a time, among all replicas that share the dataset. Raises DatasetBusy after a while."""
        with _translated():
            self._root.mkdir(parents=True, exist_ok=True)
            handle = os.open(self._root / _LOCK, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            with _translated():
                _lock(handle)
            yield
        finally:
            os.close(handle)

    def left_over(self) -> list[Path]:
        """What somebody is changing at this moment, or what a crash has left half done."""
        with _translated():
            return [entry for mark in (_COMING, _GOING) for entry in self._root.glob(f"{mark}*")]

    def clean(self) -> None:
        """Removes what a crash has left half done."""
        with _translated():
            for folder in self.left_over():
                shutil.rmtree(folder)

    def people(self) -> list[Person]:
        """Everybody who has a folder, by id; of two folders with one id, the first."""
        found: dict[str, Person] = {}
        for person in self.all_people():
            found.setdefault(person.person_id, person)
        return sorted(found.values(), key=lambda person: person.person_id)

    def all_people(self) -> list[Person]:
        """Every folder that is somebody's, two with one id included."""
        with _translated():
            return self._people.everybody()

    def find(self, person_id: str) -> Person | None:
        return next(iter(self.all_with(person_id)), None)

    def get(self, person_id: str) -> Person:
        """Raises NoSuchPerson."""
        person = self.find(person_id)
        if person is None:
            raise NoSuchPerson("Nobody is enrolled with this id")
        return person

    def folder(self, person: Person) -> Path:
        return self._root / person.folder

    def photos(self, person: Person) -> list[Photo]:
        with _translated():
            return list(photos_in(self._root, person.folder))

    def read(self, person: Person, image_id: str) -> tuple[bytes, str]:
        """The bytes and their media type. Raises NoSuchImage, CannotUnseal."""
        photo = self._photo(person, image_id)
        with _translated():
            return read_photo(photo.path, self._vault), media_type_of(photo)

    def add(self, person: Person, photos: Sequence[NewPhoto]) -> list[Photo]:
        """All of them or none, durable; returns their files in the same order. The folder is made where there is none
        yet; photos that are there already are left alone. Raises CannotUnseal."""
        folder = self._root / person.folder
        coming = self._root / f"{_COMING}{uuid4().hex}"
        with _translated(), ExitStack() as undo:
            undo.callback(shutil.rmtree, coming, ignore_errors=True)
            coming.mkdir()
            names = [self._file_name(person, photo) for photo in photos]
            for name, photo in dict(zip(names, photos, strict=True)).items():
                _write(coming / name, self._file_data(person, photo))
            _sync(coming)
            if folder.is_dir():
                placed = _move_all(coming, folder, undo)
                coming.rmdir()
            else:
                coming.rename(folder)
                placed = True
                undo.callback(folder.rename, coming)
            if placed:
                _sync(folder)
                _sync(self._root)
                self._marks.note(person.folder)
            undo.pop_all()
        files = {file.path.name: file for file in self.photos(person)}
        return [files[name] for name in names]

    def remove_photo(self, person: Person, image_id: str) -> None:
        """Raises NoSuchImage."""
        photo = self._photo(person, image_id)
        with _translated():
            photo.path.unlink()
            _sync(photo.path.parent)
            self._marks.note(person.folder)

    def remove(self, person_id: str) -> list[Person]:
        """Every folder with this id, and whatever an earlier removal left; returns whose they were. The first step
        alone makes sealed photos worthless, the second the person unknown."""
        self.clean()
        people = self.all_with(person_id)
        with _translated():
            if self._vault is not None:
                self._vault.forget(person_id)
            for person in people:
                going = self._root / f"{_GOING}{uuid4().hex}"
                (self._root / person.folder).rename(going)
                _sync(self._root)
                self._marks.note(person.folder)
                going.unlink() if going.is_symlink() else shutil.rmtree(going)
            _sync(self._root)
        return people

    def _file_name(self, person: Person, photo: NewPhoto) -> str:
        """Of our own, and the same for the same photo of a person, so that a repeat changes nothing."""
        if self._vault is None:
            return hashlib.sha256(photo.data).hexdigest()[:32] + _SUFFIXES[photo.kind]
        return self._vault.photo_name(person.person_id, photo.data) + _SUFFIXES[photo.kind] + SEALED_SUFFIX

    def _file_data(self, person: Person, photo: NewPhoto) -> bytes:
        return photo.data if self._vault is None else self._vault.seal_photo(person.person_id, photo.data)

    def _photo(self, person: Person, image_id: str) -> Photo:
        for photo in self.photos(person):
            if image_id_of(photo) == image_id:
                return photo
        raise NoSuchImage("The person has no such photo")

    def all_with(self, person_id: str) -> list[Person]:
        """Whoever has this id: more than one where an operator made two folders with it."""
        with _translated():
            return self._people.of(person_id)


def image_id_of(photo: Photo) -> str:
    """Says nothing of the file's name, which may be anything that an operator typed."""
    return hashlib.sha256(os.fsencode(photo.path.name)).hexdigest()[:16]


def media_type_of(photo: Photo) -> str:
    return _MEDIA_TYPES[picture_suffix(photo.path)]


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        log.error("the dataset failed", reason=error.strerror)  # noqa: TRY400 - the error's path names a person
        raise DatasetUnavailable("The photos cannot be stored or read at the moment") from error


def _lock(handle: int) -> None:
    deadline_s = time.monotonic() + _LOCK_PATIENCE_S
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline_s:
                raise DatasetBusy("Somebody else is being enrolled; try again in a moment") from None
            time.sleep(_LOCK_POLL_S)
        else:
            return


def _move_all(source: Path, target: Path, undo: ExitStack) -> bool:
    """Whether anything is new there."""
    moved = False
    for file in _files(source):
        if (target / file.name).exists():
            file.unlink()
            continue
        file.rename(target / file.name)
        undo.callback((target / file.name).unlink, missing_ok=True)
        moved = True
    return moved


def _files(folder: Path) -> Iterable[Path]:
    return sorted(folder.iterdir())


def _write(file: Path, data: bytes) -> None:
    with file.open("xb") as stream:
        stream.write(data)
        stream.flush()
        os.fsync(stream.fileno())


def _sync(folder: Path) -> None:
    """A name that was made or changed survives a power cut only once its folder is written, too."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
