"""More than a service can take: a process of its own that sends frames from many addresses at moments decided
beforehand, whatever becomes of them, and says what became of each.

Reads one JSON order from standard input, writes one JSON answer. A frame's time counts from its moment, as in
tests.bench.http_load.
"""

import asyncio
import json
import sys
import time
from base64 import b64decode
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import cycle
from typing import Any, NamedTuple

from tests.bench.http_load import Connection, request


@dataclass(frozen=True, slots=True)
class Stream:
    """The frames of one client, evenly spaced. What comes of them is counted under `name`."""

    name: str
    address: str
    from_s: float
    to_s: float
    per_s: float


class Answered(NamedTuple):
    name: str
    due_s: float
    status: int  # 0: the connection was lost
    ms: float


async def flood(port: int, frames: Sequence[bytes], streams: Iterable[Stream], *, connections: int) -> list[Answered]:
    due = sorted(((at_s, one) for one in streams for at_s in _moments(one)), key=lambda each: each[0])
    pictures = cycle(frames)
    pool = Pool(port, connections)
    answers: list[Answered] = []
    started = time.perf_counter()

    async def send(due_s: float, stream: Stream) -> None:
        status = await pool.exchange(request(next(pictures), record=False, address=stream.address))
        answers.append(Answered(stream.name, due_s, status, (time.perf_counter() - started - due_s) * 1e3))

    async with asyncio.TaskGroup() as sending:
        for due_s, stream in due:
            await asyncio.sleep(started + due_s - time.perf_counter())
            sending.create_task(send(due_s, stream))
    await pool.close()
    return answers


class Pool:
    """Connections that are opened when there is no free one, up to a number."""

    def __init__(self, port: int, most: int) -> None:
        self._port = port
        self._free: list[Connection] = []
        self._places = asyncio.Semaphore(most)

    async def exchange(self, sent: bytes) -> int:
        """The status of the answer; 0 where the connection was lost before there was one."""
        async with self._places:
            try:
                connection = await self._connection()
                status = await connection.exchange(sent)
            except OSError:
                return 0
            self._free.append(connection)
            return status

    async def close(self) -> None:
        await asyncio.gather(*(connection.close() for connection in self._free))

    async def _connection(self) -> Connection:
        while self._free:
            connection = self._free.pop()
            if not connection.lost:
                return connection
        loop = asyncio.get_running_loop()
        return (await loop.create_connection(Connection, "127.0.0.1", self._port))[1]


def _moments(stream: Stream) -> Iterable[float]:
    count = int((stream.to_s - stream.from_s) * stream.per_s)
    return (stream.from_s + number / stream.per_s for number in range(count))


def main() -> None:
    order: dict[str, Any] = json.load(sys.stdin)
    frames = [b64decode(frame) for frame in order["frames"]]
    streams = [Stream(**stream) for stream in order["streams"]]
    answers = asyncio.run(flood(order["port"], frames, streams, connections=order["connections"]))
    json.dump(answers, sys.stdout)


if __name__ == "__main__":
    main()
