"""`/v1/classes` and `/v1/rooms`."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from logger.deps import SchoolDep, allowed, own_subject
from logger.domain.accounts import Action, Actor
from logger.errors import InvalidCursor, InvalidRequest, NotFound, Outdated, StoreUnavailable
from logger.routes.school_queries import ClassesQuery, teacher_for
from logger.routes.school_wire import (
    ClassBody,
    ClassPage,
    ClassRecord,
    NamedPerson,
    RoomBody,
    RoomList,
    RoomRecord,
    RosterBody,
    RosterRecord,
    WholeRosterBody,
)
from logger.services.access import require
from logger.services.cursor import decode_place, encode_place
from logger.services.school import School
from logger.store.kinds import CLASSES
from shared.web.errors import Forbidden, Unauthenticated, problems
from shared.web.strict_json_route import StrictJsonRoute

router = APIRouter(
    prefix="/v1",
    tags=["classes"],
    responses=problems(Unauthenticated, Forbidden, StoreUnavailable),
    route_class=StrictJsonRoute,
)


@router.get("/classes", responses=problems(InvalidCursor))
async def classes(
    query: Annotated[ClassesQuery, Query()],
    school: SchoolDep,
    actor: Annotated[Actor, allowed(Action.SEE_CLASS, subject=own_subject)],
) -> ClassPage:
    """Classes by title; a teacher's own."""
    page = await school.classes.page(
        teacher_id=teacher_for(actor, query.teacher_id),
        active=query.active,
        query=query.q,
        after=decode_place(CLASSES, query.cursor),
        limit=query.limit,
    )
    items = [ClassRecord.of(row) for row in page.rows]
    return ClassPage(items=items, next_cursor=encode_place(CLASSES, page.next))


@router.post("/classes", status_code=201, responses=problems(InvalidRequest))
async def create_class(
    body: ClassBody, school: SchoolDep, actor: Annotated[Actor, allowed(Action.CREATE_CLASS)]
) -> ClassRecord:
    """A class with nobody on its roster yet."""
    return ClassRecord.of(await school.classes.create(body.details(), by=actor.account_id))


@router.get("/classes/{class_id}", responses=problems(NotFound), dependencies=[allowed(Action.SEE_CLASS)])
async def school_class(class_id: str, school: SchoolDep) -> ClassRecord:
    """One class."""
    return ClassRecord.of(await school.classes.get(class_id))


@router.put("/classes/{class_id}", responses=problems(NotFound, InvalidRequest, Outdated))
async def change_class(
    class_id: str, body: ClassBody, school: SchoolDep, actor: Annotated[Actor, allowed(Action.EDIT_CLASS)]
) -> ClassRecord:
    """Replaces what is typed of a class; without a policy, that stays. Sessions that have begun keep theirs."""
    if body.teacher_id != (await school.classes.get(class_id)).value.teacher_id:
        require(actor, Action.ASSIGN_TEACHER)
    row = await school.classes.change(class_id, body.details(), version=body.version, by=actor.account_id)
    return ClassRecord.of(row)


@router.get("/classes/{class_id}/roster", responses=problems(NotFound), dependencies=[allowed(Action.SEE_CLASS)])
async def roster(class_id: str, school: SchoolDep) -> RosterRecord:
    """Who is expected, by name."""
    return await _roster(class_id, school)


@router.patch("/classes/{class_id}/roster", responses=problems(NotFound, InvalidRequest))
async def change_roster(
    class_id: str, body: RosterBody, school: SchoolDep, actor: Annotated[Actor, allowed(Action.EDIT_ROSTER)]
) -> RosterRecord:
    """Adds and removes people; who is there already, or gone already, is no mistake."""
    await school.classes.change_roster(class_id, add=body.add, remove=body.remove, by=actor.account_id)
    return await _roster(class_id, school)


@router.put("/classes/{class_id}/roster", responses=problems(NotFound, InvalidRequest))
async def replace_roster(
    class_id: str, body: WholeRosterBody, school: SchoolDep, actor: Annotated[Actor, allowed(Action.EDIT_ROSTER)]
) -> RosterRecord:
    """These people and no others."""
    await school.classes.replace_roster(class_id, body.people, by=actor.account_id)
    return await _roster(class_id, school)


@router.get("/rooms", dependencies=[allowed(Action.SEE_CLASS, subject=own_subject)])
async def rooms(school: SchoolDep) -> RoomList:
    """Rooms and the cameras in them."""
    return RoomList(items=[RoomRecord.of(room) for room in await school.classes.rooms()])


@router.put("/rooms/{room}", responses=problems(InvalidRequest))
async def save_room(
    room: str, body: RoomBody, school: SchoolDep, actor: Annotated[Actor, allowed(Action.EDIT_ROOMS)]
) -> RoomRecord:
    """Adds or replaces a room. A camera hangs in one room alone."""
    return RoomRecord.of(await school.classes.save_room(room, body.sources, by=actor.account_id))


@router.delete("/rooms/{room}", status_code=204, responses=problems(NotFound))
async def remove_room(room: str, school: SchoolDep, actor: Annotated[Actor, allowed(Action.EDIT_ROOMS)]) -> Response:
    """Classes that meet there keep the room's name."""
    await school.classes.remove_room(room, by=actor.account_id)
    return Response(status_code=204)


async def _roster(class_id: str, school: School) -> RosterRecord:
    people = await school.classes.roster(class_id)
    return RosterRecord(items=[NamedPerson.of(person) for person in people])
