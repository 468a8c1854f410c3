"""`GET /calendar/{secret}.ics`: a schedule for programs that cannot sign in. Who has the address may read it."""

from fastapi import APIRouter
from fastapi.responses import Response

from logger.deps import SchoolDep
from logger.errors import NotFound, StoreUnavailable
from logger.routes.schedules import CALENDAR_MEDIA_TYPE
from shared.web.errors import problems

router = APIRouter(tags=["schedules"])

HEADERS = {"Cache-Control": "private, max-age=300", "X-Robots-Tag": "noindex"}


@router.get("/calendar/{secret}.ics", response_class=Response, responses=problems(NotFound, StoreUnavailable))
async def calendar(secret: str, school: SchoolDep) -> Response:
    """Two months back, half a year ahead."""
    return Response(await school.calendars.read(secret), media_type=CALENDAR_MEDIA_TYPE, headers=HEADERS)
