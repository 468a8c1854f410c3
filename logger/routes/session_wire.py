"""Sessions, marks and the audit on the wire."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Annotated

from pydantic import Field

from logger.domain.attendance import Attendance
from logger.domain.audit import AuditAction, AuditEntry
from logger.domain.marking import Basis, Mark
from logger.domain.policy import MAX_MINUTES
from logger.domain.sessions import Session, SessionState
from logger.routes.queries import LocalDate
from logger.services.session_views import RosterLine, SessionDetail, SessionSummary
from shared.contracts import sessions
from shared.contracts.base import Identifier, Instant, WireModel
from shared.contracts.events import AttendanceStatus

Reason = Annotated[str, Field(max_length=1_000)]  # read by the domain, which says what is wrong with it


class SessionsQuery(WireModel):
    date: LocalDate | None = Field(None, description="a day at the site; today unless given")


class BeginBody(WireModel):
    class_id: Identifier
    minutes: Annotated[int, Field(ge=1, le=MAX_MINUTES)] = 60


class ExtendBody(WireModel):
    ends_at: Instant


class CorrectionBody(WireModel):
    status: Identifier = Field(description="a code of the class's policy, such as present, late, absent, excused")
    reason: Reason


class ManualBody(WireModel):
    session_id: Identifier
    person_id: Identifier
    status: Identifier | None = Field(None, description="present unless given")
    reason: Reason | None = None


class SessionRecord(sessions.SessionRecord):
    state: SessionState

    @classmethod
    def of(cls, session: Session) -> "SessionRecord":
        return cls(
            session_id=session.session_id,
            class_id=session.class_id,
            state=session.state,
            starts_at=session.starts_at,
            ends_at=session.ends_at,
            room=session.room,
            sources=sorted(session.sources),
            started_at=session.started_at,
            started_by=session.started_by,
            ended_at=session.ended_at,
            ended_by=session.ended_by,
        )


class SummaryRecord(sessions.SummaryRecord):
    session: SessionRecord

    @classmethod
    def of(cls, one: SessionSummary) -> "SummaryRecord":
        return cls(
            session=SessionRecord.of(one.session),
            title=one.school_class.title,
            counts=dict(one.counts),
            expected=one.expected,
            missing=one.missing,
            unknown=one.unknown,
            strangers=sessions.StrangersRecord(**asdict(one.strangers)),
        )


class SessionList(sessions.SessionList):
    items: Sequence[SummaryRecord]


class MarkRecord(WireModel):
    session_id: str | None  # None: of a day without a session
    person_id: str
    status: str
    name: str  # of the status
    counts_as: AttendanceStatus
    basis: Basis
    first_seen: datetime | None

    @classmethod
    def of(cls, mark: Mark) -> "MarkRecord":
        return cls(
            session_id=mark.session_id,
            person_id=mark.person_id,
            status=mark.status.code,
            name=mark.status.name,
            counts_as=mark.status.counts_as,
            basis=mark.basis,
            first_seen=mark.first_seen,
        )

    @classmethod
    def of_day(cls, record: Attendance) -> "MarkRecord":
        """After its correction."""
        return cls(
            session_id=None,
            person_id=record.key.person_id,
            status=record.status.value,
            name=record.status.value.capitalize(),
            counts_as=record.status,
            basis=Basis.CORRECTION,
            first_seen=record.first_seen,
        )


class LineRecord(WireModel):
    person_id: str
    name: str
    on_roster: bool
    mark: MarkRecord | None
    reason: str | None  # of the correction that stands
    corrected_by: str | None

    @classmethod
    def of(cls, line: RosterLine) -> "LineRecord":
        return cls(
            person_id=line.person.person_id,
            name=line.person.name,
            on_roster=line.on_roster,
            mark=MarkRecord.of(line.mark) if line.mark else None,
            reason=line.correction.reason if line.correction else None,
            corrected_by=line.correction.by if line.correction else None,
        )


class DetailRecord(WireModel):
    session: SessionRecord
    title: str
    roster: list[LineRecord]

    @classmethod
    def of(cls, detail: SessionDetail) -> "DetailRecord":
        return cls(
            session=SessionRecord.of(detail.session),
            title=detail.school_class.title,
            roster=[LineRecord.of(line) for line in detail.roster],
        )


class UndoneRecord(WireModel):
    mark: MarkRecord | None  # what it is without the correction; None when nothing is known then


class EntryRecord(WireModel):
    number: int
    at: datetime
    by: str
    action: AuditAction
    subject: str
    before: str | None
    after: str | None
    reason: str | None
    hash: str

    @classmethod
    def of(cls, entry: AuditEntry) -> "EntryRecord":
        deed = entry.deed
        return cls(
            number=entry.number,
            at=deed.at,
            by=deed.by,
            action=deed.action,
            subject=deed.subject,
            before=deed.before,
            after=deed.after,
            reason=deed.reason,
            hash=entry.hash,
        )


class AuditPage(WireModel):
    items: list[EntryRecord]
    next_after: int | None  # the `after` of the next page, when there is one


class AuditVerdict(WireModel):
    whole: bool
    head: str  # noted elsewhere, it shows later whether the end was cut off
    broken_at: int | None = None
    flaw: str | None = None
