"""Folders to people: what lies in `dataset/`, read without opening a single photo."""

import os
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from recognizer.at_rest.vault import SEALED_SUFFIX
from shared.contracts.base import Identifier, Name

_IDENTIFIER: TypeAdapter[str] = TypeAdapter(Identifier)
_NAME: TypeAdapter[str] = TypeAdapter(Name)

PHOTO_SUFFIXES = (".jpg", ".jpeg", ".png", ".webp")
_SEALED_SUFFIXES = tuple(f"{suffix}{SEALED_SUFFIX}" for suffix in PHOTO_SUFFIXES)


class FolderIssue(StrEnum):
    NO_PHOTOS = "no_photos"
    NO_USABLE_PHOTO = "no_usable_photo"  # found only when the photos are looked at
    DUPLICATE_ID = "duplicate_id"
    BAD_NAME = "bad_name"
    OUTSIDE = "outside"
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True)
class Person:
    """Someone who can be recognized. All texts are NFC and fit the wire."""

    person_id: str
    name: str
    label: str  # "Name ID"
    folder: str  # as spelled on disk


@dataclass(frozen=True, slots=True)
class Photo:
    """A file and what tells, without reading it, that it is still the same."""

    path: Path
    size: int
    mtime_ns: int
    inode: int


@dataclass(frozen=True, slots=True)
class PersonFolder:
    person: Person
    photos: tuple[Photo, ...]


@dataclass(frozen=True, slots=True)
class FolderProblem:
    path: str  # relative to the dataset
    issue: FolderIssue
    detail: str


@dataclass(frozen=True, slots=True)
class DatasetListing:
    """Sorted by folder and file name, so that equal folders give equal listings."""

    root: Path
    present: bool  # False where there is no such folder, a volume that is not mounted for one
    people: tuple[PersonFolder, ...] = ()
    problems: tuple[FolderProblem, ...] = ()


def scan(root: Path, wanted: Callable[[str], bool] = lambda _: True) -> DatasetListing:
    """Lists people and their photos. Hidden files and files that are no photos by name are passed over in silence, and
    so are folders that are not wanted, by their names.

    Raises OSError when the folder is there and cannot be listed.
    """
    try:
        entries = _sorted_entries(root)
    except FileNotFoundError:
        return DatasetListing(root, present=False)
    inside = root.resolve()
    people: dict[str, PersonFolder] = {}
    problems: list[FolderProblem] = []
    for entry in entries:
        if not wanted(entry.name) or not _holds(entry.is_dir):
            continue
        found = _read_folder(entry, inside, problems)
        if found is None:
            continue
        first = people.setdefault(found.person.person_id, found)
        if first is not found:
            problems.append(_duplicate(found.person, first.person))
    return DatasetListing(root, present=True, people=tuple(people.values()), problems=tuple(problems))


def folders_in(root: Path) -> list[str]:
    """Everything that may be a person, by name. Raises OSError when the folder is there and cannot be listed."""
    try:
        entries = _sorted_entries(root)
    except FileNotFoundError:
        return []
    inside = root.resolve()
    return [entry.name for entry in entries if _holds(entry.is_dir) and _stays_inside(entry, inside)]


def photos_in(root: Path, folder: str) -> tuple[Photo, ...]:
    """Of one person, by file name. Raises OSError."""
    return tuple(_photos(root / folder, root.resolve(), []))


def person_of(folder: str) -> Person:
    """`Mary_Ann_Lee_UE245051` is Mary Ann Lee with the id UE245051; a folder without `_` is its own name and id.

    Raises ValueError for names that cannot be written to the wire: blank, too long, or with invisible characters.
    """
    text = unicodedata.normalize("NFC", folder).strip("_ ")
    head, _, tail = text.rpartition("_")
    name = " ".join(head.replace("_", " ").split()) or tail
    label = name if name == tail else f"{name} {tail}"
    return Person(
        person_id=_IDENTIFIER.validate_python(tail),
        name=_NAME.validate_python(name),
        label=_NAME.validate_python(label),
        folder=folder,
    )


def _read_folder(entry: os.DirEntry[str], inside: Path, problems: list[FolderProblem]) -> PersonFolder | None:
    """Adds to `problems` what keeps a folder, or a file in it, from being used."""
    if not _stays_inside(entry, inside):
        problems.append(FolderProblem(shown(entry.name), FolderIssue.OUTSIDE, "the link leads out of the dataset"))
        return None
    try:
        person = person_of(entry.name)
        photos = tuple(_photos(Path(entry.path), inside, problems))
    except ValidationError:
        detail = "the name is blank, too long, or has invisible characters"
        problems.append(FolderProblem(shown(entry.name), FolderIssue.BAD_NAME, detail))
        return None
    except FileNotFoundError:  # removed while we were looking
        return None
    except OSError as error:
        problems.append(FolderProblem(shown(entry.name), FolderIssue.UNREADABLE, error.strerror or "cannot be read"))
        return None
    if not photos:
        problems.append(FolderProblem(shown(entry.name), FolderIssue.NO_PHOTOS, "there is no photo in it"))
        return None
    return PersonFolder(person, photos)


def _photos(folder: Path, inside: Path, problems: list[FolderProblem]) -> Iterator[Photo]:
    for entry in _sorted_entries(folder):
        if not entry.name.lower().endswith((*PHOTO_SUFFIXES, *_SEALED_SUFFIXES)) or not _holds(entry.is_file):
            continue
        if not _stays_inside(entry, inside):
            path = shown(f"{folder.name}/{entry.name}")
            problems.append(FolderProblem(path, FolderIssue.OUTSIDE, "the link leads out of the dataset"))
            continue
        status = entry.stat()
        yield Photo(Path(entry.path), status.st_size, status.st_mtime_ns, status.st_ino)


def _sorted_entries(folder: Path) -> list[os.DirEntry[str]]:
    with os.scandir(folder) as entries:
        return sorted((entry for entry in entries if not entry.name.startswith(".")), key=lambda entry: entry.name)


def _holds(question: Callable[[], bool]) -> bool:
    """No, where a link leads to itself."""
    try:
        return question()
    except OSError:
        return False


def _stays_inside(entry: os.DirEntry[str], inside: Path) -> bool:
    return not entry.is_symlink() or Path(entry.path).resolve().is_relative_to(inside)


def _duplicate(second: Person, first: Person) -> FolderProblem:
    detail = f"the id {second.person_id} already belongs to the folder {shown(first.folder)}"
    return FolderProblem(shown(second.folder), FolderIssue.DUPLICATE_ID, detail)


def shown(path: Path | str, root: Path | None = None) -> str:
    """A path that can be printed anywhere: bytes that are not text, and control characters, are escaped."""
    name = str(path) if root is None else Path(path).relative_to(root).as_posix()
    text = name.encode(errors="surrogateescape").decode(errors="backslashreplace")
    return "".join(mark if mark.isprintable() else ascii(mark)[1:-1] for mark in text)
