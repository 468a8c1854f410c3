"""Every route of the logger, and what it reads. A route that is not in here fails the suite."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.bad_input import files
from tests.bad_input.asking import Bad
from tests.bad_input.texts import broken_json, form_fields, json_fields, not_forms, not_json


@dataclass(frozen=True, slots=True)
class Json:
    """A body with these fields; those in `texts` are never anything but text."""

    body: Mapping[str, Any]
    texts: tuple[str, ...] = ()
    refused: tuple[int, ...] = (422,)
    broken: tuple[int, ...] = (400, 422)

    def inputs(self) -> Iterator[Bad]:
        yield from broken_json(self.broken)
        yield from json_fields(self.body, self.texts, refused=self.refused)
        yield from not_json()


@dataclass(frozen=True, slots=True)
class Form:
    """A page's form with these fields, and a file where it takes one."""

    fields: Mapping[str, str] = field(default_factory=dict)
    file: str | None = None

    def inputs(self) -> Iterator[Bad]:
        yield from form_fields(self.fields)
        yield from not_forms()
        if self.file is not None:
            yield from files.in_a_form(self.file, [*files.tables(), *files.calendars()])


@dataclass(frozen=True, slots=True)
class File:
    """The body is the file."""

    contents: tuple[tuple[str, bytes], ...]
    content_type: str

    def inputs(self) -> Iterator[Bad]:
        for name, content in self.contents:
            yield Bad(name, content, self.content_type)


class Nothing:
    """No body: an address, and perhaps a query."""

    def inputs(self) -> Iterable[Bad]:
        return ()


class Endless(Nothing):
    """Nothing either, and its answer never ends: it is asked by those alone who may not have it."""


Reads = Json | Form | File | Nothing

NOTHING, ENDLESS = Nothing(), Endless()
_STATUS = {"status": "late", "reason": "He was there."}
_CLASS = {"title": "Physics", "teacher_id": "admin", "room": "Room 1", "zone": "Europe/Berlin", "version": 0}
_POLICY = {"opens_before_min": "15", "present_until_min": "10", "late_allowed": "yes"}
_CLASS_FORM = {"title": "Physics", "teacher_id": "admin", "room": "Room 1", "active": "yes", "version": "1", **_POLICY}
_RULE = {"weekdays": ["MO"], "hours": {"starts": "09:00", "ends": "10:00"}, "first": "2025-03-03", "every_weeks": 1}
_SCHEDULE = {"rules": [_RULE], "exceptions": [], "room": "Room 1", "zone": "Europe/Berlin", "version": 0}
_PROFILE = {"name": "Alice", "department": "Physics", "year": "2", "email": "alice@example.org", "phone": "+49 30 1234"}
_PROFILE_FORM = {"person_id": "own", **_PROFILE, "active": "yes", "version": "1"}
_CREDENTIALS = {"username": "nobody", "password": "none of yours"}
_EVENT = {
    "event_id": "00000000-0000-4000-8000-000000000001",
    "person_id": "101",
    "person": "Alice 101",
    "name": "Alice",
    "distance": 0.18,
    "similarity": 0.82,
    "threshold": 0.25,
    "engine": "Dlib/mtcnn",
    "source": "room-1",
    "captured_at": "2025-03-03T12:00:00Z",
    "liveness": None,
}
_TALLY = {
    "origin": "a",
    "source": "room-1",
    "decision": "unknown",
    "minute": "2025-03-03T12:00:00Z",
    "count": 1,
}


@dataclass(frozen=True, slots=True)
class Batch:
    """A list of one item under a name, with each field of the item as it should not be."""

    name: str
    item: Mapping[str, Any]
    texts: tuple[str, ...]

    def inputs(self) -> Iterator[Bad]:
        whole = Json({self.name: [self.item]})
        yield from whole.inputs()
        for bad in json_fields(self.item, self.texts):
            assert bad.content is not None
            content = b'{"%s": [%s]}' % (self.name.encode(), bad.content)
            yield Bad(bad.name, content, bad.content_type, expected=bad.expected)
        many = b'{"%s": [%s]}' % (self.name.encode(), b",".join([b"{}"] * 1_001))
        yield Bad("1,001 of them", many, "application/json", expected=(422,))


EVENT_TEXTS = ("event_id", "person_id", "person", "name", "engine", "source", "captured_at", "distance", "liveness")

TABLE: Mapping[str, Reads | Batch] = {
    "GET /openapi.json": NOTHING,
    "GET /static-offline-docs": NOTHING,
    "GET /docs": NOTHING,
    "GET /docs/oauth2-redirect": NOTHING,
    "GET /redoc": NOTHING,
    "GET /healthz": NOTHING,
    "GET /readyz": NOTHING,
    "GET /metrics": NOTHING,
    "POST /v1/events": Batch("events", _EVENT, EVENT_TEXTS),
    "POST /v1/tallies": Batch("tallies", _TALLY, ("origin", "source", "decision", "minute", "count")),
    "GET /v1/events": NOTHING,
    "GET /v1/attendance": NOTHING,
    "POST /mark-attendance": Json({"name": "Alice 101", "distance": 0.2}, ("name", "distance"), (400,), (400,)),
    "POST /auth/login": Json(_CREDENTIALS, ("username", "password")),
    "POST /auth/token": Json({**_CREDENTIALS, "label": "a"}, ("username", "password", "label")),
    "POST /auth/logout": NOTHING,
    "GET /v1/account": NOTHING,
    "POST /v1/account/password": Json({"present": "a", "password": "b"}, ("present", "password")),
    "DELETE /v1/account/logins/{login_id}": NOTHING,
    "GET /v1/accounts": NOTHING,
    "POST /v1/accounts": Json(
        {"username": "bob", "name": "Bob", "role": "viewer", "room": None, "password": "short"},
        ("username", "name", "role", "room", "password"),
    ),
    "PUT /v1/accounts/{account_id}": Json(
        {"name": "Own", "role": "device", "room": "Room 1"}, ("name", "role", "room")
    ),
    "POST /v1/accounts/{account_id}/password": Json({"password": "short"}, ("password",)),
    "GET /v1/accounts/{account_id}/logins": NOTHING,
    "DELETE /v1/accounts/{account_id}/logins/{login_id}": NOTHING,
    "POST /v1/accounts/{account_id}/keys": Json({"label": "a"}, ("label",)),
    "GET /v1/keys": NOTHING,
    "POST /v1/keys": Json({"label": "a", "scopes": ["enroll"]}),
    "POST /v1/keys/{key_id}/rotation": NOTHING,
    "DELETE /v1/keys/{key_id}": NOTHING,
    "GET /v1/people.{kind}": NOTHING,
    "GET /v1/attendance.{kind}": NOTHING,
    "GET /v1/classes.{kind}": NOTHING,
    "GET /v1/audit.{kind}": NOTHING,
    "GET /v1/sessions/{session_id}/marks.{kind}": NOTHING,
    "GET /v1/classes/{class_id}/marks.{kind}": NOTHING,
    "GET /v1/classes/{class_id}/report.{kind}": NOTHING,
    "GET /v1/months/{year}/{month}/report.{kind}": NOTHING,
    "GET /v1/months/{year}/{month}/people.{kind}": NOTHING,
    "GET /v1/people/{person_id:path}/report.{kind}": NOTHING,
    "GET /v1/classes/{class_id}/roster.{kind}": NOTHING,
    "GET /v1/classes/{class_id}/schedule.{kind}": NOTHING,
    "GET /v1/schedule.{kind}": NOTHING,
    "GET /v1/sessions.{kind}": NOTHING,
    "GET /v1/accounts.{kind}": NOTHING,
    "GET /v1/keys.{kind}": NOTHING,
    "GET /v1/rooms.{kind}": NOTHING,
    "GET /v1/people/{person_id:path}/marks.{kind}": NOTHING,
    "GET /v1/people": NOTHING,
    "POST /v1/people/import/preview": File(files.tables(), "text/csv"),
    "POST /v1/people/import": File(files.tables(), "text/csv"),
    "POST /v1/people/{person_id:path}/consent": Json({"version": "1", "how": "paper"}, ("version", "how")),
    "DELETE /v1/people/{person_id:path}/consent": NOTHING,
    "POST /v1/people/{person_id:path}/code": NOTHING,
    "DELETE /v1/people/{person_id:path}/code": NOTHING,
    "POST /v1/presence": Json({"code": "1234-5678", "source": "room-1"}, ("code", "source")),
    "GET /v1/people/{person_id:path}/everything": NOTHING,
    "GET /v1/people/{person_id:path}/enrolment": NOTHING,
    "GET /v1/people/{person_id:path}": NOTHING,
    "PUT /v1/people/{person_id:path}": Json({**_PROFILE, "active": True, "version": 0}, tuple(_PROFILE)),
    "DELETE /v1/people/{person_id:path}": NOTHING,
    "GET /v1/classes": NOTHING,
    "POST /v1/classes": Json(_CLASS, ("title", "teacher_id", "room", "zone")),
    "GET /v1/classes/{class_id}": NOTHING,
    "PUT /v1/classes/{class_id}": Json(_CLASS, ("title", "teacher_id", "room", "zone")),
    "GET /v1/classes/{class_id}/roster": NOTHING,
    "PATCH /v1/classes/{class_id}/roster": Json({"add": ["own"], "remove": []}),
    "PUT /v1/classes/{class_id}/roster": Json({"people": ["own"]}),
    "GET /v1/rooms": NOTHING,
    "PUT /v1/rooms/{room}": Json({"sources": ["room-1"]}),
    "DELETE /v1/rooms/{room}": NOTHING,
    "GET /v1/classes/{class_id}/schedules": NOTHING,
    "POST /v1/classes/{class_id}/schedules": Json(_SCHEDULE, ("room", "zone")),
    "POST /v1/classes/{class_id}/schedules/import/preview": File(files.calendars(), "text/calendar"),
    "POST /v1/classes/{class_id}/schedules/import": File(files.calendars(), "text/calendar"),
    "GET /v1/classes/{class_id}/calendar.ics": NOTHING,
    "GET /calendar/{secret}.ics": NOTHING,
    "PUT /v1/schedules/{schedule_id}": Json(_SCHEDULE, ("room", "zone")),
    "DELETE /v1/schedules/{schedule_id}": NOTHING,
    "GET /v1/sessions": NOTHING,
    "POST /v1/sessions": Json({"class_id": "own", "minutes": 60}, ("class_id",)),
    "GET /v1/sessions/{session_id}": NOTHING,
    "POST /v1/sessions/{session_id}/start": NOTHING,
    "POST /v1/sessions/{session_id}/end": NOTHING,
    "POST /v1/sessions/{session_id}/cancel": NOTHING,
    "POST /v1/sessions/{session_id}/extend": Json({"ends_at": "2030-01-01T00:00:00Z"}, ("ends_at",)),
    "PUT /v1/sessions/{session_id}/marks/{person_id:path}": Json(_STATUS, ("status", "reason")),
    "DELETE /v1/sessions/{session_id}/marks/{person_id:path}": NOTHING,
    "POST /v1/attendance": Json(
        {"session_id": "own", "person_id": "own", **_STATUS}, ("session_id", "person_id", "status", "reason")
    ),
    "PATCH /v1/attendance/{record_id}": Json(_STATUS, ("status", "reason")),
    "GET /v1/live": ENDLESS,
    "GET /v1/audit": NOTHING,
    "GET /v1/audit/verify": NOTHING,
    "GET /v1/reports/classes/{class_id}": NOTHING,
    "GET /v1/reports/people/{person_id:path}": NOTHING,
    "GET /v1/retention": NOTHING,
    "GET /v1/reports/months/{year}/{month}": NOTHING,
    "GET /static/{name}": NOTHING,
    "GET /sign-in": NOTHING,
    "POST /sign-in": Form({"name": "nobody", "password": "none of yours", "next": "/"}),
    "POST /sign-out": Form(),
    "GET /": NOTHING,
    "POST /sessions/begin": Form({"class_id": "own", "minutes": "60"}),
    "GET /sessions/{session_id}": NOTHING,
    "POST /sessions/{session_id}/start": Form(),
    "POST /sessions/{session_id}/end": Form(),
    "POST /sessions/{session_id}/cancel": Form(),
    "POST /sessions/{session_id}/extend": Form({"minutes": "10"}),
    "POST /sessions/{session_id}/correct": Form({"person_id": "own", **_STATUS}),
    "POST /sessions/{session_id}/undo": Form({"person_id": "own"}),
    "GET /people": NOTHING,
    "GET /people/new": NOTHING,
    "POST /people/new": Form(_PROFILE_FORM),
    "GET /people/import": NOTHING,
    "POST /people/import": Form({"text": "id,name\n1,Alice"}, "file"),
    "POST /people/import/apply": Form({"text": "id,name\n1,Alice"}),
    "GET /person": NOTHING,
    "POST /person": Form(_PROFILE_FORM),
    "POST /person/consent": Form({"person_id": "own", "version": "1", "how": "paper"}),
    "POST /person/erase": Form({"person_id": "own", "again": "own"}),
    "POST /person/withdraw": Form({"person_id": "own"}),
    "POST /person/code": Form({"person_id": "nobody"}),
    "POST /person/code/revoke": Form({"person_id": "nobody"}),
    "GET /presence": NOTHING,
    "POST /sessions/{session_id}/presence": Form({"code": "1234-5678"}),
    "GET /classes": NOTHING,
    "GET /classes/new": NOTHING,
    "POST /classes/new": Form({**_CLASS_FORM, "roster": "ids", "person_ids": "own"}),
    "GET /classes/{class_id}": NOTHING,
    "POST /classes/{class_id}": Form(_CLASS_FORM),
    "POST /classes/{class_id}/roster": Form({"add": "own", "remove": "own"}),
    "POST /classes/{class_id}/statuses": Form(
        {"version": "1", "code": "", "name": "Ill", "counts_as": "excused", "order": "1", "retire": "late"}
    ),
    "GET /schedule": NOTHING,
    "GET /classes/{class_id}/schedule": NOTHING,
    "POST /classes/{class_id}/schedule/weekly": Form(
        {"weekdays": "MO", "starts": "09:00", "ends": "10:00", "first": "2025-03-03", "last": "", "every_weeks": "1"}
    ),
    "POST /classes/{class_id}/schedule/single": Form({"day": "2025-03-03", "starts": "09:00", "ends": "10:00"}),
    "POST /classes/{class_id}/schedule/remove": Form({"schedule_id": "own", "index": "0", "version": "1"}),
    "POST /classes/{class_id}/schedule/cancel": Form(
        {"schedule_id": "own", "original": "2025-03-03T09:00", "version": "1"}
    ),
    "POST /classes/{class_id}/schedule/move": Form(
        {
            "schedule_id": "own",
            "original": "2025-03-03T09:00",
            "day": "2025-03-04",
            "starts": "09:00",
            "ends": "10:00",
            "room": "",
            "version": "1",
        }
    ),
    "POST /schedule/calendar": Form(),
    "POST /schedule/calendar/revoke": Form(),
    "POST /classes/{class_id}/schedule/calendar": Form(),
    "POST /classes/{class_id}/schedule/calendar/revoke": Form(),
    "POST /classes/{class_id}/schedule/import": Form({}, "file"),
    "GET /reports": NOTHING,
    "GET /reports/classes/{class_id}": NOTHING,
    "GET /reports/person": NOTHING,
    "GET /reports/day": NOTHING,
    "POST /reports/day/correct": Form({"day": "2025-03-03", "record_id": "1", **_STATUS}),
    "GET /audit": NOTHING,
    "POST /audit/verify": Form(),
    "GET /settings": NOTHING,
    "POST /settings/rooms": Form({"name": "Room 2", "sources": "room-2"}),
    "POST /settings/rooms/remove": Form({"name": "Room 2"}),
    "POST /settings/accounts": Form({"username": "bob", "name": "Bob", "role": "device", "room": "Room 1"}),
    "POST /settings/accounts/password": Form({"account_id": "own"}),
    "POST /settings/accounts/active": Form({"account_id": "own", "active": "yes"}),
    "POST /settings/keys": Form({"label": "a", "scopes": "enroll"}),
    "POST /settings/keys/revoke": Form({"key_id": "1"}),
    "POST /settings/keys/rotate": Form({"key_id": "1"}),
    "POST /settings/accounts/key": Form({"account_id": "own", "label": "a"}),
    "POST /settings/accounts/key/withdraw": Form({"account_id": "own", "login_id": "1"}),
    "GET /account": NOTHING,
    "POST /account/password": Form({"present": "a", "password": "b", "again": "b"}),
    "POST /account/logins/close": Form({"login_id": "1"}),
}

PUBLIC = frozenset(
    {
        "GET /openapi.json",
        "GET /static-offline-docs",
        "GET /docs",
        "GET /docs/oauth2-redirect",
        "GET /redoc",
        "GET /healthz",
        "GET /readyz",
        "GET /metrics",
        "POST /mark-attendance",
        "POST /auth/login",
        "POST /auth/token",
        "GET /calendar/{secret}.ics",
        "GET /static/{name}",
        "GET /sign-in",
        "POST /sign-in",
        "GET /presence",
    }
)
GUARDED = frozenset(  # whoever guesses there waits
    {
        "POST /auth/login",
        "POST /auth/token",
        "POST /v1/account/password",
        "POST /v1/presence",
        "POST /sign-in",
        "POST /account/password",
        "POST /sessions/{session_id}/presence",
    }
)
# Where the parameters of a path lead, unless an input says otherwise.
PATH = {
    "account_id": "own",
    "class_id": "own",
    "key_id": "1",
    "kind": "csv",
    "login_id": "1",
    "month": "3",
    "name": "page.css",
    "person_id": "own",
    "record_id": "1",
    "room": "Room%201",
    "schedule_id": "own",
    "secret": "x",
    "session_id": "own",
    "year": "2025",
}
