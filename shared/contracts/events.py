"""The wire between the recognizer and the logger: `POST /v1/events`."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import Field

from shared.contracts.base import Identifier, Instant, Name, Real, Source, WireModel

MAX_EVENTS = 1_000


class Outcome(StrEnum):
    RECORDED = "recorded"  # a new attendance record
    ALREADY_MARKED = "already_marked"  # the record existed; its last_seen moves
    DUPLICATE = "duplicate"  # this event_id was here before
    OUTSIDE_SESSION = "outside_session"
    NOT_ON_ROSTER = "not_on_roster"
    REJECTED = "rejected"  # see detail; sending it again will not help


class AttendanceStatus(StrEnum):
    PRESENT = "present"
    LATE = "late"
    ABSENT = "absent"
    EXCUSED = "excused"


class RecognitionEvent(WireModel):
    """One recognition. Immutable, and known by `event_id` wherever it travels."""

    event_id: UUID
    person_id: Identifier
    person: Name  # the label: name and id
    name: Name
    distance: Annotated[Real, Field(ge=0, le=2)]  # cosine distance, 1 - cos
    similarity: Annotated[Real, Field(ge=-1, le=1)]
    threshold: Annotated[Real, Field(ge=0, le=2)]
    engine: Identifier
    source: Source | None = None
    captured_at: Instant
    liveness: Annotated[Real, Field(ge=0, le=1)] | None = None


class EventBatch(WireModel):
    events: Annotated[list[RecognitionEvent], Field(min_length=1, max_length=MAX_EVENTS)]


class EventResult(WireModel):
    event_id: UUID
    outcome: Outcome
    status: AttendanceStatus | None = None
    session_id: str | None = None
    first_seen: datetime | None = None
    detail: str | None = None
    code: int | None = None  # 422 beside `rejected`: what this item alone would have been answered


class EventResults(WireModel):
    results: list[EventResult]
