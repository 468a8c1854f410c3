"""Sessions: started and ended by hand and by the clock, and settled once they are over."""

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from uuid import uuid4
from zoneinfo import ZoneInfo

from logger.domain import sessions as rules
from logger.domain.audit import AuditAction
from logger.domain.classes import Room, SchoolClass
from logger.domain.days import local_day
from logger.domain.kept_marks import Headcount, KeptMark, first_place, headcount_from_text, last_place
from logger.domain.marking import Correction, Mark, standing
from logger.domain.people import PersonProfile
from logger.domain.policy import MAX_MINUTES
from logger.domain.sessions import IllegalMove, Occupied, Session, SessionState
from logger.domain.tallies import NO_STRANGERS, Strangers
from logger.domain.wall_clock import instant_of
from logger.errors import Conflict, InvalidRequest, NotFound, Outdated, Taken
from logger.services.live import LiveEvent, LiveFeed, LiveKind
from logger.services.marks import MarksService
from logger.services.placement import Placement
from logger.services.planning import Planner
from logger.services.rows import every_row
from logger.services.tallies import TalliesService
from logger.services.trail import AuditTrail, Doing
from logger.store.base import AttendanceStore, EventFilter
from logger.store.kinds import CLASSES, MARKS, PEOPLE, ROOMS, SESSIONS
from logger.store.tables import NEW, Row, RowStore, Selection
from shared.clock import Clock
from shared.contracts.attendance import Method
from shared.contracts.events import AttendanceStatus, Outcome
from shared.logs import get_logger

log = get_logger(__name__)

_DAY = timedelta(days=1)
PLAN_EVERY = timedelta(seconds=10)
MOST_UNKNOWN = 1_000  # sightings of a day that are looked at for the count

Move = Callable[[Session], Session]


@dataclass(frozen=True, slots=True)
class SessionSummary:
    session: Session
    school_class: SchoolClass
    counts: Mapping[str, int] = field(default_factory=dict)  # people by the code of their mark's status
    expected: int = 0
    missing: int = 0  # expected, and neither seen nor excused
    unknown: int = 0  # people seen there, and not expected
    strangers: Strangers = NO_STRANGERS


@dataclass(frozen=True, slots=True)
class RosterLine:
    person: PersonProfile
    mark: Mark | None
    correction: Correction | None  # the one that stands
    on_roster: bool = True
    method: Method | None = None  # of the first sighting that counts


@dataclass(frozen=True, slots=True)
class SessionDetail:
    session: Session
    school_class: SchoolClass
    roster: list[RosterLine]  # by name; guests who have a mark too
    strangers: Strangers = NO_STRANGERS


class SessionsService:
    def __init__(
        self,
        rows: RowStore,
        records: AttendanceStore,
        marks: MarksService,
        placement: Placement,
        *,
        audit: AuditTrail,
        feed: LiveFeed,
        site: ZoneInfo,
        clock: Clock,
        new_id: Callable[[], str] = lambda: uuid4().hex,
    ) -> None:
        self._rows = rows
        self._records = records
        self._marks = marks
        self._placement = placement
        self._audit = audit
        self._feed = feed
        self._site = site
        self._clock = clock
        self._new_id = new_id
        self._planner = Planner(rows, clock, site=site)
        self._planned_at: datetime | None = None
        self._tallies = TalliesService(rows, clock)

    def local_today(self) -> date:
        return local_day(self._clock.now(), self._site)

    async def today(self, day: date) -> list[SessionSummary]:
        """The sessions that start on this day at the site, in their order."""
        sessions = [row.value async for row in every_row(self._rows, SESSIONS, self._of_day(day))]
        classes = await self._rows.load_many(CLASSES, sorted({one.class_id for one in sessions}))
        unknown, heads = await self._unknown(day), await self._heads(day)
        strangers = await self._tallies.strangers(sessions)
        return [
            replace(
                _summary(one, classes[one.class_id].value, heads[one.session_id], unknown[one.session_id]),
                strangers=strangers.get(one.session_id, NO_STRANGERS),
            )
            for one in sessions
            if one.class_id in classes
        ]

    async def of_days(self, first: date, last: date) -> list[Session]:
        """Of these days at the site, both included, in their order."""
        wanted = replace(self._of_day(first), last=self._of_day(last).last)
        return [row.value async for row in every_row(self._rows, SESSIONS, wanted)]

    async def of_class(self, class_id: str, first: date, last: date) -> list[Session]:
        """Of these days at the site, both included, in their order."""
        wanted = replace(self._of_day(first), terms={"class": class_id}, last=self._of_day(last).last)
        return [row.value async for row in every_row(self._rows, SESSIONS, wanted)]

    async def get(self, session_id: str) -> Session:
        """Raises NotFound."""
        return (await self._row(session_id)).value

    async def detail(self, session_id: str) -> SessionDetail:
        """Raises NotFound."""
        session = await self.get(session_id)
        school_class = await self._class(session.class_id)
        roster = await self.roster(session, school_class)
        strangers = await self._tallies.strangers(await self._beside(session))
        return SessionDetail(session, school_class, roster, strangers.get(session_id, NO_STRANGERS))

    async def roster(self, session: Session, school_class: SchoolClass) -> list[RosterLine]:
        """By name; guests who have a mark too."""
        marks = {one.person_id: one for one in await self._marks.marks_of_session(session.session_id)}
        records = await self._marks.records_of_session(session.session_id)
        expected = _expected(session, school_class, marks.values())
        people = await self._rows.load_many(PEOPLE, sorted(expected | marks.keys()))
        lines = [
            replace(
                _line(person_id, people.get(person_id), marks.get(person_id), person_id in expected),
                method=records[person_id].method if person_id in records else None,
            )
            for person_id in expected | marks.keys()
        ]
        return sorted(lines, key=lambda line: (line.person.name.casefold(), line.person.person_id))

    async def begin_now(self, class_id: str, minutes: int, by: str) -> Session:
        """A session that nobody had planned. Raises NotFound, InvalidRequest, and Conflict when the room is taken."""
        if not 1 <= minutes <= MAX_MINUTES:
            raise InvalidRequest(f"A session lasts between 1 and {MAX_MINUTES} minutes")
        await self._move_by_clock()
        school_class, session_id = await self._class(class_id), self._new_id()
        room = await self._rows.load(ROOMS, school_class.room) if school_class.room else None
        try:
            session = rules.begin_now(
                session_id,
                school_class,
                room=_room(room),
                at=self._clock.now(),
                minutes=minutes,
                by=by,
                others=await self._active(),
            )
            async with self._doing(AuditAction.SESSION_STARTED, session_id, by, session):
                await self._rows.save(SESSIONS, session, NEW)
        except (IllegalMove, Occupied) as error:
            raise Conflict(str(error)) from error
        except Taken as error:
            raise Conflict("Another session has just started in this room") from error
        return await self._moved(session)

    async def start(self, session_id: str, by: str) -> Session:
        """Raises NotFound, and Conflict for what its state or another session does not allow."""
        await self._move_by_clock()
        now, others = self._clock.now(), await self._active()
        async with self._doing(AuditAction.SESSION_STARTED, session_id, by) as doing:
            started = await self._move(session_id, lambda one: rules.start(one, at=now, by=by, others=others))
            doing.after = _told(started)
        return await self._moved(started)

    async def end(self, session_id: str, by: str) -> Session:
        """Whoever is on the roster and has no mark is absent when this returns. Raises NotFound, Conflict."""
        now = self._clock.now()
        async with self._doing(AuditAction.SESSION_ENDED, session_id, by) as doing:
            ended = await self._move(session_id, lambda one: rules.end(one, at=now, by=by))
            doing.after = _told(ended)
        return await self._moved(await self._settle(ended))

    async def cancel(self, session_id: str, by: str) -> Session:
        """Nothing counts in it from now on. Raises NotFound, Conflict."""
        now = self._clock.now()
        async with self._doing(AuditAction.SESSION_CANCELLED, session_id, by) as doing:
            cancelled = await self._move(session_id, lambda one: rules.cancel(one, at=now, by=by))
            doing.after = _told(cancelled)
        return await self._moved(await self._settle(cancelled))

    async def extend(self, session_id: str, ends_at: datetime, by: str) -> Session:
        """Of a session that has begun; the others follow their schedule. Raises NotFound, InvalidRequest, Conflict."""
        now = self._clock.now()
        known = await self.get(session_id)
        if known.state is not SessionState.ACTIVE:
            raise Conflict("Only a session that is active can be extended")
        if ends_at - known.starts_at > timedelta(minutes=MAX_MINUTES):
            raise InvalidRequest(f"A session lasts at most {MAX_MINUTES} minutes")
        planned = [row.value async for row in every_row(self._rows, SESSIONS, _until(ends_at, SessionState.SCHEDULED))]
        others = [*await self._active(), *planned]
        async with self._doing(AuditAction.SESSION_CHANGED, session_id, by) as doing:
            changed = await self._move(session_id, lambda one: rules.extend(one, ends_at, at=now, others=others))
            doing.after = _told(changed)
        return await self._moved(changed)

    async def tick(self) -> None:
        """What the clock does: plans ahead, starts and ends sessions, settles those that are over. It may be late, or
        have been away for days. Raises StoreUnavailable; the next one takes it from there."""
        now = self._clock.now()
        if self._planned_at is None or abs(now - self._planned_at) >= PLAN_EVERY:
            await self._planner.plan()
            self._planned_at = now
        changed = await self._move_by_clock()
        async for row in every_row(self._rows, SESSIONS, Selection(terms={"unsettled": "yes"})):
            await self._settle(row.value)
            changed = True
        await self._placement.refresh(whole=changed)

    async def replan(self) -> None:
        """Plans at once, for who has changed a schedule, a class or a room and wants to see it."""
        await self._planner.plan()
        await self._placement.refresh()

    async def _move_by_clock(self) -> bool:
        """Whether anything was due. What ends is saved first: it may free a room for what starts."""
        now = self._clock.now()
        alive = {
            row.value.session_id: row
            for state in (SessionState.ACTIVE, SessionState.SCHEDULED)
            async for row in every_row(self._rows, SESSIONS, _until(now, state))
        }
        due = rules.due_changes((row.value for row in alive.values()), now)
        for session in due:
            action = AuditAction.SESSION_STARTED if session.state is SessionState.ACTIVE else AuditAction.SESSION_ENDED
            try:
                async with self._doing(action, session.session_id, rules.CLOCK, session):
                    await self._rows.save(SESSIONS, session, alive[session.session_id].version)
            except (Outdated, Taken) as error:  # somebody else was faster; the next look decides
                log.info("session changed meanwhile", session_id=session.session_id, code=error.code)
                continue
            self._tell(session)
        return bool(due)

    async def _move(self, session_id: str, move: Move) -> Session:
        while True:
            row = await self._row(session_id)
            try:
                moved = move(row.value)
                return (await self._rows.save(SESSIONS, moved, row.version)).value
            except (IllegalMove, Occupied) as error:
                raise Conflict(str(error)) from error
            except Taken as error:
                raise Conflict("Another session has just started in this room") from error
            except Outdated:
                continue

    async def _moved(self, session: Session) -> Session:
        await self._placement.refresh()
        self._tell(session)
        return session

    def _doing(
        self, action: AuditAction, session_id: str, by: str, after: Session | None = None
    ) -> AbstractAsyncContextManager[Doing]:
        told = None if after is None else _told(after)
        return self._audit.doing(action, f"session:{session_id}", by=by, after=told)

    async def _settle(self, session: Session) -> Session:
        """Works out everybody's mark. The session says so afterwards: a crash in between leaves it to be done again."""
        row = await self._rows.load(CLASSES, session.class_id)
        roster = row.value.roster if row is not None and session.state is SessionState.ENDED else frozenset[str]()
        by = session.ended_by or rules.CLOCK
        async with self._doing(AuditAction.ABSENCES_MARKED, session.session_id, by) as doing:
            absent = await self._marks.settle(session, roster)
            doing.after, doing.is_done = {"absent": absent}, bool(absent)
        settled_at = self._clock.now()
        return await self._move(session.session_id, lambda one: replace(one, settled_at=settled_at))

    def _tell(self, session: Session) -> None:
        self._feed.publish(
            LiveEvent(
                LiveKind.SESSION,
                self._clock.now(),
                session_id=session.session_id,
                class_id=session.class_id,
                status=session.state,
            )
        )

    async def _heads(self, day: date) -> defaultdict[str, Counter[Headcount]]:
        """How many marks of each kind there are in the sessions of the day."""
        span = Selection(first=first_place(day), last=last_place(day))
        found: defaultdict[str, Counter[Headcount]] = defaultdict(Counter)
        for text, times in (await self._rows.tally(MARKS, "headcount", span)).items():
            head = headcount_from_text(text)
            found[head.session_id][head] += times
        return found

    async def _unknown(self, day: date) -> Counter[str | None]:
        where = EventFilter(first_date=day, last_date=day, outcome=Outcome.NOT_ON_ROSTER)
        page = await self._records.events_page(where, after=None, limit=MOST_UNKNOWN)
        people = {(logged.sighting.session_id, logged.sighting.person_id) for logged in page.items}
        return Counter(session_id for session_id, _ in people)

    async def _beside(self, session: Session) -> list[Session]:
        """It and, when it has no cameras of its own, the others of its day, which may have some."""
        if session.sources:
            return [session]
        day = local_day(session.starts_at, self._site)
        return await self.of_days(day, day)

    async def _active(self) -> list[Session]:
        wanted = Selection(terms={"state": SessionState.ACTIVE})
        return [row.value async for row in every_row(self._rows, SESSIONS, wanted)]

    async def _row(self, session_id: str) -> Row[Session]:
        row = await self._rows.load(SESSIONS, session_id)
        if row is None:
            raise NotFound("There is no such session")
        return row

    async def _class(self, class_id: str) -> SchoolClass:
        row = await self._rows.load(CLASSES, class_id)
        if row is None:
            raise NotFound("There is no such class")
        return row.value

    def _of_day(self, day: date) -> Selection:
        first, beyond = (instant_of(datetime.combine(one, time()), self._site) for one in (day, day + _DAY))
        return Selection(first=first.isoformat(), last=(beyond - timedelta(microseconds=1)).isoformat())


def _summary(session: Session, school_class: SchoolClass, heads: Counter[Headcount], unknown: int) -> SessionSummary:
    counts: Counter[str] = Counter()
    for head, times in heads.items():
        counts[head.code] += times
    there = sum(
        times for head, times in heads.items() if head.on_roster and head.counts_as is not AttendanceStatus.ABSENT
    )
    on_roster = sum(times for head, times in heads.items() if head.on_roster)
    is_final = session.settled_at is not None and session.policy.absent_at_end
    expected = on_roster if is_final else len(school_class.roster)
    return SessionSummary(session, school_class, counts, expected, max(0, expected - there), unknown)


def _told(session: Session) -> dict[str, object]:
    return {"state": session.state.value, "class": session.class_id, "ends_at": session.ends_at.isoformat()}


def _until(instant: datetime, state: SessionState) -> Selection:
    return Selection(terms={"state": state}, last=instant.isoformat())


def _room(row: Row[Room] | None) -> Room | None:
    return None if row is None else row.value


def _expected(session: Session, school_class: SchoolClass, marks: Collection[KeptMark]) -> frozenset[str]:
    if session.settled_at is None:
        return school_class.roster
    return frozenset(one.person_id for one in marks if one.on_roster)


def _line(person_id: str, person: Row[PersonProfile] | None, kept: KeptMark | None, on_roster: bool) -> RosterLine:
    profile = PersonProfile(person_id, person_id) if person is None else person.value
    if kept is None:
        return RosterLine(profile, None, None, on_roster)
    return RosterLine(profile, kept.mark, standing(kept.facts), on_roster)
