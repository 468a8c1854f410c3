"""Marks are what the facts say, in whatever order they came."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logger.domain.marking import (
    Basis,
    Correction,
    Facts,
    InvalidCorrection,
    Mark,
    Undo,
    close,
    correction,
    mark,
    missing,
    standing,
)
from logger.domain.policy import AttendancePolicy
from logger.domain.sessions import Session, cancel, due_changes, end, start

At = Callable[[float], datetime]
TEN = datetime(2025, 3, 3, 10, tzinfo=UTC)
ROSTER = frozenset({"101", "102", "103"})


@pytest.fixture
def ended(session: Session, at: At) -> Session:
    return end(start(session, at=at(0), by="t1", others=[]), at=at(60), by="t1")


def word(number: int, status: str, minute: float = 30) -> Correction:
    return Correction(UUID(int=number), status, "was there", "t1", TEN + timedelta(minutes=minute))


def told(session: Session, facts: Facts, *, on_roster: bool = True) -> tuple[str, Basis] | None:
    one = mark(session, "101", facts, on_roster=on_roster)
    return (one.status.code, one.basis) if one else None


def test_nothing_is_said_of_somebody_unseen_until_the_session_has_ended(
    session: Session, ended: Session, at: At
) -> None:
    active = start(session, at=at(0), by="t1", others=[])
    assert told(session, Facts()) is None
    assert told(active, Facts()) is None
    assert told(ended, Facts()) == ("absent", Basis.CLOSING)
    assert told(ended, Facts(), on_roster=False) is None
    assert told(replace(ended, policy=AttendancePolicy(absent_at_end=False)), Facts()) is None


def test_an_event_that_arrives_late_turns_an_absence_into_what_it_would_have_been(ended: Session, at: At) -> None:
    assert told(ended, Facts().seen(at(5))) == ("present", Basis.SIGHTING)
    assert told(ended, Facts().seen(at(20))) == ("late", Basis.SIGHTING)
    assert told(ended, Facts().seen(at(20)).seen(at(5))) == ("present", Basis.SIGHTING)


def test_an_event_never_overrides_a_correction(ended: Session, at: At) -> None:
    facts = Facts().corrected(word(1, "excused")).seen(at(5))
    assert told(ended, facts) == ("excused", Basis.CORRECTION)
    one = mark(ended, "101", facts, on_roster=True)
    assert one is not None
    assert one.first_seen == at(5)


def test_taking_a_correction_back_leaves_what_was_there_before_it(ended: Session, at: At) -> None:
    twice = Facts().seen(at(20)).corrected(word(1, "excused", 30)).corrected(word(2, "present", 40))
    assert told(ended, twice) == ("present", Basis.CORRECTION)
    once = twice.taken_back(Undo(UUID(int=2), "t1", at(50)))
    assert told(ended, once) == ("excused", Basis.CORRECTION)
    none = once.taken_back(Undo(UUID(int=1), "t1", at(51)))
    assert told(ended, none) == ("late", Basis.SIGHTING)
    assert none.taken_back(Undo(UUID(int=1), "t1", at(52))) == none


def test_somebody_may_be_marked_by_hand_before_being_seen_and_off_the_roster(session: Session) -> None:
    assert told(session, Facts().corrected(word(1, "present")), on_roster=False) == ("present", Basis.CORRECTION)


def test_nothing_counts_in_a_cancelled_session(session: Session, at: At) -> None:
    cancelled = cancel(session, at=at(10), by="t1")
    assert told(cancelled, Facts().seen(at(5)).corrected(word(1, "present"))) is None
    assert close(cancelled, ROSTER, ()) == ()


def test_closing_marks_everybody_once(session: Session, ended: Session) -> None:
    assert close(session, ROSTER, {"102"}) == ()
    absences = close(ended, ROSTER, {"102"})
    assert [(one.person_id, one.status.code, one.basis) for one in absences] == [
        ("101", "absent", Basis.CLOSING),
        ("103", "absent", Basis.CLOSING),
    ]
    assert close(ended, ROSTER, {"102"} | {one.person_id for one in absences}) == ()


def test_a_session_that_the_service_slept_through_is_closed_when_it_wakes(session: Session, at: At) -> None:
    [ended] = due_changes([session], at(60 * 24))
    assert [one.person_id for one in close(ended, ROSTER, ())] == sorted(ROSTER)


def test_who_is_missing_are_the_unmarked_and_the_absent(ended: Session, at: At) -> None:
    marks: dict[str, Mark] = {}
    for person_id, facts in (("101", Facts().seen(at(5))), ("102", Facts().corrected(word(1, "absent")))):
        one = mark(ended, person_id, facts, on_roster=True)
        assert one is not None
        marks[person_id] = one
    assert missing(ROSTER, marks) == ("102", "103")


def test_a_correction_needs_a_status_of_the_class_and_a_reason(session: Session, at: At) -> None:
    def made(status: str = "late", reason: str = " bus ", of: Session = session) -> Correction:
        return correction(of, correction_id=UUID(int=1), status=status, reason=reason, by="t1", at=at(5))

    assert made().reason == "bus"
    for status, reason in (("asleep", "bus"), ("late", "  "), ("late", "x" * 201)):
        with pytest.raises(InvalidCorrection, match=r"\.$"):
            made(status, reason)
    with pytest.raises(InvalidCorrection, match="cancelled"):
        made(of=cancel(session, at=at(0), by="t1"))


Step = Callable[[Facts], Facts]


def seen_at(minute: int) -> Step:
    return lambda facts: facts.seen(TEN + timedelta(minutes=minute))


def corrected_by(number: int) -> Step:
    status = ["present", "late", "absent", "excused"][number % 4]
    return lambda facts: facts.corrected(word(number, status, number % 3))


def taken_back(number: int) -> Step:
    return lambda facts: facts.taken_back(Undo(UUID(int=number), "t1", TEN))


steps = st.lists(
    st.one_of(
        st.integers(-15, 59).map(seen_at), st.integers(0, 5).map(corrected_by), st.integers(0, 5).map(taken_back)
    ),
    max_size=8,
)


def gathered(order: list[Step]) -> Facts:
    facts = Facts()
    for step in order:
        facts = step(facts)
    return facts


@given(steps, st.data())
def test_order_and_repetition_of_the_facts_leave_no_trace(order: list[Step], data: st.DataObject) -> None:
    ended = Session("s1", "c1", TEN, TEN + timedelta(hours=1))
    [ended] = due_changes([ended], TEN + timedelta(hours=2))
    shuffled = data.draw(st.permutations(order)) + data.draw(
        st.lists(st.sampled_from(order), max_size=4) if order else st.just([])
    )
    expected = mark(ended, "101", gathered(order), on_roster=True)
    assert mark(ended, "101", gathered(shuffled), on_roster=True) == expected
    assert expected is not None


@given(steps, st.integers(-15, 59))
def test_a_sighting_never_changes_what_a_correction_says(order: list[Step], minute: int) -> None:
    ended = Session("s1", "c1", TEN, TEN + timedelta(hours=1))
    facts = gathered(order)
    before = mark(ended, "101", facts, on_roster=True)
    after = mark(ended, "101", facts.seen(TEN + timedelta(minutes=minute)), on_roster=True)
    assert after is not None
    if standing(facts) is not None:
        assert before is not None
        assert (after.status, after.basis) == (before.status, before.basis)
    else:
        assert after.basis is Basis.SIGHTING


@given(st.frozensets(st.text(max_size=3)), st.frozensets(st.text(max_size=3)))
def test_closing_adds_what_is_missing_and_nothing_more(roster: frozenset[str], marked: frozenset[str]) -> None:
    [ended] = due_changes([Session("s1", "c1", TEN, TEN + timedelta(hours=1))], TEN + timedelta(hours=1))
    added = [one.person_id for one in close(ended, roster, marked)]
    assert marked.union(added) == roster | marked
    assert not marked & set(added)
    assert len(set(added)) == len(added)
    assert close(ended, roster, marked.union(added)) == ()
