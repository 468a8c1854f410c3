"""How many faces without a name each camera sees in a minute: counted here, told to the logger.

Best effort, and nothing of the faces: an hour that the logger is away for is forgotten, and said in a metric. A count
is told as it stands, under the name of this process, so that telling it again changes nothing.
"""

import asyncio
import contextlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from recognizer.client import ClientError, InConflict, LoggerClient, NotTaken
from shared.clock import Clock
from shared.contracts.recognition import DecisionKind
from shared.contracts.tallies import MAX_TALLIES, Nameless, SightingTally
from shared.logs import get_logger

log = get_logger(__name__)

SEND_EVERY_S = 10.0
KEPT_FOR = timedelta(hours=1)
MOST_KEPT = 5_000  # minutes of cameras; room for eighty cameras in an hour
_NAMELESS = {
    DecisionKind.UNKNOWN: Nameless.UNKNOWN,
    DecisionKind.AMBIGUOUS: Nameless.AMBIGUOUS,
    DecisionKind.SPOOF: Nameless.SPOOF,
}
_TOO_SLOW = 408

_Place = tuple[str | None, Nameless, datetime]  # camera, decision, minute


@dataclass(slots=True)
class _Count:
    count: int
    told: int
    noted_at: datetime

    @property
    def untold(self) -> int:
        return self.count - self.told


class TallyBook:
    """What was counted in the last hour, and how much of it is told."""

    def __init__(
        self, clock: Clock, *, origin: str, dropped: Callable[[int], None], most_kept: int = MOST_KEPT
    ) -> None:
        """`origin` is this process's own name, and `dropped` is told of sightings that the logger will not hear of."""
        self._clock = clock
        self._origin = origin
        self._dropped = dropped
        self._most_kept = most_kept
        self._counts: dict[_Place, _Count] = {}

    def note(self, decisions: Iterable[DecisionKind], source: str | None, at: datetime) -> None:
        """Those that name nobody count, each once, in the minute of `at`."""
        now = self._clock.now()
        for decision in decisions:
            nameless = _NAMELESS.get(decision)
            if nameless is not None:
                self._count((source, nameless, at.replace(second=0, microsecond=0)), now)

    def untold(self) -> list[SightingTally]:
        """Up to as many as the logger takes at once, after forgetting what is an hour old."""
        self._forget(self._clock.now() - KEPT_FOR)
        waiting = [(place, count) for place, count in self._counts.items() if count.untold]
        return [
            SightingTally(origin=self._origin, source=source, decision=decision, minute=minute, count=count.count)
            for (source, decision, minute), count in waiting[:MAX_TALLIES]
        ]

    def told(self, tallies: Iterable[SightingTally]) -> None:
        """What was counted since they were made waits for the next time."""
        for one in tallies:
            count = self._counts.get((one.source, one.decision, one.minute))
            if count is not None:
                count.told = max(count.told, one.count)

    def refused(self, tallies: Sequence[SightingTally]) -> None:
        """The logger will never take them."""
        self._dropped(sum(self._untold_of(one) for one in tallies))
        self.told(tallies)

    def _count(self, place: _Place, now: datetime) -> None:
        count = self._counts.get(place)
        if count is None and len(self._counts) >= self._most_kept:
            self._dropped(1)
        elif count is None:
            self._counts[place] = _Count(1, 0, now)
        else:
            count.count, count.noted_at = count.count + 1, now

    def _untold_of(self, tally: SightingTally) -> int:
        count = self._counts.get((tally.source, tally.decision, tally.minute))
        return 0 if count is None else max(0, tally.count - count.told)

    def _forget(self, before: datetime) -> None:
        old = [place for place, count in self._counts.items() if count.noted_at < before]
        lost = sum(self._counts.pop(place).untold for place in old)
        if lost:
            self._dropped(lost)


class TallySender:
    """Owns one background task, which tells the logger every few seconds what is new in the book."""

    def __init__(self, book: TallyBook, logger: LoggerClient, *, every_s: float = SEND_EVERY_S) -> None:
        self._book = book
        self._logger = logger
        self._every_s = every_s
        self._stop = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def healthy(self) -> bool:
        return self._task is not None and not self._task.done()

    def start(self) -> None:
        self._task = asyncio.create_task(self._send_now_and_then(), name="tallies")

    async def close(self) -> None:
        """Sends what is left, once."""
        self._stop.set()
        if self._task is not None:
            await asyncio.wait([self._task])

    async def send(self) -> None:
        """All that is new, or as much as the logger takes before it goes away."""
        while tallies := self._book.untold():
            if not await self._send(tallies):
                return

    async def _send_now_and_then(self) -> None:
        while not self._stop.is_set():
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._every_s):
                    await self._stop.wait()
            try:
                await self.send()
            except Exception as error:
                log.exception("telling of faces without a name broke", exc_info=error)

    async def _send(self, tallies: list[SightingTally]) -> bool:
        """Whether there is any use in sending more."""
        try:
            await self._logger.send_tallies(tallies)
        except ClientError as error:
            if not _never_taken(error):
                log.debug("the logger was not told of faces without a name", reason=str(error))
                return False
            log.warning("the logger refused counts of faces without a name", reason=str(error))
            self._book.refused(tallies)
        else:
            self._book.told(tallies)
        return True


def _never_taken(error: ClientError) -> bool:
    """Nothing else is the tallies' own fault."""
    return isinstance(error, NotTaken | InConflict) and error.status != _TOO_SLOW
