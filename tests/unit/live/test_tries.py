"""How long somebody waits who begins challenges and never passes one."""

import pytest

from recognizer.live.tries import Tries, TriesPolicy

HOUR_S = 3_600.0


def begun_in(tries: Tries, duration_s: float) -> list[float]:
    """When somebody begins who begins again as soon as they may."""
    now_s, moments = 0.0, []
    while now_s < duration_s:
        tries.begin("here", "101", now_s)
        moments.append(now_s)
        now_s += max(tries.wait_s("here", "101", now_s), 1.0)
    return moments


def test_pauses_double_up_to_the_longest() -> None:
    tries = Tries(TriesPolicy(free=2, first_pause_s=10, longest_pause_s=60))
    assert begun_in(tries, 250) == [0, 1, 11, 31, 71, 131, 191]


def test_a_loop_has_eleven_tries_in_the_first_hour_and_two_in_each_after_it() -> None:
    moments = begun_in(Tries(), 100 * HOUR_S)
    assert sum(moment < HOUR_S for moment in moments) == 11
    assert len(moments) == 11 + 2 * 99


def test_who_stayed_away_for_long_begins_anew() -> None:
    tries = Tries(TriesPolicy(free=1, forgotten_after_s=100))
    tries.begin("here", "101", 0)
    assert tries.wait_s("here", "101", 1) == 29
    tries.begin("here", "somebody else", 101)
    assert len(tries) == 1


def test_a_pass_makes_good_for_every_failure_before_it() -> None:
    tries = Tries(TriesPolicy(free=1))
    tries.begin("here", "101", 0)
    tries.succeed("here", "101")
    assert tries.wait_s("here", "101", 0) == 0


@pytest.mark.parametrize(("client", "person"), [("elsewhere", "101"), ("here", "102")])
def test_nobody_else_waits(client: str, person: str) -> None:
    tries = Tries(TriesPolicy(free=1))
    tries.begin("here", "101", 0)
    assert tries.wait_s("here", "101", 0) > 0
    assert tries.wait_s(client, person, 0) == 0


def test_a_crowd_is_not_remembered_beyond_a_limit() -> None:
    tries = Tries(TriesPolicy(max_remembered=50))
    for number in range(1_000):
        tries.begin("here", str(number), number / 1e3)
    assert len(tries) == 50
    assert begun_in(tries, 1) == [0.0]
