"""Connections that get nowhere: uvicorn waits for ever for a request to begin, and for a client to read its answer."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from shared.contracts.problem import PROBLEM_MEDIA_TYPE, Problem
from shared.places import FairPlaces

RETRY_AFTER_S = 5


@dataclass(frozen=True, slots=True)
class ConnectionLimits:
    most: int  # at once; a WebSocket is none any more once it is accepted
    head_timeout_s: float  # for the request line and all headers
    read_timeout_s: float  # for a client to read some of an answer that it does not take


class _Deadline:
    """Something happens unless it is stopped in time."""

    def __init__(self, after_s: float, then: Callable[[], None]) -> None:
        self._after_s = after_s
        self._then = then
        self._timer: asyncio.TimerHandle | None = None

    @property
    def runs(self) -> bool:
        return self._timer is not None

    def start(self) -> None:
        self._timer = asyncio.get_running_loop().call_later(self._after_s, self._then)

    def stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


class GuardedHttp(HttpToolsProtocol):
    """HTTP/1.1 with a deadline for whatever the other side has to do, but for the body: BodyLimits has that one.

    The peer that counts is the one at the other end of the connection, which may be a proxy.
    """

    def __init__(self, limits: ConnectionLimits, places: FairPlaces, **given: Any) -> None:
        super().__init__(**given)
        self._places = places
        self._has_place = False
        self._head = _Deadline(limits.head_timeout_s, self._cut_off)
        self._reading = _Deadline(limits.read_timeout_s, self._give_up)

    @property
    def _peer(self) -> str:
        return self.client[0] if self.client else ""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._has_place = self._places.take(self._peer)
        if self._has_place:
            self._head.start()
        else:
            self._turn_away(_no_place())

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._settle()

    def data_received(self, data: bytes) -> None:
        if self.transport.is_closing():
            return  # whoever is turned away may have sent a request already
        super().data_received(data)
        if not self._head.runs and self._is_between_requests():
            self._head.start()

    def on_headers_complete(self) -> None:
        self._head.stop()
        super().on_headers_complete()

    def handle_websocket_upgrade(self) -> None:
        self._settle()  # from here on the connection is another protocol's
        super().handle_websocket_upgrade()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._reading.start()

    def resume_writing(self) -> None:
        super().resume_writing()
        self._reading.stop()

    def timeout_keep_alive_handler(self) -> None:
        super().timeout_keep_alive_handler()
        if self.transport.get_write_buffer_size() and not self._reading.runs:
            self._reading.start()  # closing waits until everything was read

    def _is_between_requests(self) -> bool:
        cycle: RequestResponseCycle | None = self.cycle
        ours = self._has_place and not self.transport.is_closing()
        return ours and (cycle is None or cycle.response_complete)

    def _cut_off(self) -> None:
        self._turn_away(_too_slow())

    def _give_up(self) -> None:
        self.transport.abort()

    def _turn_away(self, answer: bytes) -> None:
        if not self.transport.is_closing():
            self.transport.write(answer)
            self.transport.close()

    def _settle(self) -> None:
        self._head.stop()
        self._reading.stop()
        if self._has_place:
            self._has_place = False
            self._places.give_back(self._peer)


def guarded_http(limits: ConnectionLimits) -> Any:
    """For uvicorn's setting `http`: makes the protocol of each connection of one server."""
    return partial(GuardedHttp, limits, FairPlaces(limits.most))


def _no_place() -> bytes:
    detail = "As many connections are open as are allowed; try again later"
    return _answer("503 Service Unavailable", "too_many_connections", detail, f"retry-after: {RETRY_AFTER_S}")


def _too_slow() -> bytes:
    return _answer("408 Request Timeout", "request_timed_out", "The request did not arrive in time")


def _answer(status_line: str, code: str, detail: str, *headers: str) -> bytes:
    status, _, title = status_line.partition(" ")
    problem = Problem(title=title, status=int(status), detail=detail, code=code, request_id="", error=detail)
    body = problem.model_dump_json(exclude_none=True)
    lines = (
        f"HTTP/1.1 {status_line}",
        f"content-type: {PROBLEM_MEDIA_TYPE}",
        f"content-length: {len(body)}",
        "connection: close",
        *headers,
    )
    return ("\r\n".join(lines) + "\r\n\r\n" + body).encode()
