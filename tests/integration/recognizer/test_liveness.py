"""What each setting of liveness does to single frames. In the fake world a picture of a person is held in red."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Protocol

import cv2
import httpx
import numpy as np
import pytest

from recognizer.engine.fake import draw_face
from recognizer.errors import WeightsMissing

Running = Callable[..., AbstractAsyncContextManager[httpx.AsyncClient]]
Draw = Callable[..., bytes]


class Logger(Protocol):
    people: list[str]
    liveness: list[float | None]


def held_up(person: str) -> bytes:
    """Someone's picture on a red board."""
    frame = np.full((480, 640, 3), 128, np.uint8)
    frame[40:420, 40:420] = (230, 20, 20)
    draw_face(frame, person, x=150, y=150, size=160)
    ok, data = cv2.imencode(".png", np.ascontiguousarray(frame[:, :, ::-1]))
    assert ok
    return data.tobytes()


async def recognize(client: httpx.AsyncClient, picture: bytes, **fields: str) -> dict[str, object]:
    response = await client.post("/recognize", files={"image": ("frame.png", picture)}, data=fields)
    assert response.status_code == 200
    answer: dict[str, object] = response.json()
    return answer


async def test_a_person_is_recorded_with_how_live_they_looked(
    running: Running, draw: Draw, scripted_logger: Logger
) -> None:
    async with running(liveness="passive", liveness_model="fake") as client:
        answer = await recognize(client, draw("Alice_101"))

    assert answer["decision"] == "known"
    assert answer["faces"][0]["liveness"] > 0.9  # type: ignore[index]
    assert scripted_logger.people == ["101"]
    assert scripted_logger.liveness == [pytest.approx(answer["faces"][0]["liveness"])]  # type: ignore[index]


async def test_a_picture_of_a_person_is_a_spoof_and_nothing_is_recorded(
    running: Running, scripted_logger: Logger
) -> None:
    async with running(liveness="passive", liveness_model="fake") as client:
        answer = await recognize(client, held_up("Alice_101"))

    assert (answer["decision"], answer["match"], answer["person"]) == ("spoof", False, "Unknown")
    assert answer["reason"] == "This does not look like a person in front of the camera."
    assert answer["attendance"] is None
    assert answer["faces"][0]["liveness"] < 0.1  # type: ignore[index]
    assert scripted_logger.people == []


async def test_the_threshold_is_a_setting(running: Running) -> None:
    async with running(liveness="passive", liveness_model="fake", min_liveness=0) as client:
        answer = await recognize(client, held_up("Alice_101"))
    assert answer["decision"] == "known"


async def test_nobody_asks_about_a_stranger(running: Running, draw: Draw) -> None:
    async with running(liveness="passive", liveness_model="fake") as client:
        answer = await recognize(client, draw("Mallory"))

    assert answer["decision"] == "unknown"
    assert answer["faces"][0]["liveness"] is None  # type: ignore[index]
    assert "liveness" not in answer["timings_ms"]  # type: ignore[operator]


async def test_off_costs_nothing_and_takes_pictures(running: Running, scripted_logger: Logger) -> None:
    async with running() as client:
        answer = await recognize(client, held_up("Alice_101"))

    assert answer["decision"] == "known"
    assert "liveness" not in answer["timings_ms"]  # type: ignore[operator]
    assert scripted_logger.liveness == [None]


async def test_a_single_frame_never_meets_a_challenge(running: Running, draw: Draw, scripted_logger: Logger) -> None:
    async with running(liveness="challenge") as client:
        answer = await recognize(client, draw("Alice_101"))
        several = await recognize(client, draw("Alice_101", "Bob_102"), faces="all")
        looked = await recognize(client, draw("Alice_101"), record="false")

    assert answer["decision"] == "known"
    assert "camera page" in str(answer["reason"])
    assert answer["attendance"] is None
    assert [face["attendance"] for face in several["faces"]] == [None, None]  # type: ignore[attr-defined]
    assert looked["reason"] == "Recognized."
    assert scripted_logger.people == []


async def test_passive_liveness_does_not_start_without_its_weights(running: Running, tmp_path: Path) -> None:
    with pytest.raises(WeightsMissing) as refused:
        async with running(liveness="passive", models_dir=tmp_path / "models"):
            pass

    assert "minifasnet_v2_celebaspoof.onnx" in str(refused.value)
    assert "https://github.com/johnraivenolazo/face-antispoof-onnx" in str(refused.value)
    assert "make models MODEL=MiniFASNet" in str(refused.value)


@pytest.mark.parametrize(
    ("changes", "advice"),
    [
        ({"min_face_size_px": 200}, "Come closer to the camera"),
        ({"min_face_brightness": 250, "max_face_brightness": 255}, "More light on the face is needed"),
        ({"max_face_brightness": 20}, "There is too much light on the face"),
        ({"min_face_sharpness": 1e9}, "Hold still for a moment: the picture is blurred"),
        ({"max_face_pitch_deg": 0.2}, "Lower your chin a little and look at the camera"),
    ],
)
async def test_each_threshold_of_quality_is_a_setting(
    running: Running, draw: Draw, changes: dict[str, float], advice: str
) -> None:
    async with running(**changes) as client:
        answer = await recognize(client, draw("Alice_101"))

    assert (answer["decision"], answer["reason"]) == ("low_quality", f"{advice}.")
    assert answer["faces"][0]["quality"]["reason"] == advice  # type: ignore[index]
