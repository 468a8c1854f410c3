"""`POST /v1/presence`: somebody shows a PIN or a QR code instead of their face."""

from typing import Annotated

from fastapi import APIRouter

from logger.deps import AccessDep, PresenceDep, allowed, own_subject
from logger.domain.accounts import Action, Actor, Subject
from logger.errors import SignInBusy, StoreUnavailable, TooManyAttempts
from logger.services.access import require
from shared.contracts.presence import PresenceAnswer, ShownCode
from shared.web.errors import Forbidden, Unauthenticated, problems
from shared.web.strict_json_route import StrictJsonRoute

router = APIRouter(prefix="/v1/presence", tags=["attendance"], route_class=StrictJsonRoute)


@router.post("", responses=problems(Unauthenticated, Forbidden, TooManyAttempts, SignInBusy, StoreUnavailable))
async def show(
    shown: ShownCode,
    actor: Annotated[Actor, allowed(Action.SHOW_PRESENCE, subject=own_subject)],
    presence: PresenceDep,
    access: AccessDep,
) -> PresenceAnswer:
    """Judged as a recognition is. A device speaks of its own room, a teacher of a session of their own classes.

    Sending it again with its event_id is safe. After many wrong codes the answer is 429, with how long to wait.
    """
    if shown.session_id is not None:
        require(actor, Action.SHOW_PRESENCE, await access.subject_of_session(shown.session_id))
    else:
        require(actor, Action.SHOW_PRESENCE, Subject(room=actor.room))
    if shown.source is not None:
        await access.require_cameras(actor, {shown.source})
    return await presence.show(shown, by=actor)
