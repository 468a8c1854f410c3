from uuid import UUID

import pytest

from recognizer.compat.words import about, about_nobody
from shared.contracts.events import Outcome
from shared.contracts.recognition import AttendanceNote, DecisionKind, Delivery


def note(outcome: Outcome | None, detail: str | None = None) -> AttendanceNote:
    delivery = Delivery.QUEUED if outcome is None else Delivery.DELIVERED
    return AttendanceNote(event_id=UUID(int=1), delivery=delivery, outcome=outcome, detail=detail)


@pytest.mark.parametrize("decision", sorted(set(DecisionKind) - {DecisionKind.NO_FACE, DecisionKind.MULTIPLE_FACES}))
def test_a_face_without_a_name_is_not_recognized_whatever_the_reason(decision: DecisionKind) -> None:
    assert about_nobody(decision) == "Face not recognized as any known student"


def test_none_and_several_are_told_apart() -> None:
    assert about_nobody(DecisionKind.NO_FACE) == "No face detected"
    assert about_nobody(DecisionKind.MULTIPLE_FACES) == "Multiple faces detected. Can't mark attendance"


@pytest.mark.parametrize("outcome", [Outcome.RECORDED, None])
def test_what_is_kept_is_marked_whether_or_not_the_logger_has_answered(outcome: Outcome | None) -> None:
    assert about("Alice", note(outcome)) == "Attendance marked for Alice"


@pytest.mark.parametrize("outcome", [Outcome.ALREADY_MARKED, Outcome.DUPLICATE])
def test_a_second_time_is_said_to_be_one(outcome: Outcome) -> None:
    assert about("Alice", note(outcome)) == "Alice - Your attendance was already taken recently"


@pytest.mark.parametrize("outcome", [Outcome.OUTSIDE_SESSION, Outcome.NOT_ON_ROSTER, Outcome.REJECTED])
def test_nobody_is_told_of_a_mark_that_was_not_made(outcome: Outcome) -> None:
    assert about("Alice", note(outcome, "came too late")) == "Alice - Attendance was not marked: came too late"
    assert about("Alice", note(outcome)) == f"Alice - Attendance was not marked: {outcome}"


def test_where_a_challenge_is_asked_for_one_picture_marks_nobody() -> None:
    assert about("Alice", None).startswith("Alice - Attendance was not marked: ")
