"""Challenges and quality on photographs, through the real detector and the real network."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from recognizer.engine.base import Frame
from recognizer.engine.loader import Engine, load_engine
from recognizer.evaluation.spoof_attacks import ATTACKS, frames_of
from recognizer.liveness.challenge import Challenge, ChallengeProgress, ChallengeStep, Sighting, orders
from recognizer.liveness.run import ChallengePolicy, ChallengeRun
from recognizer.vision.align import align
from recognizer.vision.pose import HeadPose, estimate_pose
from recognizer.vision.quality import QualityIssue, QualityPolicy, assess
from shared.contracts.live import ChallengeState

FPS = 5
# Photographs of one person who looks ahead, to their own left and to their own right.
PERSON, AHEAD, TO_THE_LEFT, TO_THE_RIGHT = "Ben_Affleck", "0001", "0002", "0003"


@dataclass(frozen=True)
class Observer:
    """One face as it is on a live connection: known when it is as near to the enrolled one as a match must be."""

    engine: Engine
    enrolled: NDArray[np.float32]

    @property
    def threshold(self) -> float:
        return self.engine.embedder.defaults.threshold

    def look(self, frame: Frame) -> Sighting | None:
        faces = self.engine.detector.detect(frame)
        if not faces:
            return None
        template = template_of(self.engine, frame)
        is_known = 1 - float(template @ self.enrolled) <= self.threshold
        return Sighting(estimate_pose(faces[0].landmarks), "101" if is_known else None, template)


def template_of(engine: Engine, frame: Frame) -> NDArray[np.float32]:
    face = engine.detector.detect(frame)[0]
    template: NDArray[np.float32] = engine.embedder.embed(align(frame, face, engine.embedder.alignment)[np.newaxis])[0]
    return template


def show(
    sightings: Sequence[Sighting | None], steps: tuple[ChallengeStep, ...], *, max_drift: float
) -> ChallengeProgress:
    run = ChallengeRun(Challenge("", steps, 0.0, 30.0), ChallengePolicy(max_drift=max_drift))
    for number, sighting in enumerate(sightings, start=1):
        run.observe(number / FPS, sighting)
    return run.progress(len(sightings) / FPS)


@pytest.fixture(scope="module")
def engine(graphs: Path) -> Engine:
    return load_engine(model="Dlib", detector="mtcnn", models_dir=graphs, state_dir=graphs)


def test_photographs_of_a_person_who_turns_meet_the_order_they_were_taken_in(
    engine: Engine, faces_dir: Path | None
) -> None:
    """Another person's turned head in the place of one of them does not."""
    if faces_dir is None:
        return
    people = faces_dir / "lfw_dev" / "known"
    ahead, left, right = (_read(people / PERSON / f"{PERSON}_{at}.jpg") for at in (AHEAD, TO_THE_LEFT, TO_THE_RIGHT))
    stranger = _read(people / "Harrison_Ford" / "Harrison_Ford_0004.jpg")
    observer = Observer(engine, template_of(engine, ahead))
    straight, to_the_left, to_the_right, not_them = map(observer.look, (ahead, left, right, stranger))
    played = [straight] * 5 + [to_the_left] * 3 + [straight] * 3 + [to_the_right] * 3 + [straight] * 3
    swapped = [not_them if each is to_the_left else each for each in played]
    leftward, rightward = ChallengeStep.TURN_LEFT, ChallengeStep.TURN_RIGHT

    assert show(played, (leftward, rightward), max_drift=observer.threshold).state is ChallengeState.PASSED
    assert show(played, (rightward, leftward), max_drift=observer.threshold).state is ChallengeState.FAILED
    assert show(swapped, (leftward, rightward), max_drift=observer.threshold).state is not ChallengeState.PASSED


@pytest.mark.parametrize("kind", ATTACKS)
def test_a_picture_held_to_the_camera_meets_no_order(engine: Engine, photos: Any, kind: str) -> None:
    photo = photos.collins[0:300, 70:370]
    observer = Observer(engine, template_of(engine, photo))
    sightings = [observer.look(frame) for frame in list(frames_of(photo, kind, seed=2))[::2]] * 6

    passed = [order for order in orders(3) if _passes(sightings, order, observer)]

    assert sum(sighting is not None and sighting.person_id is not None for sighting in sightings) > 20
    assert passed == []


def test_who_looks_at_the_camera_is_measured_so(engine: Engine, photos: Any) -> None:
    for frame in (photos.collins, photos.hopper):
        pose = _pose(engine, frame)
        assert abs(pose.yaw_deg) < 25
        assert abs(pose.pitch_deg) < 25
        assert abs(pose.roll_deg) < 15


def test_a_mirrored_photograph_turns_the_other_way(engine: Engine, photos: Any) -> None:
    pose, mirrored = (_pose(engine, frame) for frame in (photos.hopper, np.ascontiguousarray(photos.hopper[:, ::-1])))
    assert mirrored.yaw_deg == pytest.approx(-pose.yaw_deg, abs=6)
    assert mirrored.pitch_deg == pytest.approx(pose.pitch_deg, abs=6)


def test_no_photograph_of_a_person_is_refused_for_how_the_head_is_held(
    engine: Engine, photos: Any, faces_dir: Path | None
) -> None:
    frames = [photos.collins, photos.hopper]
    if faces_dir is not None:
        frames += [_read(file) for file in sorted((faces_dir / "lfw_dev" / "known").glob("*/*_0001.jpg"))]
    issues = {_issue(engine, frame) for frame in frames}

    assert issues.isdisjoint({QualityIssue.LOOKING_UP, QualityIssue.LOOKING_DOWN, QualityIssue.TILTED})


def _passes(sightings: Sequence[Sighting | None], order: tuple[ChallengeStep, ...], observer: Observer) -> bool:
    return show(sightings, order, max_drift=observer.threshold).state is ChallengeState.PASSED


def _pose(engine: Engine, frame: Frame) -> HeadPose:
    return estimate_pose(engine.detector.detect(frame)[0].landmarks)


def _issue(engine: Engine, frame: Frame) -> QualityIssue | None:
    face = engine.detector.detect(frame)[0]
    return assess(align(frame, face, engine.embedder.alignment), face, 1, QualityPolicy()).issue


def _read(file: Path) -> Frame:
    bgr = cv2.imread(str(file), cv2.IMREAD_COLOR)
    assert bgr is not None
    return np.ascontiguousarray(bgr[:, :, ::-1], np.uint8)
