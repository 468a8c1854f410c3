"""A TCP proxy that misbehaves on request, and that stops a conversation at a moment that the caller names."""

import asyncio
import contextlib
import socket
import struct
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from enum import StrEnum

_AT_ONCE = 65_536
_NO_LINGER = struct.pack("ii", 1, 0)  # closing sends a reset


class Way(StrEnum):
    UP = "up"  # to the service
    DOWN = "down"  # from it


@dataclass(frozen=True, slots=True)
class Weather:
    """What a link does to all that passes. The default is a link without faults."""

    refuse: bool = False  # each new connection is reset
    stall: bool = False  # nothing passes and nothing ends
    delay_s: float = 0  # before each piece
    piece_bytes: int = _AT_ONCE  # to a piece: a few make a trickle
    reset_after_bytes: int | None = None  # of both ways together, each connection


FAIR = Weather()


@dataclass(eq=False, slots=True)
class Gate:
    """Stops the first chunk that `is_it`, once `share` of it has passed."""

    way: Way
    is_it: Callable[[bytes], bool]
    share: float
    reached: asyncio.Event = field(default_factory=asyncio.Event)
    opened: asyncio.Event = field(default_factory=asyncio.Event)

    def stops(self, way: Way, chunk: bytes) -> bool:
        return not self.reached.is_set() and way is self.way and self.is_it(chunk)


class FaultProxy:
    """Between whoever connects to `port` and the service on `target_port`, both on this machine."""

    def __init__(self, target_port: int) -> None:
        self.weather = FAIR
        self.port = 0
        self._target_port = target_port
        self._gates: set[Gate] = set()
        self._connections: set[asyncio.StreamWriter] = set()
        self._serving: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    async def __aenter__(self) -> "FaultProxy":
        self._server = await asyncio.start_server(self._begin, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        self.weather = FAIR  # what is stalled has to notice that it was reset
        while self._serving:
            self.drop()
            await asyncio.wait(self._serving, timeout=0.1)

    @asynccontextmanager
    async def stopped_at(self, way: Way, is_it: Callable[[bytes], bool], *, share: float = 0) -> AsyncIterator[Gate]:
        """A gate on this link. On leaving, every connection is reset, and what the gate stopped is gone for good unless
        the gate was opened."""
        gate = Gate(way, is_it, share)
        self._gates.add(gate)
        try:
            yield gate
        finally:
            self._gates.discard(gate)
            self.drop()
            gate.opened.set()

    def drop(self) -> None:
        """Resets every connection."""
        for writer in list(self._connections):
            _reset(writer)

    def _begin(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        serving = asyncio.create_task(self._serve(reader, writer))
        self._serving.add(serving)
        serving.add_done_callback(self._serving.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._connections.add(writer)
        try:
            if self.weather.refuse:
                return
            with contextlib.suppress(OSError):
                onward_reader, onward = await asyncio.open_connection("127.0.0.1", self._target_port)
                await self._join((reader, onward), (onward_reader, writer))
        finally:
            _reset(writer)
            self._connections.discard(writer)

    async def _join(
        self,
        up: tuple[asyncio.StreamReader, asyncio.StreamWriter],
        down: tuple[asyncio.StreamReader, asyncio.StreamWriter],
    ) -> None:
        """Until one side ends. Raises OSError."""
        passed = _Passed()
        self._connections.add(up[1])
        ways = [
            asyncio.create_task(self._pump(Way.UP, *up, passed)),
            asyncio.create_task(self._pump(Way.DOWN, *down, passed)),
        ]
        try:
            done, _ = await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
            for way in done:
                way.result()
        finally:
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)
            self._connections.discard(up[1])
            _reset(up[1])

    async def _pump(
        self, way: Way, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, passed: "_Passed"
    ) -> None:
        while chunk := await reader.read(_AT_ONCE):
            for gate in [gate for gate in self._gates if gate.stops(way, chunk)]:
                gate.reached.set()
                cut = int(len(chunk) * gate.share)
                await self._send(chunk[:cut], writer, passed)
                chunk = chunk[cut:]
                await gate.opened.wait()
            await self._send(chunk, writer, passed)

    async def _send(self, chunk: bytes, writer: asyncio.StreamWriter, passed: "_Passed") -> None:
        left = chunk
        while left:
            while self.weather.stall:
                await asyncio.sleep(0.02)
            weather = self.weather
            await asyncio.sleep(weather.delay_s)
            piece, left = left[: weather.piece_bytes], left[weather.piece_bytes :]
            passed.count_bytes += len(piece)
            if weather.reset_after_bytes is not None and passed.count_bytes > weather.reset_after_bytes:
                raise ConnectionResetError
            writer.write(piece)
            await writer.drain()


@dataclass(slots=True)
class _Passed:
    count_bytes: int = 0


def _reset(writer: asyncio.StreamWriter) -> None:
    peer = writer.get_extra_info("socket")
    if peer is not None and not writer.is_closing():
        with contextlib.suppress(OSError):
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
    writer.transport.abort()
