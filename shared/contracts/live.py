"""What `WS /live` says: JSON text messages, each with a `type`.

The client sends each picture as one binary message (JPEG, PNG or WebP) and may send a `Restart` as text. A browser,
which cannot send headers, presents its key as a subprotocol: `["rollcall", "key.<secret>"]`; the server answers with
`rollcall`.
"""

from enum import IntEnum, StrEnum
from typing import Annotated, Literal, TypeAlias

from pydantic import Field, TypeAdapter

from shared.contracts.base import WireModel
from shared.contracts.recognition import AttendanceNote, DecisionKind, FaceResult, ImageSize

SUBPROTOCOL = "rollcall"
KEY_SUBPROTOCOL_PREFIX = "key."


class CloseCode(IntEnum):
    """Why the server hangs up. Of RFC 6455 and its registry, where there is a code that says it."""

    GOING_AWAY = 1001  # nothing was received for `idle_s`
    POLICY_VIOLATION = 1008  # a text message that is no `Restart`
    MESSAGE_TOO_BIG = 1009
    SERVICE_RESTART = 1012  # come back in a moment


class LivenessMode(StrEnum):
    OFF = "off"
    PASSIVE = "passive"
    CHALLENGE = "challenge"


class ChallengeState(StrEnum):
    WAITING = "waiting"  # for one face that is known
    RUNNING = "running"
    PASSED = "passed"
    FAILED = "failed"  # `detail` says why; a `Restart` asks for a new one


class Restart(WireModel):
    """Client to server: forgets the confirmation and, with liveness `challenge`, asks for a new order."""

    type: Literal["restart"]


class Welcome(WireModel):
    type: Literal["welcome"] = "welcome"
    frames_needed: int  # frames that must agree before anybody is confirmed
    window_s: float  # the time within which they must come
    liveness: LivenessMode
    max_bytes: int  # of one message
    max_fps: float  # at most so many are answered a second; of what comes faster only the newest
    idle_s: float  # the connection is closed when nothing was sent for this long
    record: bool


class ConfirmationNote(WireModel):
    """How near the person in front of the camera is to being confirmed: they are when `agreeing` reaches `needed`."""

    person_id: str
    person: str
    name: str
    agreeing: int
    needed: int


class ChallengeNote(WireModel):
    step: int  # the one that is asked for now, from 1
    of: int
    instruction: str  # one sentence for the person in front of the camera
    state: ChallengeState
    expires_in_s: float
    detail: str | None = None


class LiveFrame(WireModel):
    """The answer to one frame that was taken."""

    type: Literal["frame"] = "frame"
    seq: int  # of the frame, among all that this connection has received, from 1
    dropped: int  # how many were replaced by newer ones since the last answer
    decision: DecisionKind
    reason: str
    image: ImageSize
    faces: list[FaceResult]
    confirmation: ConfirmationNote | None = None
    challenge: ChallengeNote | None = None
    attendance: AttendanceNote | None = None  # of this visit: on the frame that recorded and on those after it
    timings_ms: dict[str, float]
    request_id: str


class LiveError(WireModel):
    """In place of a `LiveFrame`. The connection stays open."""

    type: Literal["error"] = "error"
    seq: int
    dropped: int
    status: int  # as HTTP would have it
    code: str
    detail: str
    retry_after_s: int | None = None
    request_id: str


LiveMessage: TypeAlias = Annotated[Welcome | LiveFrame | LiveError, Field(discriminator="type")]
LIVE_MESSAGE: TypeAdapter[Welcome | LiveFrame | LiveError] = TypeAdapter(LiveMessage)
