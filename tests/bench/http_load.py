"""The load on the service: a process of its own that does next to nothing but write prepared bytes and look at a clock.

Reads one JSON order from standard input, writes one JSON answer. Closed loop: `clients` each send their next frame when
the last was answered. Open loop: frames are sent at moments decided beforehand, and a frame's time counts from its
moment, so that waiting for a connection counts as well (Tene, "How NOT to measure latency").
"""

import asyncio
import json
import os
import sys
import time
from base64 import b64decode
from dataclasses import asdict, dataclass, field
from itertools import cycle
from typing import Any

_BOUNDARY = b"frame-of-the-benchmark"
_LENGTH = b"content-length: "


@dataclass(slots=True)
class Answers:
    ms: list[float] = field(default_factory=list)
    wall_s: float = 0
    processor_s: float = 0
    refused: int = 0  # 503
    failed: int = 0  # anything else that is not 200


class Connection(asyncio.Protocol):
    """One request at a time."""

    def __init__(self) -> None:
        self._received = bytearray()
        self._answered: asyncio.Future[int] | None = None
        self._transport: asyncio.Transport | None = None
        self._lost = asyncio.Event()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def connection_lost(self, exc: Exception | None) -> None:
        self._lost.set()
        if self._answered is not None and not self._answered.done():
            self._answered.set_exception(exc or ConnectionResetError())

    def data_received(self, data: bytes) -> None:
        self._received += data
        head_end = self._received.find(b"\r\n\r\n")
        if head_end < 0:
            return
        length_at = self._received.find(_LENGTH, 0, head_end) + len(_LENGTH)
        length = int(self._received[length_at : self._received.find(b"\r\n", length_at)])
        if len(self._received) >= head_end + 4 + length:
            status = int(self._received[9:12])
            self._received.clear()
            assert self._answered is not None
            self._answered.set_result(status)

    async def exchange(self, request: bytes) -> int:
        """The status of the answer."""
        assert self._transport is not None
        if self.lost:
            raise ConnectionResetError
        self._answered = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return await self._answered

    @property
    def lost(self) -> bool:
        """A server closes a connection that nobody used for a while."""
        return self._lost.is_set()

    async def close(self) -> None:
        assert self._transport is not None
        self._transport.close()
        await self._lost.wait()


def request(frame: bytes, *, record: bool, address: str | None = None) -> bytes:
    """What a browser would send for one frame; through a proxy, from this address, where there is one."""
    parts = b"".join(
        (
            b'--%s\r\nContent-Disposition: form-data; name="image"; filename="frame.jpg"\r\n' % _BOUNDARY,
            b"Content-Type: image/jpeg\r\n\r\n%s\r\n" % frame,
            b"" if record else b'--%s\r\nContent-Disposition: form-data; name="record"\r\n\r\nfalse\r\n' % _BOUNDARY,
            b"--%s--\r\n" % _BOUNDARY,
        )
    )
    head = (
        b"POST /recognize HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: multipart/form-data; boundary=%s\r\n"
        b"Content-Length: %d\r\n" % (_BOUNDARY, len(parts))
    )
    through = b"" if address is None else b"X-Forwarded-For: %s\r\n" % address.encode()
    return head + through + b"\r\n" + parts


async def closed_loop(port: int, requests: list[bytes], *, clients: int, duration_s: float) -> Answers:
    answers, upcoming = Answers(), cycle(requests)
    connections = await _connect(port, clients)
    started = time.perf_counter()

    async def go_on(connection: Connection) -> None:
        while (sent := time.perf_counter()) < started + duration_s:
            _count(answers, await connection.exchange(next(upcoming)), sent)

    await asyncio.gather(*map(go_on, connections))
    answers.wall_s = time.perf_counter() - started
    await asyncio.gather(*(connection.close() for connection in connections))
    return answers


async def open_loop(port: int, requests: list[bytes], *, moments_s: list[float], connections: int) -> Answers:
    answers, upcoming = Answers(), cycle(requests)
    free = await _connect(port, connections)
    somebody_free = asyncio.Semaphore(connections)
    started = time.perf_counter()

    async def send(moment_s: float) -> None:
        async with somebody_free:
            connection = free.pop()
            if connection.lost:
                (connection,) = await _connect(port, 1)
            _count(answers, await connection.exchange(next(upcoming)), started + moment_s)
            free.append(connection)

    async with asyncio.TaskGroup() as sending:
        for moment_s in moments_s:
            await asyncio.sleep(started + moment_s - time.perf_counter())
            sending.create_task(send(moment_s))
    answers.wall_s = time.perf_counter() - started
    await asyncio.gather(*(connection.close() for connection in free))
    return answers


async def _connect(port: int, count: int) -> list[Connection]:
    loop = asyncio.get_running_loop()
    return [(await loop.create_connection(Connection, "127.0.0.1", port))[1] for _ in range(count)]


def _count(answers: Answers, status: int, since: float) -> None:
    if status == 200:
        answers.ms.append((time.perf_counter() - since) * 1e3)
    elif status == 503:
        answers.refused += 1
    else:
        answers.failed += 1


def main() -> None:
    order: dict[str, Any] = json.load(sys.stdin)
    requests = [
        request(b64decode(frame), record=order["record"], address=address)
        for frame in order["frames"]
        for address in order.get("addresses", [None])
    ]
    if "moments_s" in order:
        work = open_loop(order["port"], requests, moments_s=order["moments_s"], connections=order["clients"])
    else:
        work = closed_loop(order["port"], requests, clients=order["clients"], duration_s=order["duration_s"])
    before = sum(os.times()[:2])
    answers = asyncio.run(work)
    answers.processor_s = sum(os.times()[:2]) - before
    json.dump(asdict(answers), sys.stdout)


if __name__ == "__main__":
    main()
