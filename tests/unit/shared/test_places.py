"""Places that no client takes away from all others."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.places import FairPlaces


def taken_by(places: FairPlaces, client: str) -> int:
    """As many as this client can get."""
    taken = 0
    while places.take(client):
        taken += 1
    return taken


def test_one_client_gets_three_quarters_and_leaves_the_rest_to_others() -> None:
    places = FairPlaces(32)
    assert taken_by(places, "greedy") == 24
    assert taken_by(places, "second") == 6
    assert taken_by(places, "third") == 2
    assert places.taken == 32


@pytest.mark.parametrize("most", [1, 2, 3])
def test_a_few_places_are_anybodys(most: int) -> None:
    assert taken_by(FairPlaces(most), "alone") == most


def test_what_was_given_back_is_there_for_the_next() -> None:
    places = FairPlaces(1)
    assert places.take("a")
    assert not places.take("b")
    places.give_back("a")
    assert places.taken == 0
    assert places.take("b")


@given(most=st.integers(4, 64), greedy=st.integers(1, 3))
def test_somebody_who_has_none_finds_one(most: int, greedy: int) -> None:
    places = FairPlaces(most)
    for number in range(greedy):
        taken_by(places, f"greedy {number}")
        if places.taken < most:
            assert places.take(f"modest {number}")
            places.give_back(f"modest {number}")


@given(st.lists(st.tuples(st.sampled_from("abc"), st.booleans()), max_size=200))
def test_the_count_is_that_of_who_holds_one(steps: list[tuple[str, bool]]) -> None:
    places, held = FairPlaces(5), dict.fromkeys("abc", 0)
    for client, comes in steps:
        if comes:
            held[client] += places.take(client)
        elif held[client]:
            places.give_back(client)
            held[client] -= 1
    assert places.taken == sum(held.values()) <= 5
