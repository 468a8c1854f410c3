"""Calls that come while one is under way leave together with the next, so that they share its round trips and its
commit. A call that comes alone leaves at once."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

Item = TypeVar("Item")
Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class _Call(Generic[Item, Answer]):
    items: Sequence[Item]
    answers: "asyncio.Future[Sequence[Answer]]"

    def settle(self, answers: Sequence[Answer]) -> None:
        if not self.answers.done():  # the caller may have gone away
            self.answers.set_result(answers)

    def fail(self, error: Exception) -> None:
        if not self.answers.done():
            self.answers.set_exception(error)


class Gathering(Generic[Item, Answer]):
    """Calls `run` with the items of several callers, in the order they came, one call at a time.

    An error of the kind `shared_errors` is the answer to everybody in that call. After any other each of them gets a
    call of its own, so that nobody is refused for what another one brought. A caller that is cancelled takes nothing
    back.
    """

    def __init__(
        self,
        run: Callable[[Sequence[Item]], Awaitable[Sequence[Answer]]],
        *,
        max_items: int,
        shared_errors: type[Exception],
    ) -> None:
        self._run = run
        self._max_items = max_items
        self._shared_errors = shared_errors
        self._waiting: deque[_Call[Item, Answer]] = deque()
        self._turns: asyncio.Task[None] | None = None

    async def add(self, items: Sequence[Item]) -> Sequence[Answer]:
        """One answer for each item, in their order. Raises what `run` raised."""
        call: _Call[Item, Answer] = _Call(items, asyncio.get_running_loop().create_future())
        self._waiting.append(call)
        if self._turns is None:
            self._turns = asyncio.create_task(self._take_turns())
        return await call.answers

    async def drained(self) -> None:
        """Returns when everybody who waited has been answered."""
        while self._turns is not None:
            await asyncio.wait([self._turns])

    async def _take_turns(self) -> None:
        try:
            while self._waiting:
                await self._answer(self._next_group())
        finally:
            self._turns = None

    def _next_group(self) -> list[_Call[Item, Answer]]:
        group = [self._waiting.popleft()]
        room = self._max_items - len(group[0].items)
        while self._waiting and len(self._waiting[0].items) <= room:
            group.append(self._waiting.popleft())
            room -= len(group[-1].items)
        return group

    async def _answer(self, group: Sequence[_Call[Item, Answer]]) -> None:
        try:
            answers = iter(await self._run([item for call in group for item in call.items]))
        except Exception as error:  # noqa: BLE001 - whatever it was, it is the callers' to see
            await self._answer_failed(group, error)
        else:
            for call in group:
                call.settle([next(answers) for _ in call.items])

    async def _answer_failed(self, group: Sequence[_Call[Item, Answer]], error: Exception) -> None:
        if len(group) == 1 or isinstance(error, self._shared_errors):
            for call in group:
                call.fail(error)
        else:
            for call in group:
                await self._answer([call])
