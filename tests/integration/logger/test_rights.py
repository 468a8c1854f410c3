"""Every route of the application, asked by everybody. What is not in the table may nobody do."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest
from asgi_lifespan import LifespanManager
from fastapi import FastAPI
from fastapi.routing import APIRoute
from starlette.types import ASGIApp, Message

from logger.app import create_app
from logger.deps import Allowed, own_subject
from logger.domain.accounts import Account, Action, Actor, Role, Subject, may
from logger.domain.classes import SchoolClass
from logger.domain.logins import LoginKind
from logger.domain.schedule import Schedule
from logger.domain.sessions import Session
from logger.services.logins import LoginsService
from logger.settings import LoggerSettings
from logger.store.kinds import ACCOUNTS, CLASSES, SCHEDULES, SESSIONS
from logger.store.sqlite import SqliteStore
from logger.store.tables import NEW
from shared.clock import Clock
from shared.security import Scope

A = Action
ROOM = "Room 1"
NOBODY = "nobody"
PEOPLE = (Role.ADMIN, Role.TEACHER, Role.VIEWER, Role.DEVICE)
SUBJECTS = {"class_id", "session_id", "schedule_id", "account_id", "room"}  # on which rights depend


@dataclass(frozen=True)
class Own:
    """The route is about whoever asks, or is cut down to what is theirs."""

    action: Action


@dataclass(frozen=True)
class Named:
    """The body names whom it is about; one that names nobody is nobody's own."""

    action: Action


class Public:
    """For everybody, signed in or not."""


class SignedIn:
    """For everybody who is signed in or has a key."""


class Password:
    """Answers whoever brings no password as one who is not signed in."""


Guard = Action | Own | Named | type[Password] | type[Public] | type[SignedIn]

TABLE: dict[str, Guard] = {
    "GET /openapi.json": Public,
    "GET /static-offline-docs": Public,
    "GET /docs": Public,
    "GET /docs/oauth2-redirect": Public,
    "GET /redoc": Public,
    "GET /healthz": Public,
    "GET /readyz": Public,
    "GET /metrics": Public,
    "POST /v1/events": Own(A.SEND_EVENTS),
    "POST /v1/tallies": Own(A.SEND_EVENTS),
    "GET /v1/events": A.SEE_ATTENDANCE,
    "GET /v1/attendance": A.SEE_ATTENDANCE,
    "POST /mark-attendance": Public,
    "POST /auth/login": Public,
    "POST /auth/token": Public,
    "POST /auth/logout": SignedIn,
    "GET /v1/account": Own(A.EDIT_OWN_ACCOUNT),
    "POST /v1/account/password": Own(A.EDIT_OWN_ACCOUNT),
    "DELETE /v1/account/logins/{login_id}": Own(A.EDIT_OWN_ACCOUNT),
    "GET /v1/accounts": A.EDIT_ACCOUNTS,
    "POST /v1/accounts": A.EDIT_ACCOUNTS,
    "PUT /v1/accounts/{account_id}": A.EDIT_ACCOUNTS,
    "POST /v1/accounts/{account_id}/password": A.EDIT_ACCOUNTS,
    "GET /v1/accounts/{account_id}/logins": A.EDIT_ACCOUNTS,
    "DELETE /v1/accounts/{account_id}/logins/{login_id}": A.EDIT_ACCOUNTS,
    "POST /v1/accounts/{account_id}/keys": A.EDIT_ACCOUNTS,
    "GET /v1/keys": A.EDIT_KEYS,
    "POST /v1/keys": A.EDIT_KEYS,
    "POST /v1/keys/{key_id}/rotation": A.EDIT_KEYS,
    "DELETE /v1/keys/{key_id}": A.EDIT_KEYS,
    "GET /v1/people.{kind}": A.SEE_PEOPLE,
    "GET /v1/attendance.{kind}": A.SEE_ATTENDANCE,
    "GET /v1/classes.{kind}": Own(A.SEE_CLASS),
    "GET /v1/audit.{kind}": A.SEE_AUDIT,
    "GET /v1/accounts.{kind}": A.EDIT_ACCOUNTS,
    "GET /v1/keys.{kind}": A.EDIT_KEYS,
    "GET /v1/rooms.{kind}": Own(A.SEE_CLASS),
    "GET /v1/sessions/{session_id}/marks.{kind}": A.SEE_ATTENDANCE,
    "GET /v1/classes/{class_id}/marks.{kind}": A.SEE_ATTENDANCE,
    "GET /v1/classes/{class_id}/report.{kind}": A.SEE_REPORTS,
    "GET /v1/months/{year}/{month}/report.{kind}": Own(A.SEE_REPORTS),
    "GET /v1/months/{year}/{month}/people.{kind}": Own(A.SEE_REPORTS),
    "GET /v1/people/{person_id:path}/marks.{kind}": Own(A.SEE_ATTENDANCE),
    "GET /v1/people/{person_id:path}/report.{kind}": A.SEE_REPORTS,
    "GET /v1/classes/{class_id}/roster.{kind}": A.SEE_CLASS,
    "GET /v1/classes/{class_id}/schedule.{kind}": A.SEE_CLASS,
    "GET /v1/schedule.{kind}": Own(A.SEE_CLASS),
    "GET /v1/sessions.{kind}": Own(A.SEE_ATTENDANCE),
    "GET /v1/people": A.SEE_PEOPLE,
    "POST /v1/people/import/preview": A.EDIT_PEOPLE,
    "POST /v1/people/import": A.EDIT_PEOPLE,
    "POST /v1/people/{person_id:path}/consent": A.EDIT_PEOPLE,
    "DELETE /v1/people/{person_id:path}/consent": A.EDIT_PEOPLE,
    "POST /v1/people/{person_id:path}/code": A.ISSUE_CODES,
    "DELETE /v1/people/{person_id:path}/code": A.ISSUE_CODES,
    "POST /v1/presence": Own(A.SHOW_PRESENCE),
    "GET /v1/people/{person_id:path}/everything": A.EXPORT_PERSON,
    "GET /v1/people/{person_id:path}/enrolment": A.SEE_PEOPLE,
    "GET /v1/people/{person_id:path}": A.SEE_PEOPLE,
    "PUT /v1/people/{person_id:path}": A.EDIT_PEOPLE,
    "DELETE /v1/people/{person_id:path}": A.ERASE_PEOPLE,
    "GET /v1/classes": Own(A.SEE_CLASS),
    "POST /v1/classes": A.CREATE_CLASS,
    "GET /v1/classes/{class_id}": A.SEE_CLASS,
    "PUT /v1/classes/{class_id}": A.EDIT_CLASS,
    "GET /v1/classes/{class_id}/roster": A.SEE_CLASS,
    "PATCH /v1/classes/{class_id}/roster": A.EDIT_ROSTER,
    "PUT /v1/classes/{class_id}/roster": A.EDIT_ROSTER,
    "GET /v1/rooms": Own(A.SEE_CLASS),
    "PUT /v1/rooms/{room}": A.EDIT_ROOMS,
    "DELETE /v1/rooms/{room}": A.EDIT_ROOMS,
    "GET /v1/classes/{class_id}/schedules": A.SEE_CLASS,
    "POST /v1/classes/{class_id}/schedules": A.EDIT_SCHEDULE,
    "POST /v1/classes/{class_id}/schedules/import/preview": A.EDIT_SCHEDULE,
    "POST /v1/classes/{class_id}/schedules/import": A.EDIT_SCHEDULE,
    "GET /v1/classes/{class_id}/calendar.ics": A.SEE_CLASS,
    "GET /calendar/{secret}.ics": Public,
    "PUT /v1/schedules/{schedule_id}": A.EDIT_SCHEDULE,
    "DELETE /v1/schedules/{schedule_id}": A.EDIT_SCHEDULE,
    "GET /v1/sessions": Own(A.SEE_ATTENDANCE),
    "POST /v1/sessions": Own(A.RUN_SESSION),
    "GET /v1/sessions/{session_id}": A.SEE_ATTENDANCE,
    "POST /v1/sessions/{session_id}/start": A.RUN_SESSION,
    "POST /v1/sessions/{session_id}/end": A.RUN_SESSION,
    "POST /v1/sessions/{session_id}/cancel": A.RUN_SESSION,
    "POST /v1/sessions/{session_id}/extend": A.RUN_SESSION,
    "PUT /v1/sessions/{session_id}/marks/{person_id:path}": A.CORRECT_ATTENDANCE,
    "DELETE /v1/sessions/{session_id}/marks/{person_id:path}": A.CORRECT_ATTENDANCE,
    "POST /v1/attendance": Own(A.CORRECT_ATTENDANCE),
    "PATCH /v1/attendance/{record_id}": A.CORRECT_ATTENDANCE,
    "GET /v1/live": A.SEE_TODAY,
    "GET /v1/audit": A.SEE_AUDIT,
    "GET /v1/audit/verify": A.SEE_AUDIT,
    "GET /v1/reports/classes/{class_id}": A.SEE_REPORTS,
    "GET /v1/reports/people/{person_id:path}": A.SEE_REPORTS,
    "GET /v1/retention": A.SEE_TODAY,
    "GET /v1/reports/months/{year}/{month}": A.SEE_REPORTS,
    "GET /static/{name}": Public,
    "GET /sign-in": Public,
    "POST /sign-in": Password,
    "POST /sign-out": SignedIn,
    "GET /": A.SEE_TODAY,
    "POST /sessions/begin": Named(A.RUN_SESSION),
    "GET /sessions/{session_id}": A.SEE_ATTENDANCE,
    "POST /sessions/{session_id}/start": A.RUN_SESSION,
    "POST /sessions/{session_id}/end": A.RUN_SESSION,
    "POST /sessions/{session_id}/cancel": A.RUN_SESSION,
    "POST /sessions/{session_id}/extend": A.RUN_SESSION,
    "POST /sessions/{session_id}/correct": A.CORRECT_ATTENDANCE,
    "POST /sessions/{session_id}/undo": A.CORRECT_ATTENDANCE,
    "GET /people": A.SEE_PEOPLE,
    "GET /people/new": A.EDIT_PEOPLE,
    "POST /people/new": A.EDIT_PEOPLE,
    "GET /people/import": A.EDIT_PEOPLE,
    "POST /people/import": A.EDIT_PEOPLE,
    "POST /people/import/apply": A.EDIT_PEOPLE,
    "GET /person": A.SEE_PEOPLE,
    "POST /person": A.EDIT_PEOPLE,
    "POST /person/consent": A.EDIT_PEOPLE,
    "POST /person/erase": A.ERASE_PEOPLE,
    "POST /person/withdraw": A.EDIT_PEOPLE,
    "POST /person/code": Named(A.ISSUE_CODES),
    "POST /person/code/revoke": Named(A.ISSUE_CODES),
    "GET /presence": Public,
    "POST /sessions/{session_id}/presence": A.SHOW_PRESENCE,
    "GET /classes": Own(A.SEE_CLASS),
    "GET /classes/new": A.CREATE_CLASS,
    "POST /classes/new": A.CREATE_CLASS,
    "GET /classes/{class_id}": A.SEE_CLASS,
    "POST /classes/{class_id}": A.EDIT_CLASS,
    "POST /classes/{class_id}/roster": A.EDIT_ROSTER,
    "POST /classes/{class_id}/statuses": A.EDIT_CLASS,
    "GET /schedule": Own(A.SEE_CLASS),
    "GET /classes/{class_id}/schedule": A.SEE_CLASS,
    "POST /classes/{class_id}/schedule/weekly": A.EDIT_SCHEDULE,
    "POST /classes/{class_id}/schedule/single": A.EDIT_SCHEDULE,
    "POST /classes/{class_id}/schedule/remove": A.EDIT_SCHEDULE,
    "POST /classes/{class_id}/schedule/cancel": A.EDIT_SCHEDULE,
    "POST /classes/{class_id}/schedule/move": A.EDIT_SCHEDULE,
    "POST /schedule/calendar": Own(A.SEE_CLASS),
    "POST /schedule/calendar/revoke": Own(A.SEE_CLASS),
    "POST /classes/{class_id}/schedule/calendar": A.SEE_CLASS,
    "POST /classes/{class_id}/schedule/calendar/revoke": A.SEE_CLASS,
    "POST /classes/{class_id}/schedule/import": A.EDIT_SCHEDULE,
    "GET /reports": Own(A.SEE_REPORTS),
    "GET /reports/classes/{class_id}": A.SEE_REPORTS,
    "GET /reports/person": A.SEE_REPORTS,
    "GET /reports/day": A.SEE_ATTENDANCE,
    "POST /reports/day/correct": A.CORRECT_ATTENDANCE,
    "GET /audit": A.SEE_AUDIT,
    "POST /audit/verify": A.SEE_AUDIT,
    "GET /settings": A.EDIT_SETTINGS,
    "POST /settings/rooms": A.EDIT_ROOMS,
    "POST /settings/rooms/remove": A.EDIT_ROOMS,
    "POST /settings/accounts": A.EDIT_ACCOUNTS,
    "POST /settings/accounts/password": A.EDIT_ACCOUNTS,
    "POST /settings/accounts/active": A.EDIT_ACCOUNTS,
    "POST /settings/accounts/key": A.EDIT_ACCOUNTS,
    "POST /settings/accounts/key/withdraw": A.EDIT_ACCOUNTS,
    "POST /settings/keys": A.EDIT_KEYS,
    "POST /settings/keys/rotate": A.EDIT_KEYS,
    "POST /settings/keys/revoke": A.EDIT_KEYS,
    "GET /account": Own(A.EDIT_OWN_ACCOUNT),
    "POST /account/password": Own(A.EDIT_OWN_ACCOUNT),
    "POST /account/logins/close": Own(A.EDIT_OWN_ACCOUNT),
}


@dataclass(frozen=True)
class Asked:
    """One route and whom its path speaks of: `own` of whoever asks, or somebody else's."""

    name: str
    own: bool

    @property
    def method(self) -> str:
        return self.name.split()[0]

    @property
    def parameters(self) -> set[str]:
        return set(re.findall(r"{(\w+)(?::\w+)?}", self.name))

    def path(self, account_id: str) -> str:
        def fill(found: re.Match[str]) -> str:
            if found[1] == "account_id":
                return account_id if self.own else "somebody"
            if found[1] in {"class_id", "session_id", "schedule_id"}:
                return "own" if self.own else "others"
            return ROOM.replace(" ", "%20") if found[1] == "room" else "x"

        return re.sub(r"{(\w+)(?::\w+)?}", fill, self.name.split()[1])

    def subject(self, actor: Actor) -> Subject:
        guard = TABLE[self.name]
        if isinstance(guard, Own) or (self.own and self.parameters & SUBJECTS):
            return Subject(teacher_id=actor.account_id, room=actor.room, account_id=actor.account_id)
        return Subject(teacher_id="somebody", room="Room 2", account_id="somebody")


def routes_of(routes: Sequence[Any], prefix: str = "") -> Iterator[tuple[str, APIRoute | None]]:
    """Each method and path, with the route where it is one of FastAPI's."""
    for route in routes:
        inner = getattr(route, "original_router", None)
        if inner is not None:
            yield from routes_of(inner.routes, prefix + route.include_context.prefix)
        else:
            for method in sorted((getattr(route, "methods", None) or {"GET"}) - {"HEAD"}):
                yield f"{method} {prefix}{route.path}", route if isinstance(route, APIRoute) else None


def guards_of(route: APIRoute) -> list[Allowed]:
    found, waiting = [], [route.dependant]
    while waiting:
        dependant = waiting.pop()
        waiting += dependant.dependencies
        if isinstance(dependant.call, Allowed):
            found.append(dependant.call)
    return found


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqliteStore]:
    opened = SqliteStore(tmp_path / "rights.db")
    yield opened
    await opened.close()


@pytest.fixture
def app(settings_with: Callable[..., LoggerSettings], store: SqliteStore, clock: Clock) -> FastAPI:
    keys = ", ".join(f"{scope}={key_with(scope)}" for scope in Scope)
    return create_app(settings_with(api_keys=keys), store=store, clock=clock)


@pytest.fixture
async def running(app: FastAPI, store: SqliteStore, clock: Clock) -> AsyncIterator[ASGIApp]:
    """With a class, a schedule and a session of the teacher's, and others of somebody else's."""
    async with LifespanManager(app) as manager:
        for role in PEOPLE:
            room = ROOM if role is Role.DEVICE else None
            await store.save(ACCOUNTS, Account(role.value, role.value, role, room=room), NEW)
        for key, teacher, room in (("own", Role.TEACHER.value, ROOM), ("others", "somebody", "Room 2")):
            zone = ZoneInfo("Europe/Berlin")
            await store.save(CLASSES, SchoolClass(key, "Physics", teacher, zone), NEW)
            await store.save(SCHEDULES, Schedule(key, key, zone, rules=()), NEW)
            begins = clock.now() + timedelta(days=1)
            await store.save(SESSIONS, Session(key, key, begins, begins + timedelta(hours=1), room), NEW)
        yield manager.app


def key_with(scope: Scope) -> str:
    return scope.value.replace(":", "-") * 4 + "-" * 32


async def verdict_of(app: ASGIApp, asked: Asked, account_id: str, secret: str | None) -> str:
    """By the answer's head alone: some answers never end."""
    started: asyncio.Future[Message] = asyncio.get_running_loop().create_future()
    body: list[Message] = [{"type": "http.request", "body": b"", "more_body": False}]

    async def receive() -> Message:
        return body.pop() if body else await asyncio.Future()

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            started.set_result(message)

    path = asked.path(account_id)
    scope: dict[str, Any] = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": asked.method,
        "scheme": "http",
        "path": path.replace("%20", " "),
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": b"",
        "headers": [(b"host", b"logger")] + ([(b"x-api-key", secret.encode())] if secret else []),
        "client": ("127.0.0.1", 1),
        "server": ("logger", 80),
    }
    answering = asyncio.ensure_future(app(scope, receive, send))
    answering.add_done_callback(lambda _: None if started.done() else started.cancel())
    await started
    answering.cancel()
    await asyncio.wait([answering])
    return verdict(started.result())


def verdict(head: Message) -> str:
    """What an answer says about rights; a page sends whoever is not signed in to sign in."""
    location = dict(head["headers"]).get(b"location", b"")
    if location.startswith(b"/sign-in?next="):
        return "unknown"
    return {401: "unknown", 403: "denied"}.get(head["status"], "allowed")


def all_asked() -> list[Asked]:
    asked = [Asked(name, own) for name in TABLE for own in (True, False)]
    return [one for one in asked if one.own or one.parameters & SUBJECTS]


def expected(asked: Asked, actor: Actor | None) -> str:
    guard = TABLE[asked.name]
    if guard is Public:
        return "allowed"
    if actor is None or guard is Password:
        return "unknown"
    if guard is SignedIn:
        return "allowed"
    action = guard.action if isinstance(guard, Own | Named) else guard
    assert isinstance(action, Action)
    return "allowed" if may(actor, action, asked.subject(actor)) else "denied"


def test_every_route_is_in_the_table_and_nothing_else_is(app: FastAPI) -> None:
    names = [name for name, _ in routes_of(app.routes)]
    assert len(names) == len(set(names))
    assert set(names) - TABLE.keys() == set(), "say in the table who may do this"
    assert TABLE.keys() - set(names) == set()


def test_every_route_asks_for_the_right_that_the_table_names(app: FastAPI) -> None:
    wrong = []
    for name, route in routes_of(app.routes):
        guard, found = TABLE.get(name), guards_of(route) if route else []
        own = [guard.action] if isinstance(guard, Own | Named) else []
        wanted = [guard] if isinstance(guard, Action) else own
        if [one.action for one in found] != wanted or any((one.subject is own_subject) != bool(own) for one in found):
            wrong.append((name, guard, found))
    assert wrong == []


@pytest.mark.parametrize("role", [NOBODY, *PEOPLE])
async def test_everybody_may_do_what_the_table_says_and_nothing_else(
    running: ASGIApp, store: SqliteStore, clock: Clock, role: str
) -> None:
    account = None if role == NOBODY else await store.load(ACCOUNTS, role)
    actor = None if account is None else account.value.actor
    wrong = {}
    for asked in all_asked():
        secret = None
        if account is not None:  # one of its own for each request: signing out is one of them
            kind = LoginKind.DEVICE if role == Role.DEVICE else LoginKind.PROGRAM
            secret = (await LoginsService(store, clock).open(account.value, kind, "test")).secret
        found = await verdict_of(running, asked, role, secret)
        if found != expected(asked, actor):
            wrong[asked] = found
    assert wrong == {}


@pytest.mark.parametrize("scope", Scope)
async def test_a_key_may_do_what_its_scope_says_and_nothing_else(running: ASGIApp, scope: Scope) -> None:
    actor = Actor("key:1", Role.PROGRAM, scopes=frozenset({scope}))
    wrong = {}
    for asked in all_asked():
        found = await verdict_of(running, asked, "somebody", key_with(scope))
        if found != expected(asked, actor):
            wrong[asked] = found
    assert wrong == {}


@pytest.fixture
async def teacher(running: ASGIApp, store: SqliteStore, clock: Clock) -> AsyncIterator[httpx.AsyncClient]:
    """The teacher's own program."""
    account = await store.load(ACCOUNTS, Role.TEACHER.value)
    assert account is not None
    opened = await LoginsService(store, clock).open(account.value, LoginKind.PROGRAM, "test")
    headers, transport = {"X-API-Key": opened.secret}, httpx.ASGITransport(running)
    async with httpx.AsyncClient(transport=transport, base_url="http://logger", headers=headers) as client:
        yield client


@pytest.mark.parametrize(
    ("path", "name", "rest"),
    [
        ("/v1/sessions", "class_id", {"minutes": 45}),
        ("/v1/attendance", "session_id", {"person_id": "101"}),
    ],
)
async def test_a_teacher_does_not_reach_anothers_class_by_naming_it_in_a_body(
    teacher: httpx.AsyncClient, path: str, name: str, rest: dict[str, Any]
) -> None:
    for named in ("others", "nothing"):
        assert (await teacher.post(path, json={name: named, **rest})).status_code == 403
    assert (await teacher.post(path, json={name: "own", **rest})).status_code not in {403, 422}


async def test_a_teacher_changes_their_class_and_does_not_hand_it_over(teacher: httpx.AsyncClient) -> None:
    for teacher_id, status in (("somebody", 403), ("teacher", 200)):
        body = {"title": "Chemistry", "teacher_id": teacher_id, "version": 1}
        assert (await teacher.put("/v1/classes/own", json=body)).status_code == status
