"""Both services in this process, wired to each other, and a school of three. The engine sees patterns for faces."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, Self

import cv2
import httpx
import numpy as np
import pytest
from asgi_lifespan import LifespanManager
from httpx import ASGITransport
from pydantic import SecretStr

from logger.app import create_app as create_logger
from logger.settings import LoggerSettings
from recognizer.app import create_app as create_recognizer
from recognizer.engine.fake import draw_face
from recognizer.settings import RecognizerSettings

SECRET = "k" * 40
SCOPES = "events:write+attendance:read+people:read+people:write"
PATIENCE_S = 30


class StillClock:
    """Stands where it is put. 20:00 in UTC is 01:30 of the next day at the site."""

    def __init__(self) -> None:
        self.instant = datetime(2026, 3, 2, 20, 0, tzinfo=UTC)

    def now(self) -> datetime:
        return self.instant

    def forward(self, **by: float) -> None:
        self.instant += timedelta(**by)


class WebSocket:
    """A browser's WebSocket, straight to the application. Raises Refused where the application takes it not."""

    def __init__(
        self, app: Any, path: str, origin: str = "http://localhost:3000", subprotocols: Sequence[str] = ()
    ) -> None:
        self._to_app: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._from_app: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        scope = {
            "type": "websocket",
            "path": path,
            "raw_path": path.encode(),
            "query_string": b"",
            "headers": [(b"host", b"recognizer"), (b"origin", origin.encode())],
            "subprotocols": list(subprotocols),
            "extensions": {"websocket.http.response": {}},
        }
        self._run = asyncio.create_task(app(scope, self._to_app.get, self._from_app.put))

    async def __aenter__(self) -> Self:
        await self._to_app.put({"type": "websocket.connect"})
        message = await self._next()
        if message["type"] != "websocket.accept":
            await self._run
            raise Refused(message.get("status"))
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._to_app.put({"type": "websocket.disconnect", "code": 1000})
        await asyncio.wait_for(self._run, PATIENCE_S)

    async def send(self, data: bytes | str) -> None:
        kind = "bytes" if isinstance(data, bytes) else "text"
        await self._to_app.put({"type": "websocket.receive", kind: data})

    async def receive(self) -> dict[str, Any]:
        """The next message as JSON, or what the connection was closed with."""
        message = await self._next()
        return message if message["type"] == "websocket.close" else dict(json.loads(message["text"]))

    async def _next(self) -> dict[str, Any]:
        return await asyncio.wait_for(self._from_app.get(), PATIENCE_S)


class Refused(Exception):
    """The argument is the status of the answer."""


@dataclass
class Site:
    recognizer: httpx.AsyncClient
    logger: httpx.AsyncClient
    clock: StillClock
    websocket: Callable[..., WebSocket]
    to_recognizer: httpx.AsyncBaseTransport
    to_logger: httpx.AsyncBaseTransport

    async def attendance(self) -> list[tuple[str, int]]:
        """Who is recorded, and how many recognitions stand behind each."""
        answer = await self.logger.get("/v1/attendance", headers={"X-API-Key": SECRET})
        return [(record["person_id"], record["events"]) for record in answer.json()["items"]]

    async def add_profile(self, person_id: str, **fields: str) -> None:
        answer = await self.logger.put(
            f"/v1/people/{person_id}", json={"version": 0, **fields}, headers={"X-API-Key": SECRET}
        )
        assert answer.is_success, answer.text


def frame_of(*people: str, suffix: str = ".jpg") -> bytes:
    """A grey frame of 640 × 480 with these people's faces side by side."""
    pixels = np.full((480, 640, 3), 128, np.uint8)
    for index, person in enumerate(people):
        draw_face(pixels, person, x=20 + index * 170, y=100, size=160)
    done, data = cv2.imencode(suffix, np.ascontiguousarray(pixels[:, :, ::-1]))
    assert done
    return data.tobytes()


@pytest.fixture
def frame() -> Callable[..., bytes]:
    return frame_of


@pytest.fixture
def refused() -> type[Exception]:
    return Refused


Running = Callable[..., AbstractAsyncContextManager[Site]]


@pytest.fixture
def running(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Running:
    """Both services, the recognizer with settings of the test's own."""
    monkeypatch.chdir(tmp_path)  # away from a developer's .env
    for name in ("Alice_101", "Bob_102", "Mary_Ann_Lee_UE245051"):
        (tmp_path / "dataset" / name).mkdir(parents=True)
        (tmp_path / "dataset" / name / "1.png").write_bytes(frame_of(name, suffix=".png"))
    logger_settings = LoggerSettings(
        store_url=SecretStr(f"sqlite:///{tmp_path}/attendance.db"),
        timezone="Asia/Kolkata",
        api_keys=SecretStr(f"{SCOPES}={SECRET}"),
    )

    @asynccontextmanager
    async def run(**changes: object) -> AsyncIterator[Site]:
        clock = StillClock()
        settings = RecognizerSettings.model_validate(
            {
                "model": "fake",
                "detector": "fake",
                "dataset_dir": tmp_path / "dataset",
                "state_dir": tmp_path / "state",
                "delivery_budget_s": 10,
                "logger_url": "http://logger",
                "logger_key": SECRET,
                "workers": 2,
                **changes,
            }
        )
        async with LifespanManager(create_logger(logger_settings, clock=clock), startup_timeout=PATIENCE_S) as logger:
            to_logger = ASGITransport(logger.app)
            app = create_recognizer(settings, clock=clock, logger_transport=to_logger)
            async with LifespanManager(app, startup_timeout=PATIENCE_S, shutdown_timeout=PATIENCE_S) as recognizer:
                to_recognizer = ASGITransport(recognizer.app)
                async with (
                    httpx.AsyncClient(transport=to_recognizer, base_url="http://recognizer") as camera,
                    httpx.AsyncClient(transport=to_logger, base_url="http://logger") as teacher,
                ):
                    websocket = partial(WebSocket, recognizer.app)
                    yield Site(camera, teacher, clock, websocket, to_recognizer, to_logger)

    return run


@pytest.fixture
async def site(running: Running) -> AsyncIterator[Site]:
    async with running() as site:
        yield site
