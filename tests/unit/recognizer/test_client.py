import json
import random
from collections import deque
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime
from uuid import UUID

import httpx
import pytest

from recognizer.client import (
    Busy,
    Failed,
    InConflict,
    LoggerClient,
    NotAllowed,
    NotTaken,
    NotThere,
    Patience,
    RecognizerClient,
    Refused,
    Unreachable,
    UnreadableAnswer,
)
from shared.contracts.people import BulkPerson, BulkReport
from shared.contracts.profiles import ProfileChange

AT_ONCE = Patience(first_pause_s=0)
SECRET = "rollcall_not-for-others"  # noqa: S105 - a made-up one
Reply = httpx.Response | httpx.TransportError


class Script:
    """Answers one request after the other as told, and keeps what was asked."""

    def __init__(self, *replies: Reply) -> None:
        self.replies = deque(replies)
        self.asked: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        reply = self.replies.popleft()
        if isinstance(reply, httpx.TransportError):
            raise reply
        return reply


def recognizer(script: Script, patience: Patience = AT_ONCE) -> RecognizerClient:
    return RecognizerClient("http://here", key=SECRET, patience=patience, transport=httpx.MockTransport(script))


def logger(script: Script) -> LoggerClient:
    return LoggerClient("http://here", key=SECRET, patience=AT_ONCE, transport=httpx.MockTransport(script))


def healthy() -> httpx.Response:
    return httpx.Response(200, json={"status": "ok"})


def problem(status: int, code: str = "some_code", **headers: str) -> httpx.Response:
    body = {"title": "t", "status": status, "detail": "d", "code": code, "request_id": "r1", "error": "d"}
    return httpx.Response(status, json=body, headers=headers)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (401, NotAllowed),
        (403, NotAllowed),
        (404, NotThere),
        (409, InConflict),
        (400, NotTaken),
        (413, NotTaken),
        (422, NotTaken),
        (429, Busy),
        (500, Failed),
        (503, Busy),
    ],
)
async def test_a_refusal_carries_the_problem_document(status: int, kind: type[Refused]) -> None:
    script = Script(problem(status, **{"Retry-After": "77"}))
    async with logger(script) as client:
        with pytest.raises(kind) as caught:
            await client.person("101")
    refused = caught.value
    assert (refused.status, refused.code, refused.detail) == (status, "some_code", "d")
    assert (refused.request_id, refused.retry_after_s) == ("r1", 77)


async def test_a_proxys_page_is_a_refusal_without_a_problem() -> None:
    page = httpx.Response(502, html="<h1>Bad gateway</h1>", headers={"X-Request-ID": "p1"})
    async with recognizer(Script(page), Patience(attempts=1)) as client:
        with pytest.raises(Failed) as caught:
            await client.health()
    assert (caught.value.problem, caught.value.code, caught.value.request_id) == (None, "http_502", "p1")


async def test_what_is_not_the_contracts_answer_is_not_repeated_in_the_message() -> None:
    async with recognizer(Script(httpx.Response(200, json={"status": 5, "name": "Alice"}))) as client:
        with pytest.raises(UnreadableAnswer) as caught:
            await client.health()
    assert "Alice" not in str(caught.value)


async def test_a_field_that_a_newer_service_adds_is_passed_over() -> None:
    async with recognizer(Script(httpx.Response(200, json={"status": "ok", "newer": 1}))) as client:
        assert (await client.health()).status == "ok"


@pytest.mark.parametrize(
    "trouble", [problem(503), problem(429), problem(502), httpx.ConnectError("x"), httpx.ReadTimeout("x")]
)
async def test_what_may_be_asked_twice_is_asked_again_until_it_is_answered(trouble: Reply) -> None:
    script = Script(trouble, trouble, healthy())
    async with recognizer(script) as client:
        await client.health()
    assert len(script.asked) == 3


@pytest.mark.parametrize("trouble", [problem(503), httpx.ConnectError("x"), httpx.ReadTimeout("x")])
async def test_what_may_not_be_asked_twice_is_asked_once(trouble: Reply) -> None:
    script = Script(trouble, trouble)
    async with logger(script) as client:
        with pytest.raises((Busy, Unreachable)):
            await client.save_person("101", ProfileChange(name="Alice", version=0))
    assert len(script.asked) == 1


@pytest.mark.parametrize("mistake", [400, 401, 404, 409, 422, 500])
async def test_what_will_not_get_better_is_asked_once(mistake: int) -> None:
    script = Script(problem(mistake), healthy())
    async with recognizer(script) as client:
        with pytest.raises(Refused):
            await client.health()
    assert len(script.asked) == 1


async def test_after_the_last_attempt_the_trouble_is_raised() -> None:
    script = Script(*[httpx.ConnectError("x")] * 4)
    async with recognizer(script) as client:
        with pytest.raises(Unreachable):
            await client.health()
    assert not script.replies


def test_a_pause_is_what_was_asked_for_and_a_random_part_of_a_growing_backoff() -> None:
    patience = Patience(attempts=10, first_pause_s=1, longest_pause_s=10)
    for failures, longest_s in ((1, 1), (2, 2), (4, 8), (5, 10), (9, 10)):
        pauses_s = [patience.pause_s(failures, 3, random.Random(seed)) or 0 for seed in range(200)]
        assert min(pauses_s) >= 3
        assert 3 + longest_s * 0.9 < max(pauses_s) <= 3 + longest_s


def test_nobody_waits_longer_than_their_patience() -> None:
    patience = Patience(attempts=2, longest_pause_s=10)
    assert patience.pause_s(1, 11, random.Random(0)) is None
    assert patience.pause_s(2, None, random.Random(0)) is None


async def test_the_key_goes_to_the_service_and_never_after_a_redirect() -> None:
    script = Script(httpx.Response(307, headers={"Location": "http://elsewhere/healthz"}), healthy())
    async with recognizer(script) as client:
        with pytest.raises(Failed):
            await client.health()
    [asked] = script.asked
    assert asked.headers["authorization"] == f"Bearer {SECRET}"
    assert SECRET not in repr(client)


async def test_a_recognition_gets_an_id_that_its_repeats_share() -> None:
    script = Script(problem(503), problem(503), problem(400))
    async with recognizer(script) as client:
        with pytest.raises(NotTaken):
            await client.recognize(b"picture", source="room-1", captured_at=datetime(2026, 3, 2, tzinfo=UTC))
    ids = {_field(request, b"event_id") for request in script.asked}
    assert len(script.asked) == 3
    assert [UUID(one.decode()).version for one in ids] == [4]
    assert {_field(request, b"captured_at") for request in script.asked} == {b"2026-03-02T00:00:00Z"}


async def test_every_page_of_the_attendance_is_asked_for() -> None:
    record = {
        "person_id": "101",
        "person": "Alice 101",
        "name": "Alice",
        "local_date": "2026-03-02",
        "status": "present",
        "method": "face",
        "first_seen": "2026-03-02T08:00:00Z",
        "last_seen": "2026-03-02T08:00:00Z",
        "events": 1,
    }
    script = Script(
        httpx.Response(200, json={"items": [{**record, "id": "a"}, {**record, "id": "b"}], "next_cursor": "after-b"}),
        httpx.Response(200, json={"items": [{**record, "id": "c"}], "next_cursor": None}),
    )
    async with logger(script) as client:
        found = [one.id async for one in client.attendance(day=date(2026, 3, 2), person_id="101")]
    assert found == ["a", "b", "c"]
    first, second = (dict(request.url.params) for request in script.asked)
    assert first == {"date": "2026-03-02", "person_id": "101", "limit": "1000"}
    assert second == {**first, "cursor": "after-b"}


async def test_not_being_ready_is_an_answer() -> None:
    body = {"ready": False, "checks": {"store": "away"}, "info": {}}
    async with logger(Script(httpx.Response(503, json=body))) as client:
        assert (await client.readiness()).checks == {"store": "away"}


async def test_an_id_with_a_slash_stays_one_part_of_the_path() -> None:
    script = Script(problem(404))
    async with logger(script) as client:
        with pytest.raises(NotThere):
            await client.person("UE/24 5")
    assert script.asked[0].url.raw_path == b"/v1/people/UE%2F24%205"


async def test_only_the_fields_that_are_given_are_sent() -> None:
    script = Script(problem(409))
    async with logger(script) as client:
        with pytest.raises(InConflict):
            await client.save_person("101", ProfileChange(email="a@example.org", version=3))
    assert json.loads(script.asked[0].content) == {"email": "a@example.org", "version": 3}


def _field(request: httpx.Request, name: bytes) -> bytes:
    return request.content.partition(b'name="' + name + b'"\r\n\r\n')[2].partition(b"\r\n")[0]


class Cut(httpx.AsyncByteStream):
    """An answer that breaks off."""

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield BulkPerson(done=1, of=2, person_id="1", name="Alice").model_dump_json().encode() + b"\n"
        raise httpx.RemoteProtocolError("peer closed connection")


async def some_archive() -> AsyncIterator[bytes]:
    yield b"PK"


async def enrolled_by(reply: Reply) -> AsyncIterator[BulkPerson | BulkReport]:
    async with recognizer(Script(reply)) as client:
        async for line in client.enroll_archive(some_archive()):
            yield line


async def test_people_of_an_archive_are_told_before_its_answer_breaks_off() -> None:
    lines = enrolled_by(httpx.Response(200, stream=Cut()))
    assert isinstance(await anext(lines), BulkPerson)
    with pytest.raises(Unreachable):
        await anext(lines)


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (problem(503, **{"Retry-After": "5"}), Busy),
        (httpx.Response(200, text="<html>a proxy\n"), UnreadableAnswer),
        (httpx.ConnectError("away"), Unreachable),
    ],
)
async def test_an_archive_is_sent_once_whatever_becomes_of_it(reply: Reply, error: type[Exception]) -> None:
    with pytest.raises(error):
        _ = [line async for line in enrolled_by(reply)]
