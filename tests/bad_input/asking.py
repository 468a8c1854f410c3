"""One bad request, what may be answered to it, and the count of all that were asked."""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

import httpx

HOST = "service"
PROBLEM = "application/problem+json"
PATIENCE_S = 60.0  # for one answer; whatever takes longer hangs
REFUSED = frozenset(range(400, 500)) - {HTTPStatus.TOO_MANY_REQUESTS}
CLEAR = frozenset(range(200, 300)) | {303, 307} | REFUSED  # a right answer or the client's own fault: never ours


@dataclass(frozen=True, slots=True)
class Bad:
    """`name` says what is wrong with it."""

    name: str
    content: bytes | None = None
    content_type: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    query: str = ""  # as it stands behind the question mark
    path: Mapping[str, str] = field(default_factory=dict)  # values for the parameters of the route, percent-encoded
    expected: Collection[int] = CLEAR
    endless: bool = False  # the body is `content`, over and over


@dataclass(slots=True)
class Tally:
    """What was asked, and every answer that was not clear."""

    tried: int = 0
    answers: Counter[int] = field(default_factory=Counter)
    wrong: dict[str, str] = field(default_factory=dict)

    @property
    def server_faults(self) -> int:
        return sum(count for status, count in self.answers.items() if status >= HTTPStatus.INTERNAL_SERVER_ERROR)

    def note(self, what: str, status: int, fault: str | None) -> None:
        self.tried += 1
        self.answers[status] += 1
        if fault is not None:
            self.wrong[what] = fault

    def add(self, other: "Tally") -> None:
        self.tried += other.tried
        self.answers += other.answers
        self.wrong |= other.wrong


class _Body(httpx.AsyncByteStream):
    """Counts what the service has read of it."""

    def __init__(self, content: bytes, *, endless: bool) -> None:
        self._content = content
        self._endless = endless
        self.read_bytes = 0

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while True:
            self.read_bytes += len(self._content)
            yield self._content
            if not self._endless:
                return
            await asyncio.sleep(0)


@dataclass(frozen=True, slots=True)
class Asker:
    """Asks one service, with the key that opens everything unless the input brings its own."""

    service: httpx.AsyncBaseTransport
    key: Mapping[str, str]
    max_body_bytes: int  # the largest that any route takes
    pages: Collection[str] = ()  # routes that answer people, or a client that reads no problem+json
    guarded: Collection[str] = ()  # routes where a guesser waits

    async def ask_all(self, route: str, inputs: Iterable[Bad], tally: Tally, path: Mapping[str, str]) -> None:
        for bad in inputs:
            await self.ask(route, bad, tally, path)

    async def ask(self, route: str, bad: Bad, tally: Tally, path: Mapping[str, str]) -> None:
        """`path`: what its parameters are where the input does not say."""
        method, template = route.split()
        address = _filled(template, {**path, **bad.path}) + (f"?{bad.query}" if bad.query else "")
        body = _Body(bad.content or b"", endless=bad.endless)
        headers = {"Host": HOST, **self.key}
        if bad.content_type is not None:
            headers["Content-Type"] = bad.content_type
        if bad.content is not None and not bad.endless:
            headers["Content-Length"] = str(len(bad.content))
        headers |= bad.headers
        raw = [(name.encode(), text.encode("utf-8", "surrogateescape")) for name, text in headers.items()]
        request = httpx.Request(method, f"http://{HOST}{address}", headers=raw, stream=body)
        what = f"{route}: {bad.name}"
        async with asyncio.timeout(PATIENCE_S):
            answer = await self.service.handle_async_request(request)
            await answer.aread()
        fault = self._fault(route, bad, answer)
        if fault is None and body.read_bytes > self.max_body_bytes + len(bad.content or b""):
            fault = f"read {body.read_bytes} bytes"
        tally.note(what, answer.status_code, fault)

    def _fault(self, route: str, bad: Bad, answer: httpx.Response) -> str | None:
        waits = answer.status_code == HTTPStatus.TOO_MANY_REQUESTS and route in self.guarded
        if answer.status_code not in bad.expected and not waits:
            return f"{answer.status_code} {answer.text[:300]}"
        if not answer.headers.get("x-request-id"):
            return "no request id"
        if "Traceback" in answer.text:
            return "a traceback"
        is_error = answer.status_code >= HTTPStatus.BAD_REQUEST
        if is_error and route not in self.pages and not _is_problem(answer):
            return f"{answer.status_code} without a reason: {answer.text[:300]}"
        return None


def _is_problem(answer: httpx.Response) -> bool:
    if not answer.headers.get("content-type", "").startswith(PROBLEM):
        return False
    body: dict[str, Any] = json.loads(answer.content)
    return (
        body["status"] == answer.status_code
        and bool(body["detail"])
        and body["error"] == body["detail"]
        and body["request_id"] == answer.headers["x-request-id"]
    )


def _filled(template: str, values: Mapping[str, str]) -> str:
    """`/people/{person_id:path}` with the value of `person_id`."""
    parts = template.split("{")
    filled = parts[0]
    for part in parts[1:]:
        name, _, rest = part.partition("}")
        filled += values[name.removesuffix(":path")] + rest
    return filled
