"""Who is told how near a face is to whom: with RECOGNIZER_DISTANCES=keys, whoever holds a key."""

import base64
from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager
from typing import Any

import httpx
import pytest

KEY = "rollcall_" + "d" * 43
TELLING = {"distance", "similarity", "liveness"}
Running = Callable[..., AbstractAsyncContextManager[httpx.AsyncClient]]
Draw = Callable[..., bytes]


def told(body: object) -> Iterator[object]:
    """Every number in an answer that says how near or how live."""
    if isinstance(body, dict):
        for name, value in body.items():
            yield from [value] if name in TELLING and value is not None else told(value)
    elif isinstance(body, list):
        for each in body:
            yield from told(each)


async def answers(client: httpx.AsyncClient, picture: bytes, **headers: str) -> list[Any]:
    """Of everything that names people or finds faces."""
    text = "data:image/jpeg;base64," + base64.b64encode(picture).decode()
    sent = [
        await client.post("/recognize", files={"image": picture}, headers=headers),
        await client.post("/recognize", files={"image": picture}, data={"faces": "all"}, headers=headers),
        await client.post("/recognize", json={"image": text}, headers=headers),
        await client.post("/detect", files={"image": picture}, headers=headers),
        await client.post("/detect_face", json={"image": text}, headers=headers),
    ]
    assert [answer.status_code for answer in sent] == [200] * len(sent)
    return [answer.json() for answer in sent]


@pytest.mark.parametrize("who", ["Alice_101", "a stranger"])
async def test_without_a_key_nobody_is_told_a_distance(running: Running, draw: Draw, who: str) -> None:
    async with running(distances="keys", enroll_key=KEY) as client:
        unknown_key = {"X-API-Key": "rollcall_" + "x" * 43}
        for bodies in (await answers(client, draw(who)), await answers(client, draw(who), **unknown_key)):
            assert list(told(bodies)) == []
            assert bodies[0]["match"] is (who == "Alice_101")
            assert "distance" in bodies[0]  # null, as where there is nobody: clients read it with `?.`


async def test_with_a_key_distances_are_told(running: Running, draw: Draw) -> None:
    async with running(distances="keys", enroll_key=KEY) as client:
        assert len(list(told(await answers(client, draw("Alice_101"), **{"X-API-Key": KEY})))) == 12


async def test_unless_it_is_asked_for_everybody_is_told(running: Running, draw: Draw) -> None:
    async with running() as client:
        first, *_ = await answers(client, draw("Alice_101"))
    assert isinstance(first["distance"], float)
    assert first["faces"][0]["distance"] == first["distance"]
