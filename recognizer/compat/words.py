"""What the WebSocket client is told about a frame, in the sentences that it knows. Pure."""

from typing import assert_never

from recognizer.recognition import JudgedFace, Recognition
from shared.contracts.events import Outcome
from shared.contracts.recognition import AttendanceNote, DecisionKind

NO_FACE = "No face detected"
SEVERAL_FACES = "Multiple faces detected. Can't mark attendance"
NOT_RECOGNIZED = "Face not recognized as any known student"


def sentence_for(recognition: Recognition) -> str:
    match recognition.decision:
        case DecisionKind.NO_FACE:
            return NO_FACE
        case DecisionKind.MULTIPLE_FACES:
            return SEVERAL_FACES
        case DecisionKind.KNOWN:
            return _greeting(recognition.subject)
        case DecisionKind.UNKNOWN | DecisionKind.AMBIGUOUS | DecisionKind.LOW_QUALITY | DecisionKind.SPOOF:
            return NOT_RECOGNIZED
        case _:
            assert_never(recognition.decision)


def _greeting(subject: JudgedFace | None) -> str:
    """Of the logger's other verdicts the client knows nothing; saying that attendance was marked would be false."""
    if subject is None or subject.best is None:
        return NOT_RECOGNIZED
    name, note = subject.best.person.name, subject.attendance
    if note is None:
        return f"{name} - Attendance was not marked: the kiosk asks for more than one picture"
    if _is_marked(note):
        return f"Attendance marked for {name}"
    if note.outcome in {Outcome.ALREADY_MARKED, Outcome.DUPLICATE}:
        return f"{name} - Your attendance was already taken recently"
    return f"{name} - Attendance was not marked: {note.detail or note.outcome}"


def _is_marked(note: AttendanceNote) -> bool:
    """Also when the logger has not answered yet: the sighting is kept, and will be delivered."""
    return note.outcome in {None, Outcome.RECORDED}
