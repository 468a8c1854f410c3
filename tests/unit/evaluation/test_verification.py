from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recognizer.evaluation.photos import Sample, numbered
from recognizer.evaluation.verification import all_pairs, folds_of_people, verify

MakeSamples = Callable[..., list[Sample]]


def test_every_two_photos_are_a_pair(make_samples: MakeSamples) -> None:
    pairs = all_pairs(make_samples([3, 2, 1]))
    assert len(pairs.first) == 6 * 5 // 2
    assert (pairs.first < pairs.second).all()


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(1, 6), min_size=4, max_size=40), st.integers(0, 9))
def test_every_fold_can_be_tested_and_its_people_are_nowhere_else(photos: list[int], seed: int) -> None:
    identity = np.repeat(np.arange(len(photos)), photos)
    folds = folds_of_people(identity, seed=seed)
    assert len(folds) == len(photos)
    count = folds.max() + 1
    assert count <= 10
    if count == 1:
        return
    for fold in range(count):
        members = np.flatnonzero(folds == fold)
        assert len(members) >= 2
        assert max(photos[person] for person in members) >= 2


def test_people_who_do_not_overlap_are_told_apart_without_error(make_samples: MakeSamples, dimension: int) -> None:
    samples = make_samples([4] * 12, scatter=0.02)
    found = verify(samples, all_pairs(samples), dimension=dimension, draws=20)
    assert (found.genuine, found.impostor, found.failed) == (12 * 6, 48 * 47 // 2 - 12 * 6, 0)
    assert found.accuracy is not None
    assert found.accuracy.mean == 1
    assert found.eer.value == 0
    assert found.eer.high == pytest.approx(3 / 12)
    assert found.mistakes == ()


def test_a_rate_is_not_spoken_of_where_it_means_too_few_pairs(make_samples: MakeSamples, dimension: int) -> None:
    samples = make_samples([4] * 12)
    found = verify(samples, all_pairs(samples), dimension=dimension, draws=5)
    assert [each.tar is None for each in found.tar_at_far] == [False, True, True]
    assert found.tar_at_far[1].false_acceptances == pytest.approx(1.056)


def test_a_photo_without_a_face_fails_in_each_of_its_pairs(
    make_samples: MakeSamples, without_face: Callable[[Sample], Sample], dimension: int
) -> None:
    samples = make_samples([4] * 6, scatter=0.02)
    samples[0] = without_face(samples[0])
    found = verify(samples, all_pairs(samples), dimension=dimension, draws=5)
    assert found.failed == 23
    assert found.roc.tar[-1] == pytest.approx(33 / 36)
    assert found.tar_at_far[0].tar is None or found.tar_at_far[0].tar.value <= 33 / 36
    worst = found.mistakes[:3]
    assert {pair.first for pair in worst} == {"p0/0.jpg"}
    assert all(pair.same and pair.similarity == -np.inf for pair in worst)


def test_the_worst_mistakes_of_each_kind_come_first(make_samples: MakeSamples, dimension: int) -> None:
    samples = make_samples([4] * 10, scatter=2.5)
    found = verify(samples, all_pairs(samples), dimension=dimension, draws=5, mistakes=6)
    rejected = [pair.similarity for pair in found.mistakes if pair.same]
    accepted = [pair.similarity for pair in found.mistakes if not pair.same]
    assert (len(rejected), len(accepted)) == (3, 3)
    assert rejected[0] == found.genuine_scores.min()
    assert accepted[0] == found.impostor_scores.max()
    assert rejected == sorted(rejected)
    assert accepted == sorted(accepted, reverse=True)
    for pair in found.mistakes:
        assert (pair.similarity < found.threshold) is pair.same
        assert (pair.first.partition("/")[0] == pair.second.partition("/")[0]) is pair.same


def test_where_one_kind_of_mistake_is_missing_the_other_has_all_places(
    make_samples: MakeSamples, without_face: Callable[[Sample], Sample], dimension: int
) -> None:
    samples = make_samples([4] * 8, scatter=0.02)
    samples[0] = without_face(samples[0])
    found = verify(samples, all_pairs(samples), dimension=dimension, draws=2, mistakes=60)
    rejected = sum(pair.same for pair in found.mistakes)
    assert rejected == 3
    assert len(found.mistakes) == rejected + (found.impostor_scores >= found.threshold).sum()


def test_of_a_very_large_folder_every_pair_of_one_person_and_some_of_two_are_kept(
    make_samples: MakeSamples,
) -> None:
    samples = make_samples([3] * 20)
    pairs = all_pairs(samples, max_impostors=100)
    identity = numbered(samples)
    genuine = identity[pairs.first] == identity[pairs.second]
    assert genuine.sum() == 20 * 3
    assert 60 < (~genuine).sum() <= 100
    assert len(set(zip(pairs.first.tolist(), pairs.second.tolist(), strict=True))) == len(pairs.first)


def test_the_same_photos_give_the_same_figures(make_samples: MakeSamples, dimension: int) -> None:
    samples = make_samples([4] * 8, scatter=1)
    first, second = (verify(samples, all_pairs(samples), dimension=dimension, draws=30) for _ in range(2))
    assert first.eer == second.eer
    assert first.accuracy == second.accuracy
