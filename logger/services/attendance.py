"""Lists of attendance records and of the events behind them."""

from logger.domain.attendance import Attendance
from logger.domain.sightings import LoggedSighting
from logger.services.cursor import Listing, decode_cursor, encode_cursor
from logger.store.base import AttendanceFilter, AttendanceStore, EventFilter
from shared.contracts.attendance import AttendancePage, AttendanceRecord, EventPage, StoredEvent


class AttendanceService:
    def __init__(self, store: AttendanceStore) -> None:
        self._store = store

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
