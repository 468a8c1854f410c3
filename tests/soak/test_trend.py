"""What counts as growth."""

from collections.abc import Iterable

import pytest

from tests.soak.trend import Sample, Trend, trend

IDLE = Sample(0, 100, 20, 9)


def found(memory_mb: Iterable[float], *, left: int = 20, threads: int = 9) -> Trend:
    """After a hundred samples, a thousand requests apart."""
    samples = [Sample(1_000 * at, mb, 30, 9) for at, mb in enumerate(memory_mb)]
    return trend(IDLE, samples, Sample(100_000, 100, left, threads))


def test_a_flat_line_is_sound() -> None:
    flat = found([110.0] * 100)
    assert (flat.memory_mb, flat.memory_mb_per_10k, flat.faults) == ((110, 110), 0, [])
    assert (flat.descriptors, flat.descriptors_most) == ((20, 20), 30)


def test_a_leak_of_a_kilobyte_a_request_is_found() -> None:
    leak = found(100 + at for at in range(100))
    assert leak.memory_mb_per_10k == pytest.approx(10)
    assert leak.faults == ["memory grew from 124 to 196 MB"]


def test_what_is_filled_while_warming_up_is_no_growth() -> None:
    assert found([100.0 + 5 * min(at, 19) for at in range(100)]).memory_mb_per_10k == 0


def test_a_jump_of_the_allocator_is_no_slope() -> None:
    jump = found([110.0] * 70 + [118.0] * 30)
    assert jump.memory_mb_per_10k == 0
    assert jump.memory_mb == (110, 118)


def test_descriptors_and_threads_that_stay_are_found() -> None:
    assert found([110.0] * 100, left=24, threads=13).faults == []
    assert found([110.0] * 100, left=25, threads=14).faults == [
        "5 descriptors were left open",
        "threads grew from 9 to 14",
    ]


def test_a_few_samples_are_no_trend() -> None:
    with pytest.raises(ValueError, match="ten samples"):
        found([110.0] * 9)
