"""Liveness over the frames of a visit. In the fake world a picture of a person is held in red, and nobody moves."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import cv2
import numpy as np
import pytest

from recognizer.engine.fake import draw_face

Draw = Callable[..., bytes]
Serving = Callable[..., AbstractAsyncContextManager[Any]]


def held_up(person: str) -> bytes:
    """Someone's picture on a red board."""
    frame = np.full((480, 640, 3), 128, np.uint8)
    frame[40:420, 40:420] = (230, 20, 20)
    draw_face(frame, person, x=150, y=150, size=160)
    ok, data = cv2.imencode(".png", np.ascontiguousarray(frame[:, :, ::-1]))
    assert ok
    return data.tobytes()


async def test_with_challenge_a_face_that_does_not_move_is_never_recorded(
    serving: Serving, draw: Draw, scripted_logger: Any
) -> None:
    async with serving(liveness="challenge", challenge_steps=2) as place, place.camera() as camera:
        assert camera.welcome["liveness"] == "challenge"
        said = [await camera.show(draw("Alice_101")) for _ in range(12)]
    assert {each["decision"] for each in said} == {"known"}
    assert said[-1]["confirmation"]["agreeing"] == 3
    assert {each["attendance"] for each in said} == {None}
    assert scripted_logger.people == []
    assert said[-1]["challenge"]["of"] == 2
    assert said[-1]["challenge"]["instruction"]
    assert said[-1]["challenge"]["expires_in_s"] <= 30


async def test_with_passive_a_person_is_recorded_with_their_mean(
    serving: Serving, draw: Draw, scripted_logger: Any
) -> None:
    async with serving(liveness="passive", liveness_model="fake") as place, place.camera() as camera:
        said = [await camera.show(draw("Alice_101")) for _ in range(3)]
    assert [each["attendance"] is not None for each in said] == [False, False, True]
    assert scripted_logger.people == ["101"]
    mean = said[-1]["faces"][0]["liveness"]
    assert mean > 0.9
    assert scripted_logger.liveness == [pytest.approx(mean)]


async def test_with_passive_a_picture_that_is_held_up_is_never_recorded(serving: Serving, scripted_logger: Any) -> None:
    async with serving(liveness="passive", liveness_model="fake") as place, place.camera() as camera:
        said = [await camera.show(held_up("Alice_101")) for _ in range(6)]
    assert {each["decision"] for each in said} == {"spoof"}
    assert {each["confirmation"] for each in said} == {None}
    assert scripted_logger.people == []


async def test_with_passive_a_person_who_took_a_picture_down_is_recorded_once_the_mean_says_so(
    serving: Serving, draw: Draw, scripted_logger: Any
) -> None:
    async with serving(liveness="passive", liveness_model="fake") as place, place.camera() as camera:
        for _ in range(3):
            await camera.show(held_up("Alice_101"))
        said = [await camera.show(draw("Alice_101")) for _ in range(8)]
    assert said[0]["decision"] == "spoof"
    assert said[-1]["decision"] == "known"
    assert said[-1]["attendance"]["outcome"] == "recorded"
    assert scripted_logger.people == ["101"]
