"""A day's attendance outside sessions: who was seen, and its corrections."""

from datetime import date, timedelta
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request, Response

from logger.domain.accounts import Action, may
from logger.domain.attendance import day_scope
from logger.routes.pages.forms import FormDep
from logger.routes.pages.frame import PageRoute, StateDep, go, page
from logger.routes.pages.paging import PEOPLE_A_PAGE
from logger.routes.pages.rights import CorrectsAttendance, SeesAttendance
from logger.store.base import AttendanceFilter
from shared.contracts.events import AttendanceStatus

router = APIRouter(include_in_schema=False, route_class=PageRoute)

ADDRESS = "/reports/day"
_DAY = timedelta(days=1)


@router.get(ADDRESS)
async def outside_sessions(
    request: Request,
    state: StateDep,
    actor: SeesAttendance,
    asked: Annotated[date | None, Query(alias="day")] = None,
    after: str | None = None,
) -> Response:
    """Of no class, so for who sees everybody's attendance; today when no day is asked for."""
    day = asked or state.pages.today()
    found = await state.attendance.attendance(AttendanceFilter(scope=day_scope(day)), cursor=after, limit=PEOPLE_A_PAGE)
    return page(
        request,
        "day.html",
        here="reports",
        day=day,
        previous=_address(day - _DAY) if day > date.min else None,
        following=_address(day + _DAY) if day < state.pages.today() else None,
        records=found.items,
        next_page=_address(day, found.next_cursor) if found.next_cursor else None,
        kinds=list(AttendanceStatus),
        may_correct=may(actor, Action.CORRECT_ATTENDANCE),
    )


@router.post(f"{ADDRESS}/correct")
async def correct(state: StateDep, actor: CorrectsAttendance, form: FormDep) -> Response:
    """Also how a correction is taken back: by another one."""
    record = await state.attendance.get(form.text("record_id"))
    corrected = await state.attendance.correct_day(
        record, form.text("status"), form.text("reason"), by=actor.account_id
    )
    return go(_address(record.local_date), f"{record.name}: {corrected.status.value}, {record.status.value} before.")


def _address(day: date, after: str | None = None) -> str:
    return f"{ADDRESS}?{urlencode({'day': day.isoformat()} | ({'after': after} if after else {}))}"
