"""Which session a sighting belongs to."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from logger.domain.placing import InSession, NotCounted, Offer, session_for
from logger.domain.sessions import Session, cancel, end, start
from shared.contracts.events import Outcome

At = Callable[[float], datetime]
TEN = datetime(2025, 3, 3, 10, tzinfo=UTC)


def test_a_sighting_lands_in_the_session_of_its_capture_long_after_the_end(session: Session, at: At) -> None:
    ended = end(start(session, at=at(0), by="t1", others=[]), at=at(50), by="t1")
    placed = session_for("101", "cam-a", at(20), [Offer(ended, {"101"})])
    assert isinstance(placed, InSession)
    assert (placed.session_id, placed.status.code) == ("s1", "late")


def test_outside_the_window_and_off_the_roster_are_outcomes_with_reasons(session: Session, at: At) -> None:
    offers = [Offer(session, {"101"})]
    assert session_for("101", "cam-a", at(-16), offers) == NotCounted(
        Outcome.OUTSIDE_SESSION, "s1", "was seen before the session opened"
    )
    assert session_for("101", "cam-a", at(60), offers) == NotCounted(
        Outcome.OUTSIDE_SESSION, "s1", "was seen after the session ended"
    )
    assert session_for("999", "cam-a", at(0), offers) == NotCounted(
        Outcome.NOT_ON_ROSTER, "s1", "is not on the roster of this session"
    )


def test_the_session_missed_by_the_least_is_named(session: Session, at: At) -> None:
    following = replace(session, session_id="s2", starts_at=at(120), ends_at=at(180))
    for minute, expected in ((65, "s1"), (100, "s2")):
        placed = session_for("101", "cam-a", at(minute), [Offer(session, ()), Offer(following, ())])
        assert isinstance(placed, NotCounted)
        assert placed.session_id == expected


def test_a_camera_that_no_session_has_leaves_it_to_the_day(session: Session, at: At) -> None:
    assert session_for("101", "cam-b", at(0), [Offer(session, {"101"})]) is None
    assert session_for("101", None, at(0), [Offer(session, {"101"})]) is None
    assert session_for("101", "cam-a", at(0), [Offer(cancel(session, at=at(0), by="t"), {"101"})]) is None
    assert session_for("101", "cam-a", at(0), []) is None


def test_a_session_without_cameras_takes_those_that_no_other_has(session: Session, at: At) -> None:
    anywhere = replace(session, session_id="s2", room="B", sources=frozenset())
    offers = [Offer(session, {"101"}), Offer(anywhere, {"101", "102"})]
    for source, person_id, expected in (("cam-z", "101", "s2"), (None, "102", "s2"), ("cam-a", "101", "s1")):
        placed = session_for(person_id, source, at(0), offers)
        assert isinstance(placed, InSession)
        assert placed.session_id == expected
    assert isinstance(session_for("102", "cam-a", at(0), offers), NotCounted)


def test_where_the_next_class_is_waiting_at_the_door_the_roster_decides(session: Session, at: At) -> None:
    following = replace(session, session_id="s2", starts_at=at(60), ends_at=at(120))
    offers = [Offer(session, {"101", "both"}), Offer(following, {"102", "both"})]
    for person_id, expected in (("101", "s1"), ("102", "s2"), ("both", "s1")):
        placed = session_for(person_id, "cam-a", at(55), offers)
        assert isinstance(placed, InSession)
        assert placed.session_id == expected
    stranger = session_for("999", "cam-a", at(55), offers)
    assert isinstance(stranger, NotCounted)
    assert (stranger.outcome, stranger.session_id) == (Outcome.NOT_ON_ROSTER, "s1")


@given(
    st.integers(-60, 240),
    st.sampled_from(["101", "102", "999"]),
    st.sampled_from(["cam-a", "cam-b", None]),
    st.lists(st.tuples(st.integers(0, 120), st.integers(1, 90), st.sampled_from(["cam-a", "cam-b", ""])), max_size=4),
)
def test_the_answer_does_not_hang_on_the_order_in_which_sessions_are_offered(
    minute: int, person_id: str, source: str | None, times: list[tuple[int, int, str]]
) -> None:
    captured_at = TEN + timedelta(minutes=minute)
    offers = [
        Offer(
            Session(
                f"s{number}",
                "c1",
                TEN + timedelta(minutes=starts),
                TEN + timedelta(minutes=starts + lasts),
                sources=frozenset(filter(None, [camera])),
            ),
            {"101"} if number % 2 else {"102"},
        )
        for number, (starts, lasts, camera) in enumerate(times)
    ]
    placed = session_for(person_id, source, captured_at, offers)
    assert session_for(person_id, source, captured_at, offers[::-1]) == placed
    if isinstance(placed, InSession):
        [chosen] = [one for one in offers if one.session.session_id == placed.session_id]
        assert captured_at in chosen.session.window
        assert person_id in chosen.roster
