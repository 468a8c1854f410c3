"""What being seen at a given time is worth."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logger.domain.policy import (
    DEFAULT_STATUSES,
    AttendancePolicy,
    InvalidPolicy,
    Outside,
    OutsideWindow,
    Status,
    StatusSet,
    Window,
    status_at,
)
from shared.contracts.events import AttendanceStatus as As

TEN = datetime(2025, 3, 3, 10, tzinfo=UTC)
POLICY = AttendancePolicy(opens_before_min=15, present_until_min=10)
WINDOW = Window(TEN - timedelta(minutes=15), TEN, TEN + timedelta(hours=1))
INSTANT = timedelta(microseconds=1)

minutes = st.integers(0, 300)
policies = st.builds(AttendancePolicy, opens_before_min=minutes, present_until_min=minutes, late_allowed=st.booleans())
instants = st.integers(-400 * 60, 400 * 60).map(lambda seconds: TEN + timedelta(seconds=seconds))


def window_of(policy: AttendancePolicy, length_min: int) -> Window:
    return Window(TEN - timedelta(minutes=policy.opens_before_min), TEN, TEN + timedelta(minutes=length_min))


def answer(captured_at: datetime, policy: AttendancePolicy = POLICY) -> str:
    given = status_at(policy, WINDOW, captured_at)
    return given.code if isinstance(given, Status) else given.why.value


@pytest.mark.parametrize(
    ("captured_at", "expected"),
    [
        (WINDOW.opens_at - INSTANT, "too_early"),
        (WINDOW.opens_at, "present"),
        (TEN, "present"),
        (TEN + timedelta(minutes=10), "present"),
        (TEN + timedelta(minutes=10) + INSTANT, "late"),
        (WINDOW.closes_at - INSTANT, "late"),
        (WINDOW.closes_at, "after_end"),
    ],
)
def test_the_boundaries_are_where_the_policy_says(captured_at: datetime, expected: str) -> None:
    assert answer(captured_at) == expected


def test_where_late_is_not_allowed_the_doors_close_when_being_present_ends() -> None:
    strict = replace(POLICY, late_allowed=False)
    assert answer(TEN + timedelta(minutes=10), strict) == "present"
    assert answer(TEN + timedelta(minutes=11), strict) == "too_late"


@given(policies, st.integers(1, 300), instants)
def test_an_instant_is_worth_something_exactly_inside_the_window(
    policy: AttendancePolicy, length_min: int, captured_at: datetime
) -> None:
    window = window_of(policy, length_min)
    given_status = status_at(policy, window, captured_at)
    if policy.late_allowed:
        assert isinstance(given_status, Status) == (captured_at in window)
    elif isinstance(given_status, Status):
        assert captured_at in window
        assert given_status.counts_as is As.PRESENT
    assert status_at(policy, window, captured_at) == given_status


@given(policies, st.integers(1, 300), instants, instants)
def test_coming_later_is_never_worth_more(
    policy: AttendancePolicy, length_min: int, one: datetime, other: datetime
) -> None:
    window = window_of(policy, length_min)
    order = ["too_early", "present", "late", "too_late", "after_end"]

    def rank(captured_at: datetime) -> int:
        given_status = status_at(policy, window, captured_at)
        return order.index(given_status.code if isinstance(given_status, Status) else given_status.why.value)

    assert rank(min(one, other)) <= rank(max(one, other))


@given(policies, st.integers(1, 300), instants)
def test_outside_names_a_boundary_on_the_side_that_was_missed(
    policy: AttendancePolicy, length_min: int, captured_at: datetime
) -> None:
    given_status = status_at(policy, window_of(policy, length_min), captured_at)
    if isinstance(given_status, OutsideWindow):
        assert (captured_at < given_status.boundary) == (given_status.why is Outside.TOO_EARLY)


def test_statuses_can_be_renamed_and_added_and_the_first_of_a_kind_is_given() -> None:
    house = StatusSet(
        (
            Status("P", "Da", As.PRESENT, 1),
            Status("L", "Zu spät", As.LATE, 0.5),
            Status("A", "Fehlt", As.ABSENT, 0),
            Status("S", "Krank", As.EXCUSED, None),
            Status("R", "Remote", As.PRESENT, 1),
        )
    )
    policy = replace(POLICY, statuses=house)
    assert answer(TEN, policy) == "P"
    assert answer(TEN + timedelta(minutes=30), policy) == "L"
    assert house.find("R") == Status("R", "Remote", As.PRESENT, 1)
    assert house.find("X") is None


def test_a_set_without_excused_is_fine_until_somebody_asks_for_it() -> None:
    three = StatusSet(DEFAULT_STATUSES.statuses[:3])
    with pytest.raises(LookupError):
        three.first(As.EXCUSED)


def test_contradictory_policies_are_refused() -> None:
    present, late, absent, _ = DEFAULT_STATUSES
    with pytest.raises(InvalidPolicy, match="share a code"):
        StatusSet((present, late, absent, replace(present, code="PRESENT")))
    with pytest.raises(InvalidPolicy, match="no status counts as absent"):
        StatusSet((present, late))
    with pytest.raises(InvalidPolicy, match="weight"):
        replace(late, weight=1.5)
    with pytest.raises(InvalidPolicy, match="NFC"):
        replace(late, name=" Late")
    with pytest.raises(InvalidPolicy, match="opens_before_min"):
        AttendancePolicy(opens_before_min=-1)
