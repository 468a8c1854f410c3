"""The statuses of a class, changed on a page."""

from collections.abc import Sequence
from dataclasses import replace

from logger.domain.classes import SchoolClass
from logger.domain.policy import InvalidPolicy
from logger.domain.status_edits import StatusEdit, edited
from logger.errors import InvalidRequest
from logger.services.classes import ClassDetails, ClassesService
from logger.store.tables import Row


async def change_statuses(
    classes: ClassesService, class_id: str, edits: Sequence[StatusEdit], *, version: int, by: str
) -> Row[SchoolClass]:
    """Sessions that are planned follow, those that have begun keep the statuses they began with. Raises NotFound,
    InvalidRequest, Outdated, StoreUnavailable."""
    known = (await classes.get(class_id)).value
    try:
        statuses = edited(known.policy.statuses, edits)
    except InvalidPolicy as invalid:
        raise InvalidRequest(f"These cannot be the statuses: {invalid}.") from invalid
    policy = replace(known.policy, statuses=statuses)
    details = ClassDetails(known.title, known.teacher_id, known.room, known.zone, policy, known.active)
    return await classes.change(class_id, details, version=version, by=by)
