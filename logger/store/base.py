"""What the logger asks of a store. Every method raises StoreUnavailable when the store cannot do it at the moment."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Generic, Protocol, TypeVar

from logger.domain.attendance import Attendance, AttendanceKey
from logger.domain.sightings import LoggedSighting, Sighting
from logger.store.tables import RowStore
from shared.contracts.attendance import Method
from shared.contracts.events import AttendanceStatus, Outcome
from shared.security import ApiKey

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Recorded:
    """What became of one sighting; the rest describes its attendance record and is None when there is none, except
    for the session that did not count it."""

    outcome: Outcome
    status: AttendanceStatus | None = None
    session_id: str | None = None
    first_seen: datetime | None = None


class Acknowledgement(StrEnum):
    """What a front end is told about a person it saw."""

    FIRST = "first"  # this call was the first today
    AGAIN = "again"  # an earlier call was, or the sighting is too old for this one to be about it
    ABSENT = "absent"  # there is no attendance record


@dataclass(frozen=True, slots=True)
class Position:
    """A place in a list ordered by instant and id, newest first."""

    instant_us: int  # microseconds since 1970, since not every store keeps instants that exactly
    id: str


@dataclass(frozen=True, slots=True)
class Page(Generic[Item]):
    items: list[Item]
    next: Position | None  # the last item's place, when there is more behind it

    @classmethod
    def cut(cls, items: list[Item], limit: int, place: Callable[[Item], Position]) -> "Page[Item]":
        """The page of the first `limit` of `items`, of which one more than `limit` was asked for."""
        kept = items[:limit]
        return cls(kept, place(kept[-1]) if len(items) > limit else None)


@dataclass(frozen=True, slots=True)
class AttendanceFilter:
    """Inclusive dates, local to the site."""

    first_date: date | None = None
    last_date: date | None = None
    person_id: str | None = None
    session_id: str | None = None
    class_id: str | None = None  # of its session; a day's record has none
    scope: str | None = None  # a session's or a day's own records: see AttendanceKey
    status: AttendanceStatus | None = None
    method: Method | None = None


@dataclass(frozen=True, slots=True)
class EventFilter:
    """Inclusive dates, local to the site."""

    first_date: date | None = None
    last_date: date | None = None
    person_id: str | None = None
    source: str | None = None
    outcome: Outcome | None = None


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """Counts after the run. `repaired` counts records that were missing or behind their events."""

    events: int
    attendance: int
    repaired: int


@dataclass(frozen=True, slots=True)
class StoredKey:
    """An API key as the store has it: its digest, and when it was made and withdrawn."""

    key: ApiKey
    created_at: datetime
    revoked_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Touched:
    """How many rows a step changed or removed."""

    events: int
    attendance: int


class AttendanceStore(Protocol):
    async def record(self, sightings: Sequence[Sighting]) -> list[Recorded]:
        """Keeps each sighting once and extends the attendance it belongs to; durable when it returns.

        Answers in the order given. A sighting whose event id is here already is a DUPLICATE, or REJECTED when its
        digest differs from the stored one. One that is `not_counted` has that outcome and makes no record. Repeating a
        call that failed half way is safe and completes it.
        """
        ...

    async def acknowledge(self, key: AttendanceKey, *, seen_since: datetime, at: datetime) -> Acknowledgement:
        """Marks the record as told to a front end; of any number of concurrent calls exactly one is FIRST.

        A record last seen before `seen_since` is not marked.
        """
        ...

    async def set_status(self, key: AttendanceKey, status: AttendanceStatus) -> None:
        """Changes the record, when there is one, to what its session's marks say."""
        ...

    async def attendance_of(self, record_id: str) -> Attendance | None: ...

    async def attendance_page(self, where: AttendanceFilter, *, after: Position | None, limit: int) -> Page[Attendance]:
        """By first_seen, newest first. Records that arrive while somebody pages shift nothing."""
        ...

    async def events_page(self, where: EventFilter, *, after: Position | None, limit: int) -> Page[LoggedSighting]:
        """By captured_at, newest first."""
        ...

    async def reconcile(self) -> Reconciliation:
        """Compares every attendance record with its events and repairs what is missing or behind."""
        ...


class KeyStore(Protocol):
    async def save_key(self, key: StoredKey) -> None:
        """Adds the key, or replaces the one with its id."""
        ...

    async def keys(self) -> list[StoredKey]:
        """All keys, revoked ones too, oldest first."""
        ...


class PrivacyStore(Protocol):
    async def pseudonymize(self, person_id: str, pseudonym: str) -> Touched:
        """Puts the pseudonym in the place of the person's number and name wherever events and attendance have them.
        Repeating a call that failed half way completes it; an event that comes again is still a duplicate."""
        ...

    async def forget_before(self, day: date) -> Touched:
        """Removes the events and the attendance of earlier days. Repeating it is harmless."""
        ...


class Store(AttendanceStore, PrivacyStore, KeyStore, RowStore, Protocol):
    async def prepare(self) -> None:
        """Makes tables, collections and unique indexes where they are missing. Done before the first use by the
        store itself; raises StoreUnusable when the data in it does not allow them."""
        ...

    async def check(self) -> None:
        """Returns when the store is prepared and answers."""
        ...

    async def close(self) -> None:
        """Finishes the writes under way and lets go of everything."""
        ...
