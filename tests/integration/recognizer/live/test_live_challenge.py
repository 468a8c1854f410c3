"""A challenge met over a real socket, by the real engine, with photographs of one person who looks three ways.

The photographs are research material that is not part of this repository; where it is not at hand, what a still does in
a challenge is tested here all the same.
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import pytest

from recognizer.liveness.challenge import ChallengeStep

Serving = Callable[..., AbstractAsyncContextManager[Any]]
Jpeg = Callable[[Any], bytes]

PERSON = "Ben_Affleck"
AHEAD, TO_THE_LEFT, TO_THE_RIGHT = "0001", "0002", "0004"
TRIES = 30  # each draws an order of two out of six; turns alone are in a third of them


@pytest.fixture
def real(dataset: Path) -> dict[str, object]:
    """Settings of the real engine, and an empty dataset."""
    for folder in dataset.iterdir():
        for file in folder.iterdir():
            file.unlink()
        folder.rmdir()
    return {"model": "Dlib", "detector": "mtcnn", "liveness": "challenge", "challenge_steps": 2}


def enrol(dataset: Path, name: str, picture: bytes) -> None:
    (dataset / name).mkdir()
    (dataset / name / "1.jpg").write_bytes(picture)


async def test_a_person_who_follows_the_order_is_recorded_once(
    serving: Serving, real: dict[str, object], dataset: Path, scripted_logger: Any, faces_dir: Path | None
) -> None:
    if faces_dir is None:
        return
    ahead, left, right = (
        (faces_dir / "lfw_dev" / "known" / PERSON / f"{PERSON}_{at}.jpg").read_bytes()
        for at in (AHEAD, TO_THE_LEFT, TO_THE_RIGHT)
    )
    enrol(dataset, f"{PERSON}_101", ahead)
    looks = {ChallengeStep.TURN_LEFT.instruction: left, ChallengeStep.TURN_RIGHT.instruction: right}

    async with serving(**real) as place, place.camera() as camera:
        for _ in range(TRIES):
            said = await _follow(camera, ahead, looks)
            if said["attendance"] is not None:
                break
            await camera.restart()
        after = [await camera.show(ahead) for _ in range(4)]

    assert said["challenge"]["state"] == "passed"
    assert scripted_logger.people == ["101"]
    assert scripted_logger.liveness == [1.0]
    assert all(each["attendance"] == said["attendance"] for each in after)


async def test_a_still_of_a_person_is_never_recorded(
    serving: Serving, real: dict[str, object], dataset: Path, *, scripted_logger: Any, photos: Any, jpeg: Jpeg
) -> None:
    still = jpeg(photos.collins)
    enrol(dataset, "Eileen_Collins_102", still)

    async with serving(**real) as place, place.camera() as camera:
        said = [await camera.show(still) for _ in range(12)]

    assert {each["decision"] for each in said} == {"known"}
    assert said[-1]["challenge"]["state"] == "running"
    assert said[-1]["challenge"]["step"] == 1
    assert scripted_logger.people == []


async def _follow(camera: Any, ahead: bytes, looks: dict[str, bytes]) -> dict[str, Any]:
    """As far as the photographs go."""
    said = await _show(camera, [ahead] * 5)
    for _ in range(2):
        if said["challenge"]["instruction"] in looks:
            said = await _show(camera, [looks[said["challenge"]["instruction"]]] * 3 + [ahead] * 3)
    return said


async def _show(camera: Any, pictures: Sequence[bytes]) -> dict[str, Any]:
    for picture in pictures:
        said: dict[str, Any] = await camera.show(picture)
    return said
