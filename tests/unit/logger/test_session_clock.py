"""The clock of the sessions: patient with a store that is away, and dead in the open when something else breaks."""

import asyncio
from collections.abc import Callable

from logger.errors import StoreUnavailable
from logger.services.session_clock import SessionClock


class Ticking:
    """Fails as it is told to, and says when it was asked."""

    def __init__(self, *failures: Exception) -> None:
        self._failures = list(failures)
        self.ticks = 0
        self.went_well = False

    async def tick(self) -> None:
        self.ticks += 1
        if self._failures:
            raise self._failures.pop(0)
        self.went_well = True


def clock_of(ticking: Ticking) -> SessionClock:
    return SessionClock(ticking, every_s=0)


async def until(condition: Callable[[], bool]) -> None:
    while not condition():
        await asyncio.sleep(0)


async def test_a_store_that_is_away_is_asked_again() -> None:
    ticking = Ticking(StoreUnavailable("away"), StoreUnavailable("still away"))
    clock = clock_of(ticking)
    assert not clock.is_alive
    clock.start()
    await until(lambda: ticking.went_well or not clock.is_alive)
    assert clock.is_alive
    assert ticking.ticks == 3
    await clock.stop()
    assert not clock.is_alive


async def test_what_nobody_expected_ends_it_and_it_says_so() -> None:
    clock = clock_of(Ticking(RuntimeError("broken")))
    clock.start()
    await until(lambda: not clock.is_alive)
    await clock.stop()


async def test_one_that_was_never_started_stops_as_well() -> None:
    await clock_of(Ticking()).stop()
