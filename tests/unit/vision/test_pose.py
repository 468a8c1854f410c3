import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recognizer.engine.base import Landmarks
from recognizer.vision.pose import FACING_AWAY, estimate_pose

# A usual head: eyes, nose tip, mouth corners, in distances between the pupils; y down, z towards the camera.
HEAD = np.array([[-0.5, 0, 0], [0.5, 0, 0], [0, 0.616, 0.4], [-0.4, 1.1, 0], [0.4, 1.1, 0]])


def drawn(yaw_deg: float = 0, pitch_deg: float = 0, roll_deg: float = 0, *, eyes_px: float = 60) -> Landmarks:
    """The head after a nod, a turn and a tilt, seen from far away."""
    yaw, pitch, roll = (math.radians(angle) for angle in (yaw_deg, pitch_deg, roll_deg))
    x, y, z = HEAD.T
    y, z = y * math.cos(pitch) - z * math.sin(pitch), y * math.sin(pitch) + z * math.cos(pitch)
    x = x * math.cos(yaw) + z * math.sin(yaw)
    tilted = np.stack([x * math.cos(roll) - y * math.sin(roll), x * math.sin(roll) + y * math.cos(roll)], axis=1)
    return (tilted * eyes_px + 200).astype(np.float32)


@given(st.floats(-60, 60), st.floats(-40, 40), st.floats(-40, 40))
def test_pose_is_recovered_whatever_the_other_angles(yaw_deg: float, pitch_deg: float, roll_deg: float) -> None:
    pose = estimate_pose(drawn(yaw_deg, pitch_deg, roll_deg))

    assert pose.yaw_deg == pytest.approx(yaw_deg, abs=0.1)
    assert pose.pitch_deg == pytest.approx(pitch_deg, abs=0.1)


@given(st.floats(-60, 60))
def test_roll_is_recovered_from_a_face_that_looks_at_the_camera(roll_deg: float) -> None:
    assert estimate_pose(drawn(roll_deg=roll_deg)).roll_deg == pytest.approx(roll_deg, abs=0.1)


def test_signs_are_those_of_the_picture() -> None:
    """Frames are never mirrored: the right of the picture is the person's own left."""
    straight, lower = drawn(), drawn()
    lower[2, 1] += 15
    right = drawn()
    right[2, 0] += 15

    assert estimate_pose(lower).pitch_deg < estimate_pose(straight).pitch_deg - 10
    assert estimate_pose(right).yaw_deg > 20


def test_size_grows_as_the_face_comes_nearer() -> None:
    near, far = estimate_pose(drawn(eyes_px=90)), estimate_pose(drawn(eyes_px=60))
    assert near.size_px == pytest.approx(1.5 * far.size_px)


@given(
    yaw_deg=st.floats(-40, 40),
    pitch_deg=st.floats(-30, 30),
    axis=st.floats(0, 2 * math.pi),
    foreshortening=st.floats(0.3, 1),
    turn=st.floats(0, 2 * math.pi),
    scale=st.floats(0.5, 3),
)
def test_a_flat_picture_never_moves_its_head(
    *, yaw_deg: float, pitch_deg: float, axis: float, foreshortening: float, turn: float, scale: float
) -> None:
    """Tilted about any axis in its plane, turned within it, brought nearer: the face on it keeps its yaw and pitch."""
    photo = drawn(yaw_deg, pitch_deg)
    held = photo @ _rotation(axis) @ np.diag([foreshortening, 1]) @ _rotation(turn) * scale

    before, after = estimate_pose(photo), estimate_pose(held.astype(np.float32))

    assert after.yaw_deg == pytest.approx(before.yaw_deg, abs=0.5)
    assert after.pitch_deg == pytest.approx(before.pitch_deg, abs=0.5)


@pytest.mark.parametrize("points", [np.zeros((5, 2)), np.arange(10).reshape(5, 2), np.full((5, 2), np.nan)])
def test_landmarks_on_one_line_have_no_pose(points: Landmarks) -> None:
    assert estimate_pose(points.astype(np.float32)) == FACING_AWAY


def _rotation(angle: float) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    return np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
