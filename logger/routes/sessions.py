"""`/v1/sessions`: begun, started, ended; and everybody's mark."""

from typing import Annotated

from fastapi import APIRouter, Query

from logger.deps import AccessDep, MarksDep, SessionsDep, SessionViewsDep, allowed, own_subject
from logger.domain.accounts import Action, Actor, Subject, may
from logger.errors import Conflict, InvalidRequest, NotFound, StoreUnavailable
from logger.routes.session_wire import (
    BeginBody,
    CorrectionBody,
    DetailRecord,
    ExtendBody,
    MarkRecord,
    SessionList,
    SessionRecord,
    SessionsQuery,
    SummaryRecord,
    UndoneRecord,
)
from logger.services.access import require
from shared.web.errors import Forbidden, Unauthenticated, problems
from shared.web.strict_json_route import StrictJsonRoute

router = APIRouter(
    prefix="/v1/sessions",
    tags=["sessions"],
    responses=problems(Unauthenticated, Forbidden, StoreUnavailable),
    route_class=StrictJsonRoute,
)
Runs = Annotated[Actor, allowed(Action.RUN_SESSION)]
Corrects = Annotated[Actor, allowed(Action.CORRECT_ATTENDANCE)]


@router.get("")
async def sessions(
    query: Annotated[SessionsQuery, Query()],
    views: SessionViewsDep,
    actor: Annotated[Actor, allowed(Action.SEE_ATTENDANCE, subject=own_subject)],
) -> SessionList:
    """The sessions of a day, with counts; a teacher's own."""
    day = query.date or views.local_today()
    found = await views.today(day)
    seen = [one for one in found if may(actor, Action.SEE_ATTENDANCE, Subject(teacher_id=one.school_class.teacher_id))]
    return SessionList(day=day, items=[SummaryRecord.of(one) for one in seen])


@router.post("", status_code=201, responses=problems(NotFound, Conflict, InvalidRequest))
async def begin(
    body: BeginBody,
    service: SessionsDep,
    access: AccessDep,
    actor: Annotated[Actor, allowed(Action.RUN_SESSION, subject=own_subject)],
) -> SessionRecord:
    """Starts a session that nobody had planned."""
    require(actor, Action.RUN_SESSION, await access.subject_of_class(body.class_id))
    return SessionRecord.of(await service.begin_now(body.class_id, body.minutes, actor.account_id))


@router.get("/{session_id}", responses=problems(NotFound), dependencies=[allowed(Action.SEE_ATTENDANCE)])
async def session(session_id: str, views: SessionViewsDep) -> DetailRecord:
    """One session and its roster."""
    return DetailRecord.of(await views.detail(session_id))


@router.post("/{session_id}/start", responses=problems(NotFound, Conflict))
async def start(session_id: str, service: SessionsDep, actor: Runs) -> SessionRecord:
    """Before its time; the clock would start it by itself."""
    return SessionRecord.of(await service.start(session_id, actor.account_id))


@router.post("/{session_id}/end", responses=problems(NotFound, Conflict))
async def end(session_id: str, service: SessionsDep, actor: Runs) -> SessionRecord:
    """Whoever is expected and has no mark is absent from now on."""
    return SessionRecord.of(await service.end(session_id, actor.account_id))


@router.post("/{session_id}/cancel", responses=problems(NotFound, Conflict))
async def cancel(session_id: str, service: SessionsDep, actor: Runs) -> SessionRecord:
    """Nothing counts in it."""
    return SessionRecord.of(await service.cancel(session_id, actor.account_id))


@router.post("/{session_id}/extend", responses=problems(NotFound, Conflict, InvalidRequest))
async def extend(session_id: str, body: ExtendBody, service: SessionsDep, actor: Runs) -> SessionRecord:
    """A new end for a session that is active."""
    return SessionRecord.of(await service.extend(session_id, body.ends_at, actor.account_id))


@router.put("/{session_id}/marks/{person_id:path}", responses=problems(NotFound, InvalidRequest))
async def correct(
    session_id: str, person_id: str, body: CorrectionBody, service: MarksDep, actor: Corrects
) -> MarkRecord:
    """Somebody's word over what was seen or not; for anybody on the roster, and for guests who are known."""
    return MarkRecord.of(await service.correct(session_id, person_id, body.status, body.reason, actor.account_id))


@router.delete("/{session_id}/marks/{person_id:path}", responses=problems(NotFound, Conflict))
async def undo(session_id: str, person_id: str, service: MarksDep, actor: Corrects) -> UndoneRecord:
    """Takes the standing correction back."""
    mark = await service.undo(session_id, person_id, actor.account_id)
    return UndoneRecord(mark=MarkRecord.of(mark) if mark else None)
