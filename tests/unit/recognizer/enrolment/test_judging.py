import numpy as np
import pytest

from recognizer.engine.base import Embeddings
from recognizer.enrolment.judging import belonging

THRESHOLD = 0.1


def rows(*angles_deg: float) -> Embeddings:
    """Unit vectors in a plane: angles are distances that can be pictured."""
    angles = np.radians(angles_deg)
    return np.column_stack([np.cos(angles), np.sin(angles)]).astype(np.float32)


def test_all_photos_of_one_person_belong_together() -> None:
    assert belonging(rows(0, 10, 20), None, THRESHOLD) == [True, True, True]


@pytest.mark.parametrize("angles", [(0, 5, 90), (90, 0, 5), (0, 90, 5)])
def test_the_odd_one_out_does_not_belong_wherever_it_stands(angles: tuple[float, ...]) -> None:
    assert list(belonging(rows(*angles), None, THRESHOLD)) == [angle != 90 for angle in angles]


def test_of_two_that_differ_the_first_is_believed() -> None:
    assert belonging(rows(0, 90), None, THRESHOLD) == [True, False]


def test_a_person_who_is_known_is_compared_with_what_is_known() -> None:
    assert belonging(rows(0, 5, 90), rows(90)[0], THRESHOLD) == [False, False, True]


def test_no_photo_belongs_to_nobody() -> None:
    assert belonging(np.empty((0, 0), np.float32), rows(0)[0], THRESHOLD) == []
