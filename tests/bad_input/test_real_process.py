"""A recognizer of its own, with the real networks: what bad input costs it, and what it makes of odd pictures."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from shared.contracts.live import CloseCode
from tests.bad_input.costs import MAX_BOMB_CPU_MS, MAX_BOMB_MB, MAX_LEFT_MB, measure
from tests.bad_input.odd_pictures import nobody_to_record, one_photo_many_ways
from tests.bad_input.pictures import pictures
from tests.bad_input.scene import ENROLL_KEY, real_recognizer
from tests.bench.processes import Service

PATIENCE_S = 30.0
MAX_DIFFERENCE = 0.02  # of distances, whatever the file is encoded as


@pytest.fixture(scope="module")
def recognizer(tmp_path_factory: pytest.TempPathFactory, demo_dataset: Path, graphs: Path) -> Iterator[Service]:
    folder = tmp_path_factory.mktemp("recognizer")
    (folder / "state").mkdir()
    (folder / "state" / "graphs").symlink_to(graphs, target_is_directory=True)
    with real_recognizer(folder, demo_dataset, folder / "state") as running:
        yield running


def ask(recognizer: Service, picture: bytes) -> httpx.Response:
    files, fields = {"image": ("frame", picture)}, {"record": "false"}
    return httpx.post(f"{recognizer.url}/recognize", files=files, data=fields, timeout=60, trust_env=False)


def test_no_input_costs_more_than_it_may_and_memory_comes_back(recognizer: Service) -> None:
    costs = measure(recognizer, ENROLL_KEY)
    sys.stdout.writelines(f"{cost.line}\n" for cost in costs)
    by_name = {cost.name: cost for cost in costs}
    assert {cost.name: cost.status for cost in costs if cost.status >= 500} == {}
    assert {cost.name: cost.left_mb for cost in costs if abs(cost.left_mb) > MAX_LEFT_MB} == {}
    bomb = by_name["1-bit PNG, 20,000 × 20,000"]
    assert bomb.status == 413
    assert bomb.peak_mb < MAX_BOMB_MB
    assert bomb.cpu_ms < MAX_BOMB_CPU_MS  # of processor: how long it takes depends on who else is there


def test_one_photo_is_one_person_however_it_is_encoded(recognizer: Service) -> None:
    answers = {name: ask(recognizer, data).json() for name, data in one_photo_many_ways().items()}
    assert {answer["person"] for answer in answers.values()} == {"Grace Hopper demo1"}
    coloured = {name: answer["distance"] for name, answer in answers.items() if "grey" not in name}
    plain = answers["as it is"]["distance"]
    far = {name: distance for name, distance in coloured.items() if abs(distance - plain) > MAX_DIFFERENCE}
    assert far == {}


def test_whoever_is_not_one_known_person_is_an_answer_with_a_reason(recognizer: Service) -> None:
    for name, (picture, decisions) in nobody_to_record().items():
        answer = ask(recognizer, picture)
        assert answer.status_code == 200, name
        told = answer.json()
        assert (told["decision"] in decisions, bool(told["reason"])) == (True, True), (name, told["decision"])
        assert (told["match"], told["attendance"]) == (False, None), name


def test_each_bad_frame_on_a_socket_is_answered_and_the_socket_stays_open(recognizer: Service) -> None:
    bad = {name: picture for name, picture in pictures().items() if picture.status != 413 or "bit" in name}
    with connect(f"{recognizer.url.replace('http', 'ws')}/live", proxy=None) as camera:
        assert json.loads(camera.recv(PATIENCE_S))["type"] == "welcome"
        for name, picture in bad.items():
            camera.send(picture.data)
            told = json.loads(camera.recv(PATIENCE_S))
            assert (told["type"], told["status"]) == ("error", picture.status), name
    with connect(f"{recognizer.url.replace('http', 'ws')}/ws", proxy=None) as client:
        for name, picture in bad.items():
            client.send(picture.data)
            told = json.loads(client.recv(PATIENCE_S))
            assert (bool(told["message"]), told["student_data"]) == (True, {}), name


@pytest.mark.parametrize("text", ["", "{", '{"type": {"$ne": null}}', "[" * 50_000, "\0"], ids=lambda text: text[:9])
def test_what_is_no_message_of_ours_ends_the_conversation(recognizer: Service, text: str) -> None:
    with connect(f"{recognizer.url.replace('http', 'ws')}/live", proxy=None) as camera:
        camera.recv(PATIENCE_S)
        camera.send(text)
        with pytest.raises(ConnectionClosed) as ended:
            camera.recv(PATIENCE_S)
    assert ended.value.rcvd is not None
    assert ended.value.rcvd.code == CloseCode.POLICY_VIOLATION
