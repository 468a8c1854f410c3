"""The load on the logger: a process of its own that writes prepared posts and looks at a clock.

Reads one JSON order from standard input, `{"port", "secret", "posts", "clients", "batch"}`, and writes one JSON answer.
"""

import asyncio
import json
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any
from uuid import uuid4

from tests.bench.http_load import Connection

PEOPLE = 2_000


@dataclass(frozen=True, slots=True)
class Sent:
    events: int
    wall_s: float  # from the first post to the last answer
    ms: list[float]  # of each post


def main() -> None:
    order: dict[str, Any] = json.load(sys.stdin)
    people = recognitions()
    posts = [request(order["secret"], list(islice(people, order["batch"]))) for _ in range(order["posts"])]
    sent = asyncio.run(send(order["port"], posts, clients=order["clients"], batch=order["batch"]))
    json.dump(asdict(sent), sys.stdout)


def recognitions() -> Iterator[dict[str, object]]:
    """Of some people in the last minute, as the recognizer sends them, without end."""
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


def request(secret: str, events: list[dict[str, object]]) -> bytes:
    body = json.dumps({"events": events}).encode()
    head = (
        f"POST /v1/events HTTP/1.1\r\nHost: 127.0.0.1\r\nX-API-Key: {secret}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


async def send(port: int, posts: list[bytes], *, clients: int, batch: int) -> Sent:
    """Each client sends its next post when its last one is answered. Raises RuntimeError when one is refused."""
    loop = asyncio.get_running_loop()
    connections = [(await loop.create_connection(Connection, "127.0.0.1", port))[1] for _ in range(clients)]
    waiting, ms = iter(posts), list[float]()

    async def go_on(connection: Connection) -> None:
        for post in waiting:
            sent = time.perf_counter()
            status = await connection.exchange(post)
            if status != 200:
                raise RuntimeError(f"the logger answered {status}")
            ms.append((time.perf_counter() - sent) * 1e3)

    started = time.perf_counter()
    await asyncio.gather(*map(go_on, connections))
    return Sent(len(posts) * batch, time.perf_counter() - started, ms)


if __name__ == "__main__":
    main()
