"""What surrounds every request: an id, a line in the log, a measurement, a deadline for the body."""

import asyncio
import re
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from uuid import uuid4

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, HTTPConnection, Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocketDisconnect
from structlog.contextvars import bound_contextvars

from shared.logs import get_logger
from shared.web.errors import unexpected_response
from shared.web.metrics import HttpMetrics

log = get_logger(__name__)

_SAFE_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_HUNG_UP = 499  # for the log and the metrics alone: nginx's number for a client that did not wait for its answer
_UNEXPECTED_CONDITION = 1011  # RFC 6455, section 7.4.1
# What has no policy of its own is shown in no frame and loads nothing, but for `/docs`, which is made elsewhere.
_ANSWER_POLICY = "default-src 'none'; base-uri 'none'; frame-ancestors 'none'"
_PAGE_POLICY = "object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
_QUIET = {"/healthz", "/readyz", "/metrics"}  # probes would drown the rest of the log


class RequestContext:
    """Gives each request and each WebSocket an id (the client's own when it is a plain word), logs and measures its
    answer, and turns what nobody expected into a problem without its inner details."""

    def __init__(self, app: ASGIApp, metrics: HttpMetrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in {"http", "websocket"}:
            await self._app(scope, receive, send)
            return
        offered = Headers(scope=scope).get("x-request-id", "")
        request_id = offered if _SAFE_ID.fullmatch(offered) else uuid4().hex
        scope["state"] = {**scope.get("state", {}), "request_id": request_id}
        with bound_contextvars(request_id=request_id):
            if scope["type"] == "http":
                await self._answer(scope, receive, send, request_id)
            else:
                await self._connect(scope, receive, send, request_id)

    async def _answer(self, scope: Scope, receive: Receive, send: Send, request_id: str) -> None:
        started = time.perf_counter()
        status = 0

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                _add_headers(message, request_id)
            await send(message)

        try:
            await self._app(scope, receive, send_with_id)
        except ClientDisconnect:
            status = status or _HUNG_UP
        except Exception as error:
            log.exception("unexpected error", path=_route(scope), exc_info=error)
            if status:  # too late for another answer: let the server drop the connection
                raise
            await unexpected_response(Request(scope))(scope, receive, send_with_id)
        finally:
            self._record(scope, status, time.perf_counter() - started)

    async def _connect(self, scope: Scope, receive: Receive, send: Send, request_id: str) -> None:
        """Logged when it is over; its duration is no measure of an answer's, and stays out of that histogram."""
        started = time.perf_counter()
        connection = _Connection(send, request_id)
        try:
            await self._app(scope, receive, connection.send)
        except WebSocketDisconnect:
            pass  # the client has hung up
        except Exception as error:
            log.exception("unexpected error", path=_route(scope), exc_info=error)
            with suppress(Exception):  # the client may be gone
                await connection.give_up(scope, receive)
        finally:
            duration_ms = round((time.perf_counter() - started) * 1e3, 1)
            self._metrics.requests.labels("GET", _route(scope), str(connection.status)).inc()
            log.info(
                "connection",
                route=_route(scope),
                status=connection.status,
                close_code=connection.close_code,
                duration_ms=duration_ms,
            )

    def _record(self, scope: Scope, status: int, duration_s: float) -> None:
        route = _route(scope)
        self._metrics.observe(method=scope["method"], route=route, status=status, duration_s=duration_s)
        if route not in _QUIET:
            log.info(
                "request", method=scope["method"], route=route, status=status, duration_ms=round(duration_s * 1e3, 1)
            )


class _Connection:
    """What a WebSocket was answered."""

    def __init__(self, send: Send, request_id: str) -> None:
        self.status = 0  # of the handshake: 101 where it was accepted
        self.close_code: int | None = None  # ours, where we were the one to close
        self._send = send
        self._request_id = request_id

    async def send(self, message: Message) -> None:
        match message["type"]:
            case "websocket.accept":
                self.status = 101
                MutableHeaders(scope=message)["X-Request-ID"] = self._request_id
            case "websocket.http.response.start":
                self.status = message["status"]
                _add_headers(message, self._request_id)
            case "websocket.close":
                self.status = self.status or 403
                self.close_code = message.get("code")
        try:
            await self._send(message)
        except OSError:  # what the server underneath says of a client that is gone
            raise WebSocketDisconnect(1006) from None

    async def give_up(self, scope: Scope, receive: Receive) -> None:
        if self.status:
            await self.send({"type": "websocket.close", "code": _UNEXPECTED_CONDITION})
        else:
            await unexpected_response(HTTPConnection(scope))(scope, receive, self.send)


def _add_headers(start: Message, request_id: str) -> None:
    headers = MutableHeaders(scope=start)
    headers["X-Request-ID"] = request_id
    headers.setdefault("X-Content-Type-Options", "nosniff")
    headers.setdefault("Cache-Control", "no-store")
    headers.setdefault("Referrer-Policy", "no-referrer")
    is_page = headers.get("content-type", "").startswith("text/html")
    headers.setdefault("Content-Security-Policy", _PAGE_POLICY if is_page else _ANSWER_POLICY)


def _route(scope: Scope) -> str:
    """The route's template, never the path itself: a path can hold a person's id."""
    return str(getattr(scope.get("route"), "path", "unmatched"))


@dataclass(frozen=True, slots=True)
class BodyLimit:
    max_bytes: int
    timeout_s: float  # for the whole body
    in_memory: bool = True  # False where the route writes it to a file as it comes


class BodyLimits:
    """Holds a body to a size and a time, and all of them together to a size: the server underneath would read for ever,
    and from every connection at once. The messages of a WebSocket are held to theirs by that server (`serve`).

    All are raised as HTTPException, the one kind that FastAPI lets through while it parses a body.
    """

    def __init__(
        self,
        app: ASGIApp,
        max_bytes: int,
        timeout_s: float,
        under: Mapping[str, BodyLimit] | None = None,
        max_held_bytes: int = 256 << 20,
    ) -> None:
        """`under`: other limits for paths that begin like this; of several that fit, the longest counts.
        `max_held_bytes`: of all bodies that are in memory, from their first byte to the answer."""
        self._app = app
        self._usual = BodyLimit(max_bytes, timeout_s)
        self._under = sorted((under or {}).items(), reverse=True)
        self._room = _Room(max_held_bytes)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        limit = self._limit(scope["path"])
        announced = Headers(scope=scope).get("content-length", "")
        too_large = announced.isdecimal() and (len(announced) > 15 or int(announced) > limit.max_bytes)
        body = _Body(receive, limit, self._room, too_large=too_large)
        try:
            await self._app(scope, body.receive, send)
        finally:
            self._room.give_back(body.held_bytes)

    def _limit(self, path: str) -> BodyLimit:
        return next((limit for prefix, limit in self._under if path.startswith(prefix)), self._usual)


class _Room:
    """What is left for bodies."""

    def __init__(self, left_bytes: int) -> None:
        self._left_bytes = left_bytes

    def take(self, count: int) -> None:
        if count > self._left_bytes:
            raise HTTPException(503, "Too many large requests at once", headers={"Retry-After": "1"})
        self._left_bytes -= count

    def give_back(self, count: int) -> None:
        self._left_bytes += count


class _Body:
    def __init__(self, receive: Receive, limit: BodyLimit, room: _Room, *, too_large: bool) -> None:
        self.held_bytes = 0
        self._receive = receive
        self._room = room
        self._in_memory = limit.in_memory
        self._left_bytes = -1 if too_large else limit.max_bytes
        self._deadline = asyncio.get_running_loop().time() + limit.timeout_s
        self._whole = False

    async def receive(self) -> Message:
        if self._left_bytes < 0:  # announced too large: not a byte is read
            raise HTTPException(413, "The body is too large")
        if self._whole:  # what follows the body is the wait for a disconnect, which has no deadline
            return await self._receive()
        try:
            async with asyncio.timeout_at(self._deadline):
                message = await self._receive()
        except TimeoutError:
            raise HTTPException(408, "The body did not arrive in time") from None
        arrived = len(message.get("body", b""))
        self._left_bytes -= arrived
        if self._left_bytes < 0:
            raise HTTPException(413, "The body is too large")
        if self._in_memory:
            self._room.take(arrived)
            self.held_bytes += arrived
        self._whole = message["type"] != "http.request" or not message.get("more_body", False)
        return message
