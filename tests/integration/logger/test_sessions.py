"""Sessions over HTTP: begun, watched as people arrive, corrected, ended; and the audit of it."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest
from asgi_lifespan import LifespanManager
from pydantic import SecretStr

from logger.app import create_app
from logger.domain.accounts import Account, Role
from logger.domain.classes import Room, SchoolClass
from logger.domain.logins import LoginKind
from logger.domain.people import PersonProfile
from logger.services.logins import LoginsService
from logger.settings import LoggerSettings
from logger.store.kinds import ACCOUNTS, CLASSES, PEOPLE, ROOMS
from logger.store.sqlite import SqliteStore
from logger.store.tables import NEW
from shared.clock import Clock

WRITER = "w" * 40
SITE = ZoneInfo("Asia/Kolkata")
TEACHER, COLLEAGUE, ADMIN = "t1", "t2", "boss"
Event = Callable[..., dict[str, Any]]
Application = Callable[..., Awaitable[None]]


class School:
    """The running application and whoever asks it something."""

    def __init__(
        self, app: Application, tokens: dict[str, str], client: httpx.AsyncClient, stop: Callable[[], None]
    ) -> None:
        self.stop = stop
        self._app = app
        self._tokens = tokens
        self._client = client

    async def ask(self, who: str, method: str, path: str, status: int = 200, **given: Any) -> Any:
        headers = {"Authorization": f"Bearer {self._tokens[who]}"}
        answer = await self._client.request(method, path, headers=headers, **given)
        assert answer.status_code == status, answer.text
        return answer.json()

    async def begin(self) -> str:
        begun = await self.ask(TEACHER, "POST", "/v1/sessions", 201, json={"class_id": "c1", "minutes": 60})
        return str(begun["session_id"])

    async def see(self, event: dict[str, Any]) -> dict[str, Any]:
        answer = await self.ask("camera", "POST", "/v1/events", json={"events": [event]})
        result: dict[str, Any] = answer["results"][0]
        return result

    def listen(self, who: str) -> "Listener":
        return Listener(self._app, self._tokens[who])


class Listener:
    """Reads a stream of the application while it is being sent."""

    def __init__(self, app: Application, token: str) -> None:
        self._sent: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": "GET",
            "scheme": "http",
            "path": "/v1/live",
            "raw_path": b"/v1/live",
            "root_path": "",
            "query_string": b"",
            "headers": [(b"authorization", f"Bearer {token}".encode())],
        }
        self.answering = asyncio.ensure_future(app(scope, self._receive, self._send))
        self._asked = False

    async def _receive(self) -> dict[str, Any]:
        if self._asked:
            await asyncio.Event().wait()
        self._asked = True
        return {"type": "http.request", "body": b"", "more_body": False}

    async def _send(self, message: Any) -> None:
        await self._sent.put(dict(message))

    async def next(self) -> str:
        """The next piece of the stream."""
        message = await self._sent.get()
        return str(message.get("body", b""), "utf-8")

    async def until_listening(self) -> None:
        while await self.next() != ": listening\n\n":
            pass

    async def event(self) -> tuple[str, dict[str, Any]]:
        kind, data = (await self.next()).strip().split("\n")
        told: dict[str, Any] = json.loads(data.removeprefix("data: "))
        return kind.removeprefix("event: "), told


@pytest.fixture
async def school(settings_with: Callable[..., LoggerSettings], clock: Clock, tmp_path: Path) -> AsyncIterator[School]:
    store = SqliteStore(tmp_path / "attendance.db")
    logins = LoginsService(store, clock)
    tokens = {"camera": WRITER}
    for account_id, role in ((TEACHER, Role.TEACHER), (COLLEAGUE, Role.TEACHER), (ADMIN, Role.ADMIN)):
        account = Account(account_id, account_id, role)
        await store.save(ACCOUNTS, account, NEW)
        tokens[account_id] = (await logins.open(account, LoginKind.PROGRAM, "test")).secret
    await store.save_many(PEOPLE, [PersonProfile(person_id, f"Name {person_id}") for person_id in ("101", "102")])
    await store.save(ROOMS, Room("A", frozenset({"room-1"})), NEW)
    await store.save(CLASSES, SchoolClass("c1", "Physics", TEACHER, SITE, frozenset({"101", "102"}), "A"), NEW)
    app = create_app(settings_with(api_keys=SecretStr(f"events:write={WRITER}")), clock=clock, store=store)
    async with LifespanManager(app) as running:
        transport = httpx.ASGITransport(running.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://logger") as client:
            yield School(running.app, tokens, client, app.state.before_stop)


async def test_a_session_is_begun_seen_corrected_and_ended(school: School, event: Event) -> None:
    session_id = await school.begin()
    path = f"/v1/sessions/{session_id}"
    result = await school.see(event("101"))
    assert (result["outcome"], result["status"], result["session_id"]) == ("recorded", "present", session_id)
    stranger = await school.see(event("900"))
    assert (stranger["outcome"], stranger["detail"]) == ("not_on_roster", "is not on the roster of this session")
    marked = await school.ask(TEACHER, "PUT", f"{path}/marks/102", json={"status": "excused", "reason": "Ill"})
    assert (marked["status"], marked["basis"]) == ("excused", "correction")
    [record] = (await school.ask(ADMIN, "GET", "/v1/attendance", params={"session_id": session_id}))["items"]
    body = {"status": "late", "reason": "Came in after the bell"}
    assert (await school.ask(TEACHER, "PATCH", f"/v1/attendance/{record['id']}", json=body))["status"] == "late"
    [record] = (await school.ask(ADMIN, "GET", "/v1/attendance", params={"status": "late"}))["items"]
    assert record["person_id"] == "101"
    [summary] = (await school.ask(TEACHER, "GET", "/v1/sessions"))["items"]
    assert summary["counts"] == {"late": 1, "excused": 1}
    assert (summary["expected"], summary["missing"], summary["unknown"]) == (2, 0, 1)
    undone = await school.ask(TEACHER, "DELETE", f"{path}/marks/102")
    assert undone == {"mark": None}
    ended = await school.ask(TEACHER, "POST", f"{path}/end")
    assert (ended["state"], ended["ended_by"]) == ("ended", TEACHER)
    roster = (await school.ask(TEACHER, "GET", path))["roster"]
    assert [(line["person_id"], line["mark"]["status"], line["reason"]) for line in roster] == [
        ("101", "late", "Came in after the bell"),
        ("102", "absent", None),
    ]


async def test_faces_without_a_name_are_counted_in_the_session_of_their_camera(school: School) -> None:
    await school.begin()
    tally = {"origin": "r1", "source": "room-1", "decision": "unknown", "minute": "2025-03-03T12:00:00Z", "count": 3}
    for one in (tally, {**tally, "count": 2}, {**tally, "decision": "ambiguous"}, {**tally, "source": None}):
        answer = await school.ask("camera", "POST", "/v1/tallies", json={"tallies": [one]})
        assert answer == {"kept": 1, "too_far": 0}
    [summary] = (await school.ask(TEACHER, "GET", "/v1/sessions"))["items"]
    assert summary["strangers"] == {"unknown": 3, "ambiguous": 3, "spoof": 0}
    for wrong in ({"minute": "2025-03-03T12:00:01Z"}, {"count": 0}, {"decision": "known"}, {"person_id": "101"}):
        await school.ask("camera", "POST", "/v1/tallies", 422, json={"tallies": [{**tally, **wrong}]})
    await school.ask("camera", "POST", "/v1/tallies", 422, json={"tallies": []})
    await school.ask(TEACHER, "POST", "/v1/tallies", 403, json={"tallies": [tally]})


async def test_what_cannot_be_done_is_said_with_a_reason(school: School) -> None:
    session_id = await school.begin()
    again = await school.ask(TEACHER, "POST", "/v1/sessions", 409, json={"class_id": "c1"})
    assert again["detail"] == "Room A is taken by another session at that time."
    reasonless = {"status": "late", "reason": " "}
    await school.ask(TEACHER, "PUT", f"/v1/sessions/{session_id}/marks/101", 422, json=reasonless)
    asleep = {"session_id": session_id, "person_id": "101", "status": "asleep"}
    await school.ask(TEACHER, "POST", "/v1/attendance", 422, json=asleep)
    await school.ask(ADMIN, "POST", "/v1/sessions/none/start", 404)
    await school.ask(ADMIN, "GET", "/v1/sessions/none", 404)
    await school.ask(ADMIN, "PATCH", "/v1/attendance/none", 404, json={"status": "late", "reason": "Bus"})
    late = {"ends_at": "2025-03-03T11:00:00Z"}
    await school.ask(TEACHER, "POST", f"/v1/sessions/{session_id}/extend", 409, json=late)
    await school.ask(TEACHER, "POST", f"/v1/sessions/{session_id}/start", 409)


async def test_the_record_of_a_day_without_a_session_is_corrected_too(school: School, event: Event) -> None:
    assert (await school.see(event("101")))["session_id"] is None
    [record] = (await school.ask(ADMIN, "GET", "/v1/attendance"))["items"]
    path, body = f"/v1/attendance/{record['id']}", {"status": "excused", "reason": "Left with a fever"}
    await school.ask(TEACHER, "PATCH", path, 403, json=body)  # a day is of nobody's class
    for wrong in ({"status": "asleep"}, {"reason": " "}):
        await school.ask(ADMIN, "PATCH", path, 422, json=body | wrong)
    corrected = await school.ask(ADMIN, "PATCH", path, json=body)
    assert (corrected["session_id"], corrected["status"], corrected["basis"]) == (None, "excused", "correction")
    assert (await school.see(event("101", captured_at="2025-03-03T12:05:00Z")))["status"] == "excused"
    [entry] = (await school.ask(ADMIN, "GET", "/v1/audit"))["items"]
    assert (entry["action"], entry["subject"]) == ("attendance_corrected", "day:2025-03-03/101")
    assert (entry["before"], entry["reason"]) == ('{"status":"present"}', "Left with a fever")


async def test_attendance_is_listed_by_class(school: School, event: Event) -> None:
    await school.see(event("102"))
    await school.begin()
    await school.see(event("101"))
    listed = await school.ask(ADMIN, "GET", "/v1/attendance", params={"class_id": "c1"})
    assert [one["person_id"] for one in listed["items"]] == ["101"]


async def test_a_number_with_slashes_is_marked_like_any_other(school: School) -> None:
    path = f"/v1/sessions/{await school.begin()}/marks/2021/CS/1"
    body = {"status": "late", "reason": "Bus"}
    await school.ask(ADMIN, "PUT", "/v1/people/2021/CS/1", json={"name": "Ada", "version": 0})
    assert (await school.ask(TEACHER, "PUT", path, json=body))["person_id"] == "2021/CS/1"
    assert (await school.ask(TEACHER, "DELETE", path))["mark"] is None


async def test_a_session_is_extended_and_cancelled(school: School) -> None:
    path = f"/v1/sessions/{await school.begin()}"
    longer = await school.ask(TEACHER, "POST", f"{path}/extend", json={"ends_at": "2025-03-03T14:00:00Z"})
    assert longer["ends_at"] == "2025-03-03T14:00:00Z"
    assert (await school.ask(TEACHER, "POST", f"{path}/cancel"))["state"] == "cancelled"


async def test_a_teacher_sees_and_runs_the_own_classes_alone(school: School) -> None:
    session_id = await school.begin()
    assert (await school.ask(COLLEAGUE, "GET", "/v1/sessions"))["items"] == []
    assert len((await school.ask(ADMIN, "GET", "/v1/sessions"))["items"]) == 1
    await school.ask(COLLEAGUE, "GET", f"/v1/sessions/{session_id}", 403)
    await school.ask(COLLEAGUE, "POST", f"/v1/sessions/{session_id}/end", 403)
    await school.ask(COLLEAGUE, "POST", "/v1/sessions", 403, json={"class_id": "c1"})
    by_hand = {"session_id": session_id, "person_id": "101"}
    await school.ask(COLLEAGUE, "POST", "/v1/attendance", 403, json=by_hand)
    assert (await school.ask(TEACHER, "POST", "/v1/attendance", 201, json=by_hand))["status"] == "present"


async def test_the_audit_is_listed_and_verified(school: School) -> None:
    session_id = await school.begin()
    await school.ask(TEACHER, "POST", f"/v1/sessions/{session_id}/end")
    page = await school.ask(ADMIN, "GET", "/v1/audit", params={"limit": 1})
    assert [entry["action"] for entry in page["items"]] == ["absences_marked"]
    rest = await school.ask(ADMIN, "GET", "/v1/audit", params={"after": page["next_after"]})
    assert [entry["action"] for entry in rest["items"]] == ["session_ended", "session_started"]
    assert rest["next_after"] is None
    verdict = await school.ask(ADMIN, "GET", "/v1/audit/verify")
    assert verdict == {"whole": True, "head": page["items"][0]["hash"], "broken_at": None, "flaw": None}
    cut_off = await school.ask(ADMIN, "GET", "/v1/audit/verify", params={"head": "f" * 64})
    assert (cut_off["whole"], cut_off["flaw"]) == (False, "end")
    await school.ask(TEACHER, "GET", "/v1/audit", 403)


async def test_who_listens_is_told_what_happens_in_the_own_classes(school: School, event: Event) -> None:
    teacher, colleague = school.listen(TEACHER), school.listen(COLLEAGUE)
    await teacher.until_listening()
    await colleague.until_listening()
    session_id = await school.begin()
    await school.see(event("101"))
    await school.see(event("900"))
    kind, told = await teacher.event()
    assert (kind, told["session_id"], told["status"]) == ("session", session_id, "active")
    kind, told = await teacher.event()
    assert (kind, told["person_id"], told["status"]) == ("mark", "101", "present")
    kind, told = await teacher.event()
    assert (kind, told["person_id"], told["detail"]) == ("not_counted", "900", "not_on_roster")
    school.stop()
    assert await colleague.next() == ""
    await asyncio.gather(teacher.answering, colleague.answering)
