import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any

import httpx
import pytest
from asgi_lifespan import LifespanManager
from fastapi import Body, FastAPI, Request
from httpx import ASGITransport
from prometheus_client import CollectorRegistry
from starlette.requests import HTTPConnection
from starlette.types import Message

from shared.web.app import build_app
from shared.web.errors import ServiceError
from shared.web.health import NotReady, Readiness
from shared.web.hosts import HostRule
from shared.web.limits import Rates

MAX_BODY_BYTES = 1_000
ORIGIN = "http://localhost:3000"


class TeaPot(ServiceError):
    status, code, title, retry_after_s = 503, "tea_pot", "No coffee", 7


class Parts:
    """What the readiness checks look at."""

    def __init__(self) -> None:
        self.broken: Exception | None = None

    async def check(self) -> None:
        if self.broken is not None:
            raise self.broken


@pytest.fixture
def parts() -> Parts:
    return Parts()


async def nobody(_: HTTPConnection) -> None:
    """No keys."""


@pytest.fixture
def app(parts: Parts) -> FastAPI:
    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[dict[str, Any]]:
        yield {"readiness": Readiness({"part": parts.check}, info=lambda: {"engine": "fake"})}

    app = build_app(
        title="Test",
        description="",
        version="1",
        lifespan=lifespan,
        registry=CollectorRegistry(),
        cors_origins=[ORIGIN],
        max_body_bytes=MAX_BODY_BYTES,
        body_timeout_s=0.05,
        rates=Rates(address_per_s=0, key_per_s=0),
        key_of=nobody,
        hosts=HostRule((), is_local=False),
    )

    @app.get("/tea/{name}")
    async def tea(name: str) -> None:
        raise TeaPot(f"no coffee in {name}")

    @app.get("/broken")
    async def broken() -> None:
        raise RuntimeError("the secret of Alice")

    @app.post("/number")
    async def number(value: Annotated[int, Body(embed=True)]) -> int:
        return value

    @app.post("/raw")
    async def raw(request: Request) -> int:
        return len(await request.body())

    return app


@pytest.fixture
async def client(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    async with (
        LifespanManager(app) as running,
        httpx.AsyncClient(transport=ASGITransport(running.app), base_url="http://test") as client,
    ):
        yield client


async def test_an_error_is_a_problem_with_the_request_id(client: httpx.AsyncClient) -> None:
    response = await client.get("/tea/kettle", headers={"X-Request-ID": "abc-1"})
    assert response.status_code == 503
    assert response.headers["content-type"] == "application/problem+json"
    assert response.headers["retry-after"] == "7"
    assert response.headers["x-request-id"] == "abc-1"
    assert response.json() == {
        "type": "about:blank",
        "title": "No coffee",
        "status": 503,
        "detail": "no coffee in kettle",
        "code": "tea_pot",
        "request_id": "abc-1",
        "error": "no coffee in kettle",
    }


async def test_a_request_id_that_could_forge_a_log_line_is_replaced(client: httpx.AsyncClient) -> None:
    response = await client.get("/healthz", headers={"X-Request-ID": "a b\tc"})
    assert len(response.headers["x-request-id"]) == 32


async def test_what_nobody_expected_shows_nothing_of_its_inside(
    client: httpx.AsyncClient, capsys: pytest.CaptureFixture[str]
) -> None:
    response = await client.get("/broken", headers={"Origin": ORIGIN})
    assert response.status_code == 500
    assert response.json()["code"] == "internal_error"
    assert response.headers["access-control-allow-origin"] == ORIGIN
    assert "Alice" not in response.text


@pytest.mark.parametrize(
    ("body", "status"),
    [(b'{"value": 1}', 200), (b'{"value": "one"}', 422), (b"{", 400), (b"{}", 422), (b"[" * 900, 400)],
)
async def test_bad_json_is_400_and_a_bad_field_422(client: httpx.AsyncClient, body: bytes, status: int) -> None:
    response = await client.post("/number", content=body, headers={"Content-Type": "application/json"})
    assert response.status_code == status
    if status != 200:
        assert response.headers["content-type"] == "application/problem+json"


async def test_unknown_routes_and_methods_are_problems_too(client: httpx.AsyncClient) -> None:
    assert (await client.get("/nowhere")).json()["code"] == "not_found"
    assert (await client.delete("/healthz")).json()["code"] == "method_not_allowed"


@pytest.mark.parametrize("path", ["/raw", "/number"])
async def test_a_body_over_the_limit_is_413_whether_announced_or_not(client: httpx.AsyncClient, path: str) -> None:
    async def endless() -> AsyncIterator[bytes]:
        while True:
            yield b"x" * 100

    announced = await client.post(path, content=b"x" * (MAX_BODY_BYTES + 1))
    chunked = await client.post(path, content=endless())
    for response in (announced, chunked):
        assert response.status_code == 413
        assert response.json()["code"] == "body_too_large"


async def test_an_announced_body_over_the_limit_is_not_read(app: FastAPI) -> None:
    sent: list[Message] = []

    async def receive() -> Message:
        raise AssertionError("the body was read")

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": "POST",
        "path": "/raw",
        "raw_path": b"/raw",
        "query_string": b"",
        "headers": [(b"content-length", b"999999999999999999999")],
    }
    await app(scope, receive, send)
    assert sent[0]["status"] == 413


async def test_a_body_that_never_ends_is_cut_off(app: FastAPI) -> None:
    sent: list[Message] = []
    chunks = iter([{"type": "http.request", "body": b"x", "more_body": True}])

    async def receive() -> Message:
        for chunk in chunks:
            return chunk
        await asyncio.Event().wait()
        raise AssertionError("unreachable")

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": "/raw", "raw_path": b"/raw", "query_string": b"", "headers": []}
    async with asyncio.timeout(10):
        await app(scope, receive, send)
    assert sent[0]["status"] == 408
    assert json.loads(sent[1]["body"])["code"] == "request_timed_out"


@pytest.mark.parametrize("broken", [NotReady("the disk is full"), TeaPot("no store"), RuntimeError("Alice")])
async def test_readiness_turns_red_while_liveness_stays(
    client: httpx.AsyncClient, parts: Parts, broken: Exception
) -> None:
    ready = await client.get("/readyz")
    assert (ready.status_code, ready.json()) == (
        200,
        {"ready": True, "checks": {"part": "ok"}, "info": {"engine": "fake"}},
    )
    parts.broken = broken
    red = await client.get("/readyz")
    assert red.status_code == 503
    assert red.headers["retry-after"] == "2"
    assert red.json()["checks"]["part"] != "ok"
    assert "Alice" not in red.text
    assert (await client.get("/healthz")).status_code == 200


async def test_cors_answers_the_preflight_of_known_origins_only(client: httpx.AsyncClient) -> None:
    asked = {
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": (
            "Content-Type, Authorization, X-API-Key, Idempotency-Key, ngrok-skip-browser-warning"
        ),
    }
    welcome = await client.options("/number", headers={"Origin": ORIGIN, **asked})
    assert welcome.status_code == 200
    assert welcome.headers["access-control-allow-origin"] == ORIGIN
    assert "access-control-allow-credentials" not in welcome.headers
    stranger = await client.options("/number", headers={"Origin": "https://evil.example", **asked})
    assert "access-control-allow-origin" not in stranger.headers


async def test_metrics_count_by_route_and_never_by_path(client: httpx.AsyncClient) -> None:
    await client.get("/tea/Alice")
    text = (await client.get("/metrics")).text
    assert 'http_requests_total{method="GET",route="/tea/{name}",status="503"} 1.0' in text
    assert "Alice" not in text


async def test_the_api_documents_need_no_internet(client: httpx.AsyncClient) -> None:
    page = (await client.get("/docs")).text
    assert "http://" not in page
    assert "https://" not in page
    assert (await client.get("/static-offline-docs/swagger-ui-bundle.js")).status_code == 200
