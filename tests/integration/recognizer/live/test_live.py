"""`WS /live` as a camera has it."""

import asyncio
import hashlib
import json
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import httpx
import pytest
from structlog.testing import capture_logs
from websockets.exceptions import InvalidStatus

Draw = Callable[..., bytes]
Serving = Callable[..., AbstractAsyncContextManager[Any]]

SECRET = "rollcall_the-secret_of_a_camera"  # noqa: S105
DIGEST = hashlib.sha256(SECRET.encode()).hexdigest()


async def test_a_camera_is_told_what_is_expected_of_it(serving: Serving) -> None:
    async with serving(confirm_frames=4, confirm_window_s=2.5, max_bytes=50_000) as place, place.camera() as camera:
        assert camera.welcome == {
            "type": "welcome",
            "frames_needed": 4,
            "window_s": 2.5,
            "liveness": "off",
            "max_bytes": 50_000,
            "max_fps": 60,
            "idle_s": 120,
            "record": True,
        }


async def test_a_person_is_recorded_once_when_enough_frames_agree(
    place: Any, draw: Draw, scripted_logger: Any, held_logger: Any
) -> None:
    async with place.camera("?source=room-1") as camera:
        said = [await camera.show(draw("Alice_101")) for _ in range(5)]
    assert [each["seq"] for each in said] == [1, 2, 3, 4, 5]
    assert [each["dropped"] for each in said] == [0] * 5
    assert [each["confirmation"]["agreeing"] for each in said] == [1, 2, 3, 3, 3]
    assert said[0]["confirmation"] == {
        "person_id": "101",
        "person": "Alice 101",
        "name": "Alice",
        "agreeing": 1,
        "needed": 3,
    }
    assert [each["attendance"] is not None for each in said] == [False, False, True, True, True]
    assert said[2]["attendance"]["outcome"] == "recorded"
    assert said[2]["attendance"] == said[3]["attendance"] == said[4]["attendance"]
    assert (scripted_logger.people, held_logger.sources) == (["101"], ["room-1"])
    [face] = said[0]["faces"]
    assert (said[0]["decision"], face["person"]) == ("known", "Alice 101")
    assert said[0]["image"] == {"width": 640, "height": 480}
    assert "record" in said[2]["timings_ms"]


async def test_a_stranger_is_never_recorded(place: Any, draw: Draw, scripted_logger: Any) -> None:
    async with place.camera() as camera:
        said = [await camera.show(draw("Nobody_9")) for _ in range(6)]
    assert {each["decision"] for each in said} == {"unknown"}
    assert {each["confirmation"] for each in said} == {None}
    assert scripted_logger.people == []


async def test_frames_that_disagree_confirm_nobody(place: Any, draw: Draw, scripted_logger: Any) -> None:
    async with place.camera() as camera:
        for _ in range(5):
            await camera.show(draw("Nobody_9"))
            last = await camera.show(draw("Alice_101"))
    assert (last["decision"], last["confirmation"], scripted_logger.people) == ("known", None, [])


async def test_one_person_after_another_is_recorded(place: Any, draw: Draw, scripted_logger: Any) -> None:
    async with place.camera() as camera:
        for person, frames in (("Alice_101", 3), ("Bob_102", 4), ("Alice_101", 8)):
            for _ in range(frames):
                last = await camera.show(draw(person))
    assert scripted_logger.people == ["101", "102", "101"]
    assert last["confirmation"]["person_id"] == "101"


async def test_several_faces_and_none_are_answers_without_a_vote(place: Any, draw: Draw, scripted_logger: Any) -> None:
    async with place.camera() as camera:
        said = [
            await camera.show(draw(*people))
            for people in (["Alice_101"], [], ["Alice_101", "Bob_102"], ["Alice_101"], ["Alice_101"])
        ]
    assert [each["decision"] for each in said] == ["known", "no_face", "multiple_faces", "known", "known"]
    assert scripted_logger.people == ["101"]


async def test_a_restart_forgets_what_was_seen(place: Any, draw: Draw, scripted_logger: Any) -> None:
    async with place.camera() as camera:
        for _ in range(3):
            await camera.show(draw("Alice_101"))
        await camera.restart()
        said = [await camera.show(draw("Alice_101")) for _ in range(3)]
    assert [each["confirmation"]["agreeing"] for each in said] == [1, 2, 3]
    assert [each["attendance"] is not None for each in said] == [False, False, True]
    assert scripted_logger.people == ["101", "101"]  # two events; the logger marks once


async def test_with_record_false_nothing_is_recorded(place: Any, draw: Draw, scripted_logger: Any) -> None:
    async with place.camera("?record=false") as camera:
        assert camera.welcome["record"] is False
        said = [await camera.show(draw("Alice_101")) for _ in range(4)]
    assert said[-1]["confirmation"]["agreeing"] == 3
    assert (said[-1]["attendance"], scripted_logger.people) == (None, [])


async def test_a_frame_that_cannot_be_read_is_an_error_and_the_next_one_is_answered(place: Any, draw: Draw) -> None:
    async with place.camera() as camera:
        error = await camera.show(b"\xff\xd8\xff not a picture")
        assert (error["type"], error["seq"], error["status"]) == ("error", 1, 400)
        assert (error["code"], error["retry_after_s"]) == ("invalid_image", None)
        answer = await camera.show(draw("Alice_101"))
    assert (answer["type"], answer["seq"]) == ("frame", 2)
    assert answer["request_id"] == error["request_id"] != ""


async def test_a_full_service_says_when_to_come_back_and_keeps_the_connection(
    serving: Serving, draw: Draw, held_logger: Any
) -> None:
    async with serving(max_frames=1) as place, place.camera() as camera, httpx.AsyncClient(trust_env=False) as client:
        held_logger.may_answer.clear()
        files = {"image": ("frame.jpg", draw("Bob_102"), "image/jpeg")}
        taking_the_place = asyncio.create_task(client.post(f"{place.http}/recognize", files=files))
        await held_logger.asked.wait()
        error = await camera.show(draw("Alice_101"))
        assert (error["type"], error["status"], error["code"]) == ("error", 503, "overloaded")
        assert error["retry_after_s"] == 1
        held_logger.may_answer.set()
        assert (await taking_the_place).status_code == 200
        assert (await camera.show(draw("Alice_101")))["type"] == "frame"


async def test_an_event_that_the_outbox_cannot_take_is_an_error_and_its_person_is_tried_again(
    serving: Serving, draw: Draw, scripted_logger: Any
) -> None:
    scripted_logger.status = 503
    async with serving(outbox_max_events=1) as place, place.camera() as camera:
        for _ in range(3):
            alice = await camera.show(draw("Alice_101"))
        assert alice["attendance"]["delivery"] == "queued"
        said = [await camera.show(draw("Bob_102")) for _ in range(6)]
        assert {each["type"] for each in said[:3]} == {"frame"}
        assert {(each["type"], each.get("code")) for each in said[4:]} == {("error", "outbox_full")}
        scripted_logger.status = 200
        async with asyncio.timeout(30):
            while (await camera.show(draw("Bob_102"))).get("attendance") is None:
                pass
    assert scripted_logger.people == ["101", "102"]


@pytest.mark.parametrize("origin", ["https://evil.example", "null"])
async def test_pages_from_elsewhere_may_not_connect(place: Any, origin: str) -> None:
    with pytest.raises(InvalidStatus) as refused:
        async with place.camera(origin=origin):
            pass
    assert refused.value.response.status_code == 403
    assert json.loads(refused.value.response.body)["code"] == "forbidden"


async def test_our_own_page_and_those_that_are_allowed_may_connect(serving: Serving) -> None:
    async with serving(cors_origins="https://school.example") as place:
        for origin in (place.http, "https://school.example"):
            async with place.camera(origin=origin) as camera:
                assert camera.welcome["type"] == "welcome"


async def test_with_auth_key_a_camera_without_one_is_refused(serving: Serving) -> None:
    async with serving(auth="key", api_keys=DIGEST) as place:
        for options in ({}, {"subprotocols": ["rollcall", "key.rollcall_wrong"]}):
            with pytest.raises(InvalidStatus) as refused:
                async with place.camera(**options):
                    pass
            assert refused.value.response.status_code == 401
            assert json.loads(refused.value.response.body)["code"] == "unauthenticated"


@pytest.mark.parametrize(
    "options",
    [
        {"subprotocols": ["rollcall", f"key.{SECRET}"]},
        {"additional_headers": {"X-API-Key": SECRET}},
        {"additional_headers": {"Authorization": f"Bearer {SECRET}"}},
    ],
)
async def test_a_key_opens_the_connection_and_is_repeated_nowhere(serving: Serving, options: dict[str, Any]) -> None:
    with capture_logs() as logged:
        async with serving(auth="key", api_keys=DIGEST) as place, place.camera(**options) as camera:
            assert camera.connection.subprotocol == ("rollcall" if "subprotocols" in options else None)
            answered = dict(camera.connection.response.headers.raw_items())
    assert SECRET not in repr((answered, camera.welcome, logged))
    [line] = [each for each in logged if each["event"] == "connection"]
    assert (line["route"], line["status"]) == ("/live", 101)


async def test_one_camera_more_than_is_allowed_is_told_to_come_back(serving: Serving) -> None:
    async with serving(live_connections=1) as place:
        async with place.camera():
            with pytest.raises(InvalidStatus) as refused:
                async with place.camera():
                    pass
            assert refused.value.response.status_code == 503
            assert refused.value.response.headers["Retry-After"] == "10"
            assert json.loads(refused.value.response.body)["code"] == "too_many_connections"
        async with asyncio.timeout(20):
            while not await connects(place):
                await asyncio.sleep(0.01)


async def connects(place: Any) -> bool:
    try:
        async with place.camera():
            return True
    except InvalidStatus:
        return False


async def test_a_message_that_is_too_large_is_not_read(serving: Serving, draw: Draw) -> None:
    async with serving(max_bytes=30_000) as place, place.camera() as camera:
        assert (await camera.show(draw("Alice_101")))["type"] == "frame"
        await camera.connection.send(bytes(30_001))
        assert await camera.close_code() == 1009


async def test_text_that_means_nothing_ends_the_connection(place: Any) -> None:
    async with place.camera() as camera:
        await camera.connection.send("hello")
        assert await camera.close_code() == 1008


async def test_a_camera_that_says_nothing_is_hung_up_on(serving: Serving) -> None:
    async with serving(live_idle_s=0.05) as place, place.camera() as camera:
        assert await camera.close_code() == 1001


async def test_bad_parameters_are_refused(place: Any) -> None:
    for query in ("?record=perhaps", "?source=%00", f"?source={'x' * 101}"):
        with pytest.raises(InvalidStatus) as refused:
            async with place.camera(query):
                pass
        assert refused.value.response.status_code in {403, 422}


async def test_a_stop_lets_go_of_idle_cameras(serving: Serving) -> None:
    async with serving(stop_timeout_s=3600) as place, place.camera() as first, place.camera() as second:
        await place.stop()  # gives up long before that time
        assert {await first.close_code(), await second.close_code()} <= {1012, 1001}


async def test_a_frame_that_was_being_recorded_when_the_service_stops_is_recorded(
    serving: Serving, draw: Draw, held_logger: Any, scripted_logger: Any
) -> None:
    async with serving() as place, place.camera() as camera:
        held_logger.may_answer.clear()
        for _ in range(2):
            await camera.show(draw("Alice_101"))
        await camera.connection.send(draw("Alice_101"))
        await held_logger.asked.wait()
        stopping = asyncio.create_task(place.stop())
        await asyncio.sleep(0)
        held_logger.may_answer.set()
        await stopping
        assert await camera.close_code() in {1001, 1012}
    assert scripted_logger.people == ["101"]


async def test_cameras_and_their_frames_are_measured(place: Any, draw: Draw) -> None:
    async with httpx.AsyncClient(base_url=place.http, trust_env=False) as client, place.camera() as camera:
        await camera.show(draw("Alice_101"))
        text = (await client.get("/metrics")).text
        assert "recognizer_live_connections 1.0" in text
        assert 'recognizer_live_frames_total{fate="answered"} 1.0' in text
        assert 'recognizer_decisions_total{decision="known"} 1.0' in text
