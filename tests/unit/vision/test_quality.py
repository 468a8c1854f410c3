import math

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from recognizer.engine.base import Box, Chip, Detection, Landmarks
from recognizer.vision.quality import QualityIssue, QualityPolicy, QualityReport, assess, estimate_yaw_deg

POLICY = QualityPolicy()


def textured(size: int = 112, *, low: int = 60, high: int = 200, cells: int = 28) -> Chip:
    """Light on one side and dark on the other, as a face is, with features of a fourth of that contrast."""
    shade = np.linspace(low, high, cells)[None, :, None]
    features = np.random.default_rng(7).uniform(low, high, (cells, cells, 1))
    grid = np.broadcast_to(0.75 * shade + 0.25 * features, (cells, cells, 3)).astype(np.uint8)
    return cv2.resize(grid, (size, size), interpolation=cv2.INTER_CUBIC).astype(np.uint8)


def turned(yaw_deg: float, roll_deg: float = 0, *, nose_depth: float = 0.45, eyes_px: float = 40) -> Landmarks:
    """Five points of a head, turned about the vertical axis, drawn from far away, then tilted in the picture."""
    head = np.array([[-0.5, 0, 0], [0.5, 0, 0], [0, 0.6, nose_depth], [-0.4, 1, 0.1], [0.4, 1, 0.1]]) * eyes_px
    yaw, roll = math.radians(yaw_deg), math.radians(roll_deg)
    x = head[:, 0] * math.cos(yaw) + head[:, 2] * math.sin(yaw)
    y = head[:, 1]
    tilted = np.stack([x * math.cos(roll) - y * math.sin(roll), x * math.sin(roll) + y * math.cos(roll)], axis=1)
    return (tilted + 100).astype(np.float32)


def look(chip: Chip, *, size_px: float = 90, scale: float = 1, yaw_deg: float = 0) -> QualityReport:
    detection = Detection(Box(10, 10, size_px, size_px * 1.3), turned(yaw_deg), score=0.99)
    return assess(chip, detection, scale, POLICY)


def test_a_frontal_sharp_well_lit_face_passes() -> None:
    report = look(textured())
    assert report.issue is None
    assert report.size_px == 90
    assert 110 < report.brightness < 150
    assert report.yaw_deg == pytest.approx(0, abs=0.1)


def test_the_size_is_that_in_the_picture_as_sent() -> None:
    assert look(textured(), size_px=20).issue is QualityIssue.TOO_SMALL
    assert look(textured(), size_px=20, scale=3).issue is None


@pytest.mark.parametrize(
    ("chip", "issue"),
    [
        (np.zeros((112, 112, 3), np.uint8), QualityIssue.TOO_DARK),
        (textured(low=0, high=16), QualityIssue.TOO_DARK),
        (np.full((112, 112, 3), 255, np.uint8), QualityIssue.TOO_BRIGHT),
        (np.full((112, 112, 3), 128, np.uint8), QualityIssue.BLURRED),
        (cv2.GaussianBlur(textured(), (0, 0), 6).astype(np.uint8), QualityIssue.BLURRED),
    ],
)
def test_hopeless_chips_are_refused_with_their_reason(chip: Chip, issue: QualityIssue) -> None:
    assert look(chip).issue is issue


@pytest.mark.parametrize("yaw_deg", [-75, 75])
def test_a_face_in_profile_is_asked_to_look_at_the_camera(yaw_deg: float) -> None:
    assert look(textured(), yaw_deg=yaw_deg).issue is QualityIssue.TURNED_AWAY


@pytest.mark.parametrize(
    ("nose_px", "issue"), [(-45, QualityIssue.LOOKING_UP), (45, QualityIssue.LOOKING_DOWN), (0, None)]
)
def test_a_face_that_looks_far_up_or_down_is_asked_to_look_at_the_camera(
    nose_px: float, issue: QualityIssue | None
) -> None:
    landmarks = turned(0)
    landmarks[2, 1] += nose_px
    detection = Detection(Box(10, 10, 90, 120), landmarks, score=0.99)
    assert assess(textured(), detection, 1, POLICY).issue is issue


def test_a_head_that_lies_on_its_side_is_asked_to_stand_up() -> None:
    lying = Detection(Box(10, 10, 90, 120), turned(0, roll_deg=80), score=0.99)
    assert assess(textured(), lying, 1, POLICY).issue is QualityIssue.TILTED


@given(st.floats(-80, 80), st.floats(-45, 45))
def test_yaw_is_recovered_whatever_the_tilt(yaw_deg: float, roll_deg: float) -> None:
    assert estimate_yaw_deg(turned(yaw_deg, roll_deg)) == pytest.approx(yaw_deg, abs=0.1)


def test_yaw_is_positive_when_the_nose_points_to_the_right_of_the_picture() -> None:
    facing_right: NDArray[np.float32] = np.array([[0, 0], [40, 0], [30, 25], [5, 50], [35, 50]], np.float32)
    assert estimate_yaw_deg(facing_right) > 20


def test_landmarks_that_fall_together_count_as_turned_away() -> None:
    assert estimate_yaw_deg(np.zeros((5, 2), np.float32)) == 90


@pytest.mark.parametrize("size", [96, 150, 160, 224])
def test_sharpness_means_the_same_for_chips_of_every_size(size: int) -> None:
    original = textured(448, cells=20)
    chip = cv2.resize(original, (size, size), interpolation=cv2.INTER_AREA).astype(np.uint8)
    reference = cv2.resize(original, (112, 112), interpolation=cv2.INTER_AREA).astype(np.uint8)
    assert look(chip).sharpness == pytest.approx(look(reference).sharpness, rel=0.35)


def test_blur_lowers_sharpness_step_by_step() -> None:
    blurred = [cv2.GaussianBlur(textured(), (0, 0), sigma).astype(np.uint8) for sigma in (0.5, 1, 2, 4)]
    found = [look(chip).sharpness for chip in blurred]
    assert found == sorted(found, reverse=True)
    assert found[0] > 10 * found[-1]


@pytest.mark.parametrize("light", [0.5, 0.25])
def test_dim_light_does_not_count_as_blur(light: float) -> None:
    dim = (textured() * light).astype(np.uint8)
    assert look(dim).sharpness == pytest.approx(look(textured()).sharpness, rel=0.15)
    assert look(dim).issue is None


def test_every_issue_has_advice_for_the_person() -> None:
    advice = {issue.advice for issue in QualityIssue}
    assert len(advice) == len(QualityIssue)
    assert all(sentence[0].isupper() for sentence in advice)
