"""The tables of a school."""

from typing import Any

from pydantic import TypeAdapter

from logger.domain.classes import Room, SchoolClass
from logger.domain.kept_marks import KeptMark, counted_as_text
from logger.domain.people import PersonProfile
from logger.domain.schedule import Schedule
from logger.domain.sessions import Session
from logger.store.tables import Table

PEOPLE: Table[PersonProfile] = Table(
    name="people",
    adapter=TypeAdapter(PersonProfile),
    key=lambda person: person.person_id,
    order=lambda person: person.name.casefold(),
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
    order=lambda one: one.title.casefold(),
    terms={"teacher": lambda one: one.teacher_id, "active": lambda one: "yes" if one.active else "no"},
)
ROOMS: Table[Room] = Table(
    name="rooms", adapter=TypeAdapter(Room), key=lambda room: room.name, order=lambda room: room.name.casefold()
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
    terms={"class": lambda one: one.class_id, "state": lambda one: one.state, "room": lambda one: one.room},
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
    },
    unindexed=frozenset({"counted"}),
)

TABLES: tuple[Table[Any], ...] = (PEOPLE, CLASSES, ROOMS, SCHEDULES, SESSIONS, MARKS)
