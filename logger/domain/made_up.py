"""A school that is made up: people, classes, hours, and who comes when.

Nothing here is left to chance. The same number of people are the same people, and a session has the same arrivals
whenever it is asked about: those that lie behind the moment of asking.
"""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from random import Random
from uuid import UUID
from zoneinfo import ZoneInfo

from logger.domain.accounts import Account, Role
from logger.domain.classes import SchoolClass
from logger.domain.kept_marks import KeptMark
from logger.domain.marking import Correction, Facts
from logger.domain.people import Consent, ConsentHow, PersonProfile
from logger.domain.schedule import Hours, SingleDate, Weekday, WeeklyRule
from logger.domain.sessions import Session
from logger.domain.sightings import Sighting
from shared.contracts.attendance import Method

MARK = "demo"  # begins the ids of what is made up, and is who did it
SCHOOL_DAYS = frozenset(list(Weekday)[:5])
HOLIDAYS = frozenset({1, 7, 14, 15, 22, 29, 30, 31, 32, 33, 34, 44, 52, 53})  # weeks of the ISO calendar
TEACHERS = 20
LESSON = timedelta(minutes=75)
AROUND_NOW_MIN = (-25, 20, -150, -8, 90, -45)  # when lessons begin that are there to be looked at
MOST_AROUND_NOW = 20
_SHORTEST = timedelta(minutes=15)

FIRST_NAMES = (
    "Aarav Ada Amara Anaya Björn Carlos Chloé Chidi Diego Elif Emma Fatima Grace Hana Ibrahim Ines Jakub Joon Kofi "
    "Lena Liam Lucía Mateo Mei Minh Nadia Noah Olga Omar Priya Ravi Rosa Sofia Tariq Tomás Uma Valentina Yara Yuki Zoë"
)
LAST_NAMES = (
    "Adeyemi Ahmed Becker Bianchi Chen Costa Dubois Fernández García Haddad Hansen Ivanova Johnson Kaya Kim Kowalski "
    "Kumar Larsen López Mensah Müller Nakamura Nguyen Novák Okafor Patel Petrov Rossi Santos Sato Schmidt Silva Singh "
    "Smith Suzuki Tanaka Wang Weber Williams Yılmaz"
)
SUBJECTS = (
    "Mathematics Physics Chemistry Biology History Geography Literature Music Art Economics Philosophy Informatics "
    "Statistics Astronomy Ethics Drama"
)


@dataclass(frozen=True, slots=True)
class Habit:
    """How likely somebody is to come, and then to be late."""

    comes: float
    late: float


def person(index: int, asked_at: datetime) -> PersonProfile:
    """Nineteen in twenty gave their consent, when they were asked."""
    person_id, chance = str(10_001 + index), _chance("person", index)
    consent = Consent(f"{MARK}-1", asked_at, ConsentHow.PAPER, MARK) if chance.random() < 0.95 else None
    return PersonProfile(
        person_id,
        _name(chance),
        department=SUBJECTS.split()[index % 8],
        year=str(1 + index % 4),
        email=f"student{person_id}@example.org",
        consent=consent,
    )


def school_class(index: int, roster: frozenset[str], zone: ZoneInfo) -> SchoolClass:
    subjects = SUBJECTS.split()
    return SchoolClass(
        class_id=f"{MARK}-{index + 1:03}",
        title=f"{subjects[index % len(subjects)]} {1 + index // len(subjects)}",
        teacher_id=f"{MARK}.teacher{1 + index % TEACHERS:02}",
        zone=zone,
        roster=roster,
        room=f"Room {index + 1:02}",
    )


def teacher(account_id: str) -> Account:
    return Account(account_id, _name(_chance(account_id)), Role.TEACHER)


def weekly_rules(index: int, first: date, last: date) -> tuple[WeeklyRule, ...]:
    """Every school day, half the classes at 8:30 and half at 10:00."""
    starts = time(10) if index % 2 else time(8, 30)
    hours = Hours(starts, _later(starts, LESSON))
    return tuple(WeeklyRule(SCHOOL_DAYS, hours, *span) for span in _terms(first, last))


def lesson_around(wall: datetime, index: int, classes: int) -> SingleDate | None:
    """The extra lesson, near this moment by the wall clock, of the class with this index among so many. None for most
    classes, and where the lesson would have been over yesterday."""
    turn, waits = divmod(index, max(1, classes // MOST_AROUND_NOW))
    if waits:
        return None
    even = wall.replace(minute=wall.minute // 5 * 5, second=0, microsecond=0)
    begins = even + timedelta(minutes=AROUND_NOW_MIN[turn % len(AROUND_NOW_MIN)])
    ends, midnight = begins + LESSON, datetime.combine(wall.date(), time())
    begins = max(begins, midnight)
    return SingleDate(begins.date(), Hours(begins.time(), ends.time())) if ends - begins >= _SHORTEST else None


def facts(session: Session, person_id: str, now: datetime) -> Facts:
    """What is known of somebody in a session by now."""
    habit, chance = _habit(person_id), _chance("facts", session.session_id, person_id)
    if chance.random() < habit.comes:
        minutes = chance.uniform(11, 35) if chance.random() < habit.late else chance.uniform(-12, 9)
        seen_at = session.starts_at + timedelta(seconds=round(minutes * 60))
        return Facts(seen_at) if seen_at <= now else Facts()
    if chance.random() < 0.2 and session.ends_at <= now:
        word = Correction(_uuid(chance), "excused", "Note from the parents", MARK, session.ends_at)
        return Facts(corrections=(word,))
    return Facts()


def sighting(kept: KeptMark, person: PersonProfile, source: str | None) -> Sighting | None:
    """The one behind the mark; None when the mark stands on none."""
    seen_at = kept.facts.first_seen
    if seen_at is None:
        return None
    chance = _chance("sighting", kept.session_id, kept.person_id)
    distance, event_id = round(chance.uniform(0.05, 0.2), 4), _uuid(chance)
    return Sighting(
        event_id=event_id,
        person_id=person.person_id,
        person=person.label,
        name=person.name,
        distance=distance,
        similarity=1 - distance,
        threshold=0.25,
        engine=MARK,
        source=source,
        captured_at=seen_at,
        received_at=seen_at,
        local_date=kept.local_date,
        session_id=kept.session_id,
        liveness=None,
        method=Method.FACE,
        digest=str(event_id),
    )


def _habit(person_id: str) -> Habit:
    """One in twelve often stays away."""
    chance = _chance("habit", person_id)
    comes = chance.uniform(0.55, 0.8) if chance.random() < 1 / 12 else chance.uniform(0.88, 0.995)
    return Habit(comes, chance.uniform(0.01, 0.1))


def _terms(first: date, last: date) -> list[tuple[date, date]]:
    """Spans of whole weeks without holidays, from the week of `first` to that of `last`."""
    monday = first - timedelta(days=first.weekday())
    spans: list[tuple[date, date]] = []
    while monday < last:
        sunday = monday + timedelta(days=6)
        if monday.isocalendar().week not in HOLIDAYS:
            adjoins = spans and spans[-1][1] + timedelta(days=1) == monday
            spans.append((spans.pop()[0] if adjoins else monday, sunday))
        monday += timedelta(days=7)
    return spans


def _name(chance: Random) -> str:
    return f"{chance.choice(FIRST_NAMES.split())} {chance.choice(LAST_NAMES.split())}"


def _later(start: time, by: timedelta) -> time:
    return (datetime.combine(date.min, start) + by).time()


def _chance(*what: object) -> Random:
    """The same for the same, wherever and whenever."""
    return Random("/".join(map(str, what)))  # noqa: S311 - nothing secret is made of it


def _uuid(chance: Random) -> UUID:
    return UUID(int=chance.getrandbits(128), version=4)
