"""A sender who is gone before the request is whole."""

from prometheus_client import CollectorRegistry
from starlette.requests import Request
from starlette.types import Message, Receive, Scope, Send

from shared.web.metrics import HttpMetrics
from shared.web.middleware import RequestContext


async def test_whoever_hangs_up_is_counted_and_is_no_fault_of_ours() -> None:
    sent: list[Message] = []

    async def reading(scope: Scope, receive: Receive, send: Send) -> None:
        await Request(scope, receive).body()

    async def gone() -> Message:
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        sent.append(message)

    registry = CollectorRegistry()
    scope: Scope = {"type": "http", "method": "POST", "path": "/recognize", "headers": [], "state": {}}
    await RequestContext(reading, HttpMetrics(registry))(scope, gone, send)
    assert sent == []
    counted = {"method": "POST", "route": "unmatched", "status": "499"}
    assert registry.get_sample_value("http_requests_total", counted) == 1
