"""The clock behind the sessions, and behind chores: asks now and then what is due."""

import asyncio
from typing import Protocol

from shared.logs import get_logger
from shared.web.errors import ServiceError

log = get_logger(__name__)

EVERY_S = 1.0


class Ticking(Protocol):
    async def tick(self) -> None:
        """Does what is due. Raises StoreUnavailable."""
        ...


class SessionClock:
    """Lives from `start` to `stop`. A store that is away is asked again; anything else ends it, and it is not alive."""

    def __init__(self, sessions: Ticking, *, every_s: float = EVERY_S) -> None:
        self._sessions = sessions
        self._every_s = every_s
        self._task: asyncio.Task[None] | None = None

    @property
    def is_alive(self) -> bool:
        return self._task is not None and not self._task.done()

    def start(self) -> None:
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])

    async def _run(self) -> None:
        is_away = False
        while True:
            try:
                await self._sessions.tick()
                is_away = False
            except ServiceError as error:  # the store is away, or what was due has just been removed
                if not is_away:
                    log.warning("what is due has to wait", code=error.code, exc_info=error)
                is_away = True
            except Exception as error:
                log.exception("the clock broke", exc_info=error)
                raise
            await asyncio.sleep(self._every_s)
