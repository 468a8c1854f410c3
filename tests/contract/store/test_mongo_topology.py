import asyncio
from collections.abc import Callable

import pytest

from logger.errors import StoreUnavailable
from logger.store.mongo_topology import read_topology


async def test_a_server_says_what_it_is(mongo_url: Callable[[str], str]) -> None:
    """A server of MONGO_TEST_URL may be any kind; the peer stands alone."""
    found = await asyncio.to_thread(read_topology, mongo_url("admin"))

    assert found.sharded or (found.replica_set is None) == (found.members == 0)


def test_a_server_that_is_away_is_no_topology() -> None:
    with pytest.raises(StoreUnavailable):
        read_topology("mongodb://127.0.0.1:1/rollcall?serverSelectionTimeoutMS=100")
