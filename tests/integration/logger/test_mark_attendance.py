"""`POST /mark-attendance`, as the React front end calls it."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

Event = Callable[..., dict[str, Any]]
Headers = dict[str, str]

PROCESSED = (200, {"message": "Attendance processed."})
ALREADY_MARKED = (200, {"message": "Attendance already marked"})
NOT_RECOGNIZED = (400, {"message": "Invalid or low-quality recognition result"})
NOT_A_LABEL = (400, {"message": 'Name format should be "Username RollNo"'})
FAILED = (500, {"message": "Server error while processing attendance"})


async def mark(client: httpx.AsyncClient, name: Any = "Alice 101", distance: Any = 0.18) -> tuple[int, Any]:
    answer = await client.post("/mark-attendance", json={"name": name, "distance": distance})
    return answer.status_code, answer.json()


async def recognize(client: httpx.AsyncClient, writer: Headers, seen: dict[str, Any]) -> None:
    answer = await client.post("/v1/events", json={"events": [seen]}, headers=writer)
    assert answer.json()["results"][0]["outcome"] in {"recorded", "already_marked"}


async def records(client: httpx.AsyncClient, reader: Headers) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = (await client.get("/v1/attendance", headers=reader)).json()["items"]
    return items


async def test_what_the_recognizer_saw_is_processed_once_and_then_marked_already(
    client: httpx.AsyncClient, writer: Headers, reader: Headers, event: Event, clock: Any
) -> None:
    await recognize(client, writer, event())
    clock.forward(seconds=1)
    assert await mark(client) == PROCESSED
    assert await mark(client) == ALREADY_MARKED
    clock.forward(hours=2)
    assert await mark(client) == ALREADY_MARKED
    assert [(record["person_id"], record["events"]) for record in await records(client, reader)] == [("101", 1)]


async def test_a_browser_alone_marks_nobody(client: httpx.AsyncClient, reader: Headers) -> None:
    assert await mark(client) == NOT_RECOGNIZED
    assert await records(client, reader) == []


async def test_a_sighting_of_a_minute_ago_still_counts_and_one_longer_ago_was_already_marked(
    client: httpx.AsyncClient, writer: Headers, event: Event, clock: Any
) -> None:
    await recognize(client, writer, event("1"))
    await recognize(client, writer, event("2"))
    clock.forward(seconds=60)
    assert await mark(client, "Alice 1") == PROCESSED
    clock.forward(microseconds=1)
    assert await mark(client, "Alice 2") == ALREADY_MARKED


async def test_yesterday_says_nothing_about_today(
    client: httpx.AsyncClient, writer: Headers, event: Event, clock: Any
) -> None:
    await recognize(client, writer, event())
    assert await mark(client) == PROCESSED
    clock.forward(days=1)
    assert await mark(client) == NOT_RECOGNIZED
    await recognize(client, writer, event(captured_at="2025-03-04T12:00:00Z"))
    assert await mark(client) == PROCESSED


async def test_the_roll_number_is_the_last_word_however_many_there_are(
    client: httpx.AsyncClient, writer: Headers, event: Event
) -> None:
    await recognize(client, writer, event("UE245051", person="Mary Ann Lee UE245051", name="Mary Ann Lee"))
    assert await mark(client, "Mary Ann Lee UE245051", 0.5) == PROCESSED


async def test_a_trusted_browser_records_by_itself_and_shares_the_record_with_the_recognizer(
    serve: Any, writer: Headers, reader: Headers, event: Event
) -> None:
    async with serve(mark_attendance="trusted") as client:
        assert await mark(client) == PROCESSED
        assert await mark(client) == ALREADY_MARKED
        await recognize(client, writer, event(captured_at="2025-03-03T12:00:01Z"))
        [record] = await records(client, reader)
    assert (record["person_id"], record["name"], record["person"]) == ("101", "Alice", "Alice 101")
    assert (record["method"], record["events"]) == ("client", 3)


@pytest.mark.parametrize("distance", [None, "0.18", True, False, -0.01, 0.5000001, 1e300, [0.1], {"$gt": 0}])
async def test_a_distance_that_is_no_match_is_refused(client: httpx.AsyncClient, distance: Any) -> None:
    assert await mark(client, distance=distance) == NOT_RECOGNIZED


@pytest.mark.parametrize("name", [None, ""])
async def test_no_name_is_no_recognition(client: httpx.AsyncClient, name: Any) -> None:
    assert await mark(client, name) == NOT_RECOGNIZED


@pytest.mark.parametrize(
    "name", ["Alice", " Alice ", "   ", 101, True, ["Alice", "101"], {"$ne": None}, "Alice\u202e 101", "A 1" * 5000]
)
async def test_a_name_that_is_no_label_is_refused(client: httpx.AsyncClient, name: Any) -> None:
    assert await mark(client, name) == NOT_A_LABEL


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b'"Alice 101"', b"null", b'{"name": "Alice 101"}', b'{"name": "A 1", "distance": NaN}']
)
async def test_a_body_without_a_recognition_is_refused(client: httpx.AsyncClient, body: bytes) -> None:
    answer = await client.post("/mark-attendance", content=body)
    assert (answer.status_code, answer.json()) == NOT_RECOGNIZED


@pytest.mark.parametrize("mode", ["verify", "trusted"])
async def test_a_store_that_is_away_is_a_server_error_in_words_the_client_knows(
    serve: Any, no_store: Any, mode: str
) -> None:
    async with serve(store=no_store, mark_attendance=mode) as client:
        assert await mark(client) == FAILED


async def test_the_browser_of_a_known_origin_may_ask(client: httpx.AsyncClient) -> None:
    preflight = {
        "Origin": "http://localhost:3000",
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "content-type,ngrok-skip-browser-warning",
    }
    answer = await client.options("/mark-attendance", headers=preflight)
    assert answer.status_code == 200
    assert answer.headers["access-control-allow-origin"] == "http://localhost:3000"
    answer = await client.options("/mark-attendance", headers=preflight | {"Origin": "https://elsewhere.example"})
    assert "access-control-allow-origin" not in answer.headers
