import asyncio
import base64
import hashlib
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from shared.contracts.recognition import RecognizeJsonResponse, RecognizeResponse

Draw = Callable[..., bytes]
Running = Callable[..., AbstractAsyncContextManager[httpx.AsyncClient]]


async def post(client: httpx.AsyncClient, data: bytes, part: str = "image", **fields: str) -> httpx.Response:
    return await client.post("/recognize", files={part: ("frame.jpg", data, "image/jpeg")}, data=fields)


async def recognize(client: httpx.AsyncClient, data: bytes, **fields: str) -> dict[str, Any]:
    response = await post(client, data, **fields)
    assert response.status_code == 200, response.text
    RecognizeResponse.model_validate_json(response.content)
    body: dict[str, Any] = response.json()
    return body


async def test_a_known_face_is_named_and_recorded(client: httpx.AsyncClient, draw: Draw, scripted_logger: Any) -> None:
    body = await recognize(client, draw("Mary_Ann_Lee_UE245051"), source="room-1")
    assert body["match"] is True
    assert (body["person"], body["person_id"], body["name"]) == ("Mary Ann Lee UE245051", "UE245051", "Mary Ann Lee")
    assert body["decision"] == "known"
    assert 0 <= body["distance"] < body["threshold"]
    assert body["similarity"] == pytest.approx(1 - body["distance"])
    assert body["image"] == {"width": 640, "height": 480}
    assert body["engine"] == "fake/fake"
    assert body["threshold_from"]
    [face] = body["faces"]
    assert face["person"] == body["person"]
    assert (face["box"]["x"], face["box"]["width"]) == (pytest.approx(20, abs=3), pytest.approx(160, abs=3))
    assert body["attendance"]["delivery"] == "delivered"
    assert body["attendance"]["outcome"] == "recorded"
    assert scripted_logger.event_ids == [body["attendance"]["event_id"]]
    assert {"decode", "detect", "align", "match", "record", "total"} <= body["timings_ms"].keys()


async def test_the_alias_of_the_part_is_taken_too(client: httpx.AsyncClient, draw: Draw) -> None:
    assert (await post(client, draw("Alice_101"), part="file")).json()["person"] == "Alice 101"


@pytest.mark.parametrize(
    ("people", "size", "decision"),
    [((), 160, "no_face"), (("Nobody_9",), 160, "unknown"), (("Alice_101", "Bob_102"), 160, "multiple_faces")],
)
async def test_everything_but_one_known_face_is_an_answer_and_no_record(  # noqa: PLR0917
    client: httpx.AsyncClient, draw: Draw, scripted_logger: Any, people: tuple[str, ...], size: int, decision: str
) -> None:
    body = await recognize(client, draw(*people, size=size))
    assert (body["match"], body["person"], body["decision"]) == (False, "Unknown", decision)
    assert body["attendance"] is None
    assert body["reason"]
    assert (body["distance"] is None) == (decision != "unknown")
    assert scripted_logger.people == []


async def test_with_faces_all_each_known_person_is_recorded(
    client: httpx.AsyncClient, draw: Draw, scripted_logger: Any
) -> None:
    body = await recognize(client, draw("Alice_101", "Nobody_9", "Bob_102"), faces="all")
    named = sorted((face["person"] or "", face["decision"]) for face in body["faces"])
    assert named == [("", "unknown"), ("Alice 101", "known"), ("Bob 102", "known")]
    assert sorted(scripted_logger.people) == ["101", "102"]
    assert body["match"] is True


async def test_nobody_is_in_one_picture_twice(client: httpx.AsyncClient, draw: Draw, scripted_logger: Any) -> None:
    body = await recognize(client, draw("Alice_101", "Alice_101"), faces="all")
    assert sorted(face["decision"] for face in body["faces"]) == ["ambiguous", "known"]
    assert scripted_logger.people == ["101"]


async def test_record_false_looks_and_keeps_nothing(
    client: httpx.AsyncClient, draw: Draw, scripted_logger: Any
) -> None:
    body = await recognize(client, draw("Alice_101"), record="false")
    assert (body["match"], body["attendance"]) == (True, None)
    assert scripted_logger.people == []


async def test_a_logger_that_is_away_leaves_the_event_queued(
    client: httpx.AsyncClient, draw: Draw, scripted_logger: Any
) -> None:
    scripted_logger.status = 503
    body = await recognize(client, draw("Alice_101"))
    assert (body["attendance"]["delivery"], body["attendance"]["outcome"]) == ("queued", None)
    scripted_logger.status = 200
    async with asyncio.timeout(20):
        while not scripted_logger.event_ids:
            await asyncio.sleep(0.01)
    assert scripted_logger.event_ids == [body["attendance"]["event_id"]]


async def test_a_repeated_event_id_is_one_event_with_the_same_answer(
    client: httpx.AsyncClient, draw: Draw, scripted_logger: Any
) -> None:
    event_id = str(uuid4())
    first = await recognize(client, draw("Alice_101"), event_id=event_id)
    second = await recognize(client, draw("Alice_101"), event_id=event_id)
    assert first["attendance"] == second["attendance"]
    assert scripted_logger.event_ids == [event_id]
    stolen = await post(client, draw("Bob_102"), event_id=event_id)
    assert stolen.status_code == 422
    assert scripted_logger.people == ["101"]


async def test_base64_in_json_gets_what_the_polling_page_reads(client: httpx.AsyncClient, draw: Draw) -> None:
    url = "data:image/png;base64," + base64.b64encode(draw("Alice_101", suffix=".png")).decode()
    response = await client.post("/recognize", json={"image": url})
    body = RecognizeJsonResponse.model_validate_json(response.content)
    assert (body.success, body.recognized, body.multiple_faces) == (True, True, False)
    assert body.student is not None
    assert (body.student.serial_number, body.student.name) == ("101", "Alice")
    several = "data:image/png;base64," + base64.b64encode(draw("Alice_101", "Bob_102", suffix=".png")).decode()
    answer = (await client.post("/recognize", json={"image": several})).json()
    assert (answer["recognized"], answer["student"], answer["multiple_faces"]) == (False, None, True)


@pytest.mark.parametrize("name", ["../../etc/passwd", "a\0b.jpg", "x" * 4096, "gpj.\u202e.jpg", ""])
async def test_the_name_of_the_file_means_nothing(client: httpx.AsyncClient, draw: Draw, name: str) -> None:
    boundary, data = "frame", draw("Alice_101")
    head = f'--{boundary}\r\nContent-Disposition: form-data; name="image"; filename="{name}"\r\n\r\n'
    body = head.encode() + data + f"\r\n--{boundary}--\r\n".encode()
    headers = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
    response = await client.post("/recognize", content=body, headers=headers)
    assert response.json()["person"] == "Alice 101"


async def test_too_many_bytes_are_413_at_the_limit(running: Running, draw: Draw) -> None:
    async with running(max_bytes=10_000) as client:
        assert (await post(client, b"\xff\xd8" + b"x" * 10_001)).status_code == 413
        assert (await post(client, b"x" * 1_000_000)).status_code == 413
        long_text = base64.b64encode(b"x" * 11_000).decode()
        assert (await client.post("/recognize", json={"image": long_text})).status_code == 413


async def test_when_every_place_is_taken_the_answer_is_503_at_once(running: Running, draw: Draw) -> None:
    async with running(max_frames=1) as client:
        data = draw("Alice_101")
        answers = await asyncio.gather(*(post(client, data) for _ in range(12)))
        statuses = [answer.status_code for answer in answers]
        assert set(statuses) == {200, 503}
        refused = answers[statuses.index(503)]
        assert refused.headers["retry-after"] == "1"
        assert refused.json()["code"] == "overloaded"
        assert (await post(client, data)).status_code == 200


async def test_a_full_outbox_is_503_and_never_a_success(running: Running, draw: Draw, scripted_logger: Any) -> None:
    scripted_logger.status = 503
    async with running(outbox_max_events=1) as client:
        assert (await post(client, draw("Alice_101"))).status_code == 200
        refused = await post(client, draw("Bob_102"))
        assert (refused.status_code, refused.json()["code"]) == (503, "outbox_full")
        assert (await client.get("/readyz")).status_code == 503


async def test_with_auth_key_only_holders_of_a_key_are_recognized(running: Running, draw: Draw) -> None:
    digest = hashlib.sha256(b"the kiosk's secret").hexdigest()
    async with running(auth="key", api_keys=digest) as client:
        files = {"image": ("frame.jpg", draw("Alice_101"))}
        assert (await client.post("/recognize", files=files)).status_code == 401
        wrong = await client.post("/recognize", files=files, headers={"X-API-Key": digest})
        assert wrong.status_code == 401
        right = await client.post("/recognize", files=files, headers={"Authorization": "Bearer the kiosk's secret"})
        assert right.status_code == 200
        assert (await client.get("/healthz")).status_code == 200


async def test_a_new_folder_is_known_without_a_restart(client: httpx.AsyncClient, draw: Draw, dataset: Path) -> None:
    assert (await recognize(client, draw("Carol_103")))["decision"] == "unknown"
    (dataset / "Carol_103").mkdir()
    (dataset / "Carol_103" / "a.png").write_bytes(draw("Carol_103", suffix=".png"))
    async with asyncio.timeout(20):
        while (await recognize(client, draw("Carol_103")))["decision"] != "known":
            await asyncio.sleep(0.05)


async def test_the_logger_is_told_how_many_faces_had_no_name_and_whose_camera_saw_them(
    running: Running, draw: Draw, scripted_logger: Any
) -> None:
    async with running() as client:
        for people, fields in (
            (["Nobody_9"], {"source": "door"}),
            (["Nobody_8", "Alice_101"], {"source": "door", "faces": "all"}),
            (["Nobody_9"], {"source": "door", "record": "false"}),
            (["Alice_101"], {"source": "door"}),
        ):
            files = {"image": ("frame.jpg", draw(*people), "image/jpeg")}
            assert (await client.post("/recognize", files=files, data=fields)).status_code == 200
    assert scripted_logger.tallies == [("door", "unknown", 2)]


async def test_readiness_tells_what_is_in_use(client: httpx.AsyncClient) -> None:
    report = (await client.get("/readyz")).json()
    assert report["ready"] is True
    assert set(report["checks"]) == {"gallery", "outbox", "delivery", "tallies", "profiles", "engine"}
    assert report["info"]["people"] == "3"
    assert report["info"]["engine"] == "fake/fake"


async def test_the_openapi_document_names_the_picture_and_the_errors(client: httpx.AsyncClient) -> None:
    operation = (await client.get("/openapi.json")).json()["paths"]["/recognize"]["post"]
    assert set(operation["requestBody"]["content"]) == {"multipart/form-data", "application/json"}
    assert {"200", "400", "413", "415", "422", "503"} <= set(operation["responses"])
