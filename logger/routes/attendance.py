"""`GET /v1/attendance`: who was there."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from logger.deps import AttendanceDep, allowed
from logger.domain.accounts import Action
from logger.errors import InvalidCursor, StoreUnavailable
from logger.routes.answers import as_json
from logger.routes.queries import AttendanceQuery
from shared.contracts.attendance import AttendancePage
from shared.web.errors import Forbidden, Unauthenticated, problems

router = APIRouter(prefix="/v1/attendance", tags=["attendance"])


@router.get(
    "",
    response_model=AttendancePage,
    dependencies=[allowed(Action.SEE_ATTENDANCE)],
    responses=problems(Unauthenticated, Forbidden, InvalidCursor, StoreUnavailable),
)
async def attendance(query: Annotated[AttendanceQuery, Query()], service: AttendanceDep) -> Response:
    """Attendance records, the latest arrivals first."""
    return as_json(await service.attendance(query.to_filter(), cursor=query.cursor, limit=query.limit))
