import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import UUID

import httpx
import pytest

from recognizer.client import LoggerClient, Patience
from recognizer.errors import OutboxUnavailable
from recognizer.outbox import Outbox, OutboxEntry
from recognizer.publisher import Publisher, RetryPolicy
from shared.clock import Clock
from shared.contracts.events import EventBatch, EventResult, EventResults, Outcome, RecognitionEvent

Make = Callable[[str], RecognitionEvent]
Reply = int | Exception | str
NO_PAUSES = RetryPolicy(first_pause_s=0, longest_pause_s=0, idle_poll_s=0)
PATIENCE_S = 10.0


class ScriptedLogger:
    """Answers as told, then as a logger that takes everything but the people called `poison`."""

    def __init__(self) -> None:
        self.script: deque[Reply] = deque()
        self.batches: list[list[str]] = []
        self.stored: list[str] = []
        self.quiet = asyncio.Event()

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        batch = EventBatch.model_validate_json(request.content)
        self.batches.append([event.person_id for event in batch.events])
        reply = self.script.popleft() if self.script else 200
        if isinstance(reply, Exception):
            raise reply
        if isinstance(reply, str):
            return httpx.Response(200, text=reply)
        if reply != 200:
            return httpx.Response(reply)
        if any(event.person_id == "poison" for event in batch.events):
            return httpx.Response(422)
        return httpx.Response(200, text=self._store(batch).model_dump_json())

    def _store(self, batch: EventBatch) -> EventResults:
        self.stored += [event.person_id for event in batch.events]
        return EventResults(
            results=[
                EventResult(
                    event_id=event.event_id,
                    outcome=Outcome.REJECTED if event.person_id == "refused" else Outcome.RECORDED,
                )
                for event in batch.events
            ]
        )


@pytest.fixture
def scripted() -> ScriptedLogger:
    return ScriptedLogger()


@pytest.fixture
async def outbox(tmp_path: Path, clock: Clock) -> AsyncIterator[Outbox]:
    outbox = Outbox(tmp_path / "outbox.db", clock=clock, owner="publisher", lease_s=15, max_pending=100)
    yield outbox
    outbox.close()


@asynccontextmanager
async def publishing(outbox: Outbox, scripted: ScriptedLogger) -> AsyncIterator[Publisher]:
    transport = httpx.MockTransport(scripted)
    async with LoggerClient("http://logger", patience=Patience(attempts=1), transport=transport) as logger:
        publisher = Publisher(outbox, logger, policy=NO_PAUSES)
        publisher.start()
        try:
            yield publisher
        finally:
            await publisher.close()


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not condition():
            await asyncio.sleep(0.001)


async def test_an_offered_event_is_delivered_at_once_with_the_loggers_verdict(
    outbox: Outbox, scripted: ScriptedLogger, make_event: Make
) -> None:
    event = make_event("1")
    async with publishing(outbox, scripted) as publisher:
        await outbox.append(event, lease=True)
        result = await publisher.deliver(event, PATIENCE_S)
    assert result == EventResult(event_id=event.event_id, outcome=Outcome.RECORDED)
    assert (await outbox.counts()).pending == 0


@pytest.mark.parametrize(
    "failure",
    [
        httpx.ConnectError("away"),
        httpx.ReadTimeout("slow"),
        500,
        503,
        429,
        408,
        401,
        403,
        404,
        "not json",
        '{"results": []}',
    ],
)
async def test_whatever_keeps_the_logger_from_answering_the_event_is_sent_until_it_does(
    outbox: Outbox, scripted: ScriptedLogger, make_event: Make, failure: Reply
) -> None:
    event = make_event("1")
    scripted.script.extend([failure, failure, failure])
    async with publishing(outbox, scripted) as publisher:
        await outbox.append(event, lease=True)
        assert await publisher.deliver(event, PATIENCE_S) is None
        await until(lambda: scripted.stored == ["1"])
        await until(lambda: not publisher.away)
    counts = await outbox.counts()
    assert (counts.pending, counts.dead) == (0, 0)
    assert scripted.stored == ["1"]


async def test_what_an_earlier_process_left_is_taken_up(
    outbox: Outbox, scripted: ScriptedLogger, make_event: Make
) -> None:
    events = [make_event(str(number)) for number in range(5)]
    for event in events:
        await outbox.append(event, lease=False)
    async with publishing(outbox, scripted):
        await until(lambda: len(scripted.stored) == 5)
    assert scripted.batches == [["0", "1", "2", "3", "4"]]


async def test_one_poisonous_event_does_not_hold_up_the_others(
    outbox: Outbox, scripted: ScriptedLogger, make_event: Make
) -> None:
    for person_id in ("1", "poison", "2"):
        await outbox.append(make_event(person_id), lease=False)
    async with publishing(outbox, scripted):
        await until(lambda: scripted.stored == ["1", "2"])
    letters = await outbox.dead_letters()
    assert [(letter.event.person_id, letter.reason) for letter in letters] == [("poison", "the logger answered 422")]
    assert (await outbox.counts()).pending == 0


async def test_an_event_that_the_logger_rejects_becomes_a_dead_letter(
    outbox: Outbox, scripted: ScriptedLogger, make_event: Make
) -> None:
    event = make_event("refused")
    async with publishing(outbox, scripted) as publisher:
        await outbox.append(event, lease=True)
        result = await publisher.deliver(event, PATIENCE_S)
    assert result is not None
    assert result.outcome is Outcome.REJECTED
    assert (await outbox.counts()).dead == 1


async def test_two_publishers_on_one_spool_do_not_send_the_same_event(
    tmp_path: Path, clock: Clock, scripted: ScriptedLogger, make_event: Make
) -> None:
    spools = [
        Outbox(tmp_path / "shared.db", clock=clock, owner=owner, lease_s=15, max_pending=100) for owner in ("a", "b")
    ]
    people = [str(number) for number in range(40)]
    async with publishing(spools[0], scripted), publishing(spools[1], scripted):
        for index, person_id in enumerate(people):
            await spools[index % 2].append(make_event(person_id), lease=False)
        await until(lambda: len(scripted.stored) >= len(people))
    assert sorted(scripted.stored) == sorted(people)
    for spool in spools:
        spool.close()


async def test_closing_gives_back_what_was_not_sent(outbox: Outbox, scripted: ScriptedLogger, make_event: Make) -> None:
    event = make_event("1")
    await outbox.append(event, lease=True)
    async with publishing(outbox, scripted) as publisher:
        scripted.script.append(httpx.ConnectError("away"))
        assert await publisher.deliver(event, PATIENCE_S) is None
        scripted.script.extend([500] * 1000)
    assert await outbox.claim(10) == [event]


async def test_a_budget_that_runs_out_leaves_the_event_on_its_way(
    outbox: Outbox, scripted: ScriptedLogger, make_event: Make
) -> None:
    event = make_event("1")
    async with publishing(outbox, scripted) as publisher:
        await outbox.append(event, lease=True)
        assert await publisher.deliver(event, 0) is None
        await until(lambda: scripted.stored == ["1"])
    assert (await outbox.counts()).pending == 0


class InterruptedOutbox(Outbox):
    """Something happens between an event's commit and the news of it."""

    def __init__(self, path: Path, clock: Clock) -> None:
        super().__init__(path, clock=clock, owner="publisher", lease_s=15, max_pending=100)
        self.meanwhile: Callable[[], Awaitable[None]] | None = None

    async def append(self, event: RecognitionEvent, *, lease: bool) -> OutboxEntry:
        entry = await super().append(event, lease=lease)
        meanwhile, self.meanwhile = self.meanwhile, None
        if meanwhile is not None:
            await meanwhile()
        return entry


async def test_an_event_that_becomes_durable_while_the_logger_goes_away_does_not_wait_for_its_lease_to_end(
    tmp_path: Path, clock: Clock, scripted: ScriptedLogger, make_event: Make
) -> None:
    outbox = InterruptedOutbox(tmp_path / "interrupted.db", clock)

    async def the_logger_goes_away() -> None:
        scripted.script.extend([503] * 3)
        await publisher.accept(make_event("before"), PATIENCE_S)

    async with publishing(outbox, scripted) as publisher:
        outbox.meanwhile = the_logger_goes_away
        await publisher.accept(make_event("during"), 0)
        await until(lambda: sorted(scripted.stored) == ["before", "during"])  # and the clock stands still
    outbox.close()


class FullDisk(Outbox):
    """Cannot be written while `full`."""

    def __init__(self, path: Path, clock: Clock) -> None:
        super().__init__(path, clock=clock, owner="publisher", lease_s=15, max_pending=100)
        self.full = False

    async def settle(self, results: Sequence[EventResult]) -> None:
        self._check()
        await super().settle(results)

    async def release(self, event_ids: Sequence[UUID]) -> None:
        self._check()
        await super().release(event_ids)

    def _check(self) -> None:
        if self.full:
            raise OutboxUnavailable("the disk is full")


@pytest.fixture
def full_disk(tmp_path: Path, clock: Clock) -> Iterator[FullDisk]:
    outbox = FullDisk(tmp_path / "full.db", clock)
    yield outbox
    outbox.close()


@pytest.mark.parametrize("answers", [[], [503]])
async def test_what_could_not_be_settled_is_settled_as_soon_as_the_disk_has_room(
    full_disk: FullDisk, scripted: ScriptedLogger, make_event: Make, answers: list[Reply]
) -> None:
    scripted.script.extend(answers)
    async with publishing(full_disk, scripted) as publisher:
        full_disk.full = True
        assert (await publisher.accept(make_event("1"), 0)).answer is None
        await until(lambda: len(scripted.batches) > 1)
        full_disk.full = False
        async with asyncio.timeout(PATIENCE_S):  # the clock stands still: no lease ends
            while (await full_disk.counts()).pending:
                await asyncio.sleep(0.001)


async def test_a_full_disk_does_not_spoil_the_stop(
    full_disk: FullDisk, scripted: ScriptedLogger, make_event: Make
) -> None:
    async with publishing(full_disk, scripted) as publisher:
        full_disk.full = True
        await publisher.accept(make_event("1"), 0)
        await until(lambda: bool(scripted.batches))
    assert (await full_disk.counts()).pending == 1
