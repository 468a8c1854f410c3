"""The relay from the outbox to the logger: at once while the logger answers, for ever while it does not.

There is one layer of retries, here: the client it is given asks once. What the logger's answer means:

    200                     each event has an outcome; `rejected` goes to the dead letters
    no answer, 5xx, 429,    nothing is wrong with the events: they wait, and the relay pauses (full jitter, Brooker,
    408, 401, 403, 404      "Exponential Backoff And Jitter", 2015). A key that was rotated or an address that was
                            mistyped is an operator's to mend; a morning's attendance must not die of it
    any other 4xx           the batch holds something the logger will never take: its events are sent one by one, and
                            the ones that are refused alone go to the dead letters
"""

import asyncio
import contextlib
import random
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum, auto
from typing import assert_never
from uuid import UUID

from recognizer.client import ClientError, InConflict, LoggerClient, NotTaken, Refused
from recognizer.errors import OutboxUnavailable
from recognizer.outbox import Outbox, OutboxEntry
from shared.contracts.events import MAX_EVENTS, EventResult, Outcome, RecognitionEvent
from shared.logs import get_logger

log = get_logger(__name__)

_TOO_SLOW = 408


class _Kind(StrEnum):
    ANSWERED = auto()
    AWAY = auto()
    REFUSED = auto()


@dataclass(frozen=True, slots=True)
class _Reply:
    kind: _Kind
    results: Sequence[EventResult] = ()
    reason: str = ""


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    first_pause_s: float = 0.25
    longest_pause_s: float = 15.0
    idle_poll_s: float = 2.0  # how often to look for what other publishers left behind


class Publisher:
    """Owns one background task. It sends what it accepts, and takes up, by itself, whatever else waits in the spool."""

    def __init__(
        self, outbox: Outbox, logger: LoggerClient, *, policy: RetryPolicy, jitter: random.Random | None = None
    ) -> None:
        self._outbox = outbox
        self._logger = logger
        self._policy = policy
        self._jitter = jitter or random.SystemRandom()
        self._offered: deque[RecognitionEvent] = deque()
        self._waiters: dict[UUID, asyncio.Future[EventResult | None]] = {}
        self._offer = asyncio.Event()
        self._stop = asyncio.Event()
        self._failures = 0
        self._task: asyncio.Task[None] | None = None

    @property
    def away(self) -> bool:
        """Whether the last attempt found no logger. Then there is no verdict to wait for."""
        return self._failures > 0

    def healthy(self) -> bool:
        return self._task is not None and not self._task.done()

    def start(self) -> None:
        self._task = asyncio.create_task(self._relay(), name="publisher")

    async def close(self) -> None:
        """Finishes the delivery in progress; what is left stays in the outbox."""
        self._stop.set()
        self._offer.set()
        if self._task is not None:
            await asyncio.wait([self._task])
        with contextlib.suppress(OutboxUnavailable):  # their leases end by themselves
            await self._give_back(self._take_offered())

    async def accept(self, event: RecognitionEvent, budget_s: float) -> OutboxEntry:
        """The event's entry, durable; with the logger's answer where there is one within the budget. An event_id that
        is here already gives the first one's entry, and nothing is sent. Raises OutboxFull and OutboxUnavailable."""
        sending = not self.away  # asked once: what was leased and is not offered would wait for its lease to end
        entry = await self._outbox.append(event, lease=sending)
        if entry.fresh and sending:
            return replace(entry, answer=await self.deliver(event, budget_s))
        return entry

    async def deliver(self, event: RecognitionEvent, budget_s: float) -> EventResult | None:
        """The logger's answer to an event that is leased to this publisher, or None when there is none within the
        budget: it goes on being sent."""
        waiter: asyncio.Future[EventResult | None] = asyncio.get_running_loop().create_future()
        self._waiters[event.event_id] = waiter
        self._offered.append(event)
        self._offer.set()
        try:
            async with asyncio.timeout(budget_s):
                return await waiter
        except TimeoutError:
            return None
        finally:
            del self._waiters[event.event_id]

    async def _relay(self) -> None:
        while not self._stop.is_set():
            self._offer.clear()
            try:
                await self._publish_next()
            except OutboxUnavailable:  # full or read-only disk: readiness says so, and it may come back
                self._failures += 1
            except Exception as error:
                log.exception("delivery broke", exc_info=error)
                self._failures += 1
            if self.away:
                await _wait(self._stop, self._pause_s())
            elif not self._offered:
                await _wait(self._offer, self._policy.idle_poll_s)

    async def _publish_next(self) -> None:
        batch = self._take_offered() or await self._outbox.claim(MAX_EVENTS)
        try:
            await self._publish(batch)
        except OutboxUnavailable:  # still leased to us: sent again, which is harmless, rather than left to their lease
            self._offered.extendleft(reversed(batch))
            raise

    def _take_offered(self) -> list[RecognitionEvent]:
        return [self._offered.popleft() for _ in range(min(len(self._offered), MAX_EVENTS))]

    def _pause_s(self) -> float:
        doublings = min(self._failures - 1, 20)
        return self._jitter.uniform(0, min(self._policy.longest_pause_s, self._policy.first_pause_s * 2**doublings))

    async def _publish(self, batch: Sequence[RecognitionEvent]) -> None:
        if not batch:
            return
        reply = await self._post(batch)
        match reply.kind:
            case _Kind.ANSWERED:
                self._failures = 0
                await self._settle(reply.results)
            case _Kind.REFUSED if len(batch) > 1:
                await self._publish_one_by_one(batch)
            case _Kind.REFUSED:
                rejected = EventResult(event_id=batch[0].event_id, outcome=Outcome.REJECTED, detail=reply.reason)
                await self._settle([rejected])
            case _Kind.AWAY:
                self._failures += 1
                log.warning("logger not reached", reason=reply.reason, events=len(batch), failures=self._failures)
                await self._give_back([*batch, *self._take_offered()])
            case _:
                assert_never(reply.kind)

    async def _publish_one_by_one(self, batch: Sequence[RecognitionEvent]) -> None:
        for index, event in enumerate(batch):
            await self._publish([event])
            if self.away:
                await self._give_back(batch[index + 1 :])
                return

    async def _post(self, batch: Sequence[RecognitionEvent]) -> _Reply:
        try:
            results = await self._logger.send_events(batch)
        except Refused as error:
            refused = isinstance(error, NotTaken | InConflict) and error.status != _TOO_SLOW
            return _Reply(_Kind.REFUSED if refused else _Kind.AWAY, reason=f"the logger answered {error.status}")
        except ClientError as error:
            return _Reply(_Kind.AWAY, reason=str(error))
        if [result.event_id for result in results] != [event.event_id for event in batch]:
            return _Reply(_Kind.AWAY, reason="the logger answered for other events")
        return _Reply(_Kind.ANSWERED, results)

    async def _settle(self, results: Sequence[EventResult]) -> None:
        rejected = sum(result.outcome is Outcome.REJECTED for result in results)
        if rejected:
            log.error("events refused by the logger", events=rejected)
        await self._outbox.settle(results)
        for result in results:
            self._tell(result.event_id, result)

    async def _give_back(self, events: Sequence[RecognitionEvent]) -> None:
        if events:
            await self._outbox.release([event.event_id for event in events])
        for event in events:
            self._tell(event.event_id, None)

    def _tell(self, event_id: UUID, result: EventResult | None) -> None:
        waiter = self._waiters.get(event_id)
        if waiter is not None and not waiter.done():
            waiter.set_result(result)


async def _wait(event: asyncio.Event, timeout_s: float) -> None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(timeout_s):
            await event.wait()
