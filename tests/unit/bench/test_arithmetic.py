from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.bench.arithmetic import (
    arrivals_s,
    crossing,
    ideal_latencies_s,
    kiosk_arrivals_s,
    latencies,
    median_ratio,
    percentile,
)

values = st.lists(st.floats(0, 1e6), min_size=1)


def test_percentiles_are_values_that_were_measured() -> None:
    measured = [float(value) for value in range(1, 101)]
    assert [percentile(measured, percent) for percent in (1, 50, 95, 99, 100)] == [1, 50, 95, 99, 100]


def test_the_percentile_of_one_value_is_that_value() -> None:
    assert percentile([7.0], 99) == 7


def test_there_is_no_percentile_of_nothing() -> None:
    with pytest.raises(ValueError, match="nothing"):
        percentile([], 50)


@given(values, st.floats(0.1, 100))
def test_as_many_values_as_asked_for_do_not_exceed_the_percentile(measured: list[float], percent: float) -> None:
    found = percentile(measured, percent)
    assert sum(value <= found for value in measured) >= percent / 100 * len(measured) - 1e-9
    assert sum(value < found for value in measured) < percent / 100 * len(measured) + 1e-9


def test_latencies_count_what_they_rest_on() -> None:
    found = latencies([30.0, 10.0, 20.0])
    assert (found.p50, found.p99, found.n) == (20, 30, 3)


def test_a_ratio_compares_rounds_and_not_their_sums() -> None:
    """The second round was ten times slower for both: it says the same as the others."""
    assert median_ratio([2.0, 20.0, 2.2], [1.0, 10.0, 1.0]) == 2


def test_rounds_that_were_not_measured_side_by_side_are_refused() -> None:
    with pytest.raises(ValueError, match="shorter"):
        median_ratio([1.0, 2.0], [1.0])


def test_arrivals_come_at_their_rate_in_order_and_within_the_time() -> None:
    moments = arrivals_s(rate=50, duration_s=200, seed=1)
    assert moments == sorted(moments)
    assert 0 <= moments[0] <= moments[-1] < 200
    assert len(moments) == pytest.approx(10_000, rel=0.03)


def test_arrivals_know_nothing_of_each_other() -> None:
    """The gaps of a Poisson process scatter as much as they last."""
    moments = arrivals_s(rate=50, duration_s=200, seed=2)
    gaps = [later - earlier for earlier, later in pairwise(moments)]
    mean = sum(gaps) / len(gaps)
    scatter = (sum((gap - mean) ** 2 for gap in gaps) / len(gaps)) ** 0.5
    assert scatter == pytest.approx(mean, rel=0.05)


def test_the_same_seed_gives_the_same_arrivals() -> None:
    assert arrivals_s(5, 10, seed=3) == arrivals_s(5, 10, seed=3) != arrivals_s(5, 10, seed=4)


def test_kiosks_send_two_frames_a_second_each_in_their_own_step() -> None:
    moments = kiosk_arrivals_s(rate=36, duration_s=100, seed=1)
    assert moments == sorted(moments)
    assert moments[0] >= 0
    assert len(moments) == pytest.approx(3_600, rel=0.01)
    alone = kiosk_arrivals_s(rate=2, duration_s=100, seed=1)
    assert all(0.4 - 1e-9 <= later - earlier <= 0.6 + 1e-9 for earlier, later in pairwise(alone))


def test_whoever_comes_alone_waits_for_nobody_and_a_bunch_waits_in_turn() -> None:
    assert ideal_latencies_s([0, 10, 20], servers=1, service_s=1) == [1, 1, 1]
    assert ideal_latencies_s([0, 0, 0, 0, 0], servers=2, service_s=1) == [1, 1, 2, 2, 3]


def test_a_cost_that_grows_with_the_size_crosses_the_limit_in_proportion() -> None:
    assert crossing([1_000, 10_000, 100_000], [0.01, 0.1, 1.0], 0.5) == pytest.approx(50_000)


def test_a_cost_that_stays_below_the_limit_does_not_cross_it() -> None:
    assert crossing([1_000, 10_000], [0.01, 0.1], 0.5) is None


def test_a_cost_that_begins_above_the_limit_crosses_it_at_the_first_size() -> None:
    assert crossing([1_000, 10_000], [1.0, 10.0], 0.5) == 1_000
