"""One connection, with a client and a model that go on when they are told to."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from recognizer.live.conversation import Conversation, FrameFate, Gone, LiveFrameIn, LiveLimits
from shared.contracts.live import CloseCode

RESTART = '{"type": "restart"}'


class Client:
    """Sends what is put into `outgoing`; reads while `reading` is set."""

    def __init__(self) -> None:
        self.outgoing: asyncio.Queue[bytes | str | None] = asyncio.Queue()
        self.received: list[str] = []
        self.reading = asyncio.Event()
        self.reading.set()
        self._news = asyncio.Condition()

    async def send_all(self, *messages: bytes | str | None) -> None:
        """And returns once the service has taken them all off the wire. None hangs up."""
        for message in messages:
            self.outgoing.put_nowait(message)
        await self.outgoing.join()

    async def until_received(self, count: int) -> list[str]:
        async with self._news:
            await self._news.wait_for(lambda: len(self.received) >= count)
        return self.received

    async def receive(self) -> bytes | str:
        message = await self.outgoing.get()
        self.outgoing.task_done()
        if message is None:
            raise Gone
        return message

    async def send(self, message: str) -> None:
        await self.reading.wait()
        async with self._news:
            self.received.append(message)
            self._news.notify_all()


class Model:
    """Answers a frame while `free` is set."""

    def __init__(self) -> None:
        self.free = asyncio.Event()
        self.free.set()
        self.taken: asyncio.Queue[LiveFrameIn] = asyncio.Queue()
        self.restarts = 0
        self.fault: Exception | None = None

    def welcome(self) -> str:
        return "welcome"

    async def reply(self, frame: LiveFrameIn, dropped: int) -> str:
        self.taken.put_nowait(frame)
        await self.free.wait()
        if self.fault is not None:
            raise self.fault
        return f"{frame.seq} dropped {dropped}"

    def restart(self) -> None:
        self.restarts += 1


class Wall:
    """A clock that moves when somebody pauses."""

    def __init__(self) -> None:
        self.s = 0.0
        self.pauses_s: list[float] = []

    def now_s(self) -> float:
        return self.s

    async def pause(self, seconds: float) -> None:
        self.pauses_s.append(seconds)
        self.s += seconds


class Setup:
    def __init__(self) -> None:
        self.client, self.model, self.wall = Client(), Model(), Wall()
        self.stopping = asyncio.Event()
        self.fates: Counter[FrameFate] = Counter()
        self.limits = LiveLimits(max_connections=1, max_bytes=10, max_fps=10, idle_s=60)

    def count(self, fate: FrameFate, frames: int) -> None:
        self.fates[fate] += frames

    def start(self) -> "asyncio.Task[CloseCode | None]":
        conversation = Conversation(
            self.client,
            self.model,
            self.limits,
            observe=self.count,
            now_s=self.wall.now_s,
            pause=self.wall.pause,
        )
        return asyncio.create_task(conversation.run(self.stopping))


@pytest.fixture
async def setup() -> Setup:
    return Setup()


async def settled() -> None:
    """Lets every task go on as far as it can by itself."""
    for _ in range(20):
        await asyncio.sleep(0)


@asynccontextmanager
async def talking(setup: Setup) -> AsyncIterator[None]:
    """Until the client hangs up, which is no reason to close."""
    running = setup.start()
    yield
    await setup.client.send_all(None)
    assert await running is None


async def test_each_frame_of_a_patient_client_is_answered_in_order(setup: Setup) -> None:
    async with talking(setup):
        for count in range(1, 4):
            await setup.client.send_all(b"frame")
            await setup.client.until_received(count + 1)
    assert setup.client.received == ["welcome", "1 dropped 0", "2 dropped 0", "3 dropped 0"]
    assert setup.fates == Counter({FrameFate.ANSWERED: 3, FrameFate.DROPPED: 0})


async def test_a_client_faster_than_the_model_gets_one_answer_for_the_newest_frame(setup: Setup) -> None:
    setup.model.free.clear()
    async with talking(setup):
        await setup.client.send_all(b"1")
        await setup.model.taken.get()
        await setup.client.send_all(b"2", b"3", b"4", b"5")
        setup.model.free.set()
        await setup.client.until_received(3)
    assert setup.client.received == ["welcome", "1 dropped 0", "5 dropped 3"]
    assert setup.fates == Counter({FrameFate.ANSWERED: 2, FrameFate.DROPPED: 3})


async def test_a_client_that_does_not_read_holds_one_answer_and_gets_the_newest_next(setup: Setup) -> None:
    async with talking(setup):
        await setup.client.until_received(1)
        setup.client.reading.clear()
        await setup.client.send_all(b"1")
        await setup.model.taken.get()
        await setup.client.send_all(*(str(n).encode() for n in range(2, 100)))
        assert setup.model.taken.empty()  # nothing more is computed for nobody
        setup.client.reading.set()
        await setup.client.until_received(3)
    assert setup.client.received == ["welcome", "1 dropped 0", "99 dropped 97"]


async def test_no_more_frames_a_second_are_taken_than_are_allowed(setup: Setup) -> None:
    async with talking(setup):
        for count in range(1, 4):
            await setup.client.send_all(b"frame")
            await setup.client.until_received(count + 1)
    assert setup.wall.pauses_s == pytest.approx([0.1, 0.1, 0.1])


async def test_a_frame_that_took_longer_is_followed_at_once(setup: Setup) -> None:
    setup.model.free.clear()
    async with talking(setup):
        await setup.client.send_all(b"frame")
        await setup.model.taken.get()
        setup.wall.s = 5
        setup.model.free.set()
        await setup.client.until_received(2)
    assert setup.wall.pauses_s == [0]


async def test_a_restart_is_passed_on_and_answered_by_nothing(setup: Setup) -> None:
    async with talking(setup):
        await setup.client.send_all(RESTART, b"frame")
        await setup.client.until_received(2)
    assert setup.model.restarts == 1
    assert setup.client.received[1] == "1 dropped 0"  # text is no frame


@pytest.mark.parametrize(
    "text", ["", "restart", "{}", '{"type": "stop"}', "[" * 10_000, '{"type": "restart"' + " " * 1_000]
)
async def test_any_other_text_ends_the_connection(setup: Setup, text: str) -> None:
    running = setup.start()
    await setup.client.send_all(text)
    assert await running is CloseCode.POLICY_VIOLATION


async def test_a_frame_that_is_too_large_ends_the_connection(setup: Setup) -> None:
    running = setup.start()
    await setup.client.send_all(b"x" * 10)
    await setup.client.until_received(2)
    await setup.client.send_all(b"x" * 11)
    assert await running is CloseCode.MESSAGE_TOO_BIG


async def test_silence_ends_the_connection(setup: Setup) -> None:
    setup.limits = LiveLimits(max_connections=1, max_bytes=10, max_fps=10, idle_s=0)
    assert await setup.start() is CloseCode.GOING_AWAY


async def test_a_stop_finishes_the_frame_that_was_taken_and_no_other(setup: Setup) -> None:
    setup.model.free.clear()
    running = setup.start()
    await setup.client.send_all(b"1")
    await setup.model.taken.get()
    await setup.client.send_all(b"2")
    setup.stopping.set()
    await settled()
    setup.model.free.set()
    assert await running is CloseCode.SERVICE_RESTART
    assert setup.client.received == ["welcome", "1 dropped 0"]


async def test_a_client_that_hangs_up_does_not_stop_the_frame_that_was_taken(setup: Setup) -> None:
    setup.model.free.clear()
    running = setup.start()
    await setup.client.send_all(b"1")
    await setup.model.taken.get()
    await setup.client.send_all(None)
    setup.model.free.set()
    assert await running is None
    assert setup.fates[FrameFate.ANSWERED] == 1


async def test_what_nobody_expected_ends_the_connection_and_is_not_hidden(setup: Setup) -> None:
    setup.model.fault = RuntimeError("broken")
    running = setup.start()
    await setup.client.send_all(b"1")
    with pytest.raises(RuntimeError, match="broken"):
        await running


async def test_nothing_is_left_running_when_the_connection_is_cancelled(setup: Setup) -> None:
    running = setup.start()
    await setup.client.until_received(1)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert asyncio.all_tasks() == {asyncio.current_task()}
