"""A school to try things on: a year of it, made up, up to this minute."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from itertools import groupby
from zoneinfo import ZoneInfo

from logger.domain import made_up
from logger.domain.classes import Room, SchoolClass
from logger.domain.days import local_day
from logger.domain.kept_marks import KeptMark, mark_key
from logger.domain.marking import Facts, mark
from logger.domain.schedule import Schedule, expand
from logger.domain.sessions import Session, SessionState, due_changes, plan
from logger.domain.wall_clock import span_of
from logger.errors import StartError
from logger.services.rows import every_row
from logger.store.base import EventFilter, Store
from logger.store.kinds import ACCOUNTS, CLASSES, MARKS, PEOPLE, ROOMS, SCHEDULES, SESSIONS
from shared.clock import Clock
from shared.contracts.events import AttendanceStatus

YEAR, AHEAD = timedelta(days=364), timedelta(days=182)
DAYS_WITH_EVENTS = timedelta(days=5)  # the last ones; older days have their marks alone
EVENTS_AT_ONCE = 1_000


@dataclass(frozen=True, slots=True)
class Loaded:
    """What is there by now, and what this call has added to it."""

    people: int
    classes: int
    sessions: int
    marks: int


class DemoSchool:
    def __init__(self, store: Store, clock: Clock, *, site: ZoneInfo, span: timedelta = YEAR) -> None:
        """`span` is how far back it begins."""
        self._store = store
        self._site = site
        self._span = span
        self._now = clock.now()
        self._today = local_day(self._now, site)

    async def load(self, *, people: int, classes: int, tell: Callable[[date], None] = lambda _: None) -> Loaded:
        """Fills an empty store. Called again, on the same day or months later, it adds what has happened since, and
        lessons around this minute; what people did themselves in between stays. `tell` hears of each day that is done.
        Raises StartError when the people in the store are others."""
        ours = await self._classes()
        if not ours:
            if await self._store.count(PEOPLE, {}):
                raise StartError("There are people already who are not of the demo; it is loaded into an empty store")
            ours = await self._found(people, classes)
        schedules = await self._schedules(ours)
        since = await self._last_day_of_life() or self._today - self._span
        sessions = marks = 0
        for day, held in self._sessions(ours, schedules, since):
            added = await self._fill(day, held, ours)
            sessions, marks = sessions + len(held), marks + added
            tell(day)
        return Loaded(await self._store.count(PEOPLE, {}), len(ours), sessions, marks)

    async def _classes(self) -> dict[str, SchoolClass]:
        found = [row.value async for row in every_row(self._store, CLASSES)]
        ours = [one for one in found if one.class_id.startswith(f"{made_up.MARK}-")]
        return {one.class_id: one for one in sorted(ours, key=lambda one: one.class_id)}

    async def _found(self, people: int, classes: int) -> dict[str, SchoolClass]:
        asked_at = datetime.combine(self._today - self._span, time(9), self._site)
        everybody = [made_up.person(index, asked_at) for index in range(people)]
        rosters = [frozenset(one.person_id for one in everybody[index::classes]) for index in range(classes)]
        made = [made_up.school_class(index, roster, self._site) for index, roster in enumerate(rosters)]
        teachers = sorted({one.teacher_id for one in made})
        await self._store.save_many(ACCOUNTS, [made_up.teacher(one) for one in teachers])
        await self._store.save_many(PEOPLE, everybody)
        await self._store.save_many(ROOMS, [Room(one.room) for one in made if one.room])
        await self._store.save_many(CLASSES, made)
        return {one.class_id: one for one in made}

    async def _schedules(self, classes: Mapping[str, SchoolClass]) -> list[Schedule]:
        """As they are or, where there is none yet, new; with the lessons around this minute."""
        known = await self._store.load_many(SCHEDULES, list(classes))
        found = []
        for index, one in enumerate(classes.values()):
            row = known.get(one.class_id)
            rules = made_up.weekly_rules(index, self._today - self._span, self._today + AHEAD)
            schedule = row.value if row else Schedule(one.class_id, one.class_id, one.zone, rules, room=one.room)
            found.append(self._with_lesson_now(schedule, index, len(classes)))
        await self._store.save_many(SCHEDULES, found)
        return found

    def _with_lesson_now(self, schedule: Schedule, index: int, classes: int) -> Schedule:
        """Unless the class meets at that time anyway."""
        wall = self._now.astimezone(schedule.zone).replace(tzinfo=None)
        extra = made_up.lesson_around(wall, index, classes)
        if extra is None:
            return schedule
        starts_at, ends_at = span_of(*extra.hours.on(extra.day), schedule.zone)
        near = expand(schedule, self._today - timedelta(days=1), self._today + timedelta(days=1))
        if any(one.starts_at < ends_at and starts_at < one.ends_at for one in near):
            return schedule
        return replace(schedule, rules=(*schedule.rules, extra))

    async def _last_day_of_life(self) -> date | None:
        """The day of the last sighting: up to it the store was filled, or used."""
        page = await self._store.events_page(EventFilter(), after=None, limit=1)
        return page.items[0].sighting.local_date if page.items else None

    def _sessions(
        self, classes: Mapping[str, SchoolClass], schedules: Sequence[Schedule], since: date
    ) -> Iterator[tuple[date, list[Session]]]:
        """Day by day up to today, as they were planned."""
        met = [one for schedule in schedules for one in expand(schedule, since, self._today)]
        planned = sorted((plan(one, classes[one.class_id]) for one in met), key=lambda one: one.starts_at)
        for day, held in groupby(planned, lambda one: local_day(one.starts_at, self._site)):
            yield day, list(held)

    async def _fill(self, day: date, planned: Sequence[Session], classes: Mapping[str, SchoolClass]) -> int:
        """How many marks are new or say more than they did."""
        sessions = await self._moved_by_clock(planned)
        marks = [
            self._mark(one, person_id, day) for one in sessions for person_id in sorted(classes[one.class_id].roster)
        ]
        known = await self._store.load_many(MARKS, [one.key for one in marks])
        new = [one for one in marks if one.key not in known or known[one.key].value.facts == Facts()]
        told = [one for one in new if one.mark is not None]
        await self._store.save_many(MARKS, told)
        if self._today - day <= DAYS_WITH_EVENTS:
            await self._record(told, {one.session_id: one.room for one in sessions})
        return len(told)

    async def _moved_by_clock(self, planned: Sequence[Session]) -> list[Session]:
        """The sessions, kept, as the clock has them by now. What has begun already, or was cancelled, stays."""
        known = await self._store.load_many(SESSIONS, [one.session_id for one in planned])
        begun = {key: row.value for key, row in known.items() if row.value.state is not SessionState.SCHEDULED}
        moved = {one.session_id: one for one in planned} | begun
        moved |= {one.session_id: _settled(one) for one in due_changes(moved.values(), self._now)}
        await self._store.save_many(SESSIONS, [one for key, one in moved.items() if one != begun.get(key)])
        return list(moved.values())

    def _mark(self, session: Session, person_id: str, day: date) -> KeptMark:
        facts = made_up.facts(session, person_id, self._now)
        made = mark(session, person_id, facts, on_roster=True)
        return KeptMark(session.session_id, person_id, session.class_id, day, session.starts_at, facts, made)

    async def _record(self, marks: Sequence[KeptMark], rooms: Mapping[str, str | None]) -> None:
        """The sightings behind the marks."""
        people = await self._store.load_many(PEOPLE, sorted({one.person_id for one in marks}))
        seen = [
            made_up.sighting(one, people[one.person_id].value, rooms[one.session_id])
            for one in marks
            if one.person_id in people
        ]
        recorded = [one for one in seen if one is not None]
        for start in range(0, len(recorded), EVENTS_AT_ONCE):
            await self._store.record(recorded[start : start + EVENTS_AT_ONCE])
        late = {one.key for one in marks if one.mark and one.mark.status.counts_as is AttendanceStatus.LATE}
        for one in recorded:
            if mark_key(one.session_id or "", one.person_id) in late:
                await self._store.set_status(one.key, AttendanceStatus.LATE)


def _settled(session: Session) -> Session:
    """Everybody's mark is made at once with it."""
    return replace(session, settled_at=session.ended_at) if session.state is SessionState.ENDED else session
