"""`GET /v1/live`: what happens, as server-sent events."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter
from fastapi.responses import StreamingResponse

from logger.deps import AccessDep, FeedDep, allowed
from logger.domain.accounts import Action, Actor, may
from logger.errors import StoreUnavailable
from logger.services.access import AccessService
from logger.services.live import LiveEvent, LiveFeed, LiveKind
from shared.web.errors import Forbidden, Unauthenticated, problems

router = APIRouter(prefix="/v1/live", tags=["sessions"])

IDLE_S = 15.0  # a comment this often keeps proxies from closing the connection
LASTS_S = 600.0  # then the browser connects again, and its sign-in is looked at again
RETRY_MS = 2_000
_HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}


@router.get("", response_class=StreamingResponse, responses=problems(Unauthenticated, Forbidden, StoreUnavailable))
async def live(
    feed: FeedDep, access: AccessDep, actor: Annotated[Actor, allowed(Action.SEE_TODAY)]
) -> StreamingResponse:
    """Sessions that begin and end, marks that change, people who are not expected, and counts of faces without a name:
    `event: session`, `mark`, `not_counted`, `tally`, and `missed` for a listener that was too slow. A teacher's own
    classes. It is per process: what another process on the same store did is not told here, and is there when the
    lists are read anew."""
    return StreamingResponse(_stream(feed, access, actor), media_type="text/event-stream", headers=_HEADERS)


async def _stream(feed: LiveFeed, access: AccessService, actor: Actor) -> AsyncIterator[str]:
    loop = asyncio.get_running_loop()
    ends_at = loop.time() + LASTS_S
    visible: dict[str, bool] = {}
    yield f"retry: {RETRY_MS}\n\n"
    async for event in feed.subscribe(idle_s=IDLE_S):
        if event is None:
            yield ": listening\n\n"
        elif await _may_see(event, access, actor, visible):
            yield _encode(event)
        if loop.time() >= ends_at:
            return


async def _may_see(event: LiveEvent, access: AccessService, actor: Actor, visible: dict[str, bool]) -> bool:
    if event.kind is LiveKind.MISSED or event.session_id is None:
        return event.kind is LiveKind.MISSED
    if event.session_id not in visible:
        subject = await access.subject_of_session(event.session_id)
        visible[event.session_id] = may(actor, Action.SEE_ATTENDANCE, subject)
    return visible[event.session_id]


def _encode(event: LiveEvent) -> str:
    """JSON has no line breaks of its own, so one data line holds it."""
    told = {
        "at": event.at.isoformat(),
        "session_id": event.session_id,
        "class_id": event.class_id,
        "person_id": event.person_id,
        "name": event.name,
        "status": event.status,
        "detail": event.detail,
    }
    return f"event: {event.kind}\ndata: {json.dumps(told, ensure_ascii=False)}\n\n"
