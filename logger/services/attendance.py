"""Lists of attendance records and of the events behind them; and the records of days, corrected."""

from dataclasses import replace

from logger.domain.attendance import Attendance
from logger.domain.audit import AuditAction
from logger.domain.marking import MAX_REASON_CHARACTERS
from logger.domain.sightings import LoggedSighting
from logger.domain.text import Unfit, clean_name
from logger.errors import Conflict, InvalidRequest, NotFound
from logger.services.cursor import Listing, decode_cursor, encode_cursor
from logger.services.trail import AuditTrail
from logger.store.base import AttendanceFilter, AttendanceStore, EventFilter
from shared.contracts.attendance import AttendancePage, AttendanceRecord, EventPage, StoredEvent
from shared.contracts.events import AttendanceStatus


class AttendanceService:
    def __init__(self, store: AttendanceStore, trail: AuditTrail) -> None:
        self._store = store
        self._trail = trail

    async def get(self, record_id: str) -> Attendance:
        """Raises NotFound."""
        record = await self._store.attendance_of(record_id)
        if record is None:
            raise NotFound("There is no attendance record with this id")
        return record

    async def correct_day(self, record: Attendance, status: str, reason: str, by: str) -> Attendance:
        """Somebody's word on a record of a day without a session. No class gives it statuses of its own, so it is one
        of the four; a later sighting leaves it, another correction takes it back. Raises InvalidRequest, and Conflict
        for a record of a session, whose marks are corrected there."""
        if record.session_id is not None:
            raise Conflict("This record is of a session: correct it there")
        kind = _kind(status)
        try:
            reason = clean_name(reason, MAX_REASON_CHARACTERS)
        except Unfit as unfit:
            raise InvalidRequest(f"The reason {unfit}.") from None
        subject, before = f"{record.key.scope}/{record.key.person_id}", {"status": record.status.value}
        after = {"status": kind.value}
        async with self._trail.doing(
            AuditAction.ATTENDANCE_CORRECTED, subject, by=by, before=before, after=after, reason=reason
        ):
            await self._store.set_status(record.key, kind)
        return replace(record, status=kind)

    async def attendance(self, where: AttendanceFilter, *, cursor: str | None, limit: int) -> AttendancePage:
        """Newest first. Raises InvalidCursor, StoreUnavailable."""
        after = decode_cursor(Listing.ATTENDANCE, cursor)
        page = await self._store.attendance_page(where, after=after, limit=limit)
        items = [_wire_record(record) for record in page.items]
        return AttendancePage(items=items, next_cursor=encode_cursor(Listing.ATTENDANCE, page.next))

    async def events(self, where: EventFilter, *, cursor: str | None, limit: int) -> EventPage:
        """Newest first. Raises InvalidCursor, StoreUnavailable."""
        after = decode_cursor(Listing.EVENTS, cursor)
        page = await self._store.events_page(where, after=after, limit=limit)
        items = [_wire_event(logged) for logged in page.items]
        return EventPage(items=items, next_cursor=encode_cursor(Listing.EVENTS, page.next))


def _kind(status: str) -> AttendanceStatus:
    try:
        return AttendanceStatus(status)
    except ValueError:
        raise InvalidRequest(f"A day without a session is one of {', '.join(AttendanceStatus)}.") from None


def _wire_record(record: Attendance) -> AttendanceRecord:
    return AttendanceRecord(
        id=record.id,
        person_id=record.key.person_id,
        person=record.person,
        name=record.name,
        local_date=record.local_date,
        session_id=record.session_id,
        status=record.status,
        method=record.method,
        first_seen=record.first_seen,
        last_seen=record.last_seen,
        events=record.events,
        source=record.source,
    )


def _wire_event(logged: LoggedSighting) -> StoredEvent:
    sighting = logged.sighting
    return StoredEvent(
        event_id=sighting.event_id,
        person_id=sighting.person_id,
        person=sighting.person,
        name=sighting.name,
        distance=sighting.distance,
        similarity=sighting.similarity,
        threshold=sighting.threshold,
        engine=sighting.engine,
        source=sighting.source,
        captured_at=sighting.captured_at,
        received_at=sighting.received_at,
        local_date=sighting.local_date,
        session_id=sighting.session_id,
        liveness=sighting.liveness,
        method=sighting.method,
        outcome=logged.outcome,
    )
