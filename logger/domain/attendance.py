"""How sightings become attendance. See docs/decisions/0004-attendance-key.md."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import lru_cache
from typing import TYPE_CHECKING
from uuid import UUID

from shared.contracts.attendance import Method
from shared.contracts.events import AttendanceStatus

if TYPE_CHECKING:
    from logger.domain.sightings import Sighting


@dataclass(frozen=True, slots=True)
class AttendanceKey:
    """What makes an attendance record the only one of its kind."""

    scope: str  # a session, or a day at the site when no session was running
    person_id: str

    @classmethod
    def of(cls, person_id: str, local_date: date, session_id: str | None) -> AttendanceKey:
        return cls(day_scope(local_date) if session_id is None else f"session:{session_id}", person_id)

    @property
    def record_id(self) -> str:
        """The same on every store and after every rebuild: 128 bits of SHA-256 over the key."""
        return _digest(self.scope, self.person_id)


def day_scope(local_date: date) -> str:
    """Of a day at the site, for whoever was seen while no session was running."""
    return f"day:{local_date.isoformat()}"


@lru_cache(maxsize=4_096)  # one delivery asks for it several times, and a person comes again
def _digest(scope: str, person_id: str) -> str:
    canonical = json.dumps([scope, person_id], ensure_ascii=False)
    return hashlib.sha256(canonical.encode()).hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class Attendance:
    """One person in one scope. `person`, `name`, `source` and `method` are those of the earliest sighting."""

    key: AttendanceKey
    person: str
    name: str
    local_date: date
    session_id: str | None
    status: AttendanceStatus
    method: Method
    first_seen: datetime
    first_event: UUID  # decides between two sightings of one instant
    last_seen: datetime
    events: int
    source: str | None
    acknowledged_at: datetime | None = None  # when a front end was first told "processed"

    @property
    def id(self) -> str:
        return self.key.record_id


def begin(sighting: Sighting) -> Attendance:
    return Attendance(
        key=sighting.key,
        person=sighting.person,
        name=sighting.name,
        local_date=sighting.local_date,
        session_id=sighting.session_id,
        status=AttendanceStatus.PRESENT,
        method=sighting.method,
        first_seen=sighting.captured_at,
        first_event=sighting.event_id,
        last_seen=sighting.captured_at,
        events=1,
        source=sighting.source,
    )


def extend(record: Attendance, sighting: Sighting) -> Attendance:
    """The record after one more sighting that it has not seen. The order of arrival leaves no trace in it.

    The status and the acknowledgement stay: they are nothing that a sighting decides.
    """
    grown = replace(record, last_seen=max(record.last_seen, sighting.captured_at), events=record.events + 1)
    if (sighting.captured_at, sighting.event_id) >= (record.first_seen, record.first_event):
        return grown
    return replace(
        grown,
        first_seen=sighting.captured_at,
        first_event=sighting.event_id,
        person=sighting.person,
        name=sighting.name,
        source=sighting.source,
        method=sighting.method,
    )


def rebuild(sightings: Iterable[Sighting], known: Attendance | None) -> Attendance:
    """The record that these sightings, all there are of its key, add up to; what they do not decide is from `known`.

    Raises ValueError without a sighting.
    """
    record: Attendance | None = None
    for sighting in sightings:
        record = begin(sighting) if record is None else extend(record, sighting)
    if record is None:
        raise ValueError("an attendance record stands on at least one sighting")
    if known is None:
        return record
    return replace(record, status=known.status, acknowledged_at=known.acknowledged_at)
