"""A school to try things on: a year of it, made up, and the same each time."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from random import Random
from uuid import UUID
from zoneinfo import ZoneInfo

from logger.domain.accounts import Account, Role
from logger.domain.classes import Room, SchoolClass
from logger.domain.days import local_day
from logger.domain.kept_marks import KeptMark
from logger.domain.marking import Correction, Facts, mark
from logger.domain.people import Consent, ConsentHow, PersonProfile
from logger.domain.schedule import Hours, Schedule, Weekday, WeeklyRule, expand
from logger.domain.sessions import CLOCK, Session, SessionState, plan
from logger.domain.sightings import Sighting
from logger.errors import StartError
from logger.store.base import Store
from logger.store.kinds import ACCOUNTS, CLASSES, MARKS, PEOPLE, ROOMS, SCHEDULES, SESSIONS
from shared.clock import Clock
from shared.contracts.attendance import Method

SEED = 2_000
YEAR, AHEAD = timedelta(days=364), timedelta(days=182)
HOLIDAYS = frozenset({1, 7, 14, 15, 22, 29, 30, 31, 32, 33, 34, 44, 52, 53})  # weeks of the ISO calendar
SCHOOL_DAYS = frozenset(list(Weekday)[:5])
DAYS_WITH_EVENTS = 5  # the last ones; older days have their marks alone

FIRST_NAMES = [
    "Aarav",
    "Ada",
    "Amara",
    "Anaya",
    "Björn",
    "Carlos",
    "Chloé",
    "Chidi",
    "Diego",
    "Elif",
    "Emma",
    "Fatima",
    "Grace",
    "Hana",
    "Ibrahim",
    "Ines",
    "Jakub",
    "Joon",
    "Kofi",
    "Lena",
    "Liam",
    "Lucía",
    "Mateo",
    "Mei",
    "Minh",
    "Nadia",
    "Noah",
    "Olga",
    "Omar",
    "Priya",
    "Ravi",
    "Rosa",
    "Sofia",
    "Tariq",
    "Tomás",
    "Uma",
    "Valentina",
    "Yara",
    "Yuki",
    "Zoë",
]
LAST_NAMES = [
    "Adeyemi",
    "Ahmed",
    "Becker",
    "Bianchi",
    "Chen",
    "Costa",
    "Dubois",
    "Fernández",
    "García",
    "Haddad",
    "Hansen",
    "Ivanova",
    "Johnson",
    "Kaya",
    "Kim",
    "Kowalski",
    "Kumar",
    "Larsen",
    "López",
    "Mensah",
    "Müller",
    "Nakamura",
    "Nguyen",
    "Novák",
    "Okafor",
    "Patel",
    "Petrov",
    "Rossi",
    "Santos",
    "Sato",
    "Schmidt",
    "Silva",
    "Singh",
    "Smith",
    "Suzuki",
    "Tanaka",
    "Wang",
    "Weber",
    "Williams",
    "Yılmaz",
]
SUBJECTS = [
    "Mathematics",
    "Physics",
    "Chemistry",
    "Biology",
    "History",
    "Geography",
    "Literature",
    "Music",
    "Art",
    "Economics",
    "Philosophy",
    "Informatics",
    "Statistics",
    "Astronomy",
    "Ethics",
    "Drama",
]


@dataclass(frozen=True, slots=True)
class Loaded:
    people: int
    classes: int
    sessions: int
    marks: int


@dataclass(frozen=True, slots=True)
class _Room:
    """A class with whoever is in it, and how they are: the chance of each to come, and to be late."""

    school_class: SchoolClass
    habits: dict[str, tuple[float, float]]


class DemoSchool:
    def __init__(self, store: Store, clock: Clock, *, site: ZoneInfo) -> None:
        self._store = store
        self._site = site
        self._today = local_day(clock.now(), site)
        self._random = Random(SEED)  # noqa: S311 - nothing secret is made of it

    async def load(self, *, people: int, classes: int, tell: Callable[[date], None] = lambda _: None) -> Loaded:
        """Fills an empty store; `tell` hears of each day that is done. Raises StartError when people are there."""
        if await self._store.count(PEOPLE, {}):
            raise StartError("There are people already; the demo is loaded into an empty store alone")
        everybody = self._people(people)
        rooms = self._classes(everybody, classes)
        schedules = [self._schedule(room.school_class) for room in rooms]
        await self._save_school(everybody, rooms, schedules)
        sessions = marks = 0
        for day, held in self._sessions(rooms, schedules):
            await self._store.save_many(SESSIONS, held)
            kept = [one for room, session in zip(rooms, held, strict=True) for one in self._marks(day, room, session)]
            await self._store.save_many(MARKS, kept)
            if self._today - day <= timedelta(days=DAYS_WITH_EVENTS):
                await self._record(kept, {person.person_id: person for person in everybody}, held)
            sessions, marks = sessions + len(held), marks + len(kept)
            tell(day)
        return Loaded(len(everybody), len(rooms), sessions, marks)

    def _people(self, number: int) -> list[PersonProfile]:
        return [self._person(index) for index in range(number)]

    def _person(self, index: int) -> PersonProfile:
        name = f"{self._random.choice(FIRST_NAMES)} {self._random.choice(LAST_NAMES)}"
        person_id = str(10_001 + index)
        given_at = datetime.combine(self._today - YEAR, time(9), self._site)
        consent = Consent("demo-1", given_at, ConsentHow.PAPER, "demo") if self._random.random() < 0.95 else None
        return PersonProfile(
            person_id,
            name,
            department=SUBJECTS[index % 8],
            year=str(1 + index % 4),
            email=f"student{person_id}@example.org",
            consent=consent,
        )

    def _classes(self, people: Sequence[PersonProfile], number: int) -> list[_Room]:
        rooms = []
        for index in range(number):
            title = f"{SUBJECTS[index % len(SUBJECTS)]} {1 + index // len(SUBJECTS)}"
            members = [person.person_id for person in people[index::number]]
            school_class = SchoolClass(
                class_id=f"demo-{index + 1:03}",
                title=title,
                teacher_id=f"demo.teacher{1 + index % 20:02}",
                zone=self._site,
                roster=frozenset(members),
                room=f"Room {index + 1:02}",
            )
            rooms.append(_Room(school_class, {one: self._habit() for one in members}))
        return rooms

    def _habit(self) -> tuple[float, float]:
        """One in twelve often stays away."""
        comes = self._random.uniform(0.55, 0.8) if self._random.random() < 1 / 12 else self._random.uniform(0.88, 0.995)
        return comes, self._random.uniform(0.01, 0.1)

    def _schedule(self, school_class: SchoolClass) -> Schedule:
        """Every school day, half the classes at 8:30 and half at 10:00."""
        starts = time(8, 30) if int(school_class.class_id[-1]) % 2 else time(10)
        hours = Hours(starts, time(starts.hour + 1, 15))
        spans = self._terms()
        rules = tuple(WeeklyRule(SCHOOL_DAYS, hours, first, last) for first, last in spans)
        return Schedule(school_class.class_id, school_class.class_id, self._site, rules, room=school_class.room)

    def _terms(self) -> list[tuple[date, date]]:
        """Spans of weeks without holidays, from a year ago until half a year ahead."""
        monday = self._today - YEAR - timedelta(days=self._today.weekday())
        spans: list[tuple[date, date]] = []
        while monday < self._today + AHEAD:
            sunday = monday + timedelta(days=6)
            if monday.isocalendar().week not in HOLIDAYS:
                adjoins = spans and spans[-1][1] + timedelta(days=1) == monday
                spans.append((spans.pop()[0] if adjoins else monday, sunday))
            monday += timedelta(days=7)
        return spans

    def _sessions(self, rooms: Sequence[_Room], schedules: Sequence[Schedule]) -> Iterator[tuple[date, list[Session]]]:
        """The past ones, day by day, one for each class."""
        yesterday = self._today - timedelta(days=1)
        plans = [
            [_held(plan(one, room.school_class)) for one in expand(schedule, self._today - YEAR, yesterday)]
            for room, schedule in zip(rooms, schedules, strict=True)
        ]
        for held in zip(*plans, strict=True):
            yield local_day(held[0].starts_at, self._site), list(held)

    def _marks(self, day: date, room: _Room, session: Session) -> Iterator[KeptMark]:
        for person_id, habit in room.habits.items():
            facts = self._facts(session, *habit)
            made = mark(session, person_id, facts, on_roster=True)
            yield KeptMark(session.session_id, person_id, session.class_id, day, session.starts_at, facts, made)

    def _facts(self, session: Session, comes: float, late: float) -> Facts:
        if self._random.random() < comes:
            minutes = self._random.uniform(11, 35) if self._random.random() < late else self._random.uniform(-12, 9)
            return Facts(session.starts_at + timedelta(seconds=round(minutes * 60)))
        if self._random.random() < 0.2:
            correction_id = UUID(int=self._random.getrandbits(128), version=4)
            word = Correction(correction_id, "excused", "Note from the parents", "demo", session.ends_at)
            return Facts(corrections=(word,))
        return Facts()

    async def _save_school(
        self, people: Sequence[PersonProfile], rooms: Sequence[_Room], schedules: Sequence[Schedule]
    ) -> None:
        teachers = sorted({room.school_class.teacher_id for room in rooms})
        names = [f"{self._random.choice(FIRST_NAMES)} {self._random.choice(LAST_NAMES)}" for _ in teachers]
        accounts = [Account(one, name, Role.TEACHER) for one, name in zip(teachers, names, strict=True)]
        await self._store.save_many(ACCOUNTS, accounts)
        await self._store.save_many(PEOPLE, people)
        await self._store.save_many(ROOMS, [Room(one.school_class.room or "", frozenset()) for one in rooms])
        await self._store.save_many(CLASSES, [room.school_class for room in rooms])
        await self._store.save_many(SCHEDULES, schedules)

    async def _record(
        self, kept: Sequence[KeptMark], people: dict[str, PersonProfile], sessions: Sequence[Session]
    ) -> None:
        """The sightings behind the marks."""
        rooms = {session.session_id: session.room for session in sessions}
        seen = [
            self._sighting(one, people[one.person_id], rooms[one.session_id]) for one in kept if one.facts.first_seen
        ]
        for start in range(0, len(seen), 1_000):
            await self._store.record(seen[start : start + 1_000])

    def _sighting(self, kept: KeptMark, person: PersonProfile, room: str | None) -> Sighting:
        at = kept.facts.first_seen or kept.starts_at
        distance = round(self._random.uniform(0.05, 0.2), 4)
        event_id = UUID(int=self._random.getrandbits(128), version=4)
        return Sighting(
            event_id=event_id,
            person_id=person.person_id,
            person=person.label,
            name=person.name,
            distance=distance,
            similarity=1 - distance,
            threshold=0.25,
            engine="demo",
            source=room,
            captured_at=at,
            received_at=at,
            local_date=kept.local_date,
            session_id=kept.session_id,
            liveness=None,
            method=Method.FACE,
            digest=str(event_id),
        )


def _held(planned: Session) -> Session:
    return replace(
        planned,
        state=SessionState.ENDED,
        started_at=planned.starts_at,
        started_by=CLOCK,
        ended_at=planned.ends_at,
        ended_by=CLOCK,
    )
