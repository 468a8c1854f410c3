"""Erasing a person: what is removed, what stays under a pseudonym, and what is told about it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Photos(StrEnum):
    """What became of photos and templates, which the recognizer has."""

    REMOVED = "removed"
    NOT_THERE = "not_there"
    NOT_ASKED = "not_asked"  # no recognizer is named
    FAILED = "failed"  # ask again


@dataclass(frozen=True, slots=True)
class PhotosAnswer:
    photos: Photos
    detail: str


@dataclass(frozen=True, slots=True)
class Erasure:
    """A receipt. While it is not `done` it holds whom it is about and by which pseudonym, so that it can be gone on
    with; afterwards nothing leads from the person to the pseudonym."""

    erasure_id: str
    begun_at: datetime
    by: str
    person_id: str | None = None
    pseudonym: str | None = None
    profile: bool = False
    classes: int = 0  # rosters that the person was taken off
    marks: int = 0  # kept under the pseudonym, as are attendance and events
    attendance: int = 0
    events: int = 0
    photos: PhotosAnswer = PhotosAnswer(Photos.NOT_ASKED, "")
    done_at: datetime | None = None

    @property
    def is_done(self) -> bool:
        return self.done_at is not None
