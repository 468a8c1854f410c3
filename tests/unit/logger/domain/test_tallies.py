"""Counts of faces without a name, whatever order they come in, and whose session they belong to."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from logger.domain.sessions import Session, SessionState
from logger.domain.tallies import MinuteCount, Strangers, TalliedHour, strangers_in
from shared.contracts.tallies import Nameless

NINE = datetime(2025, 3, 3, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)
counts = st.builds(MinuteCount, st.integers(0, 59), st.sampled_from(Nameless), st.integers(1, 50))


def hour(source: str | None, *minutes: int, at: datetime = NINE) -> TalliedHour:
    """One unknown face in each of these minutes."""
    return TalliedHour("r1", source, at, tuple(MinuteCount(minute, Nameless.UNKNOWN, 1) for minute in minutes))


def session(session_id: str, *sources: str, starts_at: datetime = NINE) -> Session:
    """Its doors open a quarter of an hour early."""
    return Session(session_id, "c1", starts_at, starts_at + HOUR, sources=frozenset(sources))


@given(st.lists(counts, max_size=20), st.randoms())
def test_only_the_highest_count_of_a_minute_matters(found: list[MinuteCount], chance: Random) -> None:
    at_once = hour("a").with_counts(found)
    one_by_one = hour("a")
    for one in chance.sample(found * 2, len(found) * 2):
        one_by_one = one_by_one.with_counts([one])
    assert one_by_one == at_once
    assert len(at_once.counts) == len({(one.minute, one.decision) for one in found})


def test_hours_of_different_origins_cameras_and_times_are_different_rows() -> None:
    rows = [hour("a"), hour(None), hour("a", at=NINE + HOUR), replace(hour("a"), origin="r2")]
    assert len({one.key for one in rows}) == 4


def test_a_session_has_what_its_cameras_counted_while_its_doors_were_open() -> None:
    physics = session("physics", "a", "b")
    early, within, late = hour("a", 44, 45, at=NINE - HOUR), hour("b", 0, 59), hour("a", 0, at=NINE + HOUR)
    other = hour("c", 5)
    assert strangers_in([physics], [early, within, late, other]) == {"physics": Strangers(unknown=3)}


def test_a_session_without_cameras_has_what_nobody_elses_camera_counted() -> None:
    physics, yard = session("physics", "a"), session("yard")
    found = strangers_in([physics, yard], [hour("a", 5), hour("c", 5), hour(None, 6)])
    assert found == {"physics": Strangers(unknown=1), "yard": Strangers(unknown=2)}
    after = replace(physics, starts_at=NINE + 2 * HOUR, ends_at=NINE + 3 * HOUR)
    assert strangers_in([after, yard], [hour("a", 5)])["yard"] == Strangers(unknown=1)  # free by then


def test_a_minute_in_which_the_doors_open_counts_whole() -> None:
    late = session("late", "a", starts_at=NINE + timedelta(minutes=15, seconds=30))
    assert strangers_in([late], [hour("a", 0)]) == {"late": Strangers(unknown=1)}


def test_a_cancelled_session_has_none_and_each_decision_its_own_count() -> None:
    gone = replace(session("gone", "a"), state=SessionState.CANCELLED)
    seen = TalliedHour("r1", "a", NINE, tuple(MinuteCount(1, kind, 2) for kind in Nameless))
    assert strangers_in([gone, session("s", "a")], [seen]) == {"s": Strangers(2, 2, 2)}
