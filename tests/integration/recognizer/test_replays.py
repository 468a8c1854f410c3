"""Pictures that were recorded by somebody else, sent again."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest

PATIENCE_S = 30
Running = Callable[..., AbstractAsyncContextManager[httpx.AsyncClient]]
Draw = Callable[..., bytes]


async def sent(client: httpx.AsyncClient, picture: bytes, **fields: str) -> dict[str, Any]:
    answer = await client.post("/recognize", files={"image": picture}, data=fields)
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


async def test_the_same_picture_is_recorded_once_and_answered_as_a_replay(
    running: Running, draw: Draw, scripted_logger: Any
) -> None:
    picture = draw("Alice_101")
    async with running(replay_window_s=60) as client:
        first = await sent(client, picture)
        again = await sent(client, picture)
        under_another_id = await sent(client, picture, event_id=str(uuid4()))
        somebody_else = await sent(client, draw("Bob_102"))
    assert first["attendance"]["replay"] is False
    for replay in (again, under_another_id):
        assert replay["match"] is True
        assert replay["attendance"] == {**first["attendance"], "replay": True}
    assert somebody_else["attendance"]["replay"] is False
    assert scripted_logger.people == ["101", "102"]


async def test_a_repeat_under_its_own_event_id_is_a_repeat_and_no_replay(
    running: Running, draw: Draw, scripted_logger: Any
) -> None:
    fields = {"event_id": str(uuid4())}
    async with running(replay_window_s=60) as client:
        answers = [await sent(client, draw("Alice_101"), **fields) for _ in range(2)]
    assert [answer["attendance"]["replay"] for answer in answers] == [False, False]
    assert scripted_logger.event_ids == [fields["event_id"]]


async def test_a_picture_that_could_not_be_recorded_is_recorded_when_it_comes_again(
    running: Running, draw: Draw, scripted_logger: Any
) -> None:
    alice = {"image": draw("Alice_101")}
    scripted_logger.status = 503
    async with running(replay_window_s=600, outbox_max_events=1, delivery_budget_s=0.01) as client:
        await sent(client, draw("Bob_102"))
        assert (await client.post("/recognize", files=alice)).status_code == 503  # there is no room for it
        scripted_logger.status = 200
        async with asyncio.timeout(PATIENCE_S):
            while (await client.post("/recognize", files=alice)).status_code == 503:
                pass  # until Bob's is delivered
    assert sorted(scripted_logger.people) == ["101", "102"]


async def test_without_the_setting_every_picture_counts(running: Running, draw: Draw, scripted_logger: Any) -> None:
    async with running() as client:
        answers = [await sent(client, draw("Alice_101")) for _ in range(2)]
    assert [answer["attendance"]["replay"] for answer in answers] == [False, False]
    assert len(set(scripted_logger.event_ids)) == 2


@pytest.mark.parametrize(("age", "status"), [(timedelta(minutes=4), 200), (timedelta(minutes=6), 422)])
async def test_how_old_a_frame_may_be_is_a_setting(running: Running, draw: Draw, age: timedelta, status: int) -> None:
    captured_at = (datetime.now(UTC) - age).isoformat()
    async with running(max_frame_age_s=300) as client:
        files, data = {"image": draw("Alice_101")}, {"captured_at": captured_at}
        answer = await client.post("/recognize", files=files, data=data)
    assert answer.status_code == status
