"""One call of a service over HTTP: the key, the time limits, the repeats, and errors with the problem in them.

ClientError                 there is no answer that could be used
├── Unreachable             no answer: not there, too slow, or hung up on
├── UnreadableAnswer        an answer that is not what the contract says: another program, or a proxy's page
└── Refused                 the service answered with an error; carries its problem document
    ├── NotAllowed          401, 403  the key is missing, unknown, or may not do that
    ├── NotThere            404
    ├── InConflict          409       such as `possible_duplicate`; the code says which
    ├── NotTaken            any other 4xx: sending the same again will not help
    ├── Busy                429, 503  come back after `retry_after_s`
    └── Failed              any other 5xx, and redirects, which are never followed
"""

import asyncio
import random
from collections.abc import AsyncGenerator, AsyncIterable, Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self, TypeVar

import httpx
from pydantic import ValidationError

from shared.contracts.base import WireModel
from shared.contracts.problem import Problem

Answer = TypeVar("Answer", bound=WireModel)
FilePart = tuple[str, tuple[str, bytes, str]]  # field, (file name, data, media type)


class ClientError(Exception):
    """The message is for whoever runs the program; it never holds the key or what was sent."""


class Unreachable(ClientError):
    pass


class UnreadableAnswer(ClientError):
    pass


class Refused(ClientError):
    """`problem` is None where what answered speaks no problem+json, such as a proxy between."""

    def __init__(self, response: httpx.Response) -> None:
        self.status = response.status_code
        self.problem = _read_problem(response)
        self.code = self.problem.code if self.problem else f"http_{self.status}"
        self.detail = self.problem.detail if self.problem else response.reason_phrase
        self.request_id = self.problem.request_id if self.problem else response.headers.get("x-request-id")
        self.retry_after_s = _retry_after_s(response)
        super().__init__(f"{self.status} {self.code}: {self.detail}")


class NotAllowed(Refused):
    pass


class NotThere(Refused):
    pass


class InConflict(Refused):
    pass


class NotTaken(Refused):
    pass


class Busy(Refused):
    pass


class Failed(Refused):
    pass


_KINDS: Mapping[int, type[Refused]] = {
    401: NotAllowed,
    403: NotAllowed,
    404: NotThere,
    409: InConflict,
    429: Busy,
    503: Busy,
}


@dataclass(frozen=True, slots=True)
class Patience:
    """How a call that may be repeated is repeated. Full jitter (Brooker, "Exponential Backoff And Jitter", 2015), on
    top of what the service asked for in `Retry-After`; a service that asks for more than `longest_pause_s` is not
    waited for."""

    attempts: int = 4
    first_pause_s: float = 0.25
    longest_pause_s: float = 10.0

    def pause_s(self, failures: int, asked_s: int | None, jitter: random.Random) -> float | None:
        """Before the next attempt, after this many have failed; None when there is to be none."""
        if failures >= self.attempts or (asked_s or 0) > self.longest_pause_s:
            return None
        backoff_s = min(self.longest_pause_s, self.first_pause_s * 2 ** (failures - 1))
        return (asked_s or 0) + jitter.uniform(0, backoff_s)


@dataclass(frozen=True, slots=True)
class Call:
    """`repeatable`: asked twice, it does what it does asked once, and answers the same."""

    method: str
    path: str
    repeatable: bool = False
    query: Mapping[str, str] | None = None
    fields: Mapping[str, str] | None = None  # of a form
    files: Sequence[FilePart] = ()
    body: WireModel | None = None  # as JSON
    upload: AsyncIterable[bytes] | None = None  # in place of a form; it cannot be repeated
    media_type: str = "application/json"  # of the body or the upload
    answers: frozenset[int] = frozenset()  # statuses that are no error here, beside success


class Calls:
    """One service. Close it, or use it as an asynchronous context."""

    def __init__(
        self,
        url: str,
        *,
        key: str | httpx.Auth | None = None,
        timeout_s: float = 30.0,
        patience: Patience | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
        jitter: random.Random | None = None,
    ) -> None:
        """`key`: the secret, or what puts one into each request. Proxies and `.netrc` of the environment are not
        looked at, and redirects are not followed: both would take the key elsewhere."""
        self._patience = patience or Patience()
        self._jitter = jitter or random.SystemRandom()
        self._http = httpx.AsyncClient(
            base_url=url,
            headers={"Authorization": f"Bearer {key}"} if isinstance(key, str) else None,
            auth=key if isinstance(key, httpx.Auth) else None,
            timeout=timeout_s,
            transport=transport,
            follow_redirects=False,
            trust_env=False,
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        await self._http.aclose()

    async def ask(self, call: Call, answer: type[Answer]) -> Answer:
        """Fields that this version does not know are passed over: services may add some. Raises ClientError."""
        return read_as(answer, await self.send(call))

    async def send(self, call: Call) -> httpx.Response:
        """A successful answer. Raises ClientError."""
        failures = 0
        while True:
            try:
                return await self._try(call)
            except (Unreachable, Refused) as error:
                failures += 1
                pause_s = self._pause_s(call, error, failures)
                if pause_s is None:
                    raise
            await asyncio.sleep(pause_s)

    async def lines(self, call: Call) -> AsyncGenerator[str]:
        """Of a successful answer, each as it comes; asked once. Raises ClientError, also when the answer breaks off."""
        try:
            async with self._http.stream(call.method, call.path, params=call.query, **_body(call)) as response:
                if not response.is_success:
                    await response.aread()
                    raise _refusal(response)
                async for line in response.aiter_lines():
                    yield line
        except httpx.HTTPError as error:
            raise self._unreachable(error) from error

    def _pause_s(self, call: Call, error: Unreachable | Refused, failures: int) -> float | None:
        if not call.repeatable or not _may_pass(error):
            return None
        asked_s = error.retry_after_s if isinstance(error, Refused) else None
        return self._patience.pause_s(failures, asked_s, self._jitter)

    async def _try(self, call: Call) -> httpx.Response:
        try:
            response = await self._http.request(call.method, call.path, params=call.query, **_body(call))
        except httpx.HTTPError as error:
            raise self._unreachable(error) from error
        if response.is_success or response.status_code in call.answers:
            return response
        raise _refusal(response)

    def _unreachable(self, error: httpx.HTTPError) -> Unreachable:
        return Unreachable(f"No answer from {self._http.base_url.host}: {type(error).__name__}")


def read_as(model: type[Answer], response: httpx.Response) -> Answer:
    """Raises UnreadableAnswer, which does not repeat what was in it."""
    try:
        return model.model_validate_json(response.content, extra="ignore")
    except ValidationError:
        raise UnreadableAnswer(f"What answered did not send a {model.__name__}") from None


def _refusal(response: httpx.Response) -> Refused:
    return _KINDS.get(response.status_code, NotTaken if response.is_client_error else Failed)(response)


def _may_pass(error: Unreachable | Refused) -> bool:
    """Whether the same call may be answered a moment later: 500 is a mistake in the service, and stays one."""
    return isinstance(error, Unreachable | Busy) or error.status in {408, 502, 504}


def _body(call: Call) -> dict[str, Any]:
    content = call.upload if call.body is None else call.body.model_dump_json(exclude_none=True)
    if content is not None:
        return {"content": content, "headers": {"Content-Type": call.media_type}}
    return {"data": call.fields, "files": list(call.files) or None}


def _read_problem(response: httpx.Response) -> Problem | None:
    try:
        return Problem.model_validate_json(response.content, extra="ignore")
    except ValidationError:
        return None


def _retry_after_s(response: httpx.Response) -> int | None:
    """Seconds alone, which is what both services send; a date counts as none."""
    text = response.headers.get("retry-after", "")
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 7 else None
