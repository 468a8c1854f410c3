"""The logger as an application, in this process, on an embedded store and a clock that stands still."""

import os
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
from asgi_lifespan import LifespanManager
from pydantic import SecretStr

from logger.app import create_app
from logger.errors import StoreUnavailable
from logger.settings import LoggerSettings
from logger.store.base import Store

WRITER, READER = "w" * 40, "r" * 40


class StillClock:
    """Stands where it is put. 12:00 in UTC is 17:30 at the site."""

    def __init__(self) -> None:
        self.instant = datetime(2025, 3, 3, 12, 0, tzinfo=UTC)

    def now(self) -> datetime:
        return self.instant

    def forward(self, **by: float) -> None:
        self.instant += timedelta(**by)


@pytest.fixture
def clock() -> StillClock:
    return StillClock()


@pytest.fixture
def settings_with(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., LoggerSettings]:
    monkeypatch.chdir(tmp_path)  # away from a developer's .env

    def make(**changes: Any) -> LoggerSettings:
        given: dict[str, Any] = {
            "store_url": SecretStr(f"sqlite:///{tmp_path}/attendance.db"),
            "timezone": "Asia/Kolkata",
            "api_keys": SecretStr(f"events:write={WRITER}, attendance:read={READER}"),
        }
        return LoggerSettings(**{**given, **changes})

    return make


class NoStore:
    """A store that is never there."""

    def __getattr__(self, name: str) -> Callable[..., Any]:
        async def fail(*_: Any, **__: Any) -> None:
            if name != "close":
                raise StoreUnavailable("away")

        return fail


@pytest.fixture
def no_store() -> NoStore:
    return NoStore()


Serve = Callable[..., AbstractAsyncContextManager[httpx.AsyncClient]]


@pytest.fixture
def serve(settings_with: Callable[..., LoggerSettings], clock: StillClock) -> Serve:
    """A client of the running application; both keys by name."""

    @asynccontextmanager
    async def make(store: Store | None = None, **changes: Any) -> AsyncIterator[httpx.AsyncClient]:
        app = create_app(settings_with(**changes), clock=clock, store=store)
        async with LifespanManager(app) as running:
            transport = httpx.ASGITransport(running.app)
            async with httpx.AsyncClient(transport=transport, base_url="http://logger") as client:
                yield client

    return make


@pytest.fixture
async def client(serve: Serve) -> AsyncIterator[httpx.AsyncClient]:
    async with serve() as running:
        yield running


@pytest.fixture
def writer() -> dict[str, str]:
    return {"Authorization": f"Bearer {WRITER}"}


@pytest.fixture
def reader() -> dict[str, str]:
    return {"X-API-Key": READER}


@pytest.fixture
def event() -> Callable[..., dict[str, Any]]:
    """An event as the recognizer sends it, with an id of its own."""
    numbers = count(1)

    def make(person_id: str = "101", **changes: Any) -> dict[str, Any]:
        body: dict[str, Any] = {
            "event_id": str(UUID(int=next(numbers))),
            "person_id": person_id,
            "person": f"Alice {person_id}",
            "name": "Alice",
            "distance": 0.18,
            "similarity": 0.82,
            "threshold": 0.25,
            "engine": "Dlib/mtcnn",
            "source": "room-1",
            "captured_at": "2025-03-03T12:00:00Z",
            "liveness": None,
        }
        return {**body, **changes}

    return make


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """For `python -m logger` as a process: a port and a store of its own."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("LOGGER_")}
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    return inherited | {
        "PYTHONPATH": str(Path(__file__).parents[3]),
        "LOGGER_PORT": str(port),
        "LOGGER_STORE_URL": f"sqlite:///{tmp_path}/attendance.db",
        "LOGGER_TIMEZONE": "Asia/Kolkata",
    }
