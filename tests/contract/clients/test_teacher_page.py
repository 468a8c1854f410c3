"""The teacher's page: it polls with base64, draws a frame around each face, and names whom it recognizes."""

import base64
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

import httpx
import pytest

Frame = Callable[..., bytes]


class Site(Protocol):
    recognizer: httpx.AsyncClient

    async def attendance(self) -> list[tuple[str, int]]: ...


@dataclass
class TeacherPage:
    site: Site
    boxes: list[tuple[int, int, int, int, str, str]] = field(default_factory=list)

    async def detect(self, frame: bytes) -> None:
        data = await self._post("/detect_face", frame)
        assert data["success"] is True
        assert data["total_faces"] == len(data["faces"])
        self.boxes = [
            (each["x"], each["y"], each["width"], each["height"], each["display_name"], each["status"])
            for each in data["faces"]
        ]

    async def recognize(self, frame: bytes) -> dict[str, Any]:
        return await self._post("/recognize", frame)

    async def _post(self, path: str, frame: bytes) -> dict[str, Any]:
        image = "data:image/png;base64," + base64.b64encode(frame).decode()
        answer = await self.site.recognizer.post(path, json={"image": image})
        assert answer.status_code == 200, answer.text
        body: dict[str, Any] = answer.json()
        return body


async def test_each_face_gets_a_box_where_it_is_and_a_name_where_it_is_known(site: Site, frame: Frame) -> None:
    page = TeacherPage(site)
    await page.detect(frame("Alice_101", "Mallory", suffix=".png"))
    assert [(name, status) for *_, name, status in page.boxes] == [
        ("Alice", "registered"),
        ("Unknown", "unregistered"),
    ]
    for (x, y, width, height, *_), left in zip(page.boxes, (20, 190), strict=True):
        assert (x, y, width, height) == pytest.approx((left, 100, 160, 160), abs=24)


async def test_looking_records_nothing(site: Site, frame: Frame) -> None:
    await TeacherPage(site).detect(frame("Alice_101", "Bob_102", suffix=".png"))
    assert await site.attendance() == []


async def test_an_empty_room_has_no_faces(site: Site, frame: Frame) -> None:
    page = TeacherPage(site)
    await page.detect(frame(suffix=".png"))
    assert page.boxes == []


async def test_a_student_is_named_by_serial_number(site: Site, frame: Frame) -> None:
    data = await TeacherPage(site).recognize(frame("Bob_102", suffix=".png"))
    assert (data["success"], data["recognized"], data["multiple_faces"]) == (True, True, False)
    assert data["student"] == {"serial_number": "102", "name": "Bob"}
    assert data["message"]
    assert await site.attendance() == [("102", 1)]


async def test_several_students_are_said_to_be_several(site: Site, frame: Frame) -> None:
    data = await TeacherPage(site).recognize(frame("Alice_101", "Bob_102", suffix=".png"))
    assert (data["success"], data["recognized"], data["multiple_faces"]) == (True, False, True)
    assert data["student"] is None
    assert await site.attendance() == []


@pytest.mark.parametrize("image", ["data:image/png;base64,????", "http://elsewhere/face.png", 7])
async def test_what_is_no_picture_is_an_error_with_a_sentence(site: Site, image: object) -> None:
    answer = await site.recognizer.post("/detect_face", json={"image": image})
    assert answer.status_code == 422
    assert answer.json()["error"]
