"""`POST /detect`: where faces are, and nothing more."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import httpx

from shared.contracts.recognition import DetectResponse

Draw = Callable[..., bytes]
Running = Callable[..., AbstractAsyncContextManager[httpx.AsyncClient]]


async def detect(client: httpx.AsyncClient, picture: bytes, **fields: str) -> httpx.Response:
    return await client.post("/detect", files={"image": ("frame.jpg", picture, "image/jpeg")}, data=fields)


async def test_every_face_has_a_box_landmarks_and_a_quality(
    client: httpx.AsyncClient, draw: Draw, scripted_logger: Any
) -> None:
    response = await detect(client, draw("Alice_101", "Nobody_9"))
    assert response.status_code == 200, response.text
    found = DetectResponse.model_validate_json(response.content)
    assert sorted(face.box.x for face in found.faces) == [20, 190]
    for face in found.faces:
        assert abs(face.box.width - 160) <= 3
        assert len(face.landmarks) == 5
        assert face.quality.size > 150
        assert face.quality.reason is None
    assert (found.image.width, found.image.height) == (640, 480)
    assert {"decode", "detect", "align", "total"} == found.timings_ms.keys()
    assert found.request_id == response.headers["X-Request-ID"]
    assert scripted_logger.people == []


async def test_nobody_is_named(client: httpx.AsyncClient, draw: Draw) -> None:
    assert "Alice" not in (await detect(client, draw("Alice_101"), record="true")).text


async def test_a_picture_without_faces_is_an_empty_list(client: httpx.AsyncClient, draw: Draw) -> None:
    assert (await detect(client, draw())).json()["faces"] == []


async def test_a_face_that_is_too_poor_says_what_to_do(running: Running, draw: Draw) -> None:
    async with running(min_face_size_px=80) as client:
        [face] = (await detect(client, draw("Alice_101", size=60))).json()["faces"]
    assert face["quality"]["reason"] == "Come closer to the camera"


async def test_what_is_no_picture_is_refused(client: httpx.AsyncClient) -> None:
    assert (await detect(client, b"not a picture")).status_code in {400, 415}
    assert (await client.post("/detect", json={"picture": "abc"})).status_code == 400
