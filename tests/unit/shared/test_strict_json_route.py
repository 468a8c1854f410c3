from typing import Annotated

import httpx
import pytest
from fastapi import APIRouter, Body, FastAPI

from shared.web.errors import install_error_handlers
from shared.web.strict_json_route import StrictJsonRoute

WHOLE = b'{"a": 1}'


@pytest.fixture
def app() -> FastAPI:
    router = APIRouter(route_class=StrictJsonRoute)

    @router.post("/")
    async def take(given: Annotated[dict[str, float], Body()]) -> dict[str, float]:
        return given

    app = FastAPI()
    install_error_handlers(app)
    app.include_router(router)
    return app


async def post(app: FastAPI, body: bytes) -> httpx.Response:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
        return await client.post("/", content=body, headers={"Content-Type": "application/json"})


async def test_what_is_json_is_taken(app: FastAPI) -> None:
    assert (await post(app, WHOLE)).json() == {"a": 1}


@pytest.mark.parametrize(
    "body",
    [b'{"a": 1, "a": 2}', WHOLE.decode().encode("utf-16"), b'{"a": NaN}', b'{"a": 1e400}', b"[" * 50_000, b"{"],
    ids=["twice", "UTF-16", "NaN", "1e400", "deep", "open"],
)
async def test_what_two_parsers_could_read_differently_is_refused(app: FastAPI, body: bytes) -> None:
    refused = await post(app, body)
    assert (refused.status_code, refused.json()["code"]) == (400, "invalid_json")
