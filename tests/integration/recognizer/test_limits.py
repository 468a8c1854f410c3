"""What one client gets when they ask for more than their share."""

import asyncio
import hashlib
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import httpx
from asgi_lifespan import LifespanManager
from httpx import ASGITransport
from starlette.types import Message

from recognizer.app import create_app
from recognizer.settings import RecognizerSettings

Running = Callable[..., AbstractAsyncContextManager[httpx.AsyncClient]]
SECRET = "the secret of the kiosk at the gate"  # noqa: S105 - of nobody but this test
KEY = hashlib.sha256(SECRET.encode()).hexdigest()


async def statuses(client: httpx.AsyncClient, times: int, **headers: str) -> list[int]:
    return [(await client.get("/people", headers=headers)).status_code for _ in range(times)]


SELDOM = 0.001  # a second: one request, and the next a quarter of an hour later


async def test_who_asks_too_often_is_told_when_to_come_back(running: Running) -> None:
    async with running(rate_per_s=SELDOM) as client:
        assert await statuses(client, 3) == [401, 429, 429]
        refused = await client.get("/people", headers={"Origin": "http://localhost:3000"})
        assert refused.json()["code"] == "too_many_requests"
        assert 900 < int(refused.headers["retry-after"]) <= 1_000
        assert refused.headers["access-control-allow-origin"] == "http://localhost:3000"
        assert refused.headers["x-request-id"]
        assert (await client.get("/healthz")).status_code == 200


async def test_the_holder_of_a_key_is_a_client_of_their_own(running: Running) -> None:
    async with running(rate_per_s=SELDOM, api_keys=f"enroll={KEY}") as client:
        assert await statuses(client, 2) == [401, 429]
        assert await statuses(client, 5, **{"X-API-Key": SECRET}) == [200] * 5
        assert await statuses(client, 1, **{"X-API-Key": "guessed"}) == [429]


async def test_a_flood_of_one_client_leaves_a_place_to_another(
    make_settings: Callable[..., RecognizerSettings], draw: Callable[..., bytes]
) -> None:
    may_answer = asyncio.Event()

    async def logger(_: httpx.Request) -> httpx.Response:
        await may_answer.wait()
        return httpx.Response(503)

    app = create_app(
        make_settings(max_frames=4, delivery_budget_s=10, rate_per_s=0), logger_transport=httpx.MockTransport(logger)
    )
    frames = [draw(person) for person in ("Alice_101", "Bob_102", "Mary_Ann_Lee_UE245051")]
    async with LifespanManager(app) as site, at(site.app, "192.0.2.1") as greedy, at(site.app, "192.0.2.2") as modest:
        held = [asyncio.create_task(post(greedy, "/recognize", frame)) for frame in frames]
        try:
            async with asyncio.timeout(30):
                while "recognizer_outbox_pending 3.0" not in (await modest.get("/metrics")).text:
                    """Not all three have their place yet."""
                assert await post(greedy, "/detect", frames[0]) == 503
                assert await unread(site.app, "192.0.2.1") == 503
                assert await post(modest, "/detect", frames[0]) == 200
        finally:
            may_answer.set()
        assert await asyncio.gather(*held) == [200] * 3


async def unread(app: Any, address: str) -> int:
    """The status of a picture that nobody may read."""
    statuses: list[int] = []

    async def receive() -> Message:
        raise AssertionError("the picture was read")

    async def send(message: Message) -> None:
        statuses.append(message.get("status", 0))

    headers = [(b"content-type", b"multipart/form-data; boundary=x"), (b"content-length", b"1000")]
    scope = {"type": "http", "method": "POST", "path": "/recognize", "raw_path": b"/recognize", "query_string": b""}
    await app({**scope, "headers": headers, "client": (address, 5), "state": {}}, receive, send)
    return statuses[0]


async def post(client: httpx.AsyncClient, path: str, frame: bytes) -> int:
    return (await client.post(path, files={"image": ("frame.jpg", frame, "image/jpeg")})).status_code


def at(app: Any, address: str) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=ASGITransport(app, client=(address, 5)), base_url="http://test")
