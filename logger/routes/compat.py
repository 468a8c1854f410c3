"""`POST /mark-attendance`, for the React front end, which reads `message` and knows nothing of problem+json."""

from fastapi import APIRouter, Response
from pydantic import BaseModel

from logger.deps import AnythingDep, MarkingDep
from logger.services.marking import Marking

router = APIRouter(tags=["existing clients"])


class Message(BaseModel):
    message: str


_ANSWERS = {
    Marking.PROCESSED: (200, "Attendance processed."),
    Marking.ALREADY_MARKED: (200, "Attendance already marked"),
    Marking.NOT_RECOGNIZED: (400, "Invalid or low-quality recognition result"),
    Marking.NOT_A_LABEL: (400, 'Name format should be "Username RollNo"'),
    Marking.FAILED: (500, "Server error while processing attendance"),
}
_BODY = {
    "type": "object",
    "required": ["name", "distance"],
    "properties": {"name": {"type": "string", "examples": ["Alice 101"]}, "distance": {"type": "number"}},
}


@router.post(
    "/mark-attendance",
    openapi_extra={"requestBody": {"required": True, "content": {"application/json": {"schema": _BODY}}}},
    responses={400: {"model": Message}, 500: {"model": Message}},
)
async def mark_attendance(body: AnythingDep, service: MarkingDep, response: Response) -> Message:
    """Tells whether the person that a front end was shown has been marked today.

    The recognizer has recorded the sighting by itself; this route records nothing unless LOGGER_MARK_ATTENDANCE is
    `trusted`.
    """
    response.status_code, message = _ANSWERS[await service.mark(body)]
    return Message(message=message)
