"""`GET /v1/retention`: how long what is kept."""

from fastapi import APIRouter

from logger.deps import SchoolDep, allowed
from logger.domain.accounts import Action
from shared.contracts.base import WireModel
from shared.web.errors import Forbidden, Unauthenticated, problems

router = APIRouter(prefix="/v1/retention", tags=["people"], responses=problems(Unauthenticated, Forbidden))


class PolicyRecord(WireModel):
    keep_days: int | None
    sentences: list[str]


@router.get("", dependencies=[allowed(Action.SEE_TODAY)])
async def retention(school: SchoolDep) -> PolicyRecord:
    """The policy, as a number and in words."""
    policy = school.retention.policy
    return PolicyRecord(keep_days=policy.keep_days, sentences=list(policy.sentences))
