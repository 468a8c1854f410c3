"""What surrounds every WebSocket."""

from typing import Any

import pytest
from prometheus_client import CollectorRegistry
from starlette.types import Message, Receive, Scope, Send
from starlette.websockets import WebSocketDisconnect
from structlog.testing import capture_logs

from shared.web.metrics import HttpMetrics
from shared.web.middleware import RequestContext


def accept() -> Message:
    return {"type": "websocket.accept", "headers": []}


class Socket:
    """A server underneath, that remembers what it was told to send."""

    def __init__(self, *headers: tuple[bytes, bytes]) -> None:
        self.scope: Scope = {"type": "websocket", "path": "/live", "headers": list(headers), "state": {}}
        self.sent: list[Message] = []
        self.gone = False

    async def receive(self) -> Message:
        return {"type": "websocket.connect"}

    async def send(self, message: Message) -> None:
        if self.gone:
            raise OSError
        self.sent.append(message)


async def run(app: Any, socket: Socket) -> list[Any]:
    """And the log of it."""
    registry = CollectorRegistry()
    with capture_logs() as logged:
        await RequestContext(app, HttpMetrics(registry))(socket.scope, socket.receive, socket.send)
    counted = registry.get_sample_value(
        "http_requests_total", {"method": "GET", "route": "unmatched", "status": str(logged[-1]["status"])}
    )
    assert counted == 1
    return logged


async def accepting(scope: Scope, receive: Receive, send: Send) -> None:
    scope["state"]["seen"] = scope["state"]["request_id"]
    await send(accept())
    await send({"type": "websocket.close", "code": 1001})


async def test_a_connection_has_an_id_and_a_line_in_the_log() -> None:
    socket = Socket((b"x-request-id", b"camera-7"))
    [line] = await run(accepting, socket)
    assert (b"x-request-id", b"camera-7") in socket.sent[0]["headers"]
    assert socket.scope["state"]["seen"] == "camera-7"
    assert (line["event"], line["status"], line["close_code"]) == ("connection", 101, 1001)


@pytest.mark.parametrize("offered", [b"", b"a b", b"x" * 65])
async def test_an_id_that_is_no_plain_word_is_replaced(offered: bytes) -> None:
    socket = Socket((b"x-request-id", offered))
    await run(accepting, socket)
    [(_, answered)] = socket.sent[0]["headers"]
    assert answered not in {offered, b""}


async def test_a_refused_handshake_is_logged_with_its_status() -> None:
    async def refusing(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "websocket.http.response.start", "status": 503, "headers": []})
        await send({"type": "websocket.http.response.body", "body": b""})

    socket = Socket((b"sec-websocket-protocol", b"rollcall, key.rollcall_secret"))
    [line] = await run(refusing, socket)
    assert line["status"] == 503
    assert {name for name, _ in socket.sent[0]["headers"]} >= {b"x-request-id", b"cache-control"}
    assert "secret" not in repr(line)


async def test_what_nobody_expected_closes_the_connection_and_tells_nothing() -> None:
    async def breaking(scope: Scope, receive: Receive, send: Send) -> None:
        await send(accept())
        raise RuntimeError("the secret of Alice")

    socket = Socket()
    logged = await run(breaking, socket)
    assert [each["event"] for each in logged] == ["unexpected error", "connection"]
    assert socket.sent[-1] == {"type": "websocket.close", "code": 1011}


async def test_what_nobody_expected_before_the_handshake_is_an_answer_without_details() -> None:
    async def breaking(scope: Scope, receive: Receive, send: Send) -> None:
        raise RuntimeError("the secret of Alice")

    socket = Socket()
    logged = await run(breaking, socket)
    start, body = socket.sent
    assert (start["type"], start["status"]) == ("websocket.http.response.start", 500)
    assert b"internal_error" in body["body"]
    assert b"Alice" not in body["body"]
    assert logged[-1]["status"] == 500


async def test_a_client_that_is_gone_is_nobodys_fault() -> None:
    async def talking(scope: Scope, receive: Receive, send: Send) -> None:
        await send(accept())
        socket.gone = True
        with pytest.raises(WebSocketDisconnect):
            await send({"type": "websocket.send", "text": "hello"})
        await send({"type": "websocket.send", "text": "hello"})

    socket = Socket()
    [line] = await run(talking, socket)
    assert (line["event"], line["status"], line["close_code"]) == ("connection", 101, None)
