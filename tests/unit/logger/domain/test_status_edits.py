"""Statuses may be called anything, as long as everybody's mark still counts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logger.domain.policy import DEFAULT_STATUSES, InvalidPolicy, StatusSet
from logger.domain.status_edits import MAX_STATUSES, StatusEdit, edited
from shared.contracts.events import AttendanceStatus

K = AttendanceStatus
AS_THEY_ARE = [StatusEdit(one.code, one.name, one.counts_as, place) for place, one in enumerate(DEFAULT_STATUSES)]


def added(name: str, counts_as: AttendanceStatus = K.EXCUSED, order: int = 9) -> StatusEdit:
    return StatusEdit(None, name, counts_as, order)


def codes(statuses: StatusSet) -> list[str]:
    return [one.code for one in statuses]


def test_saving_what_is_there_changes_nothing() -> None:
    assert edited(DEFAULT_STATUSES, AS_THEY_ARE) == DEFAULT_STATUSES


def test_a_name_and_what_it_counts_as_change_and_the_code_stays() -> None:
    present, late, *rest = AS_THEY_ARE
    renamed = StatusEdit(late.code, "  Tardy ", K.ABSENT, late.order)
    found = edited(DEFAULT_STATUSES, [present, renamed, added("Delayed", K.LATE), *rest]).find("late")
    assert found is not None
    assert (found.name, found.counts_as, found.weight) == ("Tardy", K.ABSENT, 0)


def test_a_new_status_has_a_code_of_its_own_and_counts_as_its_kind_does() -> None:
    statuses = edited(DEFAULT_STATUSES, [*AS_THEY_ARE, added("Médical leave!"), added("Present?", K.PRESENT)])
    assert codes(statuses) == ["present", "late", "absent", "excused", "médical-leave", "present-2"]
    assert [one.weight for one in statuses][-2:] == [None, 1]
    assert edited(DEFAULT_STATUSES, [*AS_THEY_ARE, added("!?")]).find("status") is not None


def test_who_is_left_out_is_retired_and_comes_back_as_the_same() -> None:
    with_leave = edited(DEFAULT_STATUSES, [*AS_THEY_ARE, added("Leave")])
    assert codes(edited(with_leave, AS_THEY_ARE)) == codes(DEFAULT_STATUSES)
    assert edited(edited(with_leave, AS_THEY_ARE), [*AS_THEY_ARE, added("Leave")]) == with_leave


def test_the_first_of_a_kind_is_the_one_that_is_given() -> None:
    statuses = edited(DEFAULT_STATUSES, [*AS_THEY_ARE, added("Here", K.PRESENT, order=-1)])
    assert statuses.first(K.PRESENT).name == "Here"


@pytest.mark.parametrize(
    ("edits", "why"),
    [
        (AS_THEY_ARE[1:], "no status counts as present"),
        ([], "no status counts as"),
        ([*AS_THEY_ARE, added(" ")], "must not be blank"),
        ([*AS_THEY_ARE, added("x" * 61)], "longer than 60"),
        ([*AS_THEY_ARE, added("LATE")], "share a name"),
        ([*AS_THEY_ARE, StatusEdit("ghost", "Ghost", K.LATE, 9)], "there is no status ghost"),
        ([*AS_THEY_ARE, AS_THEY_ARE[0]], "share"),
        ([*AS_THEY_ARE, *(added(f"Leave {number}") for number in range(MAX_STATUSES))], "at most"),
    ],
)
def test_what_would_leave_somebody_without_a_mark_is_refused(edits: list[StatusEdit], why: str) -> None:
    with pytest.raises(InvalidPolicy, match=why):
        edited(DEFAULT_STATUSES, edits)


@given(st.lists(st.text(min_size=1, max_size=30), max_size=10))
def test_whatever_is_typed_is_a_whole_set_or_is_refused(names: list[str]) -> None:
    try:
        statuses = edited(DEFAULT_STATUSES, [*AS_THEY_ARE, *map(added, names)])
    except InvalidPolicy:
        return
    assert len(list(statuses)) == len(AS_THEY_ARE) + len(names)
    assert len(set(codes(statuses))) == len(codes(statuses))
