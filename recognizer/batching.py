"""Many awaits, one batched call. Nothing about faces in here."""

import asyncio
import math
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from typing import Generic, TypeVar

from recognizer.errors import Closed, Overloaded

Item = TypeVar("Item")
Result = TypeVar("Result")


class MicroBatcher(Generic[Item, Result]):
    """Batches by waiting its turn, not by sleeping: a lone item leaves at once, and what queued while every lane was
    busy, or came together, leaves together.

    `run` is called in `executor` with up to `max_batch` items and returns one result each, in order. At most `lanes`
    calls run at a time. A call that raises fails the callers of that batch and nobody else. A caller that is cancelled
    before its batch leaves is not computed; afterwards its result is dropped.
    """

    def __init__(
        self,
        run: Callable[[Sequence[Item]], Sequence[Result]],
        executor: Executor,
        *,
        max_batch: int,
        max_waiting: int,
        lanes: int,
    ) -> None:
        self._run = run
        self._executor = executor
        self._max_batch = max_batch
        self._max_waiting = max_waiting
        self._free_lanes = lanes
        self._waiting: deque[tuple[Item, asyncio.Future[Result]]] = deque()
        self._batches: set[asyncio.Task[None]] = set()
        self._closed = False

    async def submit(self, item: Item) -> Result:
        """Raises Overloaded when too many wait already, Closed after `close`."""
        [result] = await self.submit_all([item])
        return result

    async def submit_all(self, items: Sequence[Item]) -> list[Result]:
        """One result for each, in order; raises as `submit` does, all or nothing. They leave at once, shared out evenly
        among the lanes that are free."""
        if self._closed:
            raise Closed("The service is stopping")
        if len(self._waiting) + len(items) > self._max_waiting:
            raise Overloaded("Too many faces are waiting to be recognized")
        answers: list[asyncio.Future[Result]] = [asyncio.get_running_loop().create_future() for _ in items]
        self._waiting.extend(zip(items, answers, strict=True))
        self._fill_lanes()
        return await asyncio.gather(*answers)

    async def close(self) -> None:
        """What was accepted is still answered; then nothing runs any more."""
        self._closed = True
        while self._batches:
            await asyncio.wait(self._batches)

    def _fill_lanes(self) -> None:
        while self._free_lanes and (batch := self._next_batch()):
            self._free_lanes -= 1
            task = asyncio.create_task(self._answer(batch))
            self._batches.add(task)
            task.add_done_callback(self._batches.discard)

    def _next_batch(self) -> list[tuple[Item, asyncio.Future[Result]]]:
        batch: list[tuple[Item, asyncio.Future[Result]]] = []
        even_share = math.ceil(len(self._waiting) / self._free_lanes)
        while self._waiting and len(batch) < min(even_share, self._max_batch):
            item, answer = self._waiting.popleft()
            if not answer.cancelled():
                batch.append((item, answer))
        return batch

    async def _answer(self, batch: list[tuple[Item, asyncio.Future[Result]]]) -> None:
        items = [item for item, _ in batch]
        try:
            results = await asyncio.get_running_loop().run_in_executor(self._executor, self._run, items)
            pairs = list(zip(batch, results, strict=True))
        except Exception as error:  # noqa: BLE001 - whatever it was, it is the callers' to see
            for _, answer in batch:
                if not answer.done():
                    answer.set_exception(error)
        else:
            for (_, answer), result in pairs:
                if not answer.done():
                    answer.set_result(result)
        finally:
            self._free_lanes += 1
            self._fill_lanes()
