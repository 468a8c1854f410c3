"""Sessions as they are looked at: those of a day with their counts, and one with its roster."""

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from logger.domain.classes import SchoolClass
from logger.domain.days import local_day
from logger.domain.kept_marks import Headcount, KeptMark, first_place, headcount_from_text, last_place
from logger.domain.marking import Correction, Mark, standing
from logger.domain.people import PersonProfile
from logger.domain.sessions import Session
from logger.domain.tallies import NO_STRANGERS, Strangers
from logger.domain.wall_clock import instant_of
from logger.errors import NotFound
from logger.services.marks import MarksService
from logger.services.rows import every_row
from logger.services.tallies import TalliesService
from logger.store.base import AttendanceStore, EventFilter
from logger.store.kinds import CLASSES, MARKS, PEOPLE, SESSIONS
from logger.store.tables import Row, RowStore, Selection
from shared.clock import Clock
from shared.contracts.attendance import Method
from shared.contracts.events import AttendanceStatus, Outcome

_DAY = timedelta(days=1)
MOST_UNKNOWN = 1_000  # sightings of a day that are looked at for the count


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


class SessionViews:
    """Every method raises StoreUnavailable."""

    def __init__(
        self,
        rows: RowStore,
        records: AttendanceStore,
        marks: MarksService,
        tallies: TalliesService,
        *,
        site: ZoneInfo,
        clock: Clock,
    ) -> None:
        self._rows = rows
        self._records = records
        self._marks = marks
        self._tallies = tallies
        self._site = site
        self._clock = clock

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
        row = await self._rows.load(SESSIONS, session_id)
        if row is None:
            raise NotFound("There is no such session")
        return row.value

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


def _expected(session: Session, school_class: SchoolClass, marks: Collection[KeptMark]) -> frozenset[str]:
    if session.settled_at is None:
        return school_class.roster
    return frozenset(one.person_id for one in marks if one.on_roster)


def _line(person_id: str, person: Row[PersonProfile] | None, kept: KeptMark | None, on_roster: bool) -> RosterLine:
    profile = PersonProfile(person_id, person_id) if person is None else person.value
    if kept is None:
        return RosterLine(profile, None, None, on_roster)
    return RosterLine(profile, kept.mark, standing(kept.facts), on_roster)
