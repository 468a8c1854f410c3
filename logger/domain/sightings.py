"""One recognition as the logger keeps it: immutable, and known by its event id for ever."""

import hashlib
import json
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from logger.domain.attendance import AttendanceKey
from shared.contracts.attendance import Method
from shared.contracts.events import Outcome, RecognitionEvent

NO_RECORD = ""
NOT_COUNTED = frozenset({Outcome.OUTSIDE_SESSION, Outcome.NOT_ON_ROSTER})


@dataclass(frozen=True, slots=True)
class Sighting:
    event_id: UUID
    person_id: str
    person: str
    name: str
    distance: float
    similarity: float
    threshold: float
    engine: str
    source: str | None
    captured_at: datetime
    received_at: datetime
    local_date: date
    session_id: str | None
    liveness: float | None
    method: Method
    digest: str
    not_counted: Outcome | None = None  # OUTSIDE_SESSION or NOT_ON_ROSTER: it is kept, and no record comes of it

    @property
    def key(self) -> AttendanceKey:
        return AttendanceKey.of(self.person_id, self.local_date, self.session_id)

    @property
    def record_id(self) -> str:
        """Of the attendance record it belongs to; NO_RECORD when it is not counted."""
        return NO_RECORD if self.not_counted else self.key.record_id


@dataclass(frozen=True, slots=True)
class LoggedSighting:
    """A sighting and what became of it when it first arrived."""

    sighting: Sighting
    outcome: Outcome


def body_digest(event: RecognitionEvent, *, without: frozenset[str] = frozenset()) -> str:
    """SHA-256 of the event as canonical JSON: two deliveries with one digest are the same event.

    What is null is left out, so that a field added to the wire later does not turn a waiting retry into another body;
    so are the fields named by `without`.
    """
    body = event.model_dump(mode="json", exclude_none=True, exclude=set(without))
    canonical = json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(canonical.encode()).hexdigest()
