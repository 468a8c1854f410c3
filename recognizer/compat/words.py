"""What the WebSocket client is told about a frame, in the sentences that it knows. Pure."""

from shared.contracts.events import Outcome
from shared.contracts.recognition import AttendanceNote, DecisionKind

NO_FACE = "No face detected"
SEVERAL_FACES = "Multiple faces detected. Can't mark attendance"
NOT_RECOGNIZED = "Face not recognized as any known student"

_UNNAMED = {DecisionKind.NO_FACE: NO_FACE, DecisionKind.MULTIPLE_FACES: SEVERAL_FACES}


def about_nobody(decision: DecisionKind) -> str:
    """Of a frame that names nobody."""
    return _UNNAMED.get(decision, NOT_RECOGNIZED)


def about(name: str, note: AttendanceNote | None) -> str:
    """Of a frame that shows this person, and what became of it. Without a note, nothing was to be recorded.

    Of the logger's other verdicts the client knows nothing; saying that attendance was marked would be false.
    """
    if note is None:
        return f"{name} - Attendance was not marked: one picture is not enough here"
    if (
        note.outcome in {None, Outcome.RECORDED} and not note.replay
    ):  # not answered yet: the sighting is kept, and will be delivered
        return f"Attendance marked for {name}"
    if note.replay or note.outcome in {Outcome.ALREADY_MARKED, Outcome.DUPLICATE}:
        return f"{name} - Your attendance was already taken recently"
    return f"{name} - Attendance was not marked: {note.detail or note.outcome}"
