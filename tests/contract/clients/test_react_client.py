"""The attendance front end in React, as CONTRACTS describes it: it posts a frame every five seconds, shows who it is
and how near, and tells the logging backend by itself."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import httpx

Frame = Callable[..., bytes]
ORIGIN = "http://localhost:5173"


class Site(Protocol):
    recognizer: httpx.AsyncClient
    logger: httpx.AsyncClient
    clock: Any

    async def attendance(self) -> list[tuple[str, int]]: ...


@dataclass
class ReactClient:
    """What the page does, and what it shows."""

    site: Site
    shown: str = ""
    message: str = ""

    async def tick(self, frame: bytes) -> None:
        form = {"image": ("frame.jpg", frame, "image/jpeg")}
        answer = await self.site.recognizer.post("/recognize", files=form, headers={"Origin": ORIGIN})
        assert answer.headers["access-control-allow-origin"] == ORIGIN
        data = answer.json()
        distance = data.get("distance")
        self.shown = f"{data['person']} ({'' if distance is None else f'{distance:.4f}'})"
        self.message = ""
        if data["match"]:
            await self._mark({"name": data["person"], "distance": distance})

    async def _mark(self, body: dict[str, object]) -> None:
        await self._preflight(self.site.logger, "/mark-attendance")
        answer = await self.site.logger.post("/mark-attendance", json=body, headers={"Origin": ORIGIN})
        assert answer.headers["access-control-allow-origin"] == ORIGIN
        self.message = answer.json()["message"]

    async def _preflight(self, service: httpx.AsyncClient, path: str) -> None:
        asked = "content-type,ngrok-skip-browser-warning"
        answer = await service.options(
            path,
            headers={
                "Origin": ORIGIN,
                "Access-Control-Request-Method": "POST",
                "Access-Control-Request-Headers": asked,
            },
        )
        assert answer.status_code == 200
        assert answer.headers["access-control-allow-origin"] == ORIGIN
        assert set(asked.split(",")) <= set(answer.headers["access-control-allow-headers"].lower().split(", "))


async def test_a_student_before_the_camera_is_shown_and_marked_once(site: Site, frame: Frame) -> None:
    page = ReactClient(site)
    await page.tick(frame("Alice_101"))
    assert page.shown.startswith("Alice 101 (0.0")
    assert page.message == "Attendance processed."
    site.clock.forward(seconds=5)
    await page.tick(frame("Alice_101"))
    assert page.message == "Attendance already marked"
    assert await site.attendance() == [("101", 2)]


async def test_a_stranger_is_unknown_and_marked_nowhere(site: Site, frame: Frame) -> None:
    page = ReactClient(site)
    await page.tick(frame("Mallory"))
    assert page.shown.startswith("Unknown (")
    assert page.message == ""
    assert await site.attendance() == []


async def test_an_empty_room_has_no_distance_to_show(site: Site, frame: Frame) -> None:
    page = ReactClient(site)
    await page.tick(frame())
    assert page.shown == "Unknown ()"
    assert await site.attendance() == []


async def test_a_name_of_several_words_is_marked_by_its_last(site: Site, frame: Frame) -> None:
    page = ReactClient(site)
    await page.tick(frame("Mary_Ann_Lee_UE245051"))
    assert page.message == "Attendance processed."
    assert await site.attendance() == [("UE245051", 1)]


async def test_a_frame_that_never_came_is_answered_in_the_clients_words(site: Site) -> None:
    answer = await site.recognizer.post("/recognize", files={"other": ("frame.jpg", b"", "image/jpeg")})
    assert (answer.status_code, answer.json()["error"]) == (400, "No image file in request")
