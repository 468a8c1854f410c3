import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from recognizer.gallery.dataset import Person
from recognizer.gallery.snapshot import Enrolled, GallerySnapshot, snapshot_of


def unit_rows(seed: int, rows: int, dimension: int) -> NDArray[np.float32]:
    drawn = np.random.default_rng(seed).normal(size=(rows, dimension))
    rows_found: NDArray[np.float32] = (drawn / np.linalg.norm(drawn, axis=1, keepdims=True)).astype(np.float32)
    return rows_found


def centre(rows: NDArray[np.float32]) -> NDArray[np.float64]:
    mean: NDArray[np.float64] = rows.astype(np.float64).mean(axis=0)
    return mean / np.sqrt(mean @ mean)


def person(number: int) -> Person:
    return Person(f"{number:03}", f"Person {number}", f"Person {number} {number:03}", f"Person_{number:03}")


def gallery(*templates: NDArray[np.float32]) -> GallerySnapshot:
    enrolled = [Enrolled(person(number), rows) for number, rows in enumerate(templates)]
    return snapshot_of(enrolled, engine="test", dimension=templates[0].shape[1] if templates else 4)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(1, 4), min_size=1, max_size=9), st.integers(1, 5), st.integers(0, 2**20))
def test_the_two_nearest_people_are_those_of_a_plain_search(counts: list[int], probes: int, seed: int) -> None:
    templates = [unit_rows(seed + number, count, 8) for number, count in enumerate(counts)]
    looked_for = unit_rows(seed + 1_000, probes, 8)
    for probe, match in zip(looked_for, gallery(*templates).match(looked_for), strict=True):
        nearest = sorted((1 - float(centre(rows) @ probe), number) for number, rows in enumerate(templates))
        assert match.best is not None
        assert match.best.person == person(nearest[0][1])
        assert match.best.distance == pytest.approx(nearest[0][0], abs=1e-5)
        if len(counts) == 1:
            assert match.runner_up is None
        else:
            assert match.runner_up is not None
            assert match.runner_up.person == person(nearest[1][1])
            assert match.runner_up.distance == pytest.approx(nearest[1][0], abs=1e-5)


def test_an_empty_gallery_has_no_candidates() -> None:
    [first, second] = gallery().match(unit_rows(1, 2, 4))
    assert first.best is first.runner_up is second.best is None


def test_no_probes_give_no_matches() -> None:
    assert gallery(unit_rows(1, 2, 4)).match(np.empty((0, 4), np.float32)) == []


def test_the_runner_up_is_another_person_however_many_templates_the_best_has() -> None:
    probe = unit_rows(1, 1, 16)
    close = np.repeat(probe, 5, axis=0)
    [match] = gallery(unit_rows(2, 1, 16), close, unit_rows(3, 1, 16)).match(probe)
    assert match.best is not None
    assert match.runner_up is not None
    assert match.best.person == person(1)
    assert match.best.distance == pytest.approx(0, abs=1e-6)
    assert match.runner_up.person != person(1)


def test_of_two_equal_people_the_earlier_one_comes_first() -> None:
    rows = np.eye(4, dtype=np.float32)[:1]
    [match] = gallery(rows, rows, rows).match(rows)
    assert match.best is not None
    assert match.runner_up is not None
    assert (match.best.person, match.runner_up.person) == (person(0), person(1))


def test_distances_stay_between_zero_and_two() -> None:
    rows = np.full((1, 3), 0.57735032, np.float32)  # a little longer than one
    for probe in (rows, -rows):
        [match] = gallery(rows).match(probe)
        assert match.best is not None
        assert 0 <= match.best.distance <= 2


def test_the_order_of_enrolment_does_not_matter() -> None:
    enrolled = [Enrolled(person(number), unit_rows(number, 2, 4)) for number in range(5)]
    forward, backward = (snapshot_of(each, engine="e", dimension=4) for each in (enrolled, enrolled[::-1]))
    assert forward.fingerprint == backward.fingerprint
    assert forward.people == backward.people
    assert (forward.centres == backward.centres).all()


def test_the_fingerprint_tells_templates_people_and_engines_apart() -> None:
    base = [Enrolled(person(1), unit_rows(1, 2, 4)), Enrolled(person(2), unit_rows(2, 1, 4))]
    variants = [
        snapshot_of(base, engine="a", dimension=4),
        snapshot_of(base, engine="b", dimension=4),
        snapshot_of(base[:1], engine="a", dimension=4),
        snapshot_of([Enrolled(person(1), unit_rows(3, 2, 4)), base[1]], engine="a", dimension=4),
        snapshot_of([Enrolled(person(3), unit_rows(1, 2, 4)), base[1]], engine="a", dimension=4),
    ]
    assert len({each.fingerprint for each in variants}) == len(variants)


def test_nothing_in_it_can_be_changed() -> None:
    snapshot = gallery(unit_rows(1, 2, 4))
    with pytest.raises(ValueError, match="read-only"):
        snapshot.centres[0, 0] = 0


def test_templates_that_cancel_out_still_give_a_person_a_direction() -> None:
    rows = np.array([[1, 0], [-1, 0]], np.float32)
    [match] = gallery(rows).match(rows[:1])
    assert match.best is not None
    assert match.best.distance == pytest.approx(0)


def test_a_person_without_templates_is_a_mistake_of_the_caller() -> None:
    with pytest.raises(ValueError, match="without a template"):
        gallery(unit_rows(1, 1, 4), np.empty((0, 4), np.float32))
