"""A store that is away when the service starts is prepared when it is there: on the next use, or by the next probe."""

import asyncio
from collections.abc import Awaitable, Callable


class Preparation:
    """Runs `prepare` until it succeeds once. Whoever comes while it runs waits for that run and shares its result, so
    that a hundred requests to a store that is away wait one timeout and not a hundred."""

    def __init__(self, prepare: Callable[[], Awaitable[None]]) -> None:
        self._prepare = prepare
        self._attempt: asyncio.Task[None] | None = None

    async def done(self) -> None:
        """Returns when the preparation has succeeded; raises what this attempt raised."""
        if self._attempt is None or self._failed(self._attempt):
            self._attempt = asyncio.ensure_future(self._run())
        await asyncio.shield(self._attempt)

    async def stop(self) -> None:
        if self._attempt is not None and not self._attempt.done():
            self._attempt.cancel()
            await asyncio.wait([self._attempt])

    async def _run(self) -> None:
        await self._prepare()

    @staticmethod
    def _failed(attempt: "asyncio.Task[None]") -> bool:
        return attempt.done() and (attempt.cancelled() or attempt.exception() is not None)
