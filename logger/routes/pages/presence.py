"""Being present without a face: a person's PIN and QR code, and where they are shown."""

from typing import assert_never

from fastapi import APIRouter, Request, Response

from logger.domain.accounts import Action
from logger.domain.presence import grouped
from logger.routes.pages.forms import FormDep
from logger.routes.pages.frame import PageRoute, StateDep, alone, go, page
from logger.routes.pages.rights import IssuesCodes, ShowsPresence
from logger.services.access import require
from logger.web.qr import qr_svg
from logger.web.rendering import person_page
from shared.contracts.events import Outcome
from shared.contracts.presence import PresenceAnswer, ShownCode

router = APIRouter(include_in_schema=False, route_class=PageRoute)

MAX_CODE_CHARACTERS = 100


@router.get("/presence")
async def door(request: Request) -> Response:
    """For a tablet at a door. It shows nothing by itself: the device's key is in the tablet, and asked for there."""
    response = alone(request, "presence.html")
    response.headers["Permissions-Policy"] = "camera=(self), microphone=(), geolocation=()"
    return response


@router.post("/person/code")
async def make_code(request: Request, state: StateDep, actor: IssuesCodes, form: FormDep) -> Response:
    """Shown on the answer itself: it must be in no address, no cookie and no history."""
    person_id = form.text("person_id")
    require(actor, Action.ISSUE_CODES, await state.access.subject_of_person(person_id, actor))
    made = await state.presence_codes.make(person_id, by=actor.account_id)
    person = (await state.school.people.get(person_id)).value
    return page(request, "code.html", here="people", person=person, pin=grouped(made.pin), qr=qr_svg(made.qr))


@router.post("/person/code/revoke")
async def revoke_code(state: StateDep, actor: IssuesCodes, form: FormDep) -> Response:
    person_id = form.text("person_id")
    require(actor, Action.ISSUE_CODES, await state.access.subject_of_person(person_id, actor))
    await state.presence_codes.revoke(person_id, by=actor.account_id)
    person = (await state.school.people.get(person_id)).value
    return go(person_page(person), "The PIN and the QR code are nobody's any more.")


@router.post("/sessions/{session_id}/presence")
async def show(state: StateDep, session_id: str, actor: ShowsPresence, form: FormDep) -> Response:
    known = (await state.session_views.detail(session_id)).session.session_id
    shown = ShownCode(code=form.text("code").strip()[:MAX_CODE_CHARACTERS] or "-", session_id=known)
    answer = await state.presence.show(shown, by=actor)
    return go(f"/sessions/{session_id}", _said(answer), problem=answer.status is None)


def _said(answer: PresenceAnswer) -> str:
    """One sentence for who is looking at the session."""
    status = answer.status.value if answer.status else "not marked"
    match answer.outcome:
        case Outcome.RECORDED:
            return f"{answer.name} is {status}."
        case Outcome.ALREADY_MARKED | Outcome.DUPLICATE:
            return f"{answer.name} was marked before: {status}."
        case Outcome.NOT_ON_ROSTER:
            return f"{answer.name} is not on the roster of this session."
        case Outcome.OUTSIDE_SESSION:
            return f"{answer.name} came outside the time in which this session counts."
        case Outcome.REJECTED:
            return "This code is nobody's."
        case _:
            assert_never(answer.outcome)
