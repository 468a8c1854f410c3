"""Connections that get nowhere are cut off by deadlines of our own; on real sockets, under the real server."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import pytest
import uvicorn
from fastapi import FastAPI, Response, WebSocket
from starlette.types import Receive, Scope, Send
from uvicorn.server import ServerState
from websockets.asyncio.client import connect

from shared.settings import ServiceSettings
from shared.web.connections import ConnectionLimits, guarded_http
from shared.web.server import make_server

PATIENCE_S = 30
LONG_S, SHORT_S = 60.0, 0.05
GET = b"GET /quick HTTP/1.1\r\nHost: here\r\n\r\n"

Serving = Callable[..., AbstractAsyncContextManager[int]]


class Large(Response):
    """More than the buffers between two sockets hold."""

    def __init__(self) -> None:
        super().__init__(bytes(64 * 1024 * 1024))
        self.over = asyncio.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await super().__call__(scope, receive, send)
        self.over.set()


@pytest.fixture
async def large() -> Large:
    return Large()


@pytest.fixture
def app(large: Large) -> FastAPI:
    app = FastAPI()

    @app.get("/quick")
    async def quick() -> str:
        return "quick"

    @app.post("/unread")
    async def unread() -> Response:
        return Response(status_code=429)

    @app.get("/large")
    async def get_large() -> Response:
        return large

    @app.websocket("/echo")
    async def echo(websocket: WebSocket) -> None:
        await websocket.accept()
        await websocket.send_text(await websocket.receive_text())
        await websocket.receive()

    return app


@pytest.fixture
def serving(app: FastAPI) -> Serving:
    """The port of a server with these settings, or these limits."""

    @asynccontextmanager
    async def serve(limits: ConnectionLimits | None = None, **changes: object) -> AsyncIterator[int]:
        settings = ServiceSettings.model_validate({"port": 0, **changes})
        server = make_server(app, settings, max_message_bytes=1_000)
        if limits is not None:
            server.config.http = guarded_http(limits)
        running = asyncio.create_task(server.serve())
        async with asyncio.timeout(PATIENCE_S):
            while not server.started:
                await asyncio.sleep(0.01)
        try:
            yield server.servers[0].sockets[0].getsockname()[1]
        finally:
            server.should_exit = True
            await running

    return serve


async def all_of(reader: asyncio.StreamReader) -> bytes:
    """Until the service hangs up."""
    async with asyncio.timeout(PATIENCE_S):
        return await reader.read()


@pytest.mark.parametrize(
    "sent",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"GET /quick HT", id="half a request line"),
        pytest.param(b"GET /quick HTTP/1.1\r\nHost: here\r\nX-Slow: ", id="headers without end"),
        pytest.param(b"\r\n", id="an empty line"),
    ],
)
async def test_who_does_not_finish_the_head_is_cut_off(serving: Serving, sent: bytes) -> None:
    async with serving(head_timeout_s=SHORT_S) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(sent)
        answer = await all_of(reader)
        assert answer.startswith(b"HTTP/1.1 408 Request Timeout\r\n")
        assert b'"code":"request_timed_out"' in answer
        writer.close()


async def test_so_is_who_trickles_a_second_request(serving: Serving) -> None:
    async with serving(head_timeout_s=SHORT_S) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(GET)
        assert b"200 OK" in await reader.readuntil(b'"quick"')
        writer.write(b"\r\n")  # with which uvicorn takes the connection for a busy one
        assert (await all_of(reader)).startswith(b"HTTP/1.1 408 ")
        writer.close()


async def test_so_is_who_goes_on_with_a_body_that_was_refused(serving: Serving) -> None:
    async with serving(head_timeout_s=SHORT_S) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"POST /unread HTTP/1.1\r\nHost: here\r\nContent-Length: 1000\r\n\r\nx")
        assert b"429" in await reader.readuntil(b"\r\n\r\n")
        writer.write(b"x")
        assert (await all_of(reader)).startswith(b"HTTP/1.1 408 ")
        writer.close()


async def test_who_asks_in_time_is_answered_however_often(serving: Serving) -> None:
    async with serving(head_timeout_s=LONG_S) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for _ in range(5):
            writer.write(GET[:10])
            await writer.drain()
            writer.write(GET[10:])
            assert b"200 OK" in await reader.readuntil(b'"quick"')
        writer.close()


async def test_a_websocket_is_under_no_deadline_of_a_request(serving: Serving) -> None:
    async with (
        serving(head_timeout_s=SHORT_S, max_connections=1) as port,
        connect(f"ws://127.0.0.1:{port}/echo", proxy=None) as socket,
    ):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)  # the socket takes no place from it
        assert (await all_of(reader)).startswith(b"HTTP/1.1 408 ")  # and outlives it
        writer.close()
        await socket.send("still here")
        assert await socket.recv() == "still here"


async def test_one_connection_too_many_is_told_to_come_back(serving: Serving) -> None:
    async with serving(max_connections=2) as port:
        held = [await asyncio.open_connection("127.0.0.1", port) for _ in range(2)]
        for reader, writer in held:
            writer.write(GET)
            await reader.readuntil(b'"quick"')
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        answer = await all_of(reader)
        assert answer.startswith(b"HTTP/1.1 503 Service Unavailable\r\n")
        assert b"retry-after: 5\r\n" in answer
        writer.close()
        for _, writer in held:
            writer.close()


async def test_a_place_is_free_again_when_its_connection_has_gone(serving: Serving) -> None:
    async with serving(max_connections=1, head_timeout_s=SHORT_S) as port:
        for _ in range(3):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            assert (await all_of(reader)).startswith(b"HTTP/1.1 408 ")
            writer.close()


async def test_who_does_not_take_their_answer_is_cut_off(serving: Serving, large: Large) -> None:
    async with serving(limits=ConnectionLimits(8, LONG_S, read_timeout_s=SHORT_S)) as port:
        _, writer = await asyncio.open_connection("127.0.0.1", port, limit=1)  # reads no more than this ahead
        writer.write(b"GET /large HTTP/1.1\r\nHost: here\r\n\r\n")
        async with asyncio.timeout(PATIENCE_S):
            await large.over.wait()
        writer.close()


class Unread(asyncio.Transport):
    """To somebody who leaves the last bytes of an answer where they are."""

    def __init__(self) -> None:
        super().__init__()
        self.closed = False
        self.aborted = asyncio.Event()

    def get_write_buffer_size(self) -> int:
        return 10

    def is_closing(self) -> bool:
        return self.closed

    def close(self) -> None:
        self.closed = True

    def abort(self) -> None:
        self.aborted.set()


async def test_so_is_who_leaves_the_end_of_it_when_the_connection_is_closed(app: FastAPI) -> None:
    make = guarded_http(ConnectionLimits(8, LONG_S, read_timeout_s=SHORT_S))
    connection, transport = make(config=uvicorn.Config(app), server_state=ServerState(), app_state={}), Unread()
    connection.connection_made(transport)
    connection.timeout_keep_alive_handler()
    assert transport.closed
    async with asyncio.timeout(PATIENCE_S):
        await transport.aborted.wait()
    connection.connection_lost(None)
