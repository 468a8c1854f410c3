"""`/v1/audit`: who did what."""

from typing import Annotated

from fastapi import APIRouter, Query

from logger.deps import AuditDep, allowed
from logger.domain.accounts import Action
from logger.errors import StoreUnavailable
from logger.routes.session_wire import AuditPage, AuditVerdict, EntryRecord
from shared.web.errors import Forbidden, Unauthenticated, problems

router = APIRouter(
    prefix="/v1/audit",
    tags=["audit"],
    dependencies=[allowed(Action.SEE_AUDIT)],
    responses=problems(Unauthenticated, Forbidden, StoreUnavailable),
)


@router.get("")
async def entries(
    service: AuditDep,
    after: Annotated[int | None, Query(ge=1, le=10**12, description="next_after of the page before")] = None,
    limit: Annotated[int, Query(ge=1, le=1_000)] = 100,
) -> AuditPage:
    """Entries, newest first."""
    items = [EntryRecord.of(entry) for entry in await service.page(after, limit)]
    there_is_more = bool(items) and items[-1].number > 1
    return AuditPage(items=items, next_after=items[-1].number if there_is_more else None)


@router.get("/verify")
async def verify(
    service: AuditDep,
    head: Annotated[str | None, Query(pattern="^[0-9a-f]{64}$", description="the head that was noted before")] = None,
) -> AuditVerdict:
    """Whether the chain is whole."""
    broken = await service.verify(head)
    if broken is None:
        return AuditVerdict(whole=True, head=await service.head())
    return AuditVerdict(whole=False, head=await service.head(), broken_at=broken.number, flaw=broken.flaw)
