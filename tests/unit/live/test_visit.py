"""Confirmation over several frames, for any frames in any order."""

from itertools import accumulate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recognizer.gallery.dataset import Person
from recognizer.live.visit import Visit, VisitPolicy, Vote, agreement

POLICY = VisitPolicy(frames_needed=3, window_s=3.0, left_after_s=10.0)


def person(person_id: str) -> Person:
    return Person(person_id, "Name", f"Name {person_id}", f"Name_{person_id}")


ALICE, BOB = person("101"), person("102")
PEOPLE = st.sampled_from([ALICE, BOB, person("103"), None])
GAPS_S = st.floats(min_value=0, max_value=20, allow_nan=False)


@st.composite
def streams(draw: st.DrawFn) -> list[Vote]:
    """Votes at times that never go back."""
    gaps_s = draw(st.lists(GAPS_S, max_size=40))
    return [Vote(at_s, draw(PEOPLE)) for at_s in accumulate(gaps_s)]


def watch(votes: list[Vote], policy: VisitPolicy = POLICY) -> list[Visit]:
    """The visit after each vote."""
    return list(accumulate(votes, lambda visit, vote: visit.with_vote(vote, policy), initial=Visit()))[1:]


def at(seconds: float, who: Person | None) -> Vote:
    return Vote(seconds, who)


def test_as_many_frames_as_needed_confirm_a_person_and_one_less_does_not() -> None:
    visits = watch([at(0, ALICE), at(1, ALICE), at(2, ALICE), at(2.5, ALICE)])
    assert [visit.person for visit in visits] == [None, None, ALICE, ALICE]
    assert [visit.number for visit in visits] == [0, 0, 1, 1]


def test_frames_outside_the_window_do_not_count() -> None:
    assert watch([at(0, ALICE), at(1, ALICE), at(3.0, ALICE)])[-1].person is None
    assert watch([at(0, ALICE), at(1, ALICE), at(2.99, ALICE)])[-1].person == ALICE


def test_frames_that_name_nobody_count_against_whoever_is_named() -> None:
    votes = [at(0, ALICE), at(0.1, None), at(0.2, ALICE), at(0.3, None), at(0.4, None), at(0.5, ALICE)]
    assert watch(votes)[-1].person is None
    assert watch([*votes, at(0.6, ALICE)])[-1].person == ALICE


def test_time_alone_confirms_nobody() -> None:
    tied = [at(0, BOB), at(0.1, BOB), at(0.2, BOB), at(1, ALICE), at(1.1, ALICE), at(1.2, ALICE)]
    # Bob was confirmed by his third frame; Alice is only tied, until his frames are too old.
    visit = watch(tied)[-1]
    assert visit.person == BOB
    later = visit.at(3.5, POLICY)
    assert later.agreement is not None
    assert (later.agreement.person, later.person) == (ALICE, BOB)
    assert later.with_vote(at(3.6, ALICE), POLICY).person == ALICE


def test_who_stays_is_confirmed_once_and_who_comes_back_is_confirmed_again() -> None:
    staying = watch([at(seconds, ALICE) for seconds in range(30)])
    assert staying[-1].number == 1
    returned = [Vote(29 + POLICY.left_after_s + n / 10, ALICE) for n in range(3)]
    visits = watch([*(at(seconds, ALICE) for seconds in range(30)), *returned])
    assert [visit.number for visit in visits[-3:]] == [1, 1, 2]
    assert visits[-3].person is None


def test_a_visit_ends_with_no_further_frame_of_the_person() -> None:
    visit = watch([at(0, ALICE), at(1, ALICE), at(2, ALICE)])[-1]
    assert visit.at(11.9, POLICY).person == ALICE
    assert visit.at(12, POLICY).person is None


def test_somebody_else_who_is_confirmed_takes_over_at_once_and_the_first_can_follow_again() -> None:
    votes = [at(n / 10, ALICE) for n in range(3)] + [at(4 + n / 10, BOB) for n in range(3)]
    visits = watch([*votes, *(at(8 + n / 10, ALICE) for n in range(3))])
    assert [(visit.person, visit.number) for visit in visits[2::3]] == [(ALICE, 1), (BOB, 2), (ALICE, 3)]


@given(st.integers(1, 6), st.integers(1, 6))
def test_a_tie_means_nobody(each: int, spread: int) -> None:
    votes = [at(n / spread / 100, who) for n in range(each) for who in (ALICE, BOB)]
    assert agreement(votes) is None


@given(streams().flatmap(lambda votes: st.tuples(st.just(votes), st.permutations(votes))))
def test_the_order_within_the_window_does_not_matter(pair: tuple[list[Vote], list[Vote]]) -> None:
    votes, shuffled = pair
    assert agreement(votes) == agreement(shuffled)


@given(streams(), st.integers(1, 5), st.floats(min_value=0.1, max_value=10))
def test_nobody_is_confirmed_with_fewer_frames_of_their_own_than_needed(
    votes: list[Vote], needed: int, window_s: float
) -> None:
    policy = VisitPolicy(needed, window_s, left_after_s=window_s + 1)
    before = Visit()
    for index, visit in enumerate(watch(votes, policy)):
        if visit.number > before.number:
            now_s = votes[index].at_s
            recent = [vote for vote in votes[: index + 1] if now_s - vote.at_s < window_s]
            own = [vote for vote in recent if vote.person == visit.person]
            assert len(own) >= needed
            assert 2 * len(own) > len(recent)
            assert votes[index].person == visit.person
        before = visit


@given(streams())
def test_no_more_is_remembered_than_the_window_holds(votes: list[Vote]) -> None:
    for vote, visit in zip(votes, watch(votes), strict=True):
        assert all(vote.at_s - kept.at_s < POLICY.window_s for kept in visit.votes)


@pytest.mark.parametrize("needed", [1, 2])
def test_one_frame_is_enough_where_one_is_asked_for(needed: int) -> None:
    visits = watch([at(0, ALICE), at(20, ALICE)], VisitPolicy(frames_needed=needed))
    assert [visit.number for visit in visits] == ([1, 2] if needed == 1 else [0, 0])
