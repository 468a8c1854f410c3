"""All bodies together: what is held while they are answered, and given back afterwards."""

import asyncio

import pytest
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import Message, Receive, Scope, Send

from shared.web.middleware import BodyLimit, BodyLimits


class Reading:
    """An application that reads a body and answers when it is let."""

    def __init__(self) -> None:
        self.held = asyncio.Event()
        self.let_go = asyncio.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await Request(scope, receive).body()
        self.held.set()
        await self.let_go.wait()


async def post(limits: BodyLimits, path: str, size: int) -> None:
    async def receive() -> Message:
        return {"type": "http.request", "body": b"x" * size}

    async def send(message: Message) -> None:
        raise AssertionError("nothing is sent here")

    await limits({"type": "http", "method": "POST", "path": path, "headers": []}, receive, send)


async def test_bodies_share_a_room_and_give_it_back() -> None:
    app = Reading()
    limits = BodyLimits(app, 100, 5, {"/file": BodyLimit(1_000, 5, in_memory=False)}, max_held_bytes=150)
    first = asyncio.create_task(post(limits, "/", 100))
    await app.held.wait()
    with pytest.raises(HTTPException) as refused:
        await post(limits, "/", 100)
    assert (refused.value.status_code, refused.value.headers) == (503, {"Retry-After": "1"})
    app.let_go.set()
    await first
    await asyncio.gather(post(limits, "/", 50), post(limits, "/file", 1_000), post(limits, "/", 100))
