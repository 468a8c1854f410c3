"""What the logger lists: attendance records and the events behind them."""

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from shared.contracts.base import WireModel
from shared.contracts.events import AttendanceStatus, Outcome


class Method(StrEnum):
    FACE = "face"  # an event of the recognizer
    PIN = "pin"  # typed by the person
    QR = "qr"  # shown by the person
    CLIENT = "client"  # a browser's own word, taken only with LOGGER_MARK_ATTENDANCE=trusted


class AttendanceRecord(WireModel):
    """One person in one session, or on one day when no session was running."""

    id: str
    person_id: str
    person: str
    name: str
    local_date: date  # in the site's time zone
    session_id: str | None = None
    status: AttendanceStatus
    method: Method
    first_seen: datetime
    last_seen: datetime
    events: int  # how many recognitions stand behind it
    source: str | None = None  # where the person was first seen


class AttendancePage(WireModel):
    items: list[AttendanceRecord]
    next_cursor: str | None = None


class StoredEvent(WireModel):
    event_id: UUID
    person_id: str
    person: str
    name: str
    distance: float
    similarity: float
    threshold: float
    engine: str
    source: str | None = None
    captured_at: datetime
    received_at: datetime
    local_date: date
    session_id: str | None = None
    liveness: float | None = None
    method: Method
    outcome: Outcome


class EventPage(WireModel):
    items: list[StoredEvent]
    next_cursor: str | None = None
