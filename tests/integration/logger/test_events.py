"""Recognitions in through `POST /v1/events`, and what the lists say afterwards."""

import asyncio
from collections import Counter
from collections.abc import Callable
from typing import Any

import httpx
import pytest

Event = Callable[..., dict[str, Any]]
Headers = dict[str, str]


async def send(client: httpx.AsyncClient, writer: Headers, *events: dict[str, Any]) -> list[dict[str, Any]]:
    answer = await client.post("/v1/events", json={"events": events}, headers=writer)
    assert answer.status_code == 200, answer.text
    results: list[dict[str, Any]] = answer.json()["results"]
    return results


async def listed(client: httpx.AsyncClient, reader: Headers, path: str, **query: Any) -> dict[str, Any]:
    answer = await client.get(path, params=query, headers=reader)
    assert answer.status_code == 200, answer.text
    page: dict[str, Any] = answer.json()
    return page


async def test_a_recognition_becomes_a_record_and_its_repetition_does_not(
    client: httpx.AsyncClient, writer: Headers, reader: Headers, event: Event
) -> None:
    seen = event()
    first = {
        "event_id": seen["event_id"],
        "outcome": "recorded",
        "status": "present",
        "session_id": None,
        "first_seen": "2025-03-03T12:00:00Z",
        "detail": None,
        "code": None,
    }
    assert await send(client, writer, seen) == [first]
    assert await send(client, writer, seen) == [first | {"outcome": "duplicate"}]
    page = await listed(client, reader, "/v1/attendance")
    record = page["items"][0]
    assert len(page["items"]) == 1
    assert page["next_cursor"] is None
    assert record.pop("id")
    assert record == {
        "person_id": "101",
        "person": "Alice 101",
        "name": "Alice",
        "local_date": "2025-03-03",
        "session_id": None,
        "status": "present",
        "method": "face",
        "first_seen": "2025-03-03T12:00:00Z",
        "last_seen": "2025-03-03T12:00:00Z",
        "events": 1,
        "source": "room-1",
    }


async def test_an_event_is_listed_as_it_was_sent_with_what_became_of_it(
    client: httpx.AsyncClient, writer: Headers, reader: Headers, event: Event
) -> None:
    seen = event(captured_at="2025-03-03T17:30:00+05:30")
    await send(client, writer, seen)
    [kept] = (await listed(client, reader, "/v1/events"))["items"]
    added = {
        "captured_at": "2025-03-03T12:00:00Z",
        "received_at": "2025-03-03T12:00:00Z",
        "local_date": "2025-03-03",
        "session_id": None,
        "method": "face",
        "outcome": "recorded",
    }
    assert kept == seen | added


async def test_a_bad_item_is_rejected_alone_and_in_its_place(
    client: httpx.AsyncClient, writer: Headers, reader: Headers, event: Event
) -> None:
    known = event()
    await send(client, writer, known)
    results = await send(
        client,
        writer,
        event("1"),
        known | {"distance": 0.19},
        event("2", captured_at="2025-03-04T12:00:00.000001Z"),
        event("3", captured_at="2025-03-04T12:00:00Z"),
        event("4", captured_at="9999-12-31T23:00:00Z"),
        event("5", captured_at="0001-01-01T00:00:00+00:00"),
    )
    assert [(result["outcome"], result["code"]) for result in results] == [
        ("recorded", None),
        ("rejected", 422),
        ("rejected", 422),
        ("recorded", None),
        ("rejected", 422),
        ("recorded", None),
    ]
    assert "another body" in results[1]["detail"]
    assert "24 hours ahead" in results[2]["detail"]
    people = [item["person_id"] for item in (await listed(client, reader, "/v1/attendance"))["items"]]
    assert (people[0], set(people[1:3]), people[3]) == ("3", {"1", "101"}, "5")


async def test_an_instant_before_the_calendar_of_the_site_is_rejected(
    serve: Any, writer: Headers, event: Event
) -> None:
    async with serve(timezone="America/New_York") as client:
        [result] = await send(client, writer, event(captured_at="0001-01-01T00:00:00Z"))
    assert (result["outcome"], result["code"]) == ("rejected", 422)


async def test_midnight_at_the_site_divides_the_days(
    client: httpx.AsyncClient, writer: Headers, reader: Headers, event: Event
) -> None:
    await send(client, writer, event(captured_at="2025-03-03T18:29:59.999Z"), event(captured_at="2025-03-03T18:30:00Z"))
    page = await listed(client, reader, "/v1/attendance", date="2025-03-04")
    assert [item["first_seen"] for item in page["items"]] == ["2025-03-03T18:30:00Z"]


async def test_fifty_posts_of_one_event_at_once_make_one_record(
    client: httpx.AsyncClient, writer: Headers, reader: Headers, event: Event
) -> None:
    seen = event()
    results = await asyncio.gather(*(send(client, writer, seen) for _ in range(50)))
    assert Counter(result[0]["outcome"] for result in results) == {"recorded": 1, "duplicate": 49}
    assert [item["events"] for item in (await listed(client, reader, "/v1/attendance"))["items"]] == [1]


async def test_pages_lead_through_the_whole_list(
    client: httpx.AsyncClient, writer: Headers, reader: Headers, event: Event
) -> None:
    await send(client, writer, *(event(str(number)) for number in range(5)))
    for path in ("/v1/attendance", "/v1/events"):
        found: list[str] = []
        cursor: dict[str, str] = {}
        while True:
            page = await listed(client, reader, path, limit=2, **cursor)
            found += [item["person_id"] for item in page["items"]]
            if page["next_cursor"] is None:
                break
            cursor = {"cursor": page["next_cursor"]}
        assert sorted(found) == ["0", "1", "2", "3", "4"]


async def test_a_cursor_of_one_list_means_nothing_in_the_other(
    client: httpx.AsyncClient, writer: Headers, reader: Headers, event: Event
) -> None:
    await send(client, writer, event("1"), event("2"))
    cursor = (await listed(client, reader, "/v1/events", limit=1))["next_cursor"]
    answer = await client.get("/v1/attendance", params={"cursor": cursor}, headers=reader)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_cursor")


async def test_filters_reach_the_store(
    client: httpx.AsyncClient, writer: Headers, reader: Headers, event: Event
) -> None:
    await send(client, writer, event("1"), event("2", source="gate", captured_at="2025-03-01T12:00:00Z"))

    async def people(path: str, **query: str) -> list[str]:
        return [item["person_id"] for item in (await listed(client, reader, path, **query))["items"]]

    assert await people("/v1/attendance", date="2025-03-01") == ["2"]
    assert await people("/v1/attendance", **{"from": "2025-03-02", "to": "2025-03-03"}) == ["1"]
    assert await people("/v1/attendance", person_id="2", status="present", method="face") == ["2"]
    assert await people("/v1/attendance", session_id="maths") == []
    assert await people("/v1/events", source="gate", outcome="recorded") == ["2"]
    assert await people("/v1/events", outcome="already_marked") == []


@pytest.mark.parametrize(
    ("headers", "status", "code"),
    [
        ({}, 401, "unauthenticated"),
        ({"Authorization": "Bearer nonsense"}, 401, "unauthenticated"),
        ({"Authorization": "Basic " + "w" * 40}, 401, "unauthenticated"),
        ({"Authorization": "Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJhZG1pbiJ9."}, 401, "unauthenticated"),
        ({"X-API-Key": b"\xff\xfe"}, 401, "unauthenticated"),
        ({"X-API-Key": "r" * 40}, 403, "forbidden"),
    ],
)
async def test_events_are_taken_from_a_key_that_may_write_them(
    client: httpx.AsyncClient, event: Event, headers: dict[str, Any], status: int, code: str
) -> None:
    answer = await client.post("/v1/events", json={"events": [event()]}, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers.get("www-authenticate") == ("Bearer" if status == 401 else None)


@pytest.mark.parametrize("path", ["/v1/attendance", "/v1/events"])
async def test_lists_are_shown_to_a_key_that_may_read_them(
    client: httpx.AsyncClient, writer: Headers, path: str
) -> None:
    assert (await client.get(path)).status_code == 401
    assert (await client.get(path, headers=writer)).status_code == 403


async def test_who_has_no_key_does_not_have_a_body_parsed(client: httpx.AsyncClient) -> None:
    assert (await client.post("/v1/events", content=b"{not json")).status_code == 401


async def test_without_its_store_the_service_starts_says_so_and_asks_for_patience(
    serve: Any, no_store: Any, writer: Headers, reader: Headers, event: Event
) -> None:
    async with serve(store=no_store) as client:
        assert (await client.get("/healthz")).status_code == 200
        ready = await client.get("/readyz")
        assert (ready.status_code, ready.json()["checks"]) == (
            503,
            {"store": "away", "session_clock": "ok", "chores": "ok"},
        )
        posted = await client.post("/v1/events", json={"events": [event()]}, headers=writer)
        read = await client.get("/v1/attendance", headers=reader)
        assert "logger_store_up 0.0" in (await client.get("/metrics")).text
    for answer in (posted, read):
        assert (answer.status_code, answer.json()["code"]) == (503, "store_unavailable")
        assert int(answer.headers["retry-after"]) > 0


async def test_a_ready_service_names_its_store_and_counts_what_it_did(
    client: httpx.AsyncClient, writer: Headers, event: Event
) -> None:
    seen = event()
    await send(client, writer, seen, seen, event("2"))
    ready = await client.get("/readyz")
    assert ready.json() == {
        "ready": True,
        "checks": {"store": "ok", "session_clock": "ok", "chores": "ok"},
        "info": {"store": "sqlite", "time_zone": "Asia/Kolkata"},
    }
    metrics = (await client.get("/metrics")).text
    assert 'logger_events_total{outcome="recorded"} 2.0' in metrics
    assert 'logger_events_total{outcome="duplicate"} 1.0' in metrics
    assert "logger_store_up 1.0" in metrics
    assert "logger_commit_seconds_count 1.0" in metrics


async def test_the_api_document_describes_the_batch(client: httpx.AsyncClient) -> None:
    document = (await client.get("/openapi.json")).json()
    body = document["paths"]["/v1/events"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert body["properties"]["events"]["maxItems"] == 1000
    assert "captured_at" in body["properties"]["events"]["items"]["properties"]
    assert (await client.get("/docs")).status_code == 200
