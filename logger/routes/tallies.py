"""`POST /v1/tallies`: how many faces without a name each camera saw."""

from typing import Annotated

from fastapi import APIRouter

from logger.deps import AccessDep, TalliesDep, allowed, own_subject
from logger.domain.accounts import Action, Actor
from logger.errors import StoreUnavailable
from shared.contracts.tallies import TalliesKept, TallyBatch
from shared.web.errors import Forbidden, Unauthenticated, problems
from shared.web.strict_json_route import StrictJsonRoute

router = APIRouter(prefix="/v1/tallies", tags=["events"], route_class=StrictJsonRoute)


@router.post("", responses=problems(Unauthenticated, Forbidden, StoreUnavailable))
async def take(
    batch: TallyBatch,
    actor: Annotated[Actor, allowed(Action.SEND_EVENTS, subject=own_subject)],
    tallies: TalliesDep,
    access: AccessDep,
) -> TalliesKept:
    """Of each recognizer, camera, decision and minute, the highest count that was sent is kept: sending one again is
    safe. A device sends what the cameras of its own room saw."""
    await access.require_cameras(actor, {one.source for one in batch.tallies})
    return await tallies.take(batch.tallies)
