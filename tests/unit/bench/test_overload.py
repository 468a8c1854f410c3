"""How the measurement of overload counts."""

import asyncio
import math

from tests.bench.flood import Answered, Stream, flood
from tests.bench.overload import crowd_of, flooded, recovered_after_s


def after(*ms: float, status: int = 200) -> list[Answered]:
    """Frames a tenth of a second apart, the first at 20 s."""
    return [Answered("after", 20 + number / 10, status, each) for number, each in enumerate(ms)]


BEFORE = [Answered("before", 0, 200, 30), Answered("before", 1, 200, 40)]


def test_a_flood_is_done_refused_or_lost() -> None:
    answers = [Answered("flood", 0, status, status / 10) for status in (200, 429, 503, 503, 500, 0)]
    seen = flooded([*BEFORE, *answers])
    assert (seen.sent, seen.done, seen.lost) == (6, 1, 2)
    assert seen.refused_ms == [42.9, 50.3, 50.3]


def test_recovery_is_the_first_of_five_frames_that_are_as_fast_as_before() -> None:
    answers = [*BEFORE, *after(900, 70, 300, 80, 70, 60, 50, 40, 30)]
    assert recovered_after_s(answers) == 20.3 - 20


def test_four_in_a_row_are_not_enough_and_neither_are_refusals() -> None:
    assert recovered_after_s([*BEFORE, *after(50, 50, 50, 50)]) is None
    assert recovered_after_s([*BEFORE, *after(*[1.0] * 9, status=503)]) is None


def test_a_crowd_sends_as_much_as_is_asked_for_and_nobody_too_much() -> None:
    streams = crowd_of(1_000, 10)
    assert math.isclose(sum(stream.per_s for stream in streams), 1_000)
    assert len({stream.address for stream in streams}) == len(streams)
    assert max(stream.per_s for stream in streams) <= 25


async def test_every_frame_is_sent_from_its_address_and_counted() -> None:
    seen: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while head := await read_head(reader):
            seen.append(head)
            status = b"200 OK" if b"X-Forwarded-For: 198.18.0.1\r\n" in head else b"429 Too Many Requests"
            writer.write(b"HTTP/1.1 %s\r\ncontent-length: 2\r\n\r\nok" % status)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server, asyncio.timeout(30):
        streams = [Stream("a", "198.18.0.1", 0, 0.1, 50), Stream("b", "198.18.0.2", 0, 0.1, 30)]
        answers = await flood(server.sockets[0].getsockname()[1], [b"frame"], streams, connections=2)
    assert len(seen) == len(answers) == 8
    assert {(answer.name, answer.status) for answer in answers} == {("a", 200), ("b", 429)}


async def read_head(reader: asyncio.StreamReader) -> bytes:
    """Of the next request, whose body is left out; nothing when the client has hung up."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        return b""
    length = next(line for line in head.split(b"\r\n") if line.startswith(b"Content-Length: "))
    await reader.readexactly(int(length.removeprefix(b"Content-Length: ")))
    return head
