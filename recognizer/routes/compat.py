"""Two existing clients, as they were written. The third, the React front end, posts to `/recognize` alone.

The WebSocket client: `/ws`, `/student_attendance`, `/create-student`. The teacher's page: `/detect_face`, and
`/recognize` with JSON. What they may do without a key is in docs/decisions/0011-existing-clients.md.
"""

from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response, WebSocket, WebSocketDisconnect
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute
from pydantic import ValidationError
from starlette.exceptions import HTTPException

from recognizer.answers import face_result
from recognizer.compat.conversation import converse
from recognizer.deps import (
    LiveDep,
    PictureDep,
    RegisterDep,
    RegistrarDep,
    ServiceDep,
    SightingsDep,
    StateDep,
    first_problem,
    may_know_students,
    read_json_object,
    require_key_when_closed,
    require_own_origin,
    require_registrar,
)
from recognizer.errors import (
    EngineFailed,
    ImageTooLarge,
    InvalidField,
    InvalidImage,
    LoggerUnavailable,
    Overloaded,
    UnsupportedImage,
)
from recognizer.live.handshake import chosen_subprotocol
from recognizer.routes.compat_wire import (
    AttendedStudent,
    Created,
    DetectedFace,
    DetectedFaces,
    NewStudent,
    NotCreated,
    Seen,
)
from recognizer.routes.live import SocketChannel
from shared.contracts.recognition import FaceMode
from shared.web.errors import Forbidden, ServiceError, Unauthenticated, problems
from shared.web.limits import client_of

_STUDENT_BODY = {
    "requestBody": {"required": True, "content": {"application/json": {"schema": NewStudent.model_json_schema()}}}
}


class StudentRoute(APIRoute):
    """Its client reads the body alone: whatever is wrong with the student comes with 200. A missing key and a fault of
    ours keep their statuses."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        answer = super().get_route_handler()

        async def answer_in_its_words(request: Request) -> Response:
            try:
                return await answer(request)
            except ServiceError as error:
                return _not_created(error.status, error.detail)
            except HTTPException as error:  # of the body's limits
                return _not_created(error.status_code, str(error.detail))

        return answer_in_its_words


def _not_created(status: int, detail: str) -> Response:
    keeps_status = status in {Unauthenticated.status, Forbidden.status} or status >= 500
    return JSONResponse(NotCreated(error_message=detail).model_dump(), status if keeps_status else 200)


async def read_student(request: Request, _: RegistrarDep) -> NewStudent:
    """Asks for the key before it reads a byte of the body. Raises InvalidForm, InvalidField."""
    body = await read_json_object(request)
    try:
        return NewStudent.model_validate(body)
    except ValidationError as error:
        raise InvalidField(first_problem(error)) from None


router = APIRouter(tags=["existing clients"])
students = APIRouter(tags=["existing clients"], route_class=StudentRoute)


@router.websocket("/ws", dependencies=[Depends(require_own_origin), Depends(require_key_when_closed)])
async def ws(
    websocket: WebSocket,
    live: LiveDep,
    sightings: SightingsDep,
    state: StateDep,
    with_profile: Annotated[bool, Depends(may_know_students)],
) -> None:
    client = client_of(websocket)

    async def answer(frame: bytes) -> str:
        return Seen.of(await sightings.see(frame, client=client, with_profile=with_profile)).model_dump_json()

    settings = state.settings
    with live.place(client), suppress(WebSocketDisconnect):
        await websocket.accept(chosen_subprotocol(websocket.scope["subprotocols"]))
        channel = SocketChannel(websocket)
        code = await converse(channel, answer, max_bytes=settings.max_bytes, idle_s=settings.live_idle_s)
        if code is not None:
            await websocket.close(code)


@router.get(
    "/student_attendance",
    dependencies=[Depends(require_registrar)],
    responses=problems(Unauthenticated, Forbidden, LoggerUnavailable),
)
async def student_attendance(register: RegisterDep) -> list[AttendedStudent]:
    """Who was seen today, the latest arrivals first, with profile and photo."""
    return [AttendedStudent.of_attended(one) for one in await register.attendance_today()]


@students.post(
    "/create-student",
    response_model_exclude_none=True,
    openapi_extra=_STUDENT_BODY,
    response_model=Created | NotCreated,
)
async def create_student(
    student: Annotated[NewStudent, Depends(read_student)], by: RegistrarDep, register: RegisterDep
) -> Created:
    """Enrols a student with one photo, who is recognized from then on."""
    return Created.of(await register.create(student.to_student(), student.image_data, by=by))


@router.post(
    "/detect_face",
    dependencies=[Depends(require_key_when_closed)],
    responses=problems(InvalidImage, ImageTooLarge, UnsupportedImage, InvalidField, Overloaded, EngineFailed),
)
async def detect_face(request: Request, picture: PictureDep, service: ServiceDep) -> DetectedFaces:
    """Where the faces are, and whose they are. Nothing is recorded."""
    seen = await service.look(picture.data, FaceMode.ALL, client=client_of(request))
    faces = [DetectedFace.of(face_result(face, seen.image.scale, with_distances=False)) for face in seen.faces]
    return DetectedFaces(faces=faces, total_faces=len(faces))


router.include_router(students)
