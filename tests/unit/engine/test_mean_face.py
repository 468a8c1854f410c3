import numpy as np
import pytest

from recognizer.engine.base import Box
from recognizer.engine.mean_face import eyes_in, with_nose_and_mouth


def test_nose_and_mouth_lie_below_level_eyes_and_between_them() -> None:
    eyes = np.array([[40, 50], [60, 50]], np.float32)

    face = with_nose_and_mouth(eyes)

    assert np.array_equal(face[:2], eyes)
    nose, left_corner, right_corner = face[2:]
    assert nose[0] == pytest.approx(50)
    assert eyes[0][1] < nose[1] < left_corner[1]
    assert left_corner[1] == pytest.approx(right_corner[1])
    assert left_corner[0] < nose[0] < right_corner[0]


def test_a_face_that_is_turned_and_larger_is_so_with_all_its_parts() -> None:
    turn = np.array([[0, 3], [-3, 0]], np.float32)  # a quarter, and three times the size
    eyes = np.array([[-1, 0], [1, 0]], np.float32)

    assert with_nose_and_mouth(eyes @ turn) == pytest.approx(with_nose_and_mouth(eyes) @ turn, abs=1e-5)


def test_eyes_are_level_and_symmetric_in_a_box() -> None:
    left, right = eyes_in(Box(100, 200, 50, 80))

    assert left[1] == right[1]
    assert left[0] - 100 == pytest.approx(150 - right[0])
    assert 200 < left[1] < 240
