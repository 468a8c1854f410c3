import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from recognizer.form import read_form
from tests.bench.http_load import Connection, closed_loop, open_loop, request


async def _in_pieces(body: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(body), 7):
        yield body[start : start + 7]


@pytest.mark.parametrize("record", [True, False])
async def test_a_prepared_request_is_the_form_that_the_service_reads(record: bool) -> None:
    head, body = request(b"\xff\xd8 a frame\r\n", record=record).split(b"\r\n\r\n", 1)
    kind = next(line for line in head.split(b"\r\n") if line.startswith(b"Content-Type")).partition(b": ")[2]
    assert b"Content-Length: %d" % len(body) in head
    parts = await read_form(kind.decode(), _in_pieces(body), max_file_bytes=100)
    assert bytes(parts[0].data) == b"\xff\xd8 a frame\r\n"
    assert [(part.name, bytes(part.data)) for part in parts[1:]] == ([] if record else [("record", b"false")])


class _Echo(asyncio.Protocol):
    """Answers each request with a status, in two pieces."""

    def __init__(self, status: int) -> None:
        self.ended = asyncio.Event()
        self._status = status

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def connection_lost(self, exc: Exception | None) -> None:
        self.ended.set()

    def data_received(self, data: bytes) -> None:
        self._transport.write(b"HTTP/1.1 %d Any\r\ncontent-le" % self._status)
        asyncio.get_running_loop().call_soon(self._transport.write, b"ngth: 2\r\n\r\n{}")


@asynccontextmanager
async def _served(status: int) -> AsyncIterator[int]:
    connections: list[_Echo] = []

    def accept() -> _Echo:
        connections.append(_Echo(status))
        return connections[-1]

    async with await asyncio.get_running_loop().create_server(accept, "127.0.0.1", 0) as server:
        yield server.sockets[0].getsockname()[1]
        await asyncio.gather(*(connection.ended.wait() for connection in connections))


async def test_an_answer_in_pieces_is_one_answer() -> None:
    async with _served(200) as port:
        _, connection = await asyncio.get_running_loop().create_connection(Connection, "127.0.0.1", port)
        assert [await connection.exchange(b"x") for _ in range(3)] == [200] * 3
        await connection.close()


@pytest.mark.parametrize(("status", "counted"), [(200, (5, 0, 0)), (503, (0, 5, 0)), (500, (0, 0, 5))])
async def test_answers_are_counted_by_what_they_say(status: int, counted: tuple[int, int, int]) -> None:
    async with _served(status) as port:
        answers = await open_loop(port, [b"x"], moments_s=[0.0] * 5, connections=2)
    assert (len(answers.ms), answers.refused, answers.failed) == counted


async def test_every_client_sends_at_least_once() -> None:
    async with _served(200) as port:
        answers = await closed_loop(port, [b"x"], clients=3, duration_s=0.001)
    assert len(answers.ms) >= 3
    assert answers.wall_s > 0


async def test_a_connection_that_the_server_closed_says_so_instead_of_waiting_for_ever() -> None:
    server = await asyncio.get_running_loop().create_server(_Leaving, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        _, connection = await asyncio.get_running_loop().create_connection(Connection, "127.0.0.1", port)
        await connection.close()
        assert connection.lost
        with pytest.raises(ConnectionResetError):
            await connection.exchange(b"x")


class _Leaving(asyncio.Protocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        transport.close()
