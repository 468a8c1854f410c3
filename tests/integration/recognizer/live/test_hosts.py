"""DNS rebinding over a real socket: a page elsewhere has its own name point at this machine."""

from typing import Any

import httpx
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus
from websockets.typing import Origin


async def test_a_name_that_points_here_is_refused_and_a_tunnels_is_not(place: Any, draw: Any) -> None:
    picture = draw("Alice_101")
    async with httpx.AsyncClient(base_url=place.http, trust_env=False) as client:

        async def asked(host: str) -> int:
            answer = await client.post("/recognize", files={"image": picture}, headers={"Host": host})
            return answer.status_code

        assert await asked(f"evil.example:{place.port}") == 421
        assert await asked(f"localhost:{place.port}") == 200
        assert await asked("a1b2c3.ngrok-free.app") == 200


async def test_its_websockets_are_refused_as_well(place: Any) -> None:
    name = f"evil.example:{place.port}"
    here = {"host": "127.0.0.1", "port": place.port}  # where the name points
    with pytest.raises(InvalidStatus) as refused:
        async with connect(f"ws://{name}/live", origin=Origin(f"http://{name}"), proxy=None, **here):
            pass
    assert refused.value.response.status_code == 421
