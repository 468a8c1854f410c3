"""A few rounds of `make chaos`, and proof that they would notice a loss."""

import random
from pathlib import Path
from uuid import uuid4

import httpx
import pytest

from tests.chaos.checking import check
from tests.chaos.diary import Asked, Diary
from tests.chaos.rounds import deck, incidents_of, run
from tests.chaos.scene import scene

SHORT = {
    "sqlite": [
        "recognizer, spooled, not sent",
        "logger, received, not stored",
        "outbox cannot grow",
        "deliveries repeated, reordered, fifty at once",
    ],
    "mongo": [
        "logger, event stored, no record",
        "recognizer, stored, not answered",
    ],
}


@pytest.mark.parametrize("store", ["sqlite", "mongo"])
async def test_what_clients_were_told_is_true_after_every_incident(store: str, tmp_path: Path) -> None:
    names = SHORT[store]
    done = await run(store, seed=7, rounds=len(names), folder=tmp_path, only=names)
    assert [one.verdict.faults for one in done.rounds] == [()] * len(names)
    assert [(one.verdict.lost, one.verdict.duplicated) for one in done.rounds] == [(0, 0)] * len(names)
    assert {one.incident for one in done.rounds if not one.not_reached} == set(names)
    assert done.diary.accepted > len(names)
    assert done.last.stored >= done.diary.accepted


async def test_an_event_that_was_promised_and_is_not_stored_is_found(tmp_path: Path) -> None:
    diary = Diary()
    promised = Asked(uuid4(), "P001", b"", None, safe=True)
    diary.ask(promised)
    async with scene("sqlite", tmp_path, random.Random(1)) as opened:
        for service in opened.services:
            service.start()
            await service.ready()
        verdict = await check(opened, diary)
    assert verdict.lost == 1
    assert str(promised.event_id) in verdict.faults[0]


@pytest.mark.parametrize(
    ("answer", "wrong"),
    [
        (httpx.Response(503, headers={"Retry-After": "1"}, json={"code": "overloaded"}), 0),
        (httpx.Response(503, json={"code": "overloaded"}), 1),
        (httpx.Response(503, headers={"Retry-After": "1"}), 1),
        (httpx.Response(500, headers={"Retry-After": "1"}, json={"code": "unexpected"}), 1),
        (httpx.Response(422, json={"code": "invalid_field"}), 0),
    ],
)
def test_only_a_503_with_a_reason_and_a_time_is_a_refusal(answer: httpx.Response, wrong: int) -> None:
    diary = Diary()
    diary.note(Asked(uuid4(), "P001", b"", None), answer)
    assert len(diary.wrong) == wrong


def test_every_incident_comes_before_any_comes_again_and_a_seed_gives_the_same_order() -> None:
    names = [name for group in incidents_of("mongo") for name in group]
    drawn = deck(names, 2 * len(names), random.Random(3))
    assert sorted(drawn[: len(names)]) == sorted(drawn[len(names) :]) == sorted(names)
    assert drawn == deck(names, 2 * len(names), random.Random(3))
