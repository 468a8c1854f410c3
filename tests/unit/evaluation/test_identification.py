from collections.abc import Callable

import numpy as np
import pytest

from recognizer.evaluation.choices import Combination
from recognizer.evaluation.combining import similarities
from recognizer.evaluation.identification import ENROLMENTS, Identification, Searches, enrollable, identify
from recognizer.evaluation.photos import Sample, numbered

MakeSamples = Callable[..., list[Sample]]


def searches(strangers: list[float], mates: list[float], rivals: list[float]) -> Searches:
    return Searches(
        np.array(strangers), np.arange(len(strangers)), np.array(mates), np.array(rivals), np.arange(len(mates))
    )


STRANGERS = [0.9, 0.6, 0.5, 0.4, 0.3, 0.2, 0.2, 0.1, 0.1, 0.1]


@pytest.mark.parametrize(("fpir", "named"), [(0.0, 0), (0.05, 0), (0.1, 1), (0.25, 2), (0.7, 5)])
def test_the_threshold_names_no_more_strangers_than_asked_for(fpir: float, named: int) -> None:
    """At 0.7 a threshold of 0.2 would name 7 of 10; those of one score come together, and 0.3 is the next."""
    threshold = searches(STRANGERS, [0.8], [0.1]).threshold_at(fpir)
    assert (np.array(STRANGERS) >= threshold).sum() == {0.7: 7}.get(fpir, named)
    assert (np.array(STRANGERS) >= threshold).mean() <= fpir


def test_people_are_missed_below_the_threshold_and_behind_a_rival() -> None:
    found = searches(STRANGERS, mates=[0.95, 0.7, 0.3, 0.8], rivals=[0.2, 0.1, 0.1, 0.85])
    assert found.rank_one() == 0.75
    assert found.fnir_at(0.5) == 0.5
    assert found.fnir_at(-1.0) == 0.25


def test_an_identity_that_is_drawn_twice_counts_twice() -> None:
    found = searches([0.9, 0.1], mates=[0.5, 0.05], rivals=[0.0, 0.0])
    counts = np.array([0, 2])
    assert 0.1 < found.threshold_at(0.5, counts) < 0.1001  # both who were drawn are at 0.1, and come together
    assert found.fnir_at(0.2, counts) == 1
    assert found.fnir_at(0.2, np.array([2, 0])) == 0


def test_a_face_that_was_not_found_is_a_miss_and_names_no_stranger() -> None:
    found = searches([0.9, -np.inf, -np.inf, -np.inf], mates=[-np.inf, 0.8], rivals=[-np.inf, 0.1])
    assert found.fnir_at(-1.0) == 0.5
    assert found.threshold_at(0.25) == -1.0
    assert 0.9 < found.threshold_at(0.2) < 0.9001


def test_strangers_and_people_without_a_photo_to_spare_are_not_enrolled(make_samples: MakeSamples) -> None:
    samples = make_samples([4, 3, 2, 5], strangers=1)
    assert enrollable(samples, numbered(samples), 3).tolist() == [0]
    assert enrollable(samples, numbered(samples), 1).tolist() == [0, 1, 2]


def test_a_gallery_of_one_is_none(make_samples: MakeSamples, dimension: int) -> None:
    samples = make_samples([4, 3], strangers=1)
    assert _identified(samples, dimension) is None


def test_everybody_is_a_stranger_to_the_others_and_every_unseen_photo_is_looked_for(
    make_samples: MakeSamples, dimension: int
) -> None:
    samples = make_samples([4] * 6 + [1] * 3, strangers=3, scatter=0.02)
    found = _identified(samples, dimension)
    assert found is not None
    assert (found.gallery, found.strangers) == (6, 9)
    assert found.searches == 6 * 2 * ENROLMENTS
    assert found.rank_one.value == 1
    assert [each.fnir.value for each in found.fnir_at_fpir] == [0, 0]


def test_a_refused_photo_is_missed_by_as_much_as_it_is_looked_for(
    make_samples: MakeSamples, without_face: Callable[[Sample], Sample], dimension: int
) -> None:
    samples = make_samples([4] * 6, scatter=0.02)
    samples[::4] = [without_face(sample) for sample in samples[::4]]
    found = _identified(samples, dimension)
    assert found is not None
    assert 1 - found.rank_one.value == pytest.approx(1 / 4, abs=0.08)  # one photo in four, drawn to enrol or not
    assert found.searches == 6 * 2 * ENROLMENTS


def test_a_person_who_could_not_be_enrolled_is_missed_every_time(
    make_samples: MakeSamples, without_face: Callable[[Sample], Sample], dimension: int
) -> None:
    samples = make_samples([4] * 5, scatter=0.02)
    samples[:4] = [without_face(sample) for sample in samples[:4]]
    found = _identified(samples, dimension)
    assert found is not None
    assert found.gallery == 5
    assert found.rank_one.value == pytest.approx(0.8)


def _identified(samples: list[Sample], dimension: int) -> Identification | None:
    return identify(samples, enrolled_photos=2, combination=Combination.CENTRE, dimension=dimension, draws=20)


def test_combinations_are_what_their_names_say() -> None:
    templates = np.array([[1, 0], [0, 1]], np.float32)
    probe = np.array([[0.8, 0.6]], np.float32)
    expected = {Combination.NEAREST: 0.8, Combination.MEAN: 0.7, Combination.CENTRE: 1.4 / np.sqrt(2)}
    for combination, score in expected.items():
        assert similarities(probe, [templates, templates[:1]], combination)[0] == pytest.approx([score, 0.8])


def test_people_without_templates_and_probes_without_a_face_match_nothing() -> None:
    templates = np.eye(2, dtype=np.float32)
    probes = np.array([[1, 0], [np.nan, np.nan]], np.float32)
    for combination in Combination:
        found = similarities(probes, [templates[:1], np.empty((0, 2), np.float32)], combination)
        assert found.tolist() == [[1, -np.inf], [-np.inf, -np.inf]]
        assert (similarities(probes, [np.empty((0, 2), np.float32)], combination) == -np.inf).all()
