"""The WebSocket client: frames to `/ws`, and what it shows of the answers."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any, Protocol

import httpx
import pytest

Frame = Callable[..., bytes]

MARKED = "Attendance marked for Alice"
ALREADY = "Alice - Your attendance was already taken recently"
NO_FACE = "No face detected"
SEVERAL = "Multiple faces detected. Can't mark attendance"
STRANGER = "Face not recognized as any known student"


class Site(Protocol):
    recognizer: httpx.AsyncClient
    logger: httpx.AsyncClient
    clock: Any
    websocket: Callable[..., Any]

    async def attendance(self) -> list[tuple[str, int]]: ...
    async def add_profile(self, person_id: str, **fields: str) -> None: ...


Running = Callable[..., AbstractAsyncContextManager[Site]]


async def show(site: Site, *frames: bytes | str) -> list[dict[str, Any]]:
    """What the client is answered to each frame; it sends the next one when it has the answer."""
    answers = []
    async with site.websocket("/ws") as socket:
        for frame in frames:
            await socket.send(frame)
            answers.append(await socket.receive())
    return answers


async def test_each_frame_is_answered_in_the_sentences_the_client_knows(site: Site, frame: Frame) -> None:
    frames = [frame("Alice_101"), frame("Alice_101"), frame(), frame("Alice_101", "Bob_102"), frame("Mallory")]
    answers = await show(site, *frames)
    assert [answer["message"] for answer in answers] == [MARKED, ALREADY, NO_FACE, SEVERAL, STRANGER]
    assert all(answer.keys() == {"message", "student_data"} for answer in answers)
    assert [bool(answer["student_data"]) for answer in answers] == [True, True, False, False, False]
    assert await site.attendance() == [("101", 2)]


async def test_frames_sent_all_at_once_are_answered_in_their_order(site: Site, frame: Frame) -> None:
    async with site.websocket("/ws") as socket:
        for one in (frame(), frame("Mallory"), frame("Alice_101")):
            await socket.send(one)
        assert [(await socket.receive())["message"] for _ in range(3)] == [NO_FACE, STRANGER, MARKED]


async def test_the_profile_comes_along_where_the_old_clients_are_let_in(running: Running, frame: Frame) -> None:
    async with running(compat_open=True) as site:
        await site.add_profile(
            "101", name="Alice", department="Physics", year="2", email="alice@example.org", phone="+49 30 1234"
        )
        [answer] = await show(site, frame("Alice_101"))
    assert answer["student_data"] == {
        "name": "Alice",
        "roll_no": "101",
        "department": "Physics",
        "year": "2",
        "email": "alice@example.org",
        "phone": "+49 30 1234",
    }


async def test_who_stands_before_the_camera_without_a_key_is_told_no_contacts(site: Site, frame: Frame) -> None:
    await site.add_profile("101", name="Alice", email="alice@example.org", phone="+49 30 1234")
    [answer] = await show(site, frame("Alice_101"))
    assert answer["message"] == MARKED
    assert answer["student_data"]["name"] == "Alice"
    assert (answer["student_data"]["email"], answer["student_data"]["phone"]) == ("", "")


async def test_somebody_without_a_profile_is_greeted_all_the_same(running: Running, frame: Frame) -> None:
    async with running(compat_open=True) as site:
        [answer] = await show(site, frame("Alice_101"))
    assert answer["message"] == MARKED
    assert (answer["student_data"]["name"], answer["student_data"]["email"]) == ("Alice", "")


@pytest.mark.parametrize("nothing", [b"", b"no picture", "text"])
async def test_a_frame_that_cannot_be_read_shows_no_face_and_the_next_is_read(
    site: Site, frame: Frame, nothing: bytes | str
) -> None:
    answers = await show(site, nothing, frame("Alice_101"))
    assert [answer["message"] for answer in answers] == [NO_FACE, MARKED]


async def test_a_message_beyond_the_limit_ends_the_connection(running: Running) -> None:
    async with running(max_bytes=10_000) as site, site.websocket("/ws") as socket:
        await socket.send(bytes(10_001))
        assert (await socket.receive())["code"] == 1009


async def test_a_camera_that_sends_nothing_is_hung_up_on(running: Running) -> None:
    async with running(live_idle_s=0.01) as site, site.websocket("/ws") as socket:
        assert (await socket.receive())["code"] == 1001


async def test_more_cameras_than_are_allowed_are_refused(running: Running, refused: type[Exception]) -> None:
    async with running(live_connections=1) as site, site.websocket("/ws"):
        with pytest.raises(refused, match="503"):
            async with site.websocket("/ws"):
                pass


async def test_a_page_of_another_origin_is_refused(site: Site, refused: type[Exception]) -> None:
    with pytest.raises(refused, match="403"):
        async with site.websocket("/ws", origin="http://evil.example"):
            pass


async def test_with_keys_for_everything_a_camera_without_one_is_refused(
    running: Running, refused: type[Exception]
) -> None:
    async with running(auth="key") as site:
        with pytest.raises(refused, match="401"):
            async with site.websocket("/ws"):
                pass
