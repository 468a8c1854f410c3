"""How much one client may ask for. Who a client is: the key they hold, or else the address they come from."""

import math
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address

from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Receive, Scope, Send

from shared.web.errors import ServiceError, problem_response

BURST_S = 5.0  # what a client has not asked for in this time, they may ask for at once
MAX_CLIENTS = 20_000  # remembered at once; a few megabytes
_PROBES = {"/healthz", "/readyz"}  # a flood from the same address must not make a healthy service look ill
_ROUNDING_S = 1e-9

KeyOf = Callable[[HTTPConnection], Awaitable[str | None]]
"""The id of the key that a caller holds. None for a secret that is nobody's: guessing must make nobody a new client."""


@dataclass(frozen=True, slots=True)
class Rates:
    """Requests a second of one client; 0 is no limit."""

    address_per_s: float
    key_per_s: float


class RateLimiter:
    """For many clients, each with the same rate: the generic cell rate algorithm (ITU-T I.371, annex A), a leaky bucket
    that is one number. Beyond `max_clients`, whoever has not been seen for longest is forgotten."""

    def __init__(self, per_s: float, *, burst_s: float = BURST_S, max_clients: int = MAX_CLIENTS) -> None:
        self._step_s = 1 / per_s
        self._burst_s = max(burst_s, self._step_s)
        self._max_clients = max_clients
        self._due_s: OrderedDict[str, float] = OrderedDict()  # when they will owe nothing; the last seen last

    def __len__(self) -> int:
        return len(self._due_s)

    def wait_s(self, client: str, now_s: float) -> float:
        """0, and this one counts; or how long until one would be let through."""
        due_s = max(self._due_s.get(client, now_s), now_s)
        wait_s = due_s + self._step_s - now_s - self._burst_s
        if wait_s > _ROUNDING_S:
            self._due_s.move_to_end(client)
            return wait_s
        self._due_s[client] = due_s + self._step_s
        self._due_s.move_to_end(client)
        self._sweep(now_s)
        return 0.0

    def _sweep(self, now_s: float) -> None:
        """Two at most may go for each that comes: enough for those who owe nothing not to stay."""
        for _ in range(2):
            oldest = next(iter(self._due_s))
            if self._due_s[oldest] > now_s and len(self._due_s) <= self._max_clients:
                return
            del self._due_s[oldest]


class RateLimits:
    """Answers 429 with `Retry-After` before a byte of the body is read, and to a WebSocket before it is accepted.
    Writes into the state of each request who its `client` is."""

    def __init__(self, app: ASGIApp, rates: Rates, key_of: KeyOf, now_s: Callable[[], float] = time.monotonic) -> None:
        self._app = app
        self._key_of = key_of
        self._now_s = now_s
        self._by_address = _limiter(rates.address_per_s)
        self._by_key = _limiter(rates.key_per_s)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in {"http", "websocket"}:
            await self._app(scope, receive, send)
            return
        connection = HTTPConnection(scope)
        wait_s = await self._wait_s(connection)
        if wait_s:
            await _too_many(connection, wait_s)(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _wait_s(self, connection: HTTPConnection) -> float:
        key_id = await self._known_key(connection)
        client = address_client(connection) if key_id is None else f"key:{key_id}"
        connection.state.client = client
        limiter = self._by_address if key_id is None else self._by_key
        if limiter is None:
            return 0.0
        if connection.scope["path"] in _PROBES:
            client += " probing"
        return limiter.wait_s(client, self._now_s())

    async def _known_key(self, connection: HTTPConnection) -> str | None:
        try:
            return await self._key_of(connection)
        except ServiceError:  # whoever keeps the keys is away; the route will say so
            return None


def client_of(connection: HTTPConnection) -> str:
    """Who asks, as RateLimits has found out: a word for counting, not for the log."""
    return str(getattr(connection.state, "client", ""))


def address_client(connection: HTTPConnection) -> str:
    """One household is one client: of an IPv6 address its first 64 bits count, the rest is anybody's choice."""
    host = connection.client.host if connection.client else ""
    try:
        address = ip_address(host.partition("%")[0])
    except ValueError:  # a Unix socket, or what a proxy made up
        return f"address:{host[:64]}"
    if isinstance(address, IPv6Address):
        return f"address:{address.ipv4_mapped or int(address) >> 64}"
    return f"address:{address}"


def _limiter(per_s: float) -> RateLimiter | None:
    return RateLimiter(per_s) if per_s else None


def _too_many(connection: HTTPConnection, wait_s: float) -> ASGIApp:
    return problem_response(
        connection,
        status=429,
        code="too_many_requests",
        title="Too many requests",
        detail="This client asks more often than is allowed; slow down",
        headers={"Retry-After": str(math.ceil(wait_s))},
    )
