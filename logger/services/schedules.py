"""When classes meet: kept, taken from calendars, and given to calendars."""

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from logger.domain.audit import AuditAction, canonical
from logger.domain.calendar_feed import FeedEvent, calendar_feed
from logger.domain.calendar_import import CalendarImport, ImportedSchedule, read_calendar
from logger.domain.classes import SchoolClass
from logger.domain.days import local_day
from logger.domain.icalendar import NotACalendar
from logger.domain.planning import dropped_sessions
from logger.domain.schedule import (
    Exceptional,
    Extra,
    InvalidSchedule,
    Occurrence,
    Schedule,
    SingleDate,
    WeeklyRule,
    expand,
)
from logger.domain.sessions import Session, SessionState, plan, replan
from logger.domain.wall_clock import instant_of
from logger.errors import InvalidRequest, NotFound
from logger.services.rows import every_row
from logger.services.trail import AuditTrail
from logger.store.kinds import CLASSES, SCHEDULES, SESSIONS
from logger.store.tables import NEW, Row, RowStore, Selection
from shared.clock import Clock

DAY = timedelta(days=1)
MAX_PARTS = 1_000  # rules and exceptions of one schedule
FEED_BACK, FEED_AHEAD = timedelta(days=60), timedelta(days=180)


@dataclass(frozen=True, slots=True)
class ScheduleDetails:
    rules: tuple[WeeklyRule | SingleDate, ...]
    exceptions: tuple[Exceptional, ...] = ()
    room: str | None = None
    zone: ZoneInfo | None = None  # None: the class's


@dataclass(frozen=True, slots=True)
class Meeting:
    """One session of a timetable: as it was planned, or as it went."""

    session: Session
    school_class: SchoolClass
    is_kept: bool  # there is a session to look at; otherwise a schedule says that there will be


class SchedulesService:
    """Every method raises StoreUnavailable."""

    def __init__(
        self, store: RowStore, trail: AuditTrail, clock: Clock, *, site: ZoneInfo, new_id: Callable[[], str]
    ) -> None:
        self._store = store
        self._trail = trail
        self._clock = clock
        self._site = site
        self._new_id = new_id

    async def get(self, schedule_id: str) -> Row[Schedule]:
        """Raises NotFound."""
        row = await self._store.load(SCHEDULES, schedule_id)
        if row is None:
            raise NotFound(f"There is no schedule {schedule_id}")
        return row

    async def of_class(self, class_id: str) -> tuple[Row[Schedule], ...]:
        """Raises NotFound."""
        await self._class(class_id)
        wanted = Selection(terms={"class": class_id})
        return tuple([row async for row in every_row(self._store, SCHEDULES, wanted)])

    async def create(self, class_id: str, details: ScheduleDetails, *, by: str) -> Row[Schedule]:
        """Raises NotFound, InvalidRequest."""
        school_class = await self._class(class_id)
        return await self._save(_schedule(self._new_id(), school_class, details), NEW, by)

    async def change(self, schedule_id: str, details: ScheduleDetails, *, version: int, by: str) -> Row[Schedule]:
        """Sessions that have begun stay as they are. Raises NotFound, InvalidRequest, Outdated."""
        known = (await self.get(schedule_id)).value
        school_class = await self._class(known.class_id)
        return await self._save(_schedule(schedule_id, school_class, details), version, by)

    async def remove(self, schedule_id: str, *, by: str) -> None:
        """Raises NotFound."""
        known = (await self.get(schedule_id)).value
        subject, before = f"schedule:{schedule_id}", SCHEDULES.write(known)
        async with self._trail.doing(AuditAction.SCHEDULE_SAVED, subject, by=by, before=before):
            await self._store.remove(SCHEDULES, schedule_id)

    def preview_calendar(self, text: str) -> CalendarImport:
        """What an iCalendar file says; nothing is changed. Raises InvalidRequest."""
        try:
            return read_calendar(text, self._site)
        except NotACalendar as unreadable:
            raise InvalidRequest(str(unreadable)) from unreadable

    async def import_calendar(self, class_id: str, text: str, *, by: str) -> CalendarImport:
        """Takes the schedules of a file for this class. The same file again replaces what it brought, so importing
        twice doubles nothing. Raises NotFound, InvalidRequest."""
        await self._class(class_id)
        found = self.preview_calendar(text)
        known = {row.value.schedule_id: row for row in await self.of_class(class_id)}
        for imported in found.schedules:
            schedule = imported.as_schedule(_imported_id(class_id, imported), class_id)
            row = known.get(schedule.schedule_id)
            if row is None or row.value != schedule:
                await self._save(schedule, NEW if row is None else row.version, by)
        return found

    async def occurrences(self, class_id: str, *, ahead: timedelta) -> tuple[Occurrence, ...]:
        """What is planned from today on. Raises NotFound."""
        today = local_day(self._clock.now(), self._site)
        rows = await self.of_class(class_id)
        found = [one for row in rows for one in expand(row.value, today, today + ahead)]
        return tuple(sorted(found, key=lambda one: (one.starts_at, one.occurrence_id)))

    async def between(self, first: date, last: date) -> tuple[Occurrence, ...]:
        """What is planned for all classes on these days, both included. Raises InvalidRequest for too many days."""
        try:
            found = [one async for row in every_row(self._store, SCHEDULES) for one in expand(row.value, first, last)]
        except InvalidSchedule as invalid:
            raise InvalidRequest(f"These days cannot be shown: {invalid}") from invalid
        return tuple(sorted(found, key=lambda one: (one.starts_at, one.occurrence_id)))

    async def meetings(self, first: date, last: date, sees: Callable[[SchoolClass], bool]) -> list[Meeting]:
        """What took place and what is planned on these days at the site, both included, of the classes that may be
        seen; in its order. A schedule that was made later plans nothing for days gone by. Raises InvalidRequest."""
        rows = [row async for row in every_row(self._store, CLASSES)]
        classes = {row.value.class_id: row.value for row in rows if sees(row.value)}
        kept = {one.session_id: one for one in await self._kept(first, last) if one.class_id in classes}
        expected = [one for one in await self.between(first, last) if one.class_id in classes]
        planned = [plan(one, classes[one.class_id]) for one in expected if classes[one.class_id].active]
        sessions = _as_of(self._clock.now(), {one.session_id: one for one in planned}, kept)
        return [
            Meeting(one, classes[one.class_id], is_kept=one.session_id in kept)
            for one in sorted(sessions.values(), key=lambda one: (one.starts_at, one.session_id))
        ]

    async def feed(self, class_id: str) -> str:
        """The sessions of a class, two months back and half a year ahead, as RFC 5545. Raises NotFound."""
        school_class = await self._class(class_id)
        return await self.feed_of(school_class.title, [school_class])

    async def feed_of(self, title: str, classes: Iterable[SchoolClass]) -> str:
        """`feed`, of several in one."""
        events = [event for one in classes for event in await self._events(one)]
        return calendar_feed(title, sorted(events, key=lambda event: (event.starts_at, event.uid)))

    async def _events(self, school_class: SchoolClass) -> list[FeedEvent]:
        now, class_id = self._clock.now(), school_class.class_id
        planned = [plan(one, school_class) for one in await self.occurrences(class_id, ahead=FEED_AHEAD)]
        sessions = {one.session_id: one for one in planned}
        sessions |= {one.session_id: one for one in await self._sessions(class_id)}
        return [
            FeedEvent(
                uid=f"{one.session_id}@rollcall",
                title=school_class.title,
                starts_at=one.starts_at,
                ends_at=one.ends_at,
                changed_at=one.ended_at or one.started_at or now,
                room=one.room,
                cancelled=one.state is SessionState.CANCELLED,
            )
            for one in sessions.values()
        ]

    async def _kept(self, first: date, last: date) -> list[Session]:
        wanted = Selection(first=self._midnight(first).isoformat(), last=self._midnight(last + DAY).isoformat())
        found = [row.value async for row in every_row(self._store, SESSIONS, wanted)]
        return [one for one in found if first <= local_day(one.starts_at, self._site) <= last]

    def _midnight(self, day: date) -> datetime:
        return instant_of(datetime.combine(day, time()), self._site)

    async def _sessions(self, class_id: str) -> list[Session]:
        now = self._clock.now()
        wanted = Selection(
            terms={"class": class_id}, first=(now - FEED_BACK).isoformat(), last=(now + FEED_AHEAD).isoformat()
        )
        return [row.value async for row in every_row(self._store, SESSIONS, wanted)]

    async def _class(self, class_id: str) -> SchoolClass:
        row = await self._store.load(CLASSES, class_id)
        if row is None:
            raise NotFound(f"There is no class {class_id}")
        return row.value

    async def _save(self, schedule: Schedule, version: int, by: str) -> Row[Schedule]:
        subject, after = f"schedule:{schedule.schedule_id}", SCHEDULES.write(schedule)
        async with self._trail.doing(AuditAction.SCHEDULE_SAVED, subject, by=by, after=after):
            return await self._store.save(SCHEDULES, schedule, version)


def _as_of(now: datetime, planned: Mapping[str, Session], kept: Mapping[str, Session]) -> dict[str, Session]:
    """What the next planning will leave, and of days gone by what was there."""
    gone = dropped_sessions(planned, kept, now)
    still_kept = {key: one for key, one in kept.items() if key not in gone}
    replanned = {key: replan(kept[key], one) for key, one in planned.items() if key in kept}
    to_come = {key: one for key, one in planned.items() if key not in kept and one.ends_at > now}
    return still_kept | replanned | to_come


def _schedule(schedule_id: str, school_class: SchoolClass, details: ScheduleDetails) -> Schedule:
    if not details.rules:
        raise InvalidRequest("A schedule needs a day of the week or a date")
    if len(details.rules) + len(details.exceptions) > MAX_PARTS:
        raise InvalidRequest(f"A schedule holds at most {MAX_PARTS} rules and exceptions")
    if any(one.original.tzinfo for one in details.exceptions if not isinstance(one, Extra)):
        raise InvalidRequest("The original start of a date is given by the wall clock, without a zone")
    return Schedule(
        schedule_id,
        school_class.class_id,
        details.zone or school_class.zone,
        details.rules,
        details.exceptions,
        details.room,
    )


def _imported_id(class_id: str, imported: ImportedSchedule) -> str:
    """The same for the same event of the same class, whatever else is in the file."""
    return hashlib.sha256(canonical([class_id, imported.uid]).encode()).hexdigest()[:32]
