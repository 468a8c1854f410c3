from collections import Counter
from itertools import pairwise
from random import Random

import pytest

from recognizer.liveness.challenge import TURNS, ChallengeFailure, ChallengeStep, issue


def test_each_order_is_drawn_and_none_much_more_often_than_others() -> None:
    rng = Random(1)
    counts = Counter(issue(rng, 0).steps for _ in range(3_200))

    assert len(counts) == 32
    assert max(counts.values()) < 3 * min(counts.values())


@pytest.mark.parametrize(("steps", "there_are"), [(2, 6), (3, 32), (4, 84)])
def test_no_order_repeats_a_movement_at_once_or_lacks_a_turn_or_is_mostly_for_photographs(
    steps: int, there_are: int
) -> None:
    rng = Random(2)
    drawn = {issue(rng, 0, steps=steps).steps for _ in range(3_000)}

    assert len(drawn) == there_are
    assert all(first is not second for order in drawn for first, second in pairwise(order))
    assert all(TURNS & set(order) for order in drawn)
    assert all(order.count(ChallengeStep.COME_CLOSER) <= steps // 3 for order in drawn)


def test_each_challenge_has_a_name_of_its_own_and_an_end() -> None:
    rng = Random(3)
    first, second = issue(rng, 100.0, lifetime_s=20), issue(rng, 100.0)

    assert first.nonce != second.nonce
    assert (first.issued_at_s, first.expires_at_s) == (100, 120)


def test_each_step_and_each_failure_has_words_of_its_own() -> None:
    assert len({step.instruction for step in ChallengeStep}) == len(ChallengeStep)
    assert len({failure.advice for failure in ChallengeFailure}) == len(ChallengeFailure)
