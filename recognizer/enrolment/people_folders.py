"""Whose folder is whose, without listing the dataset for each question. Everything blocks, and raises OSError."""

import time
import unicodedata
from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import ValidationError

from recognizer.gallery.changes import ChangeMarks
from recognizer.gallery.dataset import Person, folders_in, person_of

_UNSURE_NS = 2_000_000_000  # the coarsest clock of a file system: FAT's
_NONE_YET = (-1, -1)
_State = tuple[int, int]  # when the dataset's own entry was last changed, and how many changes were marked


@dataclass(frozen=True, slots=True)
class _Listing:
    state: _State
    folders: Sequence[str] = ()
    by_id: Mapping[str, Sequence[str]] = field(default_factory=dict)


class PeopleFolders:
    """Lists the dataset again once a folder has come or gone: our own changes are marked, and an operator's show in the
    folder's time of change. One so recent that the next might bear the same time is not relied upon."""

    def __init__(self, root: Path, marks: ChangeMarks) -> None:
        self._root = root
        self._marks = marks
        self._listing = _Listing(_NONE_YET)

    def everybody(self) -> list[Person]:
        """By folder; two with one id included."""
        return _people(self._current().folders)

    def of(self, person_id: str) -> list[Person]:
        """More than one where an operator made two folders with this id."""
        return _people(self._current().by_id.get(person_id, ()))

    def _current(self) -> _Listing:
        state = self._state()  # before the listing: what comes between is listed again
        if state is None:
            return self._listed(_NONE_YET)
        if state != self._listing.state:
            self._listing = self._listed(state)
        return self._listing

    def _state(self) -> _State | None:
        """None while it cannot be told from the next."""
        marked = self._marks.position()
        try:
            changed_ns = self._root.stat().st_mtime_ns
        except FileNotFoundError:
            return None
        return (changed_ns, marked) if time.time_ns() - changed_ns > _UNSURE_NS else None

    def _listed(self, state: _State) -> _Listing:
        folders = folders_in(self._root)
        by_id: dict[str, list[str]] = defaultdict(list)
        for folder in folders:
            by_id[_id_in(folder)].append(folder)
        return _Listing(state, folders, dict(by_id))


def _id_in(folder: str) -> str:
    """As `person_of` reads it, and quicker: there may be ten thousand."""
    return unicodedata.normalize("NFC", folder).strip("_ ").rpartition("_")[2].strip()


def _people(folders: Sequence[str]) -> list[Person]:
    found = []
    for folder in folders:
        with suppress(ValidationError):
            found.append(person_of(folder))
    return found
