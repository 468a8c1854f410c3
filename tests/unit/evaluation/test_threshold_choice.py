import numpy as np
import pytest
from numpy.typing import NDArray

from recognizer.evaluation.threshold_choice import (
    Comparisons,
    choose_margin,
    choose_threshold,
    compare,
    cross_check,
    missed,
    strangers_named,
    strangers_needed,
)

Rows = list[NDArray[np.float32]]


def people(count: int, photos: int, *, scatter: float = 0.5, dimension: int = 32, seed: int = 0) -> Rows:
    generator = np.random.default_rng(seed)
    directions = generator.normal(size=(count, 1, dimension))
    rows = directions + scatter * generator.normal(size=(count, photos, dimension))
    return list((rows / np.linalg.norm(rows, axis=2, keepdims=True)).astype(np.float32))


def comparisons(own: list[float], others: list[list[float]]) -> Comparisons:
    return Comparisons(np.array(own), np.array(others), np.arange(len(own)))


def test_a_photo_is_left_out_of_its_own_centre() -> None:
    rows = [np.array([[1, 0], [0, 1], [1, 0]], np.float32), np.array([[0, 1]], np.float32)]
    found = compare(rows, rows)
    assert found.own[:3] == pytest.approx([1 / np.sqrt(2), 0, 1 / np.sqrt(2)])
    assert found.own[3] == -np.inf
    assert found.others[:, 0] == pytest.approx([0, 1, 0, 1 / np.sqrt(5)])
    assert found.people == 2


def test_a_threshold_that_was_seen_is_read_off() -> None:
    """FPIR 1 − (1 − FMR)^1 = FMR: of a thousand comparisons one in a hundred may match, the ten nearest."""
    others = np.linspace(0, 0.999, 1000).reshape(500, 2)
    found = choose_threshold(Comparisons(np.zeros(500), others, np.arange(500)), fpir=0.01, gallery=1)
    assert not found.extrapolated
    assert (1 - others <= found.distance).sum() == 10


def test_a_larger_gallery_asks_for_a_nearer_match() -> None:
    rows = people(40, 3)
    found = [choose_threshold(compare(rows, rows), fpir=0.01, gallery=size).distance for size in (10, 40, 400, 4_000)]
    assert found == sorted(found, reverse=True)
    assert len(set(found)) == 4


def test_a_rate_beyond_the_data_is_extrapolated_along_the_normal_distribution() -> None:
    """Ten thousand comparisons are drawn; where one in a million lies is known."""
    drawn = np.random.default_rng(1).normal(0.3, 0.1, (5_000, 2))
    found = choose_threshold(Comparisons(np.zeros(5_000), drawn, np.arange(5_000)), fpir=1e-6, gallery=1)
    assert found.extrapolated
    assert 1 - found.distance == pytest.approx(0.3 + 4.753 * 0.1, abs=0.04)


def test_strangers_are_named_at_about_the_rate_that_was_asked_for() -> None:
    """Four hundred others, whom the threshold was not chosen from, among forty people."""
    rows = people(300, 3)
    chosen = choose_threshold(compare(rows, rows), fpir=0.05, gallery=40)
    enrolled, strangers = people(40, 3, seed=1), people(400, 1, seed=2)
    centres = np.array([each.mean(axis=0) / np.linalg.norm(each.mean(axis=0)) for each in enrolled])
    nearest = (np.concatenate(strangers) @ centres.T).max(axis=1)
    assert 0.02 < (1 - nearest <= chosen.distance).mean() < 0.09


def test_the_cross_check_counts_people_set_aside() -> None:
    rows = people(120, 3)
    check = cross_check(rows, rows, fpir=0.05, splits=20)
    assert (check.gallery, check.splits) == (60, 20)
    assert check.low <= check.mean <= check.high
    assert 0.02 < check.mean < 0.09


def test_the_margin_is_the_widest_that_costs_hardly_anybody() -> None:
    own, clear = [0.9] * 400, [[0.5]] * 400
    assert choose_margin(comparisons(own, clear), 0.2) == 0.02
    close = [[0.888]] * 3 + [[0.5]] * 397
    assert choose_margin(comparisons(own, close), 0.2) == 0.01
    assert choose_margin(comparisons([0.1] * 4, [[0.0]] * 4), 0.2) == 0.0


def test_a_photo_is_missed_when_far_from_its_own_or_near_to_another() -> None:
    found = comparisons([0.9, 0.7, 0.9, -np.inf], [[0.5], [0.1], [0.895], [0.2]])
    assert missed(found, 0.2, 0.0) == pytest.approx(1 / 3)
    assert missed(found, 0.2, 0.01) == pytest.approx(2 / 3)
    assert np.isnan(missed(comparisons([-np.inf], [[0.1]]), 0.2, 0.0))


def test_each_stranger_counts_once_however_many_photos_there_are() -> None:
    found = Comparisons(np.zeros(4), np.array([[0.9], [0.9], [0.9], [0.1]]), np.array([0, 0, 0, 1]))
    assert strangers_named(found, 0.2) == 0.5


@pytest.mark.parametrize(("fpir", "needed"), [(0.01, 300), (0.003, 1000), (0.1, 30)])
def test_three_over_the_rate_are_needed_to_promise_it(fpir: float, needed: int) -> None:
    assert strangers_needed(fpir) == needed
    assert (1 - fpir) ** needed == pytest.approx(0.05, abs=0.01)
