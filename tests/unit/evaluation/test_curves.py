"""Against cases worked out by hand, and against what must hold for any scores."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from recognizer.evaluation.curves import (
    Ranking,
    Roc,
    balanced_accuracy,
    bootstrap,
    cross_validated,
    interval,
    resampled,
)

GENUINE = [0.9, 0.8, 0.7, 0.4]
IMPOSTOR = [0.75, 0.5, 0.3, 0.2, 0.1]
SCORES = np.array(GENUINE + IMPOSTOR)
IS_GENUINE = np.array([True] * len(GENUINE) + [False] * len(IMPOSTOR))


def roc(genuine: list[float], impostor: list[float]) -> Roc:
    return Ranking(np.array(genuine + impostor), np.array([True] * len(genuine) + [False] * len(impostor))).roc()


def test_the_curve_counts_both_kinds_at_each_score() -> None:
    curve = roc(GENUINE, IMPOSTOR)
    assert curve.thresholds.tolist() == [np.inf, 0.9, 0.8, 0.75, 0.7, 0.5, 0.4, 0.3, 0.2, 0.1]
    assert curve.tar.tolist() == [0, 0.25, 0.5, 0.5, 0.75, 0.75, 1, 1, 1, 1]
    assert curve.far == pytest.approx([0, 0, 0, 0.2, 0.2, 0.4, 0.4, 0.6, 0.8, 1])


@pytest.mark.parametrize(
    ("far", "tar", "threshold"), [(0, 0.5, 0.8), (0.1, 0.5, 0.8), (0.2, 0.75, 0.7), (0.4, 1, 0.4), (1, 1, 0.1)]
)
def test_false_acceptances_stay_within_the_rate_that_was_asked_for(far: float, tar: float, threshold: float) -> None:
    curve = roc(GENUINE, IMPOSTOR)
    assert curve.tar_at(far) == tar
    assert curve.threshold_at(far) == threshold


def test_pairs_of_one_score_are_accepted_together() -> None:
    curve = roc([0.5, 0.5], [0.5, 0.1])
    assert curve.tar.tolist() == [0, 1, 1]
    assert curve.far.tolist() == [0, 0.5, 1]
    assert curve.tar_at(0.4) == 0


def test_where_every_threshold_accepts_too_many_nothing_is_accepted() -> None:
    curve = roc([0.5], [0.9])
    assert curve.tar_at(0.5) == 0
    assert curve.threshold_at(0.5) == np.inf


def test_errors_are_equal_between_two_thresholds_by_straight_line() -> None:
    # At 0.7: FAR 0.2, FRR 0.25. At 0.5: FAR 0.4, FRR 0.25. The line crosses a quarter of the way.
    assert roc(GENUINE, IMPOSTOR).equal_error_rate() == pytest.approx(0.25)
    assert roc(GENUINE, IMPOSTOR).equal_error_threshold() == 0.5


def test_kinds_that_do_not_overlap_have_no_errors() -> None:
    curve = roc([0.9, 0.8], [0.3, 0.2])
    assert curve.equal_error_rate() == 0
    assert curve.tar_at(0) == 1
    assert curve.best_threshold() == pytest.approx((0.8 + 0.3) / 2)


def test_a_pair_that_could_not_be_compared_counts_and_is_never_accepted() -> None:
    curve = roc([0.9, -np.inf], [0.2, -np.inf])
    assert curve.tar.tolist() == [0, 0.5, 0.5]
    assert curve.far.tolist() == [0, 0, 0.5]
    assert curve.equal_error_rate() == pytest.approx(0.5)


def test_where_nothing_could_be_compared_half_of_all_is_wrong() -> None:
    curve = roc([-np.inf], [-np.inf])
    assert curve.tar.tolist() == [0]
    assert curve.equal_error_rate() == 0.5


def test_a_weight_of_two_is_a_pair_that_occurs_twice() -> None:
    weights = np.array([1, 2, 0, 1, 1, 3, 1, 0, 1], float)
    times = weights.astype(int)
    repeated = Ranking(np.repeat(SCORES, times), np.repeat(IS_GENUINE, times)).roc()
    weighted = Ranking(SCORES, IS_GENUINE).roc(weights)
    for far in (0, 0.2, 0.5, 0.8):
        assert weighted.tar_at(far) == pytest.approx(repeated.tar_at(far))
    assert weighted.equal_error_rate() == pytest.approx(repeated.equal_error_rate())


@pytest.mark.parametrize("genuine", [[True, True], [False, False]])
def test_both_kinds_of_pairs_are_needed(genuine: list[bool]) -> None:
    with pytest.raises(ValueError, match="of one person and of two"):
        Ranking(np.array([0.1, 0.2]), np.array(genuine))


def test_a_score_that_is_no_number_is_a_mistake_of_the_caller() -> None:
    with pytest.raises(ValueError, match="not a number"):
        Ranking(np.array([0.1, np.nan]), np.array([True, False]))


scores = st.lists(st.integers(-5, 5).map(lambda value: value / 5), min_size=1, max_size=30)


@settings(max_examples=150, deadline=None)
@given(scores, scores)
def test_curves_rise_and_rates_agree_with_counting(genuine: list[float], impostor: list[float]) -> None:
    curve = roc(genuine, impostor)
    assert (np.diff(curve.tar) >= 0).all()
    assert (np.diff(curve.far) >= 0).all()
    assert (np.diff(curve.thresholds) < 0).all()
    assert 0 <= curve.equal_error_rate() <= 1
    for far in (0.0, 0.1, 0.5):
        threshold = curve.threshold_at(far)
        assert curve.tar_at(far) == pytest.approx(np.mean(np.array(genuine) >= threshold))
        assert np.mean(np.array(impostor) >= threshold) <= far + 1e-9


@settings(max_examples=100, deadline=None)
@given(scores, scores)
def test_neither_the_order_of_pairs_nor_a_rising_change_of_scores_matters(
    genuine: list[float], impostor: list[float]
) -> None:
    curve = roc(genuine, impostor)
    shuffled = roc(genuine[::-1], impostor[::-1])
    stretched = roc([3 * score**3 + 1 for score in genuine], [3 * score**3 + 1 for score in impostor])
    for other in (shuffled, stretched):
        assert curve.tar.tolist() == other.tar.tolist()
        assert curve.far.tolist() == other.far.tolist()


def test_both_kinds_count_the_same_in_accuracy_however_many_there_are() -> None:
    assert balanced_accuracy(SCORES, IS_GENUINE, 0.7) == pytest.approx((0.75 + 0.8) / 2)
    equal = np.array([True, False])
    assert balanced_accuracy(np.array([0.6, 0.4]), equal, 0.5) == 1
    assert balanced_accuracy(np.array([0.4, 0.6]), equal, 0.5) == 0


def test_the_threshold_of_a_fold_is_learned_from_the_others() -> None:
    # Folds 0 and 1 are told apart at 0.5, fold 2 at 2.5: a threshold learned from the first two accepts all of fold 2.
    scores = np.array([1.0, 0.0, 1.0, 0.0, 3.0, 2.0])
    genuine = np.array([True, False] * 3)
    folds = np.array([0, 0, 1, 1, 2, 2])
    found = cross_validated(scores, genuine, folds, folds)
    assert found is not None
    # Learned without fold 0: best at (1 + 0) / 2 or above 2; both folds tie at three quarters.
    accuracies = [_accuracy_without(scores, genuine, folds, fold) for fold in range(3)]
    assert found.mean == pytest.approx(np.mean(accuracies))
    assert found.standard_error == pytest.approx(np.std(accuracies, ddof=1) / np.sqrt(3))
    assert accuracies[2] == 0.5
    assert found.folds == 3


def _accuracy_without(
    scores: NDArray[np.float64], genuine: NDArray[np.bool_], folds: NDArray[np.intp], fold: int
) -> float:
    threshold = Ranking(scores[folds != fold], genuine[folds != fold]).roc().best_threshold()
    return balanced_accuracy(scores[folds == fold], genuine[folds == fold], threshold)


def test_pairs_between_two_folds_are_neither_tested_nor_learned_from_there() -> None:
    scores = np.array([1.0, 0.0, 1.0, 0.0, 5.0])
    genuine = np.array([True, False, True, False, False])
    first, second = np.array([0, 0, 1, 1, 0]), np.array([0, 0, 1, 1, 1])
    found = cross_validated(scores, genuine, first, second)
    assert found is not None
    assert found.mean == 1


def test_one_fold_cannot_be_cross_validated() -> None:
    folds = np.zeros(len(SCORES), np.intp)
    assert cross_validated(SCORES, IS_GENUINE, folds, folds) is None


def test_as_many_people_are_drawn_as_there_are_and_always_the_same() -> None:
    drawn = resampled(7, 50)
    assert drawn.shape == (50, 7)
    assert (drawn.sum(axis=1) == 7).all()
    assert (drawn == resampled(7, 50)).all()
    assert len(np.unique(drawn, axis=0)) > 40


def test_the_interval_of_a_share_is_that_of_the_binomial_distribution() -> None:
    """Of 400 people 100 err: the normal approximation is 0.25 ± 1.96 √(0.25 · 0.75 / 400)."""
    errs = np.arange(400) < 100
    found = bootstrap(0.25, resampled(400, 2_000), lambda counts: float(counts[errs].sum() / 400))
    half = 1.96 * np.sqrt(0.25 * 0.75 / 400)
    assert found.low == pytest.approx(0.25 - half, abs=0.006)
    assert found.high == pytest.approx(0.25 + half, abs=0.006)


def test_no_error_among_sixty_people_leaves_room_for_one_in_twenty() -> None:
    none, all_right = interval(0.0, np.zeros(9), identities=60), interval(1.0, np.ones(9), identities=60)
    assert (none.low, none.high) == (0, 0.05)
    assert (all_right.low, all_right.high) == (0.95, 1)


def test_draws_without_an_answer_are_left_out() -> None:
    found = interval(0.5, np.array([0.4, np.nan, 0.6]), identities=10)
    assert 0.4 <= found.low <= found.high <= 0.6
    assert interval(0.5, np.array([np.nan]), identities=10).high == 1
