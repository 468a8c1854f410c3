"""`POST /v1/events`: recognitions in. `GET /v1/events`: the same, as they were kept."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from logger.deps import AccessDep, AttendanceDep, BatchDep, IngestDep, allowed, own_subject
from logger.domain.accounts import Action, Actor
from logger.errors import InvalidCursor, InvalidJson, StoreUnavailable
from logger.routes.answers import as_json
from logger.routes.queries import EventsQuery
from shared.contracts.attendance import EventPage
from shared.contracts.events import MAX_EVENTS, EventResults, RecognitionEvent
from shared.web.errors import Forbidden, Unauthenticated, problems

router = APIRouter(prefix="/v1/events", tags=["events"])

_EVENTS = {
    "type": "array",
    "items": RecognitionEvent.model_json_schema(),
    "minItems": 1,
    "maxItems": MAX_EVENTS,
}
_BATCH = {"type": "object", "required": ["events"], "properties": {"events": _EVENTS}, "additionalProperties": False}


@router.post(
    "",
    response_model=EventResults,
    openapi_extra={"requestBody": {"required": True, "content": {"application/json": {"schema": _BATCH}}}},
    responses=problems(InvalidJson, Unauthenticated, Forbidden, StoreUnavailable),
)
async def ingest(
    actor: Annotated[Actor, allowed(Action.SEND_EVENTS, subject=own_subject)],
    batch: BatchDep,
    service: IngestDep,
    access: AccessDep,
) -> Response:
    """Keeps each event once and extends the attendance it belongs to. One result for each, in their order.

    A device sends what the cameras of its own room saw.

    Sending a batch again is safe. An event that cannot be taken is `rejected`, with a reason, and the others are kept.
    """
    await access.require_cameras(actor, {event.source for event in batch.events})
    return as_json(await service.ingest(batch.events))


@router.get(
    "",
    response_model=EventPage,
    dependencies=[allowed(Action.SEE_ATTENDANCE)],
    responses=problems(Unauthenticated, Forbidden, InvalidCursor, StoreUnavailable),
)
async def events(query: Annotated[EventsQuery, Query()], service: AttendanceDep) -> Response:
    """Recognitions, newest first."""
    return as_json(await service.events(query.to_filter(), cursor=query.cursor, limit=query.limit))
