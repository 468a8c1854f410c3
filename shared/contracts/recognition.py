"""What `POST /recognize` answers."""

from datetime import datetime
from enum import StrEnum
from typing import Literal
from uuid import UUID

from shared.contracts.base import Instant, Source, WireModel
from shared.contracts.events import AttendanceStatus, Outcome


class DecisionKind(StrEnum):
    KNOWN = "known"
    UNKNOWN = "unknown"
    AMBIGUOUS = "ambiguous"
    NO_FACE = "no_face"
    MULTIPLE_FACES = "multiple_faces"
    LOW_QUALITY = "low_quality"
    SPOOF = "spoof"


class Delivery(StrEnum):
    DELIVERED = "delivered"  # the logger has answered
    QUEUED = "queued"  # safe in the outbox; the logger has not answered yet


class FaceMode(StrEnum):
    ONE = "one"  # several faces are refused
    ALL = "all"  # each face gets its own decision


class RecognizeFields(WireModel):
    """What a client may send beside the picture."""

    source: Source | None = None
    captured_at: Instant | None = None
    event_id: UUID | None = None  # the client's own idempotency key
    faces: FaceMode = FaceMode.ONE
    record: bool = True


class FaceBox(WireModel):
    """Pixels of the posted image, after its EXIF orientation; the origin is the top left corner."""

    x: int
    y: int
    width: int
    height: int


class FaceQuality(WireModel):
    sharpness: float  # variance of the Laplacian of the aligned face
    brightness: float  # mean luminance, 0 to 255
    size: float  # shorter side of the box, pixels of the posted image
    yaw: float  # degrees, positive when the face turns to the right of the picture
    pitch: float = 0.0  # degrees, positive when the face looks up
    roll: float = 0.0  # degrees, positive when the head leans towards the right of the picture
    reason: str | None = None  # what to do about it, when it was not good enough


class FaceResult(WireModel):
    box: FaceBox
    landmarks: list[tuple[float, float]]  # eyes, nose tip, mouth corners; left before right as the viewer sees them
    score: float
    quality: FaceQuality
    decision: DecisionKind
    person: str | None = None
    person_id: str | None = None
    name: str | None = None
    distance: float | None = None
    similarity: float | None = None
    liveness: float | None = None
    attendance: "AttendanceNote | None" = None


class DetectedFace(WireModel):
    box: FaceBox
    landmarks: list[tuple[float, float]]  # as in FaceResult
    score: float
    quality: FaceQuality


class AttendanceNote(WireModel):
    """What became of the recognition on its way to the logger."""

    event_id: UUID
    delivery: Delivery
    outcome: Outcome | None = None
    status: AttendanceStatus | None = None
    session_id: str | None = None
    first_seen: datetime | None = None
    detail: str | None = None
    replay: bool = False  # the very same picture came a moment ago; all this is what became of that one


class ImageSize(WireModel):
    width: int
    height: int


class RecognizeResponse(WireModel):
    match: bool
    person: str  # "Unknown" without a match
    distance: float | None  # of the closest person, matched or not
    person_id: str | None = None
    name: str | None = None
    similarity: float | None = None
    threshold: float
    threshold_from: str  # a setting, this site's calibration, or the engine
    decision: DecisionKind
    reason: str  # one sentence for the person in front of the camera
    faces: list[FaceResult]
    attendance: AttendanceNote | None = None
    image: ImageSize
    engine: str
    gallery: str  # fingerprint of the snapshot that was searched
    timings_ms: dict[str, float]
    request_id: str


class DetectResponse(WireModel):
    """What `POST /detect` answers."""

    faces: list[DetectedFace]  # best score first
    image: ImageSize
    timings_ms: dict[str, float]
    request_id: str


class StudentNote(WireModel):
    serial_number: str
    name: str


class RecognizeJsonResponse(RecognizeResponse):
    """The same answer for `application/json` requests, with what the teacher page reads."""

    success: Literal[True] = True
    recognized: bool
    message: str
    student: StudentNote | None = None
    multiple_faces: bool
