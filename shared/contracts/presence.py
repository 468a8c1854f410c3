"""The wire of `POST /v1/presence`: somebody shows a PIN or a QR code instead of their face."""

from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

from pydantic import Field, model_validator

from shared.contracts.attendance import Method
from shared.contracts.base import Identifier, Source, WireModel
from shared.contracts.events import AttendanceStatus, Outcome


class ShownCode(WireModel):
    """Where it was shown: before a camera's door, or in a session. A device leaves both out: its room is known."""

    code: Annotated[str, Field(min_length=1, max_length=100)]
    event_id: UUID | None = None  # the caller's own idempotency key
    source: Source | None = None
    session_id: Identifier | None = None

    @model_validator(mode="after")
    def _in_one_place(self) -> Self:
        if self.source is not None and self.session_id is not None:
            raise ValueError("a code is shown before a camera or in a session, not both")
        return self


class PresenceAnswer(WireModel):
    """What became of it, as of a recognition. `rejected` is also a code that is nobody's; then there is no name."""

    event_id: UUID
    outcome: Outcome
    method: Method | None = None
    person_id: str | None = None
    name: str | None = None
    status: AttendanceStatus | None = None
    session_id: str | None = None
    first_seen: datetime | None = None
    detail: str | None = None


class MadeCode(WireModel):
    """Digits alone, shown this once."""

    pin: str
    qr: str  # what the QR code holds
