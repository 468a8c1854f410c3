"""The life of a session, by hand and by the clock."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logger.domain.classes import Room, SchoolClass
from logger.domain.policy import AttendancePolicy
from logger.domain.schedule import Hours, Moved, Schedule, SingleDate, expand
from logger.domain.sessions import (
    CLOCK,
    IllegalMove,
    Occupied,
    Session,
    SessionState,
    begin_now,
    cancel,
    conflicts,
    due_changes,
    end,
    extend,
    plan,
    replan,
    start,
)

S = SessionState
At = Callable[[float], datetime]
TEN = datetime(2025, 3, 3, 10, tzinfo=UTC)


def test_a_session_is_started_and_ended_by_hand(session: Session, at: At) -> None:
    active = start(session, at=at(-5), by="t1", others=[])
    assert (active.state, active.started_at, active.started_by) == (S.ACTIVE, at(-5), "t1")
    ended = end(active, at=at(40), by="t1")
    assert (ended.state, ended.ended_at, ended.ended_by) == (S.ENDED, at(40), "t1")


def test_the_doors_open_before_the_start_and_close_with_the_end(session: Session, at: At) -> None:
    assert (session.window.opens_at, session.window.closes_at) == (at(-15), at(60))
    early = start(session, at=at(-30), by="t1", others=[])
    assert early.window.opens_at == at(-30)
    assert early.window.starts_at == at(0)
    assert end(early, at=at(40), by="t1").window.closes_at == at(40)


def test_a_session_never_ends_before_it_began_nor_after_it_was_to_end(session: Session, at: At) -> None:
    active = start(session, at=at(5), by="t1", others=[])
    assert end(active, at=at(1), by="t1").ended_at == at(5)
    assert end(active, at=at(90), by="t1").ended_at == at(60)


def test_moves_that_a_state_does_not_allow_are_refused(session: Session, at: At) -> None:
    active = start(session, at=at(0), by="t1", others=[])
    ended = end(active, at=at(30), by="t1")
    cancelled = cancel(session, at=at(0), by="t1")
    for one in (active, ended, cancelled):
        with pytest.raises(IllegalMove):
            start(one, at=at(0), by="t1", others=[])
    for one in (session, ended, cancelled):
        with pytest.raises(IllegalMove):
            end(one, at=at(0), by="t1")
    for one in (ended, cancelled):
        with pytest.raises(IllegalMove):
            cancel(one, at=at(0), by="t1")
        with pytest.raises(IllegalMove):
            extend(one, at(90), at=at(0), others=[])
    with pytest.raises(IllegalMove, match="over"):
        start(session, at=at(60), by="t1", others=[])
    with pytest.raises(IllegalMove, match="passed"):
        extend(active, at(20), at=at(30), others=[])


@pytest.mark.parametrize(
    ("room", "sources", "taken"),
    [("A", {"x"}, True), ("B", {"cam-a"}, True), ("B", {"x"}, False), (None, set(), False)],
)
def test_a_room_and_a_camera_have_one_active_session(
    session: Session, at: At, room: str | None, sources: set[str], taken: bool
) -> None:
    other = replace(session, session_id="s2", room=room, sources=frozenset(sources))
    active = start(session, at=at(0), by="t1", others=[])
    if not taken:
        assert start(other, at=at(0), by="t2", others=[active]).state is S.ACTIVE
        return
    with pytest.raises(Occupied) as raised:
        start(other, at=at(0), by="t2", others=[active])
    assert raised.value.conflict.session_id == "s1"


def test_a_room_is_free_once_its_session_was_to_end_even_before_the_clock_has_ended_it(
    session: Session, at: At
) -> None:
    active = start(session, at=at(0), by="t1", others=[])
    following = replace(session, session_id="s2", starts_at=at(60), ends_at=at(120))
    assert start(following, at=at(60), by="t2", others=[active]).state is S.ACTIVE
    with pytest.raises(Occupied):
        start(following, at=at(59), by="t2", others=[active])


def test_conflicts_are_found_when_planning(session: Session, at: At) -> None:
    overlapping = replace(session, session_id="s2", starts_at=at(59), ends_at=at(120))
    touching = replace(session, session_id="s3", starts_at=at(60), ends_at=at(120))
    elsewhere = replace(overlapping, session_id="s4", room="B", sources=frozenset())
    over = replace(overlapping, session_id="s5", state=S.CANCELLED)
    assert [one.session_id for one in conflicts(session, [session, overlapping, touching, elsewhere, over])] == ["s2"]
    with pytest.raises(Occupied):
        extend(session, at(70), at=at(0), others=[touching])
    assert extend(session, at(60), at=at(0), others=[touching]).ends_at == at(60)


def test_a_session_begun_now_counts_nobody_who_was_seen_before(school_class: SchoolClass, at: At) -> None:
    room = Room("A", frozenset({"cam-a"}))
    now = begin_now("s9", school_class, room=room, at=at(3), minutes=45, by="t1", others=[])
    assert (now.state, now.window.opens_at, now.ends_at) == (S.ACTIVE, at(3), at(48))
    with pytest.raises(Occupied):
        begin_now("s10", school_class, room=room, at=at(4), minutes=45, by="t1", others=[now])
    with pytest.raises(IllegalMove):
        begin_now("s10", school_class, room=None, at=at(4), minutes=0, by="t1", others=[])


def test_an_occurrence_is_the_same_session_however_often_it_is_planned(school_class: SchoolClass) -> None:
    schedule = Schedule("sch", "c1", school_class.zone, (SingleDate(date(2025, 3, 3), Hours(time(9), time(10))),))
    original = datetime.fromisoformat("2025-03-03T09:00")
    moved = replace(schedule, exceptions=(Moved(original, date(2025, 3, 4), Hours(time(9), time(10)), "B"),))
    [before] = expand(schedule, date(2025, 3, 3), date(2025, 3, 4))
    [after] = expand(moved, date(2025, 3, 3), date(2025, 3, 4))
    planned, again = plan(before, school_class), plan(after, school_class)
    assert planned.session_id == again.session_id
    assert (planned.room, again.room) == ("A", "B")
    assert replan(planned, again) == again
    begun = start(planned, at=planned.starts_at, by="t1", others=[])
    assert replan(begun, again) == begun


def test_the_clock_starts_and_ends_what_is_due(session: Session, at: At) -> None:
    assert due_changes([session], at(-1)) == ()
    [active] = due_changes([session], at(0))
    assert (active.state, active.started_at, active.started_by) == (S.ACTIVE, at(0), CLOCK)
    assert due_changes([active], at(59)) == ()
    [ended] = due_changes([active], at(60))
    assert (ended.state, ended.ended_at, ended.ended_by) == (S.ENDED, at(60), CLOCK)


def test_a_session_that_the_service_slept_through_comes_out_ended_in_its_own_time(session: Session, at: At) -> None:
    [ended] = due_changes([session], at(60 * 24))
    assert (ended.state, ended.started_at, ended.ended_at) == (S.ENDED, at(0), at(60))


def test_a_start_by_the_clock_waits_for_the_room(session: Session, at: At) -> None:
    longer = start(replace(session, session_id="s0", ends_at=at(30)), at=at(-5), by="t1", others=[])
    assert due_changes([longer, session], at(10)) == ()
    changed = due_changes([longer, session], at(30))
    assert [(one.session_id, one.state) for one in changed] == [("s0", S.ENDED), ("s1", S.ACTIVE)]


@st.composite
def timetables(draw: st.DrawFn) -> list[Session]:
    def one(number: int) -> Session:
        starts_at = TEN + timedelta(minutes=draw(st.integers(0, 120)))
        return Session(
            f"s{number}",
            "c1",
            starts_at,
            starts_at + timedelta(minutes=draw(st.integers(1, 60))),
            draw(st.sampled_from(["A", "B", None])),
            draw(st.frozensets(st.sampled_from(["c1", "c2"]), max_size=1)),
            AttendancePolicy(),
        )

    return [one(number) for number in range(draw(st.integers(1, 6)))]


def after_clock(sessions: list[Session], now: datetime) -> list[Session]:
    changed = {one.session_id: one for one in due_changes(sessions, now)}
    return [changed.get(one.session_id, one) for one in sessions]


@given(timetables(), st.lists(st.integers(0, 200), max_size=8).map(sorted))
def test_the_clock_keeps_every_promise_however_often_it_is_asked(sessions: list[Session], ticks: list[int]) -> None:
    for tick in ticks:
        now = TEN + timedelta(minutes=tick)
        sessions = after_clock(sessions, now)
        assert due_changes(sessions, now) == ()
        active = [one for one in sessions if one.state is S.ACTIVE]
        assert all(one.starts_at <= now < one.ends_at for one in active)
        assert not any(conflicts(one, active) for one in active)
    done = after_clock(sessions, TEN + timedelta(days=1))
    assert {one.state for one in done} == {S.ENDED}
    assert all(one.ended_at == one.ends_at for one in done)
