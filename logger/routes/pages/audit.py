"""The audit."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from logger.routes.pages.frame import PageRoute, StateDep, go, page
from logger.routes.pages.rights import SeesAudit

router = APIRouter(include_in_schema=False, route_class=PageRoute)

ENTRIES_A_PAGE = 50


@router.get("/audit")
async def audit(
    request: Request,
    state: StateDep,
    _: SeesAudit,
    before: Annotated[int | None, Query(ge=1)] = None,
) -> Response:
    entries = await state.audit.page(before, ENTRIES_A_PAGE)
    more = len(entries) == ENTRIES_A_PAGE and entries[-1].number > 1
    return page(
        request,
        "audit.html",
        here="audit",
        entries=entries,
        next_page=f"/audit?before={entries[-1].number}" if more else None,
    )


@router.post("/audit/verify")
async def verify(state: StateDep, _: SeesAudit) -> Response:
    broken = await state.audit.verify()
    if broken is None:
        return go("/audit", "The chain is whole: no entry was changed, removed or put elsewhere.")
    return go("/audit", f"The chain is broken at entry {broken.number}: {broken.flaw.value}.", problem=True)
