"""Which names the service answers to.

A page of anybody's can have its own name point at another machine (DNS rebinding) and then asks that machine as if it
were its own: for the browser there is one origin, and CORS is not asked. The name in `Host` gives it away.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import ip_address

from starlette.datastructures import Headers
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Receive, Scope, Send

from shared.doctor.network import is_local
from shared.settings import ServiceSettings
from shared.web.errors import problem_response

_HOST = re.compile(r"(?P<name>\[[0-9A-Fa-f:.]+\]|[^:\[\]/@?#\s]*)(?::(?P<port>\d{1,5}))?")
# Names that nobody can register: RFC 6761, RFC 6762, RFC 8375, and what ICANN has set aside.
_UNREGISTRABLE = (".localhost", ".local", ".home.arpa", ".internal")
_HTTP_PORT = 80


@dataclass(frozen=True, slots=True)
class HostRule:
    """`allowed`: names, `*.example.org` for all below one, `*` for any. Without any: where the service listens on this
    machine alone, no public name with the very port it listens on; whoever comes through a tunnel or a proxy names
    another port, or none. Elsewhere any."""

    allowed: Sequence[str]
    is_local: bool

    def admits(self, host: str, own_port: int | None) -> bool:
        """`host` as the header has it. Addresses, and names that nobody can have point here, are always taken."""
        found = _HOST.fullmatch(host)
        if found is None:
            return False
        name = found["name"].removesuffix(".").lower()
        if is_safe_name(name) or "*" in self.allowed:
            return True
        if self.allowed:
            return any(_fits(name, pattern.lower()) for pattern in self.allowed)
        return not self.is_local or int(found["port"] or _HTTP_PORT) != own_port


def host_rule(settings: ServiceSettings) -> HostRule:
    return HostRule(settings.allowed_hosts, is_local(settings.host))


def is_safe_name(name: str) -> bool:
    """An address, or a name that cannot be had in the public DNS; lower case."""
    if "." not in name or name.endswith(_UNREGISTRABLE):
        return True
    try:
        ip_address(name.strip("[]"))
    except ValueError:
        return False
    return True


class Hosts:
    """Answers 421 (RFC 9110, section 15.5.20) to whoever asks for a name that is not ours. No `Host` at all is let
    through: every browser sends one."""

    def __init__(self, app: ASGIApp, rule: HostRule) -> None:
        self._app = app
        self._rule = rule

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] in {"http", "websocket"} and not self._admits(scope):
            await _misdirected(HTTPConnection(scope))(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    def _admits(self, scope: Scope) -> bool:
        host = Headers(scope=scope).get("host", "")
        server = scope.get("server")
        return self._rule.admits(host, server[1] if server else None)


def _fits(name: str, pattern: str) -> bool:
    return name.endswith(pattern[1:]) if pattern.startswith("*.") else name == pattern


def _misdirected(connection: HTTPConnection) -> ASGIApp:
    return problem_response(
        connection,
        status=421,
        code="misdirected",
        title="Not a name of this service",
        detail="This service does not answer to that name; its setting ALLOWED_HOSTS lists those it answers to",
    )
