"""A recognizer that may be asked to enrol people, and whoever holds the key for it."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import httpx
import pytest

KEY = "rollcall_" + "e" * 43
Photo = tuple[str, bytes]  # with its file name


class Desk:
    """Where people are enrolled: a client with the key."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self.client = client
        client.headers["X-API-Key"] = KEY

    async def enroll(self, person_id: str, name: str, *photos: bytes | Photo, **fields: str) -> httpx.Response:
        named = [("images", photo if isinstance(photo, tuple) else ("photo.jpg", photo)) for photo in photos]
        return await self.client.post("/people", data={"person_id": person_id, "name": name, **fields}, files=named)

    async def recognize(self, picture: bytes) -> str:
        answer = await self.client.post("/recognize", files={"image": picture}, data={"record": "false"})
        assert answer.status_code == 200, answer.text
        return str(answer.json()["person"])


OpenDesk = Callable[..., AbstractAsyncContextManager[Desk]]


@pytest.fixture
def open_desk(running: Callable[..., AbstractAsyncContextManager[httpx.AsyncClient]]) -> OpenDesk:
    @asynccontextmanager
    async def opened(**changes: object) -> AsyncIterator[Desk]:
        async with running(enroll_key=KEY, **changes) as client:
            yield Desk(client)

    return opened


@pytest.fixture
async def desk(open_desk: OpenDesk) -> AsyncIterator[Desk]:
    async with open_desk() as desk:
        yield desk
