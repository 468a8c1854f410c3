"""Attacks made from photographs, looked at by the real detector and judged by the fake network."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from recognizer.engine.base import LandmarkTemplate
from recognizer.engine.fake import FakeEmbedder, FakeLiveness
from recognizer.engine.mtcnn import Mtcnn
from recognizer.errors import StartError
from recognizer.evaluation.spoof import (
    Presentation,
    Seen,
    SeenFrame,
    SpoofObserver,
    look_at_presentations,
    measure,
    read_presentations,
)
from recognizer.evaluation.spoof_attacks import ATTACKS, frames_of, make_attacks
from recognizer.evaluation.spoof_report import spoof_table
from recognizer.liveness.challenge import ChallengeStep, Sighting
from recognizer.vision.decode import DecodeLimits
from recognizer.vision.faces import FaceFinder
from recognizer.vision.pose import HeadPose
from recognizer.vision.quality import QualityPolicy


@pytest.fixture(scope="module")
def observer(graphs: Path) -> SpoofObserver:
    alignment = FakeEmbedder().alignment
    assert isinstance(alignment, LandmarkTemplate)
    return SpoofObserver(FaceFinder(Mtcnn(graphs), alignment, DecodeLimits(), QualityPolicy()), FakeLiveness())


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, photos: Any) -> Path:
    """A person as such, the person on a red board, and videos of the person's picture."""
    root = tmp_path_factory.mktemp("spoof")
    face = photos.collins[0:300, 70:370]
    board = cv2.copyMakeBorder(photos.collins[65:190, 175:270], 200, 200, 200, 200, 0, value=(230, 20, 20))
    for name, pixels in (("photos/collins.png", face), ("set/real/1.png", face), ("set/board/1.png", board)):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        assert cv2.imwrite(str(root / name), np.ascontiguousarray(pixels[:, :, ::-1]))
    make_attacks(root / "photos", root / "set")
    return root


def test_attacks_fail_the_challenge_and_a_board_is_seen_through(observer: SpoofObserver, folder: Path) -> None:
    presentations = read_presentations(folder / "set")
    seen = look_at_presentations(presentations, observer.look_at, workers=2)

    result = measure(seen, net="fake", threshold=0.5, steps=3)
    found = {each.kind: each for each in result.kinds}

    assert list(found) == ["real", "board", "looped", "panned", "still"]
    assert (found["real"].mistaken.count, found["real"].mistaken.total) == (0, 1)
    assert (found["board"].mistaken.count, found["board"].mistaken.total) == (0, 1)
    assert all(found[kind].mistaken.value == 1 for kind in ATTACKS)
    assert [(rate.count, rate.total) for kind in ATTACKS if (rate := found[kind].challenge)] == [(0, 32)] * 3
    assert found["board"].challenge is None

    text = spoof_table(result)
    assert "BPCER, people taken for pictures" in text
    assert "APCER, board taken for people" in text
    assert "95 % interval" in text


def test_a_video_that_meets_an_order_is_counted() -> None:
    reach = {
        ChallengeStep.TURN_LEFT: HeadPose(30, 0, 0, 60),
        ChallengeStep.NOD: HeadPose(0, -25, 0, 60),
        ChallengeStep.TURN_RIGHT: HeadPose(-30, 0, 0, 60),
    }
    ahead = HeadPose(0, 0, 0, 60)
    poses = [ahead] * 5 + [pose for pose in reach.values() for pose in (pose, pose, pose, ahead, ahead, ahead)]
    frames = tuple(SeenFrame(Sighting(pose, "somebody"), 0.9) for pose in poses)
    clip = Seen(Presentation(Path("clip.avi"), "clip"), frames)

    [found] = measure([clip], net="fake", threshold=0.5, steps=3).kinds

    assert found.challenge is not None
    assert (found.challenge.count, found.challenge.total) == (1, 32)
    assert (found.mistaken.count, found.mistaken.total) == (1, 1)


def test_who_gets_no_answer_is_counted_apart() -> None:
    nobody = Seen(Presentation(Path("1.jpg"), "real"), (SeenFrame(None, None),))
    somebody = replace(nobody, frames=(SeenFrame(None, 0.2),))

    result = measure([nobody, somebody], net="fake", threshold=0.5, steps=3)

    assert (result.kinds[0].silent, result.kinds[0].mistaken.count, result.kinds[0].mistaken.total) == (1, 1, 1)
    assert "1 of 2 got no answer" in spoof_table(result)


@pytest.mark.parametrize("kind", ATTACKS)
def test_attacks_are_the_same_each_time_and_move(photos: Any, kind: str) -> None:
    first, again = (list(frames_of(photos.collins, kind, seed=4)) for _ in range(2))

    assert all((one == other).all() for one, other in zip(first, again, strict=True))
    assert any((first[0] != frame).any() for frame in first[1:])


@pytest.mark.parametrize("present", [["real"], ["board"], []])
def test_a_folder_without_people_or_without_attacks_is_refused(tmp_path: Path, present: list[str]) -> None:
    for kind in present:
        (tmp_path / kind).mkdir()
        (tmp_path / kind / "1.jpg").touch()
    with pytest.raises(StartError, match="real/ and a folder for each kind of attack"):
        read_presentations(tmp_path)


def test_attacks_need_photographs(tmp_path: Path) -> None:
    with pytest.raises(StartError, match="holds no photos"):
        make_attacks(tmp_path, tmp_path)
