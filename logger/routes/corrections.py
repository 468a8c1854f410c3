"""`POST /v1/attendance` and `PATCH /v1/attendance/{id}`: marked by hand, and corrected."""

from typing import Annotated

from fastapi import APIRouter, Request

from logger.deps import AccessDep, AttendanceDep, MarksDep, allowed, own_subject, state_of
from logger.domain.accounts import NOTHING_IN_PARTICULAR, Action, Actor, Subject
from logger.errors import InvalidRequest, NotFound, StoreUnavailable
from logger.routes.session_wire import CorrectionBody, ManualBody, MarkRecord
from logger.services.access import require
from logger.services.marks import BY_HAND
from shared.web.errors import Forbidden, Unauthenticated, problems
from shared.web.strict_json_route import StrictJsonRoute

router = APIRouter(
    prefix="/v1/attendance",
    tags=["attendance"],
    responses=problems(Unauthenticated, Forbidden, NotFound, InvalidRequest, StoreUnavailable),
    route_class=StrictJsonRoute,
)


async def subject_of_record(request: Request, _actor: Actor) -> Subject:
    """Of nobody when there is no such record, or one of a day, which is of no class: who may reach their own alone is
    not told which there are."""
    state = state_of(request)
    try:
        record = await state.attendance.get(request.path_params["record_id"])
    except NotFound:
        return NOTHING_IN_PARTICULAR
    return await state.access.subject_of_session(record.session_id) if record.session_id else NOTHING_IN_PARTICULAR


@router.post("", status_code=201)
async def mark_by_hand(
    body: ManualBody,
    service: MarksDep,
    access: AccessDep,
    actor: Annotated[Actor, allowed(Action.CORRECT_ATTENDANCE, subject=own_subject)],
) -> MarkRecord:
    """Present, or what is said, without a face."""
    require(actor, Action.CORRECT_ATTENDANCE, await access.subject_of_session(body.session_id))
    mark = await service.mark_by_hand(
        body.session_id, body.person_id, actor.account_id, body.status, body.reason or BY_HAND
    )
    return MarkRecord.of(mark)


@router.patch("/{record_id}")
async def correct(
    record_id: str,
    body: CorrectionBody,
    records: AttendanceDep,
    marks: MarksDep,
    actor: Annotated[Actor, allowed(Action.CORRECT_ATTENDANCE, subject=subject_of_record)],
) -> MarkRecord:
    """Corrects the record of a session, or of a day without one. Who was never seen has none: see
    `PUT /v1/sessions/{id}/marks/{person}`."""
    record = await records.get(record_id)
    if record.session_id is None:
        return MarkRecord.of_day(await records.correct_day(record, body.status, body.reason, actor.account_id))
    person_id = record.key.person_id
    return MarkRecord.of(await marks.correct(record.session_id, person_id, body.status, body.reason, actor.account_id))
