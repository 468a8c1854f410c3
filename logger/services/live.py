"""What happens, told at once to whoever is listening."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

MAX_WAITING = 500  # events to a listener that does not keep up; then the oldest are dropped


class LiveKind(StrEnum):
    SESSION = "session"  # began, ended, was cancelled or changed
    MARK = "mark"  # somebody's mark is another
    NOT_COUNTED = "not_counted"  # somebody was seen who is not expected, or at another time
    TALLY = "tally"  # more faces without a name were counted
    MISSED = "missed"  # this listener was too slow and lost events: what it shows has to be read anew


@dataclass(frozen=True, slots=True)
class LiveEvent:
    kind: LiveKind
    at: datetime
    session_id: str | None = None
    class_id: str | None = None
    person_id: str | None = None
    name: str | None = None
    status: str | None = None  # a mark's code, or a session's state
    detail: str | None = None


_END = LiveEvent(LiveKind.SESSION, datetime.min)  # noqa: DTZ901 - known by its identity alone


class LiveFeed:
    """Listeners of this process. Publishing never waits for any of them."""

    def __init__(self) -> None:
        self._listeners: set[asyncio.Queue[LiveEvent]] = set()
        self._closed = False

    @property
    def listeners(self) -> int:
        return len(self._listeners)

    def publish(self, event: LiveEvent) -> None:
        for listener in self._listeners:
            if listener.full():
                listener.get_nowait()
                listener.get_nowait()
                listener.put_nowait(LiveEvent(LiveKind.MISSED, event.at))
            listener.put_nowait(event)

    async def subscribe(self, *, idle_s: float | None = None) -> AsyncIterator[LiveEvent | None]:
        """What is published from now on, until the feed is closed. None at once, so that it is known to listen, and
        whenever nothing has happened for `idle_s`."""
        with self._listening() as listener:
            yield None
            while (event := await _next(listener, idle_s)) is not _END:
                yield event

    def close(self) -> None:
        """Ends every iteration: a server that stops does not wait for its listeners."""
        self._closed = True
        for listener in self._listeners:
            if listener.full():
                listener.get_nowait()
            listener.put_nowait(_END)

    @contextmanager
    def _listening(self) -> Iterator["asyncio.Queue[LiveEvent]"]:
        listener: asyncio.Queue[LiveEvent] = asyncio.Queue(MAX_WAITING)
        if self._closed:
            listener.put_nowait(_END)
        self._listeners.add(listener)
        try:
            yield listener
        finally:
            self._listeners.discard(listener)


async def _next(listener: "asyncio.Queue[LiveEvent]", idle_s: float | None) -> LiveEvent | None:
    try:
        async with asyncio.timeout(idle_s):
            return await listener.get()
    except TimeoutError:
        return None
