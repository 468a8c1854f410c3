"""What happens on a live connection, in the words of the wire."""

from recognizer.answers import face_result, reason
from recognizer.live.session import LiveAnswer
from recognizer.live.visit import Agreement, VisitPolicy
from shared.contracts.live import ConfirmationNote, LiveError, LiveFrame
from shared.contracts.recognition import ImageSize
from shared.web.errors import ServiceError


def to_frame(
    answer: LiveAnswer, policy: VisitPolicy, *, seq: int, dropped: int, request_id: str, with_distances: bool
) -> LiveFrame:
    recognition = answer.recognition
    scale = recognition.image.scale
    return LiveFrame(
        seq=seq,
        dropped=dropped,
        decision=recognition.decision,
        reason=reason(recognition),
        image=ImageSize(width=recognition.image.width, height=recognition.image.height),
        faces=[face_result(face, scale, with_distances=with_distances) for face in recognition.faces],
        confirmation=_confirmation(answer.agreement, policy),
        challenge=answer.challenge,
        attendance=answer.attendance,
        timings_ms=recognition.timings_ms,
        request_id=request_id,
    )


def to_error(error: ServiceError, *, seq: int, dropped: int, request_id: str) -> LiveError:
    return LiveError(
        seq=seq,
        dropped=dropped,
        status=error.status,
        code=error.code,
        detail=error.detail,
        retry_after_s=error.retry_after_s,
        request_id=request_id,
    )


def _confirmation(agreed: Agreement | None, policy: VisitPolicy) -> ConfirmationNote | None:
    if agreed is None:
        return None
    return ConfirmationNote(
        person_id=agreed.person.person_id,
        person=agreed.person.label,
        name=agreed.person.name,
        agreeing=min(agreed.votes, policy.frames_needed),
        needed=policy.frames_needed,
    )
