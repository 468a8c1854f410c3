"""Faces without a name: counted by the minute, told once, forgotten in time."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Protocol

import httpx
import pytest

from recognizer.client import LoggerClient, Patience
from recognizer.tallies import MOST_KEPT, TallyBook, TallySender
from shared.contracts.recognition import DecisionKind
from shared.contracts.tallies import MAX_TALLIES, Nameless, SightingTally, TalliesKept, TallyBatch

D = DecisionKind
HOUR_S = 3600.0


class Clock(Protocol):
    def now(self) -> datetime: ...
    def pass_s(self, seconds: float) -> None: ...


class Logger:
    """Keeps the highest count, as the real one does; answers `replies` first."""

    def __init__(self) -> None:
        self.replies: deque[int | Exception] = deque()
        self.counts: dict[tuple[str | None, str, datetime], int] = {}
        self.sizes: list[int] = []
        self.asked = asyncio.Event()

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.set()
        reply = self.replies.popleft() if self.replies else 200
        if isinstance(reply, Exception):
            raise reply
        if reply != 200:
            return httpx.Response(reply)
        tallies = TallyBatch.model_validate_json(request.content).tallies
        self.sizes.append(len(tallies))
        for one in tallies:
            place = (one.source, one.decision.value, one.minute)
            self.counts[place] = max(one.count, self.counts.get(place, 0))
        return httpx.Response(200, text=TalliesKept(kept=len(tallies)).model_dump_json())


@pytest.fixture
def logger() -> Logger:
    return Logger()


@pytest.fixture
def dropped() -> list[int]:
    return []


@pytest.fixture
def book(clock: Clock, dropped: list[int]) -> TallyBook:
    return TallyBook(clock, origin="r1", dropped=dropped.append, most_kept=3)


@pytest.fixture
async def client(logger: Logger) -> AsyncIterator[LoggerClient]:
    transport = httpx.MockTransport(logger)
    async with LoggerClient("http://logger", patience=Patience(attempts=1), transport=transport) as made:
        yield made


@pytest.fixture
def sender(book: TallyBook, client: LoggerClient) -> TallySender:
    return TallySender(book, client, every_s=HOUR_S)


def told(book: TallyBook) -> list[tuple[str | None, Nameless, int]]:
    return [(one.source, one.decision, one.count) for one in book.untold()]


def test_only_faces_without_a_name_count_by_camera_and_minute(book: TallyBook, clock: Clock) -> None:
    book.note([D.UNKNOWN, D.KNOWN, D.UNKNOWN, D.LOW_QUALITY], "door", clock.now() + timedelta(seconds=59.5))
    book.note([D.SPOOF], None, clock.now())
    book.note([D.NO_FACE, D.MULTIPLE_FACES], "door", clock.now())
    assert told(book) == [("door", Nameless.UNKNOWN, 2), (None, Nameless.SPOOF, 1)]
    assert {(one.origin, one.minute) for one in book.untold()} == {("r1", clock.now())}


async def test_what_was_told_is_not_told_again_until_there_is_more(
    book: TallyBook, sender: TallySender, logger: Logger, clock: Clock
) -> None:
    book.note([D.UNKNOWN], "door", clock.now())
    await sender.send()
    await sender.send()
    assert logger.sizes == [1]
    book.note([D.UNKNOWN], "door", clock.now())
    await sender.send()
    assert logger.counts == {("door", "unknown", clock.now()): 2}


@pytest.mark.parametrize("reply", [httpx.ConnectError("away"), httpx.ReadTimeout("slow"), 503, 404, 401, 429])
async def test_a_logger_that_is_away_is_told_later(
    book: TallyBook, sender: TallySender, logger: Logger, clock: Clock, reply: int | Exception
) -> None:
    logger.replies.append(reply)
    book.note([D.AMBIGUOUS], "door", clock.now())
    await sender.send()
    assert logger.counts == {}
    await sender.send()
    assert logger.counts == {("door", "ambiguous", clock.now()): 1}


async def test_what_the_logger_never_takes_is_dropped_and_said_so(
    book: TallyBook, sender: TallySender, logger: Logger, clock: Clock, dropped: list[int]
) -> None:
    logger.replies.append(422)
    book.note([D.UNKNOWN, D.UNKNOWN], "door", clock.now())
    await sender.send()
    assert (dropped, told(book)) == ([2], [])


def test_an_hour_that_nobody_heard_of_is_forgotten_and_said_so(
    book: TallyBook, clock: Clock, dropped: list[int]
) -> None:
    book.note([D.UNKNOWN] * 3, "door", clock.now())
    book.told([SightingTally(**{**book.untold()[0].model_dump(), "count": 1})])
    clock.pass_s(HOUR_S)
    assert len(told(book)) == 1
    clock.pass_s(1)
    assert told(book) == []
    assert dropped == [2]


def test_memory_is_bounded(book: TallyBook, clock: Clock, dropped: list[int]) -> None:
    for camera in range(5):
        book.note([D.UNKNOWN], f"camera {camera}", clock.now())
    book.note([D.UNKNOWN], "camera 0", clock.now())
    assert [count for _, _, count in told(book)] == [2, 1, 1]
    assert dropped == [1, 1]


async def test_more_than_one_message_holds_is_told_in_several(
    clock: Clock, client: LoggerClient, logger: Logger, dropped: list[int]
) -> None:
    book = TallyBook(clock, origin="r1", dropped=dropped.append)
    for camera in range(MAX_TALLIES + 1):
        book.note([D.UNKNOWN], f"camera {camera}", clock.now())
    await TallySender(book, client).send()
    assert logger.sizes == [MAX_TALLIES, 1]
    assert MOST_KEPT > MAX_TALLIES


async def test_the_sender_tells_what_is_left_when_it_is_closed_and_survives_what_breaks(
    book: TallyBook, client: LoggerClient, logger: Logger, clock: Clock
) -> None:
    logger.replies.append(RuntimeError("broken"))
    often = TallySender(book, client, every_s=0)
    book.note([D.UNKNOWN], "door", clock.now())
    often.start()
    await logger.asked.wait()
    assert often.healthy()
    await often.close()
    assert not often.healthy()
    assert logger.counts == {("door", "unknown", clock.now()): 1}
