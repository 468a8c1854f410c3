"""A recognition, in the words of the wire."""

from recognizer.decision import MatchPolicy
from recognizer.engine.base import Detection
from recognizer.recognition import Found, JudgedFace, Recognition
from recognizer.vision.quality import QualityReport
from shared.contracts.recognition import (
    DecisionKind,
    DetectedFace,
    DetectResponse,
    FaceBox,
    FaceQuality,
    FaceResult,
    ImageSize,
    RecognizeJsonResponse,
    RecognizeResponse,
    StudentNote,
)

UNKNOWN = "Unknown"

_REASONS = {
    DecisionKind.KNOWN: "Recognized.",
    DecisionKind.UNKNOWN: "This face belongs to nobody who is enrolled.",
    DecisionKind.AMBIGUOUS: "Two enrolled people look too much alike to tell who this is.",
    DecisionKind.NO_FACE: "No face was found. Look at the camera.",
    DecisionKind.MULTIPLE_FACES: "Several faces were found. One person at a time, please.",
    DecisionKind.LOW_QUALITY: "The face cannot be seen well enough.",
    DecisionKind.SPOOF: "This does not look like a person in front of the camera.",
}
_NEEDS_CHALLENGE = "Recognized. Attendance is taken at the camera page, which asks for a few movements."


def to_response(
    recognition: Recognition,
    *,
    policy: MatchPolicy,
    threshold_from: str,
    engine: str,
    request_id: str,
    with_distances: bool,
) -> RecognizeResponse:
    """Without distances, nothing says how near a face is to anybody, or how live: such numbers lead whoever tries long
    enough from an unknown face to a known one."""
    subject = recognition.subject
    best = None if subject is None else subject.best
    known = recognition.decision is DecisionKind.KNOWN
    distance = best.distance if best and with_distances else None
    scale = recognition.image.scale
    return RecognizeResponse(
        match=known,
        person=best.person.label if known and best else UNKNOWN,
        distance=distance,
        person_id=best.person.person_id if known and best else None,
        name=best.person.name if known and best else None,
        similarity=None if distance is None else 1 - distance,
        threshold=policy.threshold,
        threshold_from=threshold_from,
        decision=recognition.decision,
        reason=reason(recognition),
        faces=[face_result(face, scale, with_distances=with_distances) for face in recognition.faces],
        attendance=None if subject is None else subject.attendance,
        image=ImageSize(width=recognition.image.width, height=recognition.image.height),
        engine=engine,
        gallery=recognition.gallery,
        timings_ms=recognition.timings_ms,
        request_id=request_id,
    )


def to_json_response(response: RecognizeResponse) -> RecognizeJsonResponse:
    """With what the page that polls with base64 reads."""
    student = None
    if response.match and response.person_id is not None and response.name is not None:
        student = StudentNote(serial_number=response.person_id, name=response.name)
    return RecognizeJsonResponse(
        **{name: getattr(response, name) for name in RecognizeResponse.model_fields},
        recognized=response.match,
        message=response.reason,
        student=student,
        multiple_faces=len(response.faces) > 1,
    )


def reason(recognition: Recognition) -> str:
    subject = recognition.subject
    if recognition.needs_challenge and recognition.decision is DecisionKind.KNOWN:
        return _NEEDS_CHALLENGE
    if recognition.decision is DecisionKind.LOW_QUALITY and subject is not None and subject.face.quality.issue:
        return f"{subject.face.quality.issue.advice}."
    return _REASONS[recognition.decision]


def face_result(judged: JudgedFace, scale: float, *, with_distances: bool) -> FaceResult:
    best = judged.best
    distance = best.distance if best and with_distances else None
    known = judged.decision is DecisionKind.KNOWN
    return FaceResult(
        box=_box(judged.face.detection, scale),
        landmarks=_landmarks(judged.face.detection, scale),
        score=judged.face.detection.score,
        quality=_quality(judged.face.quality),
        decision=judged.decision,
        person=best.person.label if known and best else None,
        person_id=best.person.person_id if known and best else None,
        name=best.person.name if known and best else None,
        distance=distance,
        similarity=None if distance is None else 1 - distance,
        liveness=judged.liveness if with_distances else None,
        attendance=judged.attendance,
    )


def to_detect_response(found: Found, *, request_id: str) -> DetectResponse:
    image = found.scene.image
    return DetectResponse(
        faces=[
            DetectedFace(
                box=_box(face.detection, image.scale),
                landmarks=_landmarks(face.detection, image.scale),
                score=face.detection.score,
                quality=_quality(face.quality),
            )
            for face in found.scene.faces
        ],
        image=ImageSize(width=image.width, height=image.height),
        timings_ms=found.timings_ms,
        request_id=request_id,
    )


def _quality(quality: QualityReport) -> FaceQuality:
    return FaceQuality(
        sharpness=quality.sharpness,
        brightness=quality.brightness,
        size=quality.size_px,
        yaw=quality.yaw_deg,
        pitch=quality.pose.pitch_deg,
        roll=quality.pose.roll_deg,
        reason=None if quality.issue is None else quality.issue.advice,
    )


def _box(detection: Detection, scale: float) -> FaceBox:
    box = detection.box
    return FaceBox(
        x=round(box.x * scale), y=round(box.y * scale), width=round(box.width * scale), height=round(box.height * scale)
    )


def _landmarks(detection: Detection, scale: float) -> list[tuple[float, float]]:
    return [(round(float(x) * scale, 1), round(float(y) * scale, 1)) for x, y in detection.landmarks]
