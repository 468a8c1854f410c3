"""The recognizer behind a real socket of this process, and cameras that connect to it."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol

import httpx
import pytest
from fastapi import FastAPI
from websockets.asyncio.client import ClientConnection, connect

from recognizer.app import create_app
from recognizer.settings import RecognizerSettings
from shared.contracts.events import EventBatch
from shared.contracts.live import LIVE_MESSAGE
from shared.web.server import make_server

PATIENCE_S = 30.0


class Answers(Protocol):
    async def __call__(self, request: httpx.Request) -> httpx.Response: ...


@dataclass
class HeldLogger:
    """The scripted logger, which answers once it may, and remembers where events came from."""

    answers: Answers
    may_answer: asyncio.Event = field(default_factory=asyncio.Event)
    asked: asyncio.Event = field(default_factory=asyncio.Event)
    sources: list[str | None] = field(default_factory=list)

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.set()
        await self.may_answer.wait()
        self.sources += [event.source for event in EventBatch.model_validate_json(request.content).events]
        return await self.answers(request)


@pytest.fixture
async def held_logger(scripted_logger: Answers) -> HeldLogger:
    held = HeldLogger(scripted_logger)
    held.may_answer.set()
    return held


class Camera:
    """Sends pictures, one at a time, and reads what is said."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection
        self.welcome: dict[str, Any] = {}

    async def show(self, picture: bytes) -> dict[str, Any]:
        await self.connection.send(picture)
        return await self.next()

    async def next(self) -> dict[str, Any]:
        async with asyncio.timeout(PATIENCE_S):
            message = await self.connection.recv()
        LIVE_MESSAGE.validate_json(message)
        said: dict[str, Any] = json.loads(message)
        return said

    async def restart(self) -> None:
        await self.connection.send('{"type": "restart"}')

    async def close_code(self) -> int | None:
        """Once the service has hung up."""
        async with asyncio.timeout(PATIENCE_S):
            await self.connection.wait_closed()
        return self.connection.close_code


@dataclass
class Place:
    port: int
    server: Any  # of uvicorn
    running: "asyncio.Task[None]"

    @property
    def http(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @asynccontextmanager
    async def camera(self, query: str = "", **options: Any) -> AsyncIterator[Camera]:
        async with connect(f"ws://127.0.0.1:{self.port}/live{query}", proxy=None, **options) as connection:
            camera = Camera(connection)
            camera.welcome = await camera.next()
            yield camera

    async def stop(self) -> None:
        """As SIGTERM does."""
        self.server.should_exit = True
        async with asyncio.timeout(PATIENCE_S):
            await self.running


Serving = Callable[..., AbstractAsyncContextManager[Place]]


@asynccontextmanager
async def on_a_socket(app: FastAPI, settings: RecognizerSettings) -> AsyncIterator[Place]:
    server = make_server(app, settings, max_message_bytes=settings.max_bytes)
    running = asyncio.create_task(server.serve())
    async with asyncio.timeout(PATIENCE_S):
        while not server.started:
            assert not running.done(), "the service did not start"
            await asyncio.sleep(0.01)
    place = Place(server.servers[0].sockets[0].getsockname()[1], server, running)
    try:
        yield place
    finally:
        await place.stop()


@pytest.fixture
def serve_app() -> Callable[[FastAPI, RecognizerSettings], AbstractAsyncContextManager[Place]]:
    return on_a_socket


@pytest.fixture
def serving(make_settings: Callable[..., RecognizerSettings], held_logger: HeldLogger) -> Serving:
    @asynccontextmanager
    async def serve(**changes: object) -> AsyncIterator[Place]:
        # A window so long that a busy machine confirms whom an idle one does.
        settings = make_settings(**{"port": 0, "live_fps": 60, "confirm_window_s": 60, **changes})
        app = create_app(settings, logger_transport=httpx.MockTransport(held_logger))
        async with on_a_socket(app, settings) as place:
            try:
                yield place
            finally:
                held_logger.may_answer.set()

    return serve


@pytest.fixture
async def place(serving: Serving) -> AsyncIterator[Place]:
    async with serving() as place:
        yield place
