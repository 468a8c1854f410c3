"""The logger, asked with the recognizer's own key. Nothing that is asked changes anything."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import httpx

from recognizer.logger_key import LoggerKey
from recognizer.settings import RecognizerSettings
from shared.clock import Clock
from shared.doctor.findings import Finding, fault, ok, warning
from shared.security import Scope

KEY_FILE = Path("var/keys/recognizer.key")  # where `make run` keeps it
APART = timedelta(seconds=30)
_TIMES = "let both machines keep time by NTP: attendance goes by the moment of the frame"


@dataclass(frozen=True, slots=True)
class Probe:
    """A request that a holder of the scope may make, and that does nothing: there is nothing in it."""

    scope: Scope
    method: str
    path: str
    lost: str  # what does not work without it
    body: dict[str, Any] | None = None


PROBES = (
    Probe(Scope.EVENTS_WRITE, "POST", "/v1/events", "no recognition is delivered", {"events": []}),
    Probe(Scope.ATTENDANCE_READ, "GET", "/v1/attendance?limit=1", "clients cannot read attendance through it"),
    Probe(Scope.PEOPLE_READ, "GET", "/v1/people?limit=1", "nobody's consent or profile can be looked up"),
    Probe(Scope.PEOPLE_WRITE, "POST", "/v1/people/import/preview", "profiles of who is enrolled are not kept"),
)


async def by_logger(
    settings: RecognizerSettings, clock: Clock, transport: httpx.AsyncBaseTransport | None = None
) -> list[Finding]:
    settings = _with_own_key(settings)
    secret = None if settings.logger_key is None else settings.logger_key.get_secret_value()
    client = httpx.AsyncClient(
        base_url=settings.logger_url,
        auth=LoggerKey(secret, settings.logger_key_file),
        timeout=settings.logger_timeout_s,
        transport=transport,
        trust_env=False,
    )
    async with client:
        try:
            greeting = await client.get("/healthz")
            return [*_judged_clocks(greeting, clock), *await _key(client, settings)]
        except httpx.HTTPError:
            what = f"{settings.logger_url} does not answer; recognitions wait in the outbox meanwhile"
            return [fault("logger", what, "start it, or correct RECOGNIZER_LOGGER_URL")]


def _with_own_key(settings: RecognizerSettings) -> RecognizerSettings:
    """With the key that `make run` gives to the service, where nothing else is set."""
    if settings.logger_key is None and settings.logger_key_file is None and KEY_FILE.exists():
        return settings.model_copy(update={"logger_key_file": KEY_FILE})
    return settings


def _judged_clocks(greeting: httpx.Response, clock: Clock) -> Iterator[Finding]:
    said = greeting.headers.get("date")
    if said is None:
        return
    ahead = clock.now() - parsedate_to_datetime(said)
    if abs(ahead) > APART:
        way = "ahead of" if ahead > APART else "behind"
        yield warning("clock", f"{abs(ahead).total_seconds():.0f} s {way} the logger's", _TIMES)
    else:
        yield ok("clock", "the same as the logger's")


async def _key(client: httpx.AsyncClient, settings: RecognizerSettings) -> list[Finding]:
    if settings.logger_key is None and settings.logger_key_file is None:
        fix = "`make run` makes one; or RECOGNIZER_LOGGER_KEY_FILE, and `python -m logger keys ensure`"
        return [fault("logger", "there is no key to deliver with", fix)]
    answers = [(probe, await client.request(probe.method, probe.path, json=probe.body)) for probe in PROBES]
    statuses = {answer.status_code for _, answer in answers}
    if statuses == {httpx.codes.UNAUTHORIZED}:
        fix = "`python -m logger keys ensure --file …` makes the key in a file known; rotate it if it was revoked"
        return [fault("logger", f"{settings.logger_url} does not know the key", fix)]
    if any(status >= httpx.codes.INTERNAL_SERVER_ERROR for status in statuses):
        what = f"{settings.logger_url} cannot do its work at the moment"
        return [fault("logger", what, "`python -m logger doctor` there says why")]
    missing = [probe for probe, answer in answers if answer.status_code == httpx.codes.FORBIDDEN]
    return [_without(probe) for probe in missing] or [ok("logger", "answers, and takes the key for all that is needed")]


def _without(probe: Probe) -> Finding:
    say = fault if probe.scope is Scope.EVENTS_WRITE else warning
    fix = f"`python -m logger keys ensure --scope {probe.scope} …` adds it"
    return say("logger", f"the key lacks the scope {probe.scope}: {probe.lost}", fix)
