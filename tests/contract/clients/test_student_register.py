"""The rest of the WebSocket client: a form for new students, and the list of who was there today."""

import base64
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any, Protocol

import cv2
import httpx
import numpy as np
import pytest

from recognizer.settings import RecognizerSettings

Frame = Callable[..., bytes]
ENROLMENT_KEY = "e" * 40
FORM = {
    "name": "Carol Stone",
    "roll_no": "UE9",
    "department": "Physics",
    "year": 2,
    "email": "carol@example.org",
    "phone": "+49 30 1234",
}


class Site(Protocol):
    recognizer: httpx.AsyncClient
    logger: httpx.AsyncClient
    clock: Any
    websocket: Callable[..., Any]

    async def attendance(self) -> list[tuple[str, int]]: ...
    async def add_profile(self, person_id: str, **fields: str) -> None: ...


Running = Callable[..., AbstractAsyncContextManager[Site]]


def data_url(frame: bytes) -> str:
    return "data:image/jpeg;base64," + base64.b64encode(frame).decode()


async def create(site: Site, frame: bytes, **changes: object) -> tuple[int, dict[str, str]]:
    """What the form posts, and the answer."""
    answer = await site.recognizer.post("/create-student", json={**FORM, "image_data": data_url(frame), **changes})
    return answer.status_code, answer.json()


async def show(site: Site, frame: bytes) -> dict[str, Any]:
    async with site.websocket("/ws") as socket:
        await socket.send(frame)
        answer: dict[str, Any] = await socket.receive()
        return answer


async def test_a_student_who_was_just_created_is_recognized_and_listed(running: Running, frame: Frame) -> None:
    async with running(compat_open=True) as site:
        created = await create(site, frame("Carol"))
        assert created == (200, {"status": "Student created successfully", "student_id": "UE9"})
        seen = await show(site, frame("Carol"))
        assert seen["message"] == "Attendance marked for Carol Stone"
        assert seen["student_data"] == {**FORM, "year": "2"}
        [row] = (await site.recognizer.get("/student_attendance")).json()
    assert row.keys() == {*FORM, "image_id", "image_data", "timestamp"}
    assert {name: row[name] for name in FORM} == {**FORM, "year": "2"}
    assert row["image_id"]
    assert row["timestamp"] == "2026-03-03 01:30:00"


async def test_the_photo_in_the_list_is_bare_base64_of_a_small_jpeg(running: Running, frame: Frame) -> None:
    async with running(compat_open=True) as site:
        await show(site, frame("Alice_101"))
        [row] = (await site.recognizer.get("/student_attendance")).json()
    jpeg = base64.b64decode(row["image_data"], validate=True)
    picture = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert jpeg.startswith(b"\xff\xd8")
    assert picture is not None
    assert picture.shape == (240, 320, 3)


async def test_the_list_is_of_today_alone_and_of_everybody_once(running: Running, frame: Frame) -> None:
    async with running(compat_open=True) as site:
        for person in ("Alice_101", "Bob_102", "Alice_101", "Mallory"):
            await show(site, frame(person))
            site.clock.forward(seconds=1)
        rows = (await site.recognizer.get("/student_attendance")).json()
        assert [(row["roll_no"], row["name"]) for row in rows] == [("102", "Bob"), ("101", "Alice")]
        site.clock.forward(days=1)
        assert (await site.recognizer.get("/student_attendance")).json() == []


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"roll_no": ""}, "roll_no"),
        ({"name": None}, "name"),
        ({"image_data": "data:image/png;base64,????"}, "base64"),
        ({"image_data": "http://elsewhere/face.png"}, "base64"),
        ({"year": "x" * 21}, "year"),
        ({"roll_no": "../101"}, "person_id"),
    ],
)
async def test_whatever_is_wrong_with_a_student_is_said_in_the_clients_words(
    running: Running, frame: Frame, changes: dict[str, object], sentence: str
) -> None:
    async with running(compat_open=True) as site:
        status, answer = await create(site, frame("Carol"), **changes)
        assert (status, answer["status"]) == (200, "Error creating student")
        assert sentence in answer["error_message"]
        assert answer.keys() == {"status", "error_message"}
        assert (await show(site, frame("Carol")))["message"] == "Face not recognized as any known student"


@pytest.mark.parametrize("people", [(), ("Carol", "Dave"), ("Alice_101",)])
async def test_a_photo_that_cannot_be_enrolled_creates_nobody(
    running: Running, frame: Frame, people: tuple[str, ...]
) -> None:
    async with running(compat_open=True) as site:
        status, answer = await create(site, frame(*people))
        assert (status, answer["status"]) == (200, "Error creating student")
        assert answer["error_message"]
        assert (await show(site, frame("Carol")))["message"] == "Face not recognized as any known student"


async def test_json_that_does_not_say_so_is_not_taken(running: Running, frame: Frame) -> None:
    """A page elsewhere can make a browser post text without asking first."""
    async with running(compat_open=True) as site:
        body = httpx.Request("POST", "http://x", json={**FORM, "image_data": data_url(frame("Carol"))}).content
        answer = await site.recognizer.post("/create-student", content=body, headers={"Content-Type": "text/plain"})
        assert answer.json()["status"] == "Error creating student"
        assert (await show(site, frame("Carol")))["message"] == "Face not recognized as any known student"


async def test_without_a_key_nobody_is_created_and_nothing_listed(site: Site, frame: Frame) -> None:
    status, answer = await create(site, frame("Carol"))
    assert (status, answer["status"]) == (401, "Error creating student")
    listed = await site.recognizer.get("/student_attendance")
    assert (listed.status_code, listed.json()["code"]) == (401, "unauthenticated")
    assert (await show(site, frame("Carol")))["message"] == "Face not recognized as any known student"


async def test_with_a_key_that_may_enrol_both_work_without_the_setting(running: Running, frame: Frame) -> None:
    async with running(enroll_key=ENROLMENT_KEY) as site:
        site.recognizer.headers["X-API-Key"] = ENROLMENT_KEY
        assert (await create(site, frame("Carol")))[0] == 200
        await show(site, frame("Carol"))
        [row] = (await site.recognizer.get("/student_attendance")).json()
    assert row["email"] == "carol@example.org"


async def test_who_was_erased_since_is_listed_without_a_photo(running: Running, frame: Frame) -> None:
    async with running(enroll_key=ENROLMENT_KEY) as site:
        site.recognizer.headers["X-API-Key"] = ENROLMENT_KEY
        await show(site, frame("Alice_101"))
        assert (await site.recognizer.delete("/people/101")).is_success
        [row] = (await site.recognizer.get("/student_attendance")).json()
    assert (row["roll_no"], row["image_id"], row["image_data"]) == ("101", "", "")


async def test_a_key_in_the_handshake_brings_the_profile(running: Running, frame: Frame) -> None:
    async with running(enroll_key=ENROLMENT_KEY) as site:
        await site.add_profile("101", name="Alice", email="alice@example.org")
        async with site.websocket("/ws", subprotocols=["rollcall", f"key.{ENROLMENT_KEY}"]) as socket:
            await socket.send(frame("Alice_101"))
            assert (await socket.receive())["student_data"]["email"] == "alice@example.org"


async def test_a_page_of_another_origin_may_not_read_the_list(running: Running) -> None:
    async with running(compat_open=True) as site:
        answer = await site.recognizer.get("/student_attendance", headers={"Origin": "http://evil.example"})
        assert "access-control-allow-origin" not in answer.headers


async def test_while_the_logger_lets_nothing_be_read_the_list_says_when_to_come_back(
    running: Running, frame: Frame
) -> None:
    async with running(compat_open=True, logger_key="x" * 40) as site:
        assert (await show(site, frame("Alice_101")))["message"] == "Attendance marked for Alice"
        answer = await site.recognizer.get("/student_attendance")
    assert (answer.status_code, answer.json()["code"]) == (503, "logger_unavailable")
    assert int(answer.headers["Retry-After"]) > 0


async def test_what_is_open_is_said_at_the_start(running: Running, capfd: pytest.CaptureFixture[str]) -> None:
    async with running(compat_open=True):
        pass
    assert "RECOGNIZER_COMPAT_OPEN is on" in "".join(capfd.readouterr())


def test_open_and_closed_at_once_is_refused() -> None:
    with pytest.raises(ValueError, match="RECOGNIZER_COMPAT_OPEN"):
        RecognizerSettings(compat_open=True, auth="key")
