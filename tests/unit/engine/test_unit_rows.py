import numpy as np
import pytest

from recognizer.engine.unit_rows import unit_rows
from recognizer.errors import EngineFailed


def test_rows_keep_their_direction_and_come_to_unit_length() -> None:
    rows = unit_rows(np.array([[3.0, 4.0], [0.0, -2.0]]))
    assert rows.tolist() == pytest.approx(np.array([[0.6, 0.8], [0, -1]]))
    assert rows.dtype == np.float32


@pytest.mark.parametrize("number", [np.nan, np.inf, -np.inf])
def test_one_number_that_is_not_finite_fails_the_batch(number: float) -> None:
    with pytest.raises(EngineFailed):
        unit_rows(np.array([[1.0, 2.0], [1.0, number]]))


def test_a_row_of_zeros_has_no_direction() -> None:
    with pytest.raises(EngineFailed):
        unit_rows(np.zeros((1, 4)))
