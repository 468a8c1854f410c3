"""When classes meet."""

from typing import Annotated

from fastapi import APIRouter, Request, Response

from logger.deps import SchoolDep, allowed
from logger.domain.accounts import Action, Actor
from logger.domain.calendar_import import CalendarImport
from logger.errors import InvalidRequest, NotFound, Outdated, StoreUnavailable
from logger.routes.school_wire import CalendarRecord, RefusedEventRecord, ScheduleBody, ScheduleList, ScheduleRecord
from shared.web.errors import Forbidden, Unauthenticated, problems
from shared.web.strict_json_route import StrictJsonRoute

router = APIRouter(
    prefix="/v1",
    tags=["schedules"],
    responses=problems(Unauthenticated, Forbidden, StoreUnavailable),
    route_class=StrictJsonRoute,
)

CALENDAR_MEDIA_TYPE = "text/calendar; charset=utf-8"
_CALENDAR = {"requestBody": {"required": True, "content": {"text/calendar": {"schema": {"type": "string"}}}}}


@router.get("/classes/{class_id}/schedules", responses=problems(NotFound), dependencies=[allowed(Action.SEE_CLASS)])
async def schedules(class_id: str, school: SchoolDep) -> ScheduleList:
    """The schedules of a class."""
    return ScheduleList(items=[ScheduleRecord.of(row) for row in await school.schedules.of_class(class_id)])


@router.post("/classes/{class_id}/schedules", status_code=201, responses=problems(NotFound, InvalidRequest))
async def create_schedule(
    class_id: str, body: ScheduleBody, school: SchoolDep, actor: Annotated[Actor, allowed(Action.EDIT_SCHEDULE)]
) -> ScheduleRecord:
    """Weekly hours or single dates, by the wall clock, with what is different this time."""
    return ScheduleRecord.of(await school.schedules.create(class_id, body.details(), by=actor.account_id))


@router.post(
    "/classes/{class_id}/schedules/import/preview",
    openapi_extra=_CALENDAR,
    dependencies=[allowed(Action.EDIT_SCHEDULE)],
)
async def preview_calendar(request: Request, school: SchoolDep) -> CalendarRecord:
    """What an iCalendar file would bring. Nothing is changed."""
    return _calendar(school.schedules.preview_calendar(await _text(request)))


@router.post("/classes/{class_id}/schedules/import", openapi_extra=_CALENDAR, responses=problems(NotFound))
async def import_calendar(
    class_id: str, request: Request, school: SchoolDep, actor: Annotated[Actor, allowed(Action.EDIT_SCHEDULE)]
) -> CalendarRecord:
    """Takes the schedules of an iCalendar file; the same file again doubles nothing."""
    return _calendar(await school.schedules.import_calendar(class_id, await _text(request), by=actor.account_id))


@router.get("/classes/{class_id}/calendar.ics", response_class=Response, dependencies=[allowed(Action.SEE_CLASS)])
async def calendar(class_id: str, school: SchoolDep) -> Response:
    """The sessions of a class for a calendar program: two months back, half a year ahead."""
    return Response(await school.schedules.feed(class_id), media_type=CALENDAR_MEDIA_TYPE)


@router.put("/schedules/{schedule_id}", responses=problems(NotFound, InvalidRequest, Outdated))
async def change_schedule(
    schedule_id: str, body: ScheduleBody, school: SchoolDep, actor: Annotated[Actor, allowed(Action.EDIT_SCHEDULE)]
) -> ScheduleRecord:
    """Sessions that have begun stay as they are."""
    row = await school.schedules.change(schedule_id, body.details(), version=body.version, by=actor.account_id)
    return ScheduleRecord.of(row)


@router.delete("/schedules/{schedule_id}", status_code=204, responses=problems(NotFound))
async def remove_schedule(
    schedule_id: str, school: SchoolDep, actor: Annotated[Actor, allowed(Action.EDIT_SCHEDULE)]
) -> Response:
    """Sessions that have begun stay."""
    await school.schedules.remove(schedule_id, by=actor.account_id)
    return Response(status_code=204)


def _calendar(found: CalendarImport) -> CalendarRecord:
    refused = [RefusedEventRecord(line=one.line, title=one.title, problem=one.sentence) for one in found.refused]
    return CalendarRecord(taken=[one.title for one in found.schedules], refused=refused)


async def _text(request: Request) -> str:
    try:
        return (await request.body()).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InvalidRequest("The file is not UTF-8") from None
