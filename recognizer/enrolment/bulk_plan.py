"""Whom a folder or an archive of photos enrols: by its folders, as in `dataset/`, or by a `people.csv` in it. Pure."""

import csv
import io
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from pydantic import ValidationError

from recognizer.gallery.dataset import PHOTO_SUFFIXES, Person, person_of
from shared.contracts.people import MAX_IMAGES, EnrolFields

CSV_NAME = "people.csv"
MAX_ROWS = 50_000
_PASSED_OVER = "__MACOSX"  # what macOS adds to every archive
_COLUMNS = frozenset(EnrolFields.model_fields) - {"allow_duplicate"}


@dataclass(frozen=True, slots=True)
class PlannedPerson:
    fields: EnrolFields
    photos: tuple[PurePosixPath, ...]  # at least one


@dataclass(frozen=True, slots=True)
class PlanProblem:
    where: str  # a path, or a line of the table
    detail: str


@dataclass(frozen=True, slots=True)
class Plan:
    people: tuple[PlannedPerson, ...]
    problems: tuple[PlanProblem, ...]


def plan(paths: Iterable[PurePosixPath], table: str | None) -> Plan:
    """`table` is the text of a CSV file whose columns are named like the fields of the enrolment form; a column
    `photos` may name files or folders, with `;` between, and where it is empty the folder that ends in the id counts.
    Without a table every folder is a person, named like those in `dataset/`."""
    folders = _by_folder(paths)
    problems: list[PlanProblem] = []
    rows = _by_folders(folders, problems) if table is None else _by_table(table, folders, problems)
    people = []
    for where, fields, photos in rows:
        if not photos:
            problems.append(PlanProblem(where, "there is no photo of this person"))
            continue
        if len(photos) > MAX_IMAGES:
            problems.append(PlanProblem(where, f"only the first {MAX_IMAGES} of {len(photos)} photos are taken"))
        people.append(PlannedPerson(fields, tuple(photos[:MAX_IMAGES])))
    return Plan(tuple(people), tuple(problems))


def find_table(paths: Iterable[PurePosixPath]) -> PurePosixPath | None:
    """The `people.csv` nearest to the top."""
    tables = [path for path in paths if path.name.lower() == CSV_NAME and not _is_hidden(path)]
    return min(tables, key=lambda path: (len(path.parts), path), default=None)


def _by_folder(paths: Iterable[PurePosixPath]) -> dict[PurePosixPath, list[PurePosixPath]]:
    folders: dict[PurePosixPath, list[PurePosixPath]] = defaultdict(list)
    for path in sorted(paths):
        if path.suffix.lower() in PHOTO_SUFFIXES and not _is_hidden(path):
            folders[path.parent].append(path)
    return folders


def _is_hidden(path: PurePosixPath) -> bool:
    return any(part.startswith(".") or part == _PASSED_OVER for part in path.parts)


_Row = tuple[str, EnrolFields, Sequence[PurePosixPath]]


def _by_folders(
    folders: Mapping[PurePosixPath, Sequence[PurePosixPath]], problems: list[PlanProblem]
) -> Iterator[_Row]:
    for folder, photos in folders.items():
        person = _person_of(folder)
        if person is None:
            problems.append(PlanProblem(str(folder), "the name of the folder is not that of a person: Name_ID"))
        else:
            yield str(folder), EnrolFields(person_id=person.person_id, name=person.name), photos


def _person_of(folder: PurePosixPath) -> Person | None:
    try:
        return person_of(folder.name)
    except ValidationError:
        return None


def _by_table(
    table: str, folders: Mapping[PurePosixPath, Sequence[PurePosixPath]], problems: list[PlanProblem]
) -> Iterator[_Row]:
    photos = _Photos(folders)
    for number, row in _read_table(table):
        where = f"line {number}"
        try:
            fields = EnrolFields.model_validate({name: text for name, text in row.items() if name in _COLUMNS and text})
        except ValidationError as error:
            first = error.errors(include_input=False, include_url=False)[0]
            problems.append(PlanProblem(where, f"{'.'.join(map(str, first['loc']))}: {first['msg']}"))
            continue
        named = [name.strip() for name in row.get("photos", "").split(";") if name.strip()]
        found = [path for name in named for path in photos.called(name)] if named else photos.of(fields.person_id)
        problems += [PlanProblem(where, f"there is no photo {name}") for name in named if not photos.called(name)]
        yield where, fields, list(dict.fromkeys(found))


class _Photos:
    """Found by what people write into a table: a file, a folder, or an id."""

    def __init__(self, folders: Mapping[PurePosixPath, Sequence[PurePosixPath]]) -> None:
        self._called: dict[str, list[PurePosixPath]] = defaultdict(list)
        self._of: dict[str, list[PurePosixPath]] = defaultdict(list)
        for folder, photos in folders.items():
            person = _person_of(folder)
            if person is not None:
                self._of[person.person_id] += photos
            for photo in photos:
                for name in {*_endings(folder), *_endings(photo)}:
                    self._called[name].append(photo)

    def called(self, name: str) -> Sequence[PurePosixPath]:
        return self._called.get(str(PurePosixPath(name.replace("\\", "/"))), ())

    def of(self, person_id: str) -> Sequence[PurePosixPath]:
        return self._of.get(person_id, ())


def _endings(path: PurePosixPath) -> Iterator[str]:
    """`a/b/c`, `b/c` and `c`."""
    return (str(PurePosixPath(*path.parts[place:])) for place in range(len(path.parts)))


def _read_table(table: str) -> Iterator[tuple[int, dict[str, str]]]:
    """The number of each line and its texts by the names of their columns."""
    reader = csv.reader(io.StringIO(table.removeprefix("\ufeff")))
    try:
        header = [name.strip().lower().replace(" ", "_") for name in next(reader, [])]
        for row in reader:
            if reader.line_num > MAX_ROWS:
                return
            if any(text.strip() for text in row):
                yield reader.line_num, {name: text.strip() for name, text in zip(header, row, strict=False)}
    except csv.Error:  # such as a field without an end
        return
