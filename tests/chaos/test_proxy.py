"""The proxy does what its weather says, and no more."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress

import pytest

from tests.chaos.proxy import FaultProxy, Way, Weather

PATIENCE_S = 10.0


async def _echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while line := await reader.readline():
            writer.write(line.upper())
            await writer.drain()
    writer.transport.abort()


@pytest.fixture
async def link() -> AsyncIterator[FaultProxy]:
    server = await asyncio.start_server(_echo, "127.0.0.1", 0)
    async with server, FaultProxy(server.sockets[0].getsockname()[1]) as proxy:
        yield proxy


class Caller:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    async def ask(self, line: bytes) -> bytes:
        self._writer.write(line)
        await self._writer.drain()
        async with asyncio.timeout(PATIENCE_S):
            return await self._reader.readline()

    def hang_up(self) -> None:
        self._writer.transport.abort()


Call = Callable[[], Awaitable[Caller]]


@pytest.fixture
async def call(link: FaultProxy) -> AsyncIterator[Call]:
    """Connects through the link."""
    callers: list[Caller] = []

    async def connect() -> Caller:
        callers.append(Caller(*await asyncio.open_connection("127.0.0.1", link.port)))
        return callers[-1]

    yield connect
    for caller in callers:
        caller.hang_up()


async def test_in_fair_weather_it_is_not_there(link: FaultProxy, call: Call) -> None:
    caller = await call()
    assert [await caller.ask(b"one\n"), await caller.ask(b"two\n")] == [b"ONE\n", b"TWO\n"]


async def test_a_trickle_brings_everything(link: FaultProxy, call: Call) -> None:
    link.weather = Weather(piece_bytes=1)
    caller = await call()
    assert await caller.ask(b"x" * 500 + b"\n") == b"X" * 500 + b"\n"


async def test_refused_connections_are_reset(link: FaultProxy, call: Call) -> None:
    link.weather = Weather(refuse=True)
    with pytest.raises(ConnectionError):
        await (await call()).ask(b"anybody?\n")


async def test_a_connection_is_reset_after_as_many_bytes_as_were_said(link: FaultProxy, call: Call) -> None:
    link.weather = Weather(reset_after_bytes=9)
    caller = await call()
    assert await caller.ask(b"one\n") == b"ONE\n"
    with pytest.raises(ConnectionError):
        await caller.ask(b"two\n")
    again = await call()
    assert await again.ask(b"new\n") == b"NEW\n"


async def test_a_gate_stops_one_chunk_on_its_way_and_what_it_stopped_is_gone(link: FaultProxy, call: Call) -> None:
    caller = await call()
    async with link.stopped_at(Way.DOWN, lambda chunk: b"STOP" in chunk) as gate:
        assert await caller.ask(b"go\n") == b"GO\n"
        answer = asyncio.ensure_future(caller.ask(b"stop\n"))
        await gate.reached.wait()
        assert not answer.done()
    with pytest.raises(ConnectionError):
        await answer


async def test_a_gate_that_is_opened_lets_its_chunk_pass(link: FaultProxy, call: Call) -> None:
    caller = await call()
    async with link.stopped_at(Way.UP, lambda _: True, share=0.5) as gate:
        answer = asyncio.ensure_future(caller.ask(b"halves\n"))
        await gate.reached.wait()
        gate.opened.set()
        assert await answer == b"HALVES\n"
