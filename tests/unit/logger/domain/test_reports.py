"""Marks, counted."""

from collections.abc import Callable
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logger.domain.policy import DEFAULT_STATUSES, Status
from logger.domain.reports import Counted, by_class, by_month, by_person, tally, tally_by, warned
from shared.contracts.events import AttendanceStatus as As

PRESENT, LATE, ABSENT, EXCUSED = DEFAULT_STATUSES
HALF = Status("half", "Half", As.LATE, 0.5)
DAY = date(2025, 3, 3)


def marks(person_id: str, *statuses: Status, day: date = DAY) -> list[Counted]:
    return [Counted(person_id, "c1", day, status) for status in statuses]


def test_percent_weighs_each_status_and_leaves_excused_sessions_out() -> None:
    counted = tally(marks("101", PRESENT, PRESENT, HALF, ABSENT, EXCUSED, EXCUSED))
    assert counted.percent == pytest.approx(100 * 2.5 / 4)
    assert counted.total == 6
    assert counted.counted_as(As.EXCUSED) == 2
    assert counted.counted_as(As.LATE) == 1


def test_there_is_no_percentage_of_nothing() -> None:
    for counted in (tally([]), tally(marks("101", EXCUSED))):
        assert counted.percent is None
        assert not counted.warns(75)


def test_the_warning_is_for_those_below_the_threshold_the_lowest_first() -> None:
    everybody = marks("101", PRESENT, ABSENT) + marks("102", ABSENT) + marks("103", PRESENT, PRESENT, PRESENT, ABSENT)
    assert warned(tally_by(by_person, everybody), 75) == ("102", "101")
    assert warned(tally_by(by_person, everybody), 0) == ()


def test_marks_are_counted_by_person_class_and_month() -> None:
    year = marks("101", PRESENT) + marks("101", LATE, day=date(2025, 4, 1)) + marks("102", ABSENT, day=date(2024, 4, 1))
    assert list(tally_by(by_month, year)) == ["2025-03", "2025-04", "2024-04"]
    assert tally_by(by_person, year)["101"].times == {PRESENT: 1, LATE: 1}
    assert tally_by(by_class, year)["c1"].total == 3


counted_marks = st.lists(
    st.builds(
        Counted,
        person_id=st.sampled_from(["101", "102"]),
        class_id=st.sampled_from(["c1", "c2"]),
        local_date=st.dates(DAY, date(2025, 6, 1)),
        status=st.sampled_from([PRESENT, LATE, HALF, ABSENT, EXCUSED]),
        times=st.integers(1, 5),
    )
)
keys: list[Callable[[Counted], str]] = [by_person, by_class, by_month]


@given(counted_marks, st.sampled_from(keys))
def test_no_grouping_loses_or_doubles_a_mark(many: list[Counted], key: Callable[[Counted], str]) -> None:
    assert sum(one.total for one in tally_by(key, many).values()) == sum(one.times for one in many)


@given(counted_marks)
def test_counting_one_by_one_or_grouped_is_the_same(many: list[Counted]) -> None:
    singly = [
        Counted(one.person_id, one.class_id, one.local_date, one.status) for one in many for _ in range(one.times)
    ]
    assert tally(singly) == tally(many)


@given(counted_marks)
def test_a_percentage_is_between_0_and_100(many: list[Counted]) -> None:
    percent = tally(many).percent
    assert percent is None or 0 <= percent <= 100
