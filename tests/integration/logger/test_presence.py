"""Present by PIN and QR code over HTTP: who may make a code, and where it may be shown."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest
from pydantic import SecretStr

from logger.domain.accounts import Account, Role
from logger.domain.classes import Room, SchoolClass
from logger.domain.logins import LoginKind
from logger.domain.people import PersonProfile
from logger.domain.sessions import Session
from logger.services.logins import LoginsService
from logger.store.kinds import ACCOUNTS, CLASSES, PEOPLE, ROOMS, SESSIONS
from logger.store.sqlite import SqliteStore
from logger.store.tables import NEW
from shared.clock import Clock

SITE = ZoneInfo("Asia/Kolkata")
OFFICE = "o" * 40
Serve = Callable[..., AbstractAsyncContextManager[httpx.AsyncClient]]


class School:
    """Two classes that meet at once, each in its room, with its teacher and a device at its door."""

    def __init__(self, client: httpx.AsyncClient, secrets: dict[str, str]) -> None:
        self.client = client
        self._secrets = secrets

    async def ask(self, who: str, method: str, path: str, status: int = 200, **given: Any) -> Any:
        headers = {"Authorization": f"Bearer {self._secrets[who]}"}
        answer = await self.client.request(method, path, headers=headers, **given)
        assert answer.status_code == status, answer.text
        return answer.json() if answer.content else None

    async def code_of(self, person_id: str, who: str = "office") -> dict[str, str]:
        made: dict[str, str] = await self.ask(who, "POST", f"/v1/people/{person_id}/code", 201)
        return made

    async def show(self, who: str, status: int = 200, **shown: Any) -> Any:
        return await self.ask(who, "POST", "/v1/presence", status, json=shown)


@pytest.fixture
async def school(serve: Serve, clock: Clock, tmp_path: Path) -> AsyncIterator[School]:
    store = SqliteStore(tmp_path / "attendance.db")
    secrets = {"office": OFFICE, "camera": "w" * 40}
    await store.save_many(PEOPLE, [PersonProfile(number, f"Name {number}") for number in ("a/1", "b1")])
    for key, person in (("a", "a/1"), ("b", "b1")):
        secrets |= await furnish(store, clock, key, person)
    keys = SecretStr(f"people:read+people:write={OFFICE}, events:write={'w' * 40}")
    async with serve(store, api_keys=keys) as client:
        yield School(client, secrets)


async def furnish(store: SqliteStore, clock: Clock, key: str, person_id: str) -> dict[str, str]:
    """A room with its class, whose session has begun; the tokens of its teacher and its door."""
    starts_at, sources = clock.now() - timedelta(minutes=5), frozenset({f"cam-{key}"})
    teacher = Account(f"teacher-{key}", "Teacher", Role.TEACHER)
    door = Account(f"door-{key}", "Door", Role.DEVICE, room=key)
    await store.save(ROOMS, Room(key, sources), NEW)
    await store.save(CLASSES, SchoolClass(key, key, teacher.account_id, SITE, frozenset({person_id}), key), NEW)
    await store.save(SESSIONS, Session(key, key, starts_at, starts_at + timedelta(hours=1), key, sources), NEW)
    secrets = {}
    for account, kind in ((teacher, LoginKind.PROGRAM), (door, LoginKind.DEVICE)):
        await store.save(ACCOUNTS, account, NEW)
        secrets[account.account_id] = (await LoginsService(store, clock).open(account, kind, "test")).secret
    return secrets


async def test_a_pin_at_the_door_counts_in_the_session_of_its_room(school: School) -> None:
    made = await school.code_of("a/1")
    answer = await school.show("door-a", code=made["pin"])
    assert (answer["outcome"], answer["status"], answer["session_id"]) == ("recorded", "present", "a")
    assert (answer["name"], answer["method"]) == ("Name a/1", "pin")
    elsewhere = await school.show("door-b", code=made["qr"])
    assert (elsewhere["outcome"], elsewhere["session_id"], elsewhere["status"]) == ("not_on_roster", "b", None)


async def test_a_door_speaks_of_its_own_room_alone_and_a_teacher_of_their_own_sessions(school: School) -> None:
    pin = (await school.code_of("b1"))["pin"]
    await school.show("door-a", 403, code=pin, source="cam-b")
    await school.show("door-a", 403, code=pin, session_id="b")
    await school.show("teacher-a", 403, code=pin, session_id="b")
    await school.show("teacher-b", 403, code=pin)
    await school.show("camera", 403, code=pin)
    assert (await school.show("door-b", code=pin, source="cam-b"))["outcome"] == "recorded"
    assert (await school.show("teacher-b", code=pin, session_id="b"))["outcome"] == "already_marked"


async def test_a_teacher_makes_codes_for_people_of_their_own_classes_alone(school: School) -> None:
    made = await school.code_of("a/1", "teacher-a")
    assert (len(made["pin"]), len(made["qr"])) == (8, 40)
    await school.ask("teacher-b", "POST", "/v1/people/a/1/code", 403)
    await school.ask("teacher-b", "DELETE", "/v1/people/a/1/code", 403)
    await school.ask("office", "POST", "/v1/people/nobody/code", 404)
    await school.ask("teacher-a", "DELETE", "/v1/people/a/1/code", 204)
    await school.ask("teacher-a", "DELETE", "/v1/people/a/1/code", 404)
    assert (await school.show("door-a", code=made["pin"]))["detail"] == "this code is nobody's"


async def test_a_guesser_is_told_how_long_to_wait(school: School) -> None:
    for _ in range(20):
        assert (await school.show("door-a", code="0"))["outcome"] == "rejected"
    answer = await school.show("door-a", 429, code="0")
    assert (answer["code"], answer["detail"]) == (
        "too_many_attempts",
        "Too many attempts; the next may be made in 10 s",
    )


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"code": ""},
        {"code": 12345678},
        {"code": "1" * 101},
        {"code": "12345678", "event_id": "x"},
        {"code": "12345678", "source": "cam-a", "session_id": "a"},
        {"code": "12345678", "person_id": "a1"},
    ],
)
async def test_what_is_no_code_at_a_place_is_refused(school: School, body: dict[str, Any]) -> None:
    await school.show("door-a", 422, **body)


async def test_the_page_at_the_door_may_use_the_camera_and_every_other_page_may_not(school: School) -> None:
    door, sign_in = await school.client.get("/presence"), await school.client.get("/sign-in")
    assert "camera=(self)" in door.headers["permissions-policy"]
    assert "camera=()" in sign_in.headers["permissions-policy"]
    assert "default-src 'none'" in door.headers["content-security-policy"]
    assert "presence.js" in door.text
