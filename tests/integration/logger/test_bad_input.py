"""Whatever a client sends, the answer is its own fault's: never a 500, and nothing is kept."""

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

Event = Callable[..., dict[str, Any]]
Headers = dict[str, str]

NAN_BY_FIELD = [
    (field, number) for field in ("distance", "similarity", "threshold", "liveness") for number in ("NaN", "1e400")
]
BAD_FIELDS: list[tuple[str, Any]] = [
    ("person_id", {"$ne": None}),
    ("person_id", {"$gt": ""}),
    ("person_id", ["101"]),
    ("person_id", 101),
    ("person_id", ""),
    ("person_id", " \t "),
    ("person_id", "10\u202e1"),
    ("person_id", "101\x00"),
    ("person_id", "1" * 10_240),
    ("name", {"$ne": None}),
    ("name", "A" * 10_240),
    ("name", "Alice\u2066 Lee"),
    ("name", "Alice\tLee"),
    ("name", "\ud800"),
    ("person", None),
    ("source", {"$gt": ""}),
    ("source", "\ud800"),
    ("source", "s" * 10_240),
    ("engine", ""),
    ("engine", {"$where": "1"}),
    ("distance", "far"),
    ("distance", -0.1),
    ("distance", 2.1),
    ("distance", 10**400),
    ("distance", {"$numberDouble": "0.1"}),
    ("similarity", -1.1),
    ("liveness", 1.1),
    ("event_id", "101"),
    ("event_id", {"$ne": None}),
    ("event_id", None),
    ("captured_at", "2025-03-03T12:00:00"),
    ("captured_at", "0000-01-01T00:00:00Z"),
    ("captured_at", "0001-01-01T00:00:00+14:00"),
    ("captured_at", "9999-12-31T23:59:59-14:00"),
    ("captured_at", "2025-02-30T12:00:00Z"),
    ("captured_at", "2025-03-03T25:00:00Z"),
    ("captured_at", "noon"),
    ("captured_at", {"$date": "2025-03-03T12:00:00Z"}),
    ("a.b", 1),
    ("$set", {"person_id": "999"}),
]
DEEP = b"[" * 50_000 + b"]" * 50_000
BAD_BODIES: list[tuple[bytes, int]] = [
    (b"", 400),
    (b"{", 400),
    (b"\x00", 400),
    (DEEP, 400),
    (b'{"events":' + DEEP + b"}", 400),
    (b'{"events": [], "events": []}', 400),
    (b'{"events": "\xff\xfe"}', 400),
    ('{"events": []}'.encode("utf-16"), 400),
    ('{"events": []}'.encode("utf-32"), 400),
    (b'{"events": [Infinity]}', 400),
    (b'{"events": [-Infinity]}', 400),
    (b'{"events": [' + b"9" * 5_000 + b"]}", 400),
    (b'{"events": []} trailing', 400),
    (b"null", 422),
    (b"[]", 422),
    (b'"events"', 422),
    (b"1e5", 422),
    (b'{"events": []}', 422),
    (b'{"events": {}}', 422),
    (b'{"events": null}', 422),
    (b'{"events": [null]}', 422),
    (b'{"events": ["$ne"]}', 422),
    (b'{"$where": "sleep(1000)"}', 422),
    (b'{"events": [' + b"{}," * 1_000 + b"{}]}", 422),
    (b" " * (4 * 1024 * 1024 + 1), 413),
]
BAD_QUERIES = [
    "limit=0",
    "limit=1001",
    "limit=-1",
    "limit=many",
    "limit=1e3",
    "limit=" + "9" * 5_000,
    "cursor=",
    "cursor=%00",
    "cursor=abc",
    "cursor=" + "A" * 10_240,
    "cursor=YTE6Li4",
    "cursor=%F0%9F%98%80",
    "cursor[$ne]=1",
    "date=0000-01-01",
    "date=2025-02-30",
    "date=1",
    "date=20250303",
    "date=2025-03-03T00:00:00",
    "date=%D9%A2%D9%A0%D9%A2%D9%A5-%D9%A0%D9%A3-%D9%A0%D9%A3",
    "date=2025-03-03&from=2025-03-01",
    "from=2025-03-03&to=2025-03-01",
    "person_id=",
    "person_id=%00",
    "person_id=%E2%80%AE101",
    "person_id[$ne]=",
    "person_id=" + "1" * 10_240,
    "nobody_knows=this",
]
BAD_ATTENDANCE_QUERIES = ["status=there", "method=psychic", "status[$ne]=late", "session_id=" + "s" * 200]
BAD_EVENT_QUERIES = ["outcome=fine", "source=%0A", "outcome[$gt]=", "session_id=maths"]


@pytest.fixture
async def nothing_kept(client: httpx.AsyncClient, reader: Headers) -> Any:
    yield
    assert (await client.get("/v1/events", headers=reader)).json()["items"] == []


def is_a_problem(answer: httpx.Response) -> bool:
    body = answer.json()
    return (
        answer.headers["content-type"] == "application/problem+json"
        and body["status"] == answer.status_code
        and body["error"] == body["detail"]
        and bool(body["request_id"])
    )


@pytest.mark.usefixtures("nothing_kept")
@pytest.mark.parametrize(("body", "status"), BAD_BODIES, ids=lambda value: repr(value)[:40])
async def test_a_body_that_is_no_batch_is_refused(
    client: httpx.AsyncClient, writer: Headers, body: bytes, status: int
) -> None:
    answer = await client.post("/v1/events", content=body, headers=writer | {"Content-Type": "application/json"})
    assert answer.status_code == status
    assert is_a_problem(answer)


@pytest.mark.usefixtures("nothing_kept")
@pytest.mark.parametrize(("field", "value"), BAD_FIELDS, ids=lambda value: repr(value)[:40])
async def test_an_event_with_a_bad_field_is_refused_and_its_batch_with_it(
    client: httpx.AsyncClient, writer: Headers, event: Event, field: str, value: Any
) -> None:
    body = json.dumps({"events": [event(), event() | {field: value}]})
    answer = await client.post("/v1/events", content=body, headers=writer)
    assert answer.status_code == 422
    assert is_a_problem(answer)
    assert all(field["where"].startswith("body.events.1") for field in answer.json()["fields"])


@pytest.mark.usefixtures("nothing_kept")
@pytest.mark.parametrize(("field", "number"), NAN_BY_FIELD)
async def test_a_number_that_json_does_not_have_is_refused(
    client: httpx.AsyncClient, writer: Headers, event: Event, field: str, number: str
) -> None:
    body = json.dumps({"events": [event() | {field: "HERE"}]}).replace('"HERE"', number)
    answer = await client.post("/v1/events", content=body, headers=writer)
    assert answer.status_code == 400
    assert is_a_problem(answer)


@pytest.mark.parametrize("missing", ["event_id", "person_id", "person", "name", "distance", "captured_at"])
async def test_an_event_without_a_needed_field_is_refused(
    client: httpx.AsyncClient, writer: Headers, event: Event, missing: str
) -> None:
    body = event()
    del body[missing]
    answer = await client.post("/v1/events", json={"events": [body]}, headers=writer)
    assert answer.status_code == 422


@pytest.mark.parametrize(
    ("path", "query"),
    [("/v1/attendance", query) for query in BAD_QUERIES + BAD_ATTENDANCE_QUERIES]
    + [("/v1/events", query) for query in BAD_QUERIES + BAD_EVENT_QUERIES],
    ids=lambda value: value[:40],
)
async def test_a_query_that_means_nothing_is_refused(
    client: httpx.AsyncClient, reader: Headers, path: str, query: str
) -> None:
    answer = await client.get(f"{path}?{query}", headers=reader)
    assert answer.status_code == 422
    assert is_a_problem(answer)


@pytest.mark.parametrize(("body", "status"), BAD_BODIES, ids=lambda value: repr(value)[:40])
async def test_a_body_that_no_front_end_sends_marks_nobody(client: httpx.AsyncClient, body: bytes, status: int) -> None:
    answer = await client.post("/mark-attendance", content=body)
    assert answer.status_code == (413 if status == 413 else 400)


async def test_names_are_kept_in_one_unicode_form_and_are_only_text(
    client: httpx.AsyncClient, writer: Headers, reader: Headers, event: Event
) -> None:
    """Formulas, markup and operators are names like others; what shows them must not obey them."""
    names = ["=1+1", "+49", "@SUM(A1)", "<script>", "$ne", "a.b", "Zoe\u0308 👩\u200d🏫"]
    batch = {"events": [event(str(number), name=name) for number, name in enumerate(names)]}
    assert (await client.post("/v1/events", json=batch, headers=writer)).status_code == 200
    kept = (await client.get("/v1/events", headers=reader)).json()["items"]
    assert {item["name"] for item in kept} == {*names[:-1], "Zoë 👩\u200d🏫"}


async def test_unknown_paths_and_methods_are_problems_too(client: httpx.AsyncClient, writer: Headers) -> None:
    for answer in (await client.get("/v1/nothing"), await client.delete("/v1/events", headers=writer)):
        assert answer.status_code in {404, 405}
        assert is_a_problem(answer)
