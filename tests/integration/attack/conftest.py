"""Both services in this process, as whoever attacks them finds them."""

from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path
from typing import Any

import httpx
import pytest
from asgi_lifespan import LifespanManager
from fastapi import FastAPI
from pydantic import SecretStr

from logger.app import create_app as create_logger
from logger.cli_accounts import ensure_admin
from logger.settings import LoggerSettings
from logger.store.sqlite import SqliteStore
from recognizer.app import create_app as create_recognizer
from recognizer.settings import RecognizerSettings

START_TIMEOUT_S = 60
PASSWORD = "correct horse battery"  # noqa: S105


class Target:
    """A running service: what it has, and a client for it."""

    def __init__(self, app: FastAPI, client: httpx.AsyncClient) -> None:
        self.app = app
        self.client = client

    def routes(self) -> list[tuple[str, str]]:
        """Each method and path."""
        return sorted(set(_routes(self.app.routes)))

    async def sign_in(self) -> None:
        """As the administrator, in a browser of one's own."""
        credentials = {"username": "admin", "password": PASSWORD}
        answer = await self.client.post("/auth/login", json=credentials)
        assert answer.status_code == 200, answer.text
        self.client.headers["X-CSRF-Token"] = answer.json()["csrf_token"]


def _routes(routes: Sequence[Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    for route in routes:
        inner = getattr(route, "original_router", None)
        if inner is not None:
            yield from _routes(inner.routes, prefix + route.include_context.prefix)
            continue
        for method in getattr(route, "methods", None) or ():
            yield method, prefix + route.path


@pytest.fixture
async def recognizer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Target]:
    monkeypatch.chdir(tmp_path)  # away from a developer's own .env
    settings = RecognizerSettings.model_validate(
        {"model": "fake", "detector": "fake", "dataset_dir": tmp_path / "dataset", "state_dir": tmp_path / "state"}
    )
    app = create_recognizer(settings, logger_transport=httpx.MockTransport(lambda _: httpx.Response(503)))
    async with LifespanManager(app, START_TIMEOUT_S, START_TIMEOUT_S) as running, _client(running.app) as client:
        yield Target(app, client)


@pytest.fixture
async def logger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Target]:
    monkeypatch.chdir(tmp_path)
    settings = LoggerSettings(
        store_url=SecretStr(f"sqlite:///{tmp_path}/attendance.db"),
        timezone="Asia/Kolkata",
        admin_password=SecretStr(PASSWORD),
    )
    store = SqliteStore(tmp_path / "attendance.db")
    await ensure_admin(store, settings)
    await store.close()
    app = create_logger(settings)
    async with LifespanManager(app, START_TIMEOUT_S, START_TIMEOUT_S) as running, _client(running.app) as client:
        yield Target(app, client)


def _client(app: Any) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://service")


@pytest.fixture(params=["recognizer", "logger"])
def target(request: pytest.FixtureRequest) -> Target:
    found: Target = request.getfixturevalue(request.param)
    return found
