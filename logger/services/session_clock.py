"""The clock behind the sessions: asks every second what is due."""

import asyncio

from logger.errors import StoreUnavailable
from logger.services.sessions import SessionsService
from shared.logs import get_logger

log = get_logger(__name__)

EVERY_S = 1.0


class SessionClock:
    """Lives from `start` to `stop`. A store that is away is asked again; anything else ends it, and it is not alive."""

    def __init__(self, sessions: SessionsService, *, every_s: float = EVERY_S) -> None:
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
            except StoreUnavailable as error:
                if not is_away:
                    log.warning("sessions wait for the store", code=error.code, exc_info=error)
                is_away = True
            except Exception as error:
                log.exception("the clock of the sessions broke", exc_info=error)
                raise
            await asyncio.sleep(self._every_s)
