"""Posts events to a logger as fast as it answers, from a process of its own: `python -m tests.bench.logger_load`.

Bare HTTP/1.1 over sockets, so that the load costs the machine little beside what it measures.
"""

import argparse
import asyncio
import json
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from uuid import uuid4

import uvloop

PEOPLE = 2_000
LONGEST_ANSWER_BYTES = 1 << 20


class Refused(Exception):
    """The logger answered something else than 200."""


@dataclass(frozen=True, slots=True)
class Load:
    """What was sent and how long the answers took."""

    events: int
    seconds: float  # from the first post to the last answer
    latencies_s: list[float]  # of each post, sorted

    @property
    def events_a_second(self) -> float:
        return self.events / self.seconds


def main() -> int:
    given = _arguments()
    posts = [request(given.port, given.secret, given.batch) for _ in range(given.posts)]
    load = uvloop.run(_send(given.port, posts, given.clients, given.batch))
    json.dump(asdict(load), sys.stdout)
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("port", "posts", "clients", "batch"):
        parser.add_argument(f"--{name}", type=int, required=True)
    parser.add_argument("--secret", required=True, help="a key with the scope events:write")
    return parser.parse_args()


def request(port: int, secret: str, batch: int) -> bytes:
    """One post of `batch` new events, ready to be sent."""
    body = json.dumps({"events": list(islice(events(), batch))}).encode()
    head = (
        f"POST /v1/events HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nX-API-Key: {secret}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def events() -> Iterator[dict[str, object]]:
    """Recognitions of some people in the last minute, as the recognizer sends them, without end."""
    now = datetime.now(UTC)
    while True:
        event_id = uuid4()
        person_id = str(event_id.int % PEOPLE)
        yield {
            "event_id": str(event_id),
            "person_id": person_id,
            "person": f"Person {person_id}",
            "name": "Person",
            "distance": 0.182,
            "similarity": 0.818,
            "threshold": 0.25,
            "engine": "Dlib/mtcnn",
            "source": "gate",
            "captured_at": (now - timedelta(milliseconds=event_id.int % 60_000)).isoformat(),
        }


async def _send(port: int, posts: Sequence[bytes], clients: int, batch: int) -> Load:
    """Each client sends its next post when its last one is answered."""
    waiting = iter(posts)
    connections = [await asyncio.open_connection("127.0.0.1", port, limit=LONGEST_ANSWER_BYTES) for _ in range(clients)]
    started = time.perf_counter()
    taken = await asyncio.gather(*(_post(waiting, *connection) for connection in connections))
    seconds = time.perf_counter() - started
    for _, writer in connections:
        writer.close()
    return Load(len(posts) * batch, seconds, sorted(one for each in taken for one in each))


async def _post(posts: Iterator[bytes], reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> list[float]:
    taken = []
    for post in posts:
        started = time.perf_counter()
        writer.write(post)
        await _answer(reader)
        taken.append(time.perf_counter() - started)
    return taken


async def _answer(reader: asyncio.StreamReader) -> None:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
    length = next(line for line in head.split("\r\n") if line.startswith("content-length:"))
    body = await reader.readexactly(int(length.partition(":")[2]))
    if not head.startswith("http/1.1 200"):
        raise Refused(body.decode())


if __name__ == "__main__":
    raise SystemExit(main())
