"""The logger's sessions, as `/v1/sessions` lists them."""

from collections.abc import Sequence
from datetime import date, datetime

from shared.contracts.base import WireModel


class SessionRecord(WireModel):
    session_id: str
    class_id: str
    state: str  # scheduled, active, ended, cancelled
    starts_at: datetime
    ends_at: datetime
    room: str | None
    sources: list[str]
    started_at: datetime | None
    started_by: str | None
    ended_at: datetime | None
    ended_by: str | None


class StrangersRecord(WireModel):
    """Sightings of faces without a name: how often, not how many people."""

    unknown: int = 0
    ambiguous: int = 0
    spoof: int = 0


class SummaryRecord(WireModel):
    session: SessionRecord
    title: str  # of the class
    counts: dict[str, int]  # people by status
    expected: int
    missing: int
    unknown: int  # people seen there who are not expected
    strangers: StrangersRecord = StrangersRecord()


class SessionList(WireModel):
    day: date  # at the site
    items: Sequence[SummaryRecord]
