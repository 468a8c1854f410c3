"""Changing the statuses of a class: called otherwise, counted otherwise, in another order, added, retired."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from logger.domain.policy import DEFAULT_STATUSES, InvalidPolicy, Status, StatusSet
from logger.domain.text import Unfit, clean_name
from shared.contracts.events import AttendanceStatus

MAX_STATUSES = 20
MAX_NAME_CHARACTERS = 60
_WEIGHTS: Mapping[AttendanceStatus, float | None] = {one.counts_as: one.weight for one in DEFAULT_STATUSES}
_GAPS = re.compile(r"[^\w]+")


@dataclass(frozen=True, slots=True)
class StatusEdit:
    """One line of the form. Without a code it is a new status."""

    code: str | None
    name: str
    counts_as: AttendanceStatus
    order: int


def edited(known: StatusSet, edits: Sequence[StatusEdit]) -> StatusSet:
    """The statuses in the order asked for; who is not among the edits is retired. Codes stay, so that marks that were
    made keep theirs. Raises InvalidPolicy."""
    if len(edits) > MAX_STATUSES:
        raise InvalidPolicy(f"a class has at most {MAX_STATUSES} statuses")
    ordered = sorted(edits, key=lambda edit: edit.order)
    taken = {edit.code.casefold() for edit in edits if edit.code}
    statuses: list[Status] = []
    for edit in ordered:
        status = _status(known, edit, taken)
        taken.add(status.code.casefold())
        statuses.append(status)
    names = [status.name.casefold() for status in statuses]
    if len(set(names)) != len(names):
        raise InvalidPolicy("two statuses share a name")
    return StatusSet(tuple(statuses))


def _status(known: StatusSet, edit: StatusEdit, taken: set[str]) -> Status:
    try:
        name = clean_name(edit.name, MAX_NAME_CHARACTERS)
    except Unfit as unfit:
        raise InvalidPolicy(f"the name of a status {unfit}") from unfit
    if edit.code is None:
        return Status(_new_code(name, taken), name, edit.counts_as, _WEIGHTS[edit.counts_as])
    status = known.find(edit.code)
    if status is None:
        raise InvalidPolicy(f"there is no status {edit.code}")
    weight = status.weight if status.counts_as is edit.counts_as else _WEIGHTS[edit.counts_as]
    return replace(status, name=name, counts_as=edit.counts_as, weight=weight)


def _new_code(name: str, taken: set[str]) -> str:
    """Of the name, so that a status that was retired and comes back is the same one."""
    code = unicodedata.normalize("NFC", _GAPS.sub("-", name.casefold()).strip("-")) or "status"
    number = 2
    unique = code
    while unique.casefold() in taken:
        unique, number = f"{code}-{number}", number + 1
    return unique
