"""The address of one's own calendar: made on the pages of schedules, shown once."""

from fastapi import APIRouter, Request, Response

from logger.routes.pages.frame import PageRoute, StateDep, go, page
from logger.routes.pages.rights import SeesClass, SeesClasses

router = APIRouter(include_in_schema=False, route_class=PageRoute)


@router.post("/schedule/calendar")
async def make(request: Request, state: StateDep, actor: SeesClasses) -> Response:
    """Of all classes that whoever asks teaches."""
    secret = await state.school.calendars.make(actor.account_id, None)
    return _shown(request, secret, "Your classes", "/schedule")


@router.post("/schedule/calendar/revoke")
async def revoke(state: StateDep, actor: SeesClasses) -> Response:
    await state.school.calendars.revoke(actor.account_id, None)
    return go("/schedule", "The address leads nowhere from now on.")


@router.post("/classes/{class_id}/schedule/calendar")
async def make_of_class(request: Request, state: StateDep, class_id: str, actor: SeesClass) -> Response:
    one = (await state.school.classes.get(class_id)).value
    secret = await state.school.calendars.make(actor.account_id, class_id)
    return _shown(request, secret, one.title, f"/classes/{class_id}/schedule")


@router.post("/classes/{class_id}/schedule/calendar/revoke")
async def revoke_of_class(state: StateDep, class_id: str, actor: SeesClass) -> Response:
    await state.school.calendars.revoke(actor.account_id, class_id)
    return go(f"/classes/{class_id}/schedule", "The address leads nowhere from now on.")


def _shown(request: Request, secret: str, name: str, back: str) -> Response:
    """On the answer itself: it must be in no cookie and no history."""
    address = f"{request.base_url}calendar/{secret}.ics"
    return page(request, "calendar.html", here="schedule", name=name, address=address, back=back)
