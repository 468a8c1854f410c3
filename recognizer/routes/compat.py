"""Two existing clients, as they were written. The third, the React front end, posts to `/recognize` alone.

The WebSocket client: `/ws`. The teacher's page: `/detect_face`, and `/recognize` with JSON.
"""

from contextlib import suppress
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, WebSocket, WebSocketDisconnect
from pydantic import BaseModel

from recognizer.answers import UNKNOWN, face_result
from recognizer.compat.conversation import converse
from recognizer.compat.sightings import Told
from recognizer.compat.students import Student
from recognizer.deps import (
    LiveDep,
    PictureDep,
    ServiceDep,
    SightingsDep,
    StateDep,
    may_know_students,
    require_key_when_closed,
    require_own_origin,
)
from recognizer.errors import (
    EngineFailed,
    ImageTooLarge,
    InvalidField,
    InvalidImage,
    Overloaded,
    UnsupportedImage,
)
from recognizer.live.handshake import chosen_subprotocol
from recognizer.routes.live import SocketChannel
from shared.contracts.recognition import DecisionKind, FaceMode, FaceResult
from shared.web.errors import problems

router = APIRouter(tags=["existing clients"])


class StudentData(BaseModel):
    """Empty where nothing is known, or where the caller may not know it."""

    name: str
    roll_no: str
    department: str
    year: str
    email: str
    phone: str

    @classmethod
    def of(cls, student: Student) -> "StudentData":
        return cls(
            name=student.name,
            roll_no=student.roll_no,
            department=student.department,
            year=student.year,
            email=student.email,
            phone=student.phone,
        )


class Seen(BaseModel):
    message: str
    student_data: StudentData | dict[str, str]  # empty where nobody was recognized

    @classmethod
    def of(cls, told: Told) -> "Seen":
        return cls(message=told.sentence, student_data={} if told.student is None else StudentData.of(told.student))


class DetectedFace(BaseModel):
    """Pixels of the posted picture."""

    x: int
    y: int
    width: int
    height: int
    name: str
    display_name: str
    status: Literal["registered", "unregistered"]

    @classmethod
    def of(cls, face: FaceResult) -> "DetectedFace":
        return cls(
            **face.box.model_dump(),
            name=face.person or UNKNOWN,
            display_name=face.name or UNKNOWN,
            status="registered" if face.decision is DecisionKind.KNOWN else "unregistered",
        )


class DetectedFaces(BaseModel):
    success: Literal[True] = True
    faces: list[DetectedFace]
    total_faces: int


@router.websocket("/ws", dependencies=[Depends(require_own_origin), Depends(require_key_when_closed)])
async def ws(
    websocket: WebSocket,
    live: LiveDep,
    sightings: SightingsDep,
    state: StateDep,
    with_profile: Annotated[bool, Depends(may_know_students)],
) -> None:
    async def answer(frame: bytes) -> str:
        return Seen.of(await sightings.see(frame, with_profile=with_profile)).model_dump_json()

    settings = state.settings
    with live.place(), suppress(WebSocketDisconnect):
        await websocket.accept(chosen_subprotocol(websocket.scope["subprotocols"]))
        channel = SocketChannel(websocket)
        code = await converse(channel, answer, max_bytes=settings.max_bytes, idle_s=settings.live_idle_s)
        if code is not None:
            await websocket.close(code)


@router.post(
    "/detect_face",
    dependencies=[Depends(require_key_when_closed)],
    responses=problems(InvalidImage, ImageTooLarge, UnsupportedImage, InvalidField, Overloaded, EngineFailed),
)
async def detect_face(picture: PictureDep, service: ServiceDep) -> DetectedFaces:
    """Where the faces are, and whose they are. Nothing is recorded."""
    seen = await service.look(picture.data, FaceMode.ALL)
    faces = [DetectedFace.of(face_result(face, seen.image.scale)) for face in seen.faces]
    return DetectedFaces(faces=faces, total_faces=len(faces))
