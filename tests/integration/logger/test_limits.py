"""What one client gets when they ask for more than their share."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

import httpx

SELDOM = 0.001  # a second: one request, and the next a quarter of an hour later
Serve = Callable[..., AbstractAsyncContextManager[httpx.AsyncClient]]


async def test_a_program_with_a_key_is_not_held_up_by_who_shares_its_address(
    serve: Serve, reader: dict[str, str]
) -> None:
    async with serve(rate_per_s=SELDOM, key_rate_per_s=SELDOM) as client:
        assert [(await client.get("/v1/attendance")).status_code for _ in range(2)] == [401, 429]
        answers = [await client.get("/v1/attendance", headers=reader) for _ in range(2)]
        assert [answer.status_code for answer in answers] == [200, 429]
        assert answers[-1].json()["code"] == "too_many_requests"


async def test_a_key_that_is_nobodys_counts_for_the_address(serve: Serve) -> None:
    async with serve(rate_per_s=SELDOM) as client:
        guesses = [{"Authorization": f"Bearer guess-{number}"} for number in range(3)]
        assert [(await client.get("/v1/attendance", headers=guess)).status_code for guess in guesses] == [401, 429, 429]


async def test_while_the_store_is_away_the_address_counts(serve: Serve, no_store: object) -> None:
    async with serve(store=no_store, api_keys=None, rate_per_s=SELDOM) as client:
        key = {"Authorization": "Bearer a key in the store"}
        assert [(await client.get("/v1/attendance", headers=key)).status_code for _ in range(2)] == [503, 429]
