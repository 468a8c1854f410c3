"""The tables of a school."""

from typing import Any

from pydantic import TypeAdapter

from logger.domain.accounts import Account
from logger.domain.audit import AuditEntry, Intent
from logger.domain.calendar_links import CalendarLink
from logger.domain.classes import Room, SchoolClass
from logger.domain.erasure import Erasure
from logger.domain.kept_marks import KeptMark, counted_as_text, headcount_as_text
from logger.domain.logins import Attempts, Login
from logger.domain.people import PersonProfile
from logger.domain.planning import PlannedUntil
from logger.domain.presence import PresenceCode
from logger.domain.schedule import Schedule
from logger.domain.sessions import Session, SessionState
from logger.domain.tallies import TalliedHour
from logger.domain.text import sorting
from logger.store.tables import Table

PEOPLE: Table[PersonProfile] = Table(
    name="people",
    adapter=TypeAdapter(PersonProfile),
    key=lambda person: person.person_id,
    order=lambda person: sorting(person.name),
    terms={
        "department": lambda person: person.department,
        "year": lambda person: person.year,
        "active": lambda person: "yes" if person.active else "no",
    },
)
CLASSES: Table[SchoolClass] = Table(
    name="classes",
    adapter=TypeAdapter(SchoolClass),
    key=lambda one: one.class_id,
    order=lambda one: sorting(one.title),
    terms={"teacher": lambda one: one.teacher_id, "active": lambda one: "yes" if one.active else "no"},
)
ROOMS: Table[Room] = Table(
    name="rooms", adapter=TypeAdapter(Room), key=lambda room: room.name, order=lambda room: sorting(room.name)
)
SCHEDULES: Table[Schedule] = Table(
    name="schedules",
    adapter=TypeAdapter(Schedule),
    key=lambda one: one.schedule_id,
    order=lambda one: one.schedule_id,
    terms={"class": lambda one: one.class_id},
)
SESSIONS: Table[Session] = Table(
    name="sessions",
    adapter=TypeAdapter(Session),
    key=lambda one: one.session_id,
    order=lambda one: one.starts_at.isoformat(),
    terms={
        "class": lambda one: one.class_id,
        "state": lambda one: one.state,
        "room": lambda one: one.room,
        "unsettled": lambda one: "yes" if one.is_unsettled else None,
        "active_in": lambda one: one.room if one.state is SessionState.ACTIVE else None,
    },
    unique=frozenset({"active_in"}),  # also when two loggers start two sessions in one room at once
)
PLANNED: Table[PlannedUntil] = Table(
    name="planned",
    adapter=TypeAdapter(PlannedUntil),
    key=lambda one: one.schedule_id,
    order=lambda one: one.schedule_id,
)
CALENDAR_LINKS: Table[CalendarLink] = Table(
    name="calendar_links",
    adapter=TypeAdapter(CalendarLink),
    key=lambda one: one.digest,
    order=lambda one: one.made_at.isoformat(),
    terms={"about": lambda one: one.about},
)
AUDIT: Table[AuditEntry] = Table(
    name="audit",
    adapter=TypeAdapter(AuditEntry),
    key=lambda entry: f"{entry.number:012}",  # so that no two entries can have one number
    order=lambda entry: f"{entry.number:012}",
)
INTENTS: Table[Intent] = Table(
    name="intents",
    adapter=TypeAdapter(Intent),
    key=lambda one: one.intent_id,
    order=lambda one: one.deed.at.isoformat(timespec="microseconds"),
)
MARKS: Table[KeptMark] = Table(
    name="marks",
    adapter=TypeAdapter(KeptMark),
    key=lambda one: one.key,
    order=lambda one: one.place,
    terms={
        "session": lambda one: one.session_id,
        "person": lambda one: one.person_id,
        "class": lambda one: one.class_id,
        "counted": counted_as_text,
        "headcount": headcount_as_text,
    },
    unindexed=frozenset({"counted", "headcount"}),
)
ACCOUNTS: Table[Account] = Table(
    name="accounts",
    adapter=TypeAdapter(Account),
    key=lambda one: one.account_id,
    order=lambda one: sorting(one.name),
    terms={"role": lambda one: one.role},
)
LOGINS: Table[Login] = Table(
    name="logins",
    adapter=TypeAdapter(Login),
    key=lambda one: one.digest,
    order=lambda one: one.expires_at.isoformat(),
    terms={"account": lambda one: one.account_id},
)
ATTEMPTS: Table[Attempts] = Table(
    name="attempts",
    adapter=TypeAdapter(Attempts),
    key=lambda one: one.key,
    order=lambda one: one.failures[-1].isoformat(),
)

PRESENCE_CODES: Table[PresenceCode] = Table(
    name="presence_codes",
    adapter=TypeAdapter(PresenceCode),
    key=lambda one: one.person_id,
    order=lambda one: one.person_id,
    terms={"pin": lambda one: one.pin_digest, "qr": lambda one: one.qr_digest},
    unique=frozenset({"pin", "qr"}),
)
TALLIES: Table[TalliedHour] = Table(
    name="tallies",
    adapter=TypeAdapter(TalliedHour),
    key=lambda one: one.key,
    order=lambda one: one.hour.isoformat(),
)
ERASURES: Table[Erasure] = Table(
    name="erasures",
    adapter=TypeAdapter(Erasure),
    key=lambda one: one.erasure_id,
    order=lambda one: one.begun_at.isoformat(),
    terms={"person": lambda one: one.person_id},
)

TABLES: tuple[Table[Any], ...] = (
    PEOPLE,
    CLASSES,
    ROOMS,
    SCHEDULES,
    SESSIONS,
    PLANNED,
    CALENDAR_LINKS,
    AUDIT,
    INTENTS,
    MARKS,
    ACCOUNTS,
    LOGINS,
    ATTEMPTS,
    PRESENCE_CODES,
    TALLIES,
    ERASURES,
)
