import asyncio
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest

from recognizer.batching import MicroBatcher
from recognizer.errors import Closed, Overloaded


class Gate:
    """A batched function that can be held shut, and remembers what it was called with."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.entered = threading.Semaphore(0)
        self._open = threading.Event()

    def open(self) -> None:
        self._open.set()

    def __call__(self, items: Sequence[int]) -> Sequence[int]:
        self.batches.append(list(items))
        self.entered.release()
        assert self._open.wait(timeout=10)
        if 13 in items:
            raise ValueError("poison")
        return [item * 10 for item in items]

    async def wait_entered(self) -> None:
        assert await asyncio.to_thread(self.entered.acquire, timeout=10)


@pytest.fixture
def executor() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(2) as pool:
        yield pool


@pytest.fixture
def gate() -> Iterator[Gate]:
    gate = Gate()
    yield gate
    gate.open()


def one_lane(
    gate: Gate, executor: ThreadPoolExecutor, max_batch: int = 4, max_waiting: int = 8
) -> MicroBatcher[int, int]:
    return MicroBatcher(gate, executor, max_batch=max_batch, max_waiting=max_waiting, lanes=1)


async def test_late_arrivals_leave_together(gate: Gate, executor: ThreadPoolExecutor) -> None:
    batcher = one_lane(gate, executor)
    first = asyncio.create_task(batcher.submit(1))
    await gate.wait_entered()
    late = [asyncio.create_task(batcher.submit(item)) for item in (2, 3, 4, 5, 6)]
    await asyncio.sleep(0)
    gate.open()
    assert await asyncio.gather(first, *late) == [10, 20, 30, 40, 50, 60]
    assert gate.batches == [[1], [2, 3, 4, 5], [6]]


async def test_a_poisoned_batch_fails_only_its_own_callers(gate: Gate, executor: ThreadPoolExecutor) -> None:
    batcher = one_lane(gate, executor, max_batch=2)
    tasks = [asyncio.create_task(batcher.submit(item)) for item in (1, 13, 2, 3, 4)]
    await gate.wait_entered()
    gate.open()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert results[0] == 10
    assert [type(result) for result in results[1:3]] == [ValueError, ValueError]
    assert results[3:] == [30, 40]


async def test_a_cancelled_caller_breaks_nobody_and_is_not_computed(gate: Gate, executor: ThreadPoolExecutor) -> None:
    batcher = one_lane(gate, executor)
    first = asyncio.create_task(batcher.submit(1))
    await gate.wait_entered()
    leaving, staying = asyncio.create_task(batcher.submit(2)), asyncio.create_task(batcher.submit(3))
    await asyncio.sleep(0)
    leaving.cancel()
    first.cancel()
    await asyncio.sleep(0)
    gate.open()
    assert await staying == 30
    assert gate.batches == [[1], [3]]
    assert first.cancelled()
    assert leaving.cancelled()


async def test_full_says_overloaded_at_once(gate: Gate, executor: ThreadPoolExecutor) -> None:
    batcher = one_lane(gate, executor, max_waiting=2)
    running = asyncio.create_task(batcher.submit(1))
    await gate.wait_entered()
    waiting = [asyncio.create_task(batcher.submit(item)) for item in (2, 3)]
    await asyncio.sleep(0)
    with pytest.raises(Overloaded):
        await batcher.submit(4)
    gate.open()
    assert await asyncio.gather(running, *waiting) == [10, 20, 30]


async def test_closed_answers_what_it_took_and_refuses_the_rest(gate: Gate, executor: ThreadPoolExecutor) -> None:
    batcher = one_lane(gate, executor)
    tasks = [asyncio.create_task(batcher.submit(item)) for item in (1, 2)]
    await gate.wait_entered()
    closing = asyncio.create_task(batcher.close())
    await asyncio.sleep(0)
    with pytest.raises(Closed):
        await batcher.submit(3)
    gate.open()
    await closing
    assert await asyncio.gather(*tasks) == [10, 20]


async def test_two_lanes_run_at_once(gate: Gate, executor: ThreadPoolExecutor) -> None:
    batcher = MicroBatcher(gate, executor, max_batch=1, max_waiting=8, lanes=2)
    tasks = [asyncio.create_task(batcher.submit(item)) for item in (1, 2)]
    await gate.wait_entered()
    await gate.wait_entered()
    gate.open()
    assert await asyncio.gather(*tasks) == [10, 20]


async def test_what_comes_together_leaves_together_shared_out_among_the_free_lanes(
    gate: Gate, executor: ThreadPoolExecutor
) -> None:
    batcher = MicroBatcher(gate, executor, max_batch=16, max_waiting=64, lanes=2)
    gate.open()
    assert await batcher.submit_all(range(14, 35)) == [10 * item for item in range(14, 35)]
    assert sorted(gate.batches) == [list(range(14, 25)), list(range(25, 35))]


async def test_more_than_a_batch_holds_leaves_in_several(gate: Gate, executor: ThreadPoolExecutor) -> None:
    batcher = one_lane(gate, executor, max_batch=4)
    gate.open()
    assert await batcher.submit_all([1, 2, 3, 4, 5, 6]) == [10, 20, 30, 40, 50, 60]
    assert gate.batches == [[1, 2, 3, 4], [5, 6]]
    assert await batcher.submit_all([]) == []


async def test_either_all_find_room_or_none(gate: Gate, executor: ThreadPoolExecutor) -> None:
    batcher = one_lane(gate, executor, max_waiting=2)
    running = asyncio.create_task(batcher.submit(1))
    await gate.wait_entered()
    with pytest.raises(Overloaded):
        await batcher.submit_all([2, 3, 4])
    together = asyncio.create_task(batcher.submit_all([5, 6]))
    await asyncio.sleep(0)
    gate.open()
    assert (await running, await together) == (10, [50, 60])
    assert gate.batches == [[1], [5, 6]]


async def test_a_call_that_returns_too_few_fails_its_callers(executor: ThreadPoolExecutor) -> None:
    batcher: MicroBatcher[int, int] = MicroBatcher(lambda _: [], executor, max_batch=4, max_waiting=8, lanes=1)
    with pytest.raises(ValueError, match="shorter"):
        await batcher.submit(1)
