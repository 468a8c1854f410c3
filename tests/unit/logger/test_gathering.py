"""Calls that wait leave together, and nobody pays for another's mistake."""

import asyncio
from collections.abc import Sequence

import pytest

from logger.store.gathering import Gathering


class Away(Exception):
    pass


class Bad(Exception):
    pass


class Slow:
    """Doubles numbers, once it is let go; remembers what came together."""

    def __init__(self) -> None:
        self.calls: list[list[int]] = []
        self.let_go = asyncio.Event()
        self.away = False

    async def double(self, numbers: Sequence[int]) -> list[int]:
        self.calls.append(list(numbers))
        await self.let_go.wait()
        if self.away:
            raise Away
        if 13 in numbers:
            raise Bad
        return [2 * number for number in numbers]


@pytest.fixture
def slow() -> Slow:
    return Slow()


@pytest.fixture
def gathering(slow: Slow) -> Gathering[int, int]:
    return Gathering(slow.double, max_items=3, shared_errors=Away)


async def begin(gathering: Gathering[int, int], *calls: Sequence[int]) -> list["asyncio.Task[Sequence[int]]"]:
    """The first call is under way when this returns, and the others wait."""
    first = asyncio.create_task(gathering.add(calls[0]))
    while (not first.done() and gathering._waiting) or gathering._turns is None:
        await asyncio.sleep(0)
    others = [asyncio.create_task(gathering.add(call)) for call in calls[1:]]
    await asyncio.sleep(0)
    return [first, *others]


async def test_a_call_that_comes_alone_leaves_at_once(gathering: Gathering[int, int], slow: Slow) -> None:
    slow.let_go.set()
    assert await gathering.add([1, 2]) == [2, 4]
    assert await gathering.add([3]) == [6]
    assert slow.calls == [[1, 2], [3]]


async def test_what_came_during_a_call_leaves_together_in_its_order(gathering: Gathering[int, int], slow: Slow) -> None:
    tasks = await begin(gathering, [1], [2], [3, 4])
    slow.let_go.set()
    assert await asyncio.gather(*tasks) == [[2], [4], [6, 8]]
    assert slow.calls == [[1], [2, 3, 4]]


async def test_a_call_is_never_cut_and_one_that_is_too_large_goes_by_itself(
    gathering: Gathering[int, int], slow: Slow
) -> None:
    tasks = await begin(gathering, [1], [2, 3], [4, 5], [1, 2, 3, 4], [6])
    slow.let_go.set()
    await asyncio.gather(*tasks)
    assert slow.calls == [[1], [2, 3], [4, 5], [1, 2, 3, 4], [6]]


async def test_a_bad_item_fails_its_own_caller_alone(gathering: Gathering[int, int], slow: Slow) -> None:
    tasks = await begin(gathering, [1], [2], [13], [3])
    slow.let_go.set()
    answers = await asyncio.gather(*tasks, return_exceptions=True)
    assert isinstance(answers.pop(2), Bad)
    assert answers == [[2], [4], [6]]


async def test_an_error_that_all_share_is_not_tried_again_for_each(gathering: Gathering[int, int], slow: Slow) -> None:
    tasks = await begin(gathering, [1], [2], [3])
    slow.away = True
    slow.let_go.set()
    answers = await asyncio.gather(*tasks, return_exceptions=True)
    assert [type(answer) for answer in answers] == [Away] * 3
    assert slow.calls == [[1], [2, 3]]


async def test_a_caller_that_goes_away_takes_nothing_back(gathering: Gathering[int, int], slow: Slow) -> None:
    first, leaving, staying = await begin(gathering, [1], [2], [3])
    leaving.cancel()
    slow.let_go.set()
    assert [await first, await staying] == [[2], [6]]
    assert slow.calls == [[1], [2, 3]]


async def test_draining_waits_for_everybody(gathering: Gathering[int, int], slow: Slow) -> None:
    tasks = await begin(gathering, [1], [2])
    draining = asyncio.create_task(gathering.drained())
    await asyncio.sleep(0)
    assert not draining.done()
    slow.let_go.set()
    await draining
    assert await asyncio.gather(*tasks) == [[2], [4]]
