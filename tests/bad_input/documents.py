"""Requests by the thousand from the services' own OpenAPI documents, as they say and as they forbid."""

from collections.abc import Iterable, Mapping
from typing import Any

import httpx
import requests
import schemathesis
from fastapi import FastAPI
from hypothesis import HealthCheck, Phase, given, seed, settings
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import content_type_conformance, response_schema_conformance

from shared.security import Scope
from tests.bad_input.asking import HOST, PROBLEM, Tally
from tests.bad_input.scene import KEYS, Scene, bearer

AnyCase = Case[Any]
CHECKS = [not_a_server_error, content_type_conformance, response_schema_conformance]
NEVER_ENDS = frozenset({"GET /v1/live"})
SIGNS_OUT = frozenset({"POST /auth/logout"})
_MODES = (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)


@schemathesis.serializer("application/zip", "text/calendar", "text/csv")
def as_it_is(_: schemathesis.SerializationContext, value: object) -> bytes:
    return value if isinstance(value, bytes) else str(value).encode("utf-8", "surrogateescape")


async def fuzz(
    app: FastAPI,
    service: httpx.AsyncBaseTransport,
    key: Mapping[str, str],
    *,
    examples: int,
    seed_: int,
    other_keys: Mapping[str, Mapping[str, str]] | None = None,
) -> Tally:
    """So many of either kind for each operation. `other_keys`: by operation, where another key is needed."""
    tally, client = Tally(), httpx.AsyncClient(transport=service)
    for found in schemathesis.openapi.from_dict(app.openapi()).get_all_operations():
        assert isinstance(found, Ok), found
        operation = found.ok()
        if operation.label in NEVER_ENDS | SIGNS_OUT:
            continue
        held = (other_keys or {}).get(operation.label, key)
        for mode in _MODES if operation.body or operation.query else _MODES[:1]:  # else hardly anything is forbidden
            for case in _cases(operation, mode, examples, seed_):
                await _ask(case, client, held, tally)
    return tally


def _cases(operation: Any, mode: GenerationMode, examples: int, seed_: int) -> Iterable[AnyCase]:
    cases: list[AnyCase] = []

    @seed(seed_)
    @settings(
        max_examples=examples,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(operation.as_strategy(generation_mode=mode))
    def collect(case: AnyCase) -> None:
        cases.append(case)

    try:
        collect()
    except Exception as error:
        if mode is GenerationMode.POSITIVE:
            raise
        del error
    return cases


async def _ask(case: AnyCase, client: httpx.AsyncClient, key: Mapping[str, str], tally: Tally) -> None:
    try:
        prepared = requests.Request(**case.as_transport_kwargs(base_url=f"http://{HOST}")).prepare()
    except (requests.RequestException, UnicodeError, ValueError):
        return  # no HTTP request says that
    body = prepared.body or b""
    headers = {**prepared.headers, **key, "Host": HOST}
    raw = [(_bytes(name), _bytes(text)) for name, text in headers.items()]
    assert isinstance(body, bytes | str)
    request = httpx.Request(str(prepared.method), str(prepared.url), headers=raw, content=_bytes(body))
    answer = await client.send(request)
    tally.note(f"{case.operation.label}: {case.as_curl_command()[:600]}", answer.status_code, _fault(case, answer))


def _bytes(text: str | bytes) -> bytes:
    return text if isinstance(text, bytes) else text.encode("utf-8", "surrogateescape")


def _fault(case: AnyCase, answer: httpx.Response) -> str | None:
    if answer.status_code >= 400 and answer.headers.get("content-type", "").startswith(PROBLEM):
        return f"{answer.status_code} {answer.text[:300]}" if answer.status_code >= 500 else None
    try:
        case.validate_response(answer, checks=CHECKS)
    except AssertionError as failure:
        return f"{answer.status_code} {failure}"
    except BaseExceptionGroup as failures:
        return f"{answer.status_code} {failures.exceptions}"
    return None


async def fuzz_both(scene: Scene, *, examples: int, seed_: int) -> Tally:
    recognizer, logger = scene.asker_of_recognizer(), await scene.asker_of_logger()
    senders = dict.fromkeys(("POST /v1/events", "POST /v1/tallies"), bearer(KEYS[Scope.EVENTS_WRITE]))
    tally = await fuzz(scene.recognizer_app, scene.recognizer, recognizer.key, examples=examples, seed_=seed_)
    of_logger = fuzz(scene.logger_app, scene.logger, logger.key, examples=examples, seed_=seed_, other_keys=senders)
    tally.add(await of_logger)
    return tally
