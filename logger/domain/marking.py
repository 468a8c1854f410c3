"""Marks: what a session says of each person, from sightings, corrections and its end.

`mark` is a function of the *set* of facts about a person in a session. The order in which they came, repetitions and
pauses leave no trace: an event delivered hours late gives the mark that it would have given in time.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from logger.domain.policy import Status, status_at
from logger.domain.sessions import Session, SessionState
from logger.domain.text import Unfit, clean_name
from shared.contracts.events import AttendanceStatus

MAX_REASON_CHARACTERS = 200


class Basis(StrEnum):
    """What a mark stands on. A later one in this list yields to an earlier one."""

    CORRECTION = "correction"  # a person's word, also for who was never seen
    SIGHTING = "sighting"
    CLOSING = "closing"  # nothing was known when the session ended


@dataclass(frozen=True, slots=True)
class Correction:
    """Somebody's word, for ever; a later one replaces it, an `Undo` takes it back."""

    correction_id: UUID
    status: str  # a code of the session's policy
    reason: str
    by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Undo:
    correction_id: UUID
    by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Facts:
    """All that is known of one person in one session."""

    first_seen: datetime | None = None  # the earliest sighting that counts
    corrections: tuple[Correction, ...] = ()
    undone: frozenset[UUID] = frozenset()  # ids of corrections

    def seen(self, captured_at: datetime) -> "Facts":
        return replace(self, first_seen=min(captured_at, self.first_seen or captured_at))

    def corrected(self, correction: Correction) -> "Facts":
        others = tuple(one for one in self.corrections if one.correction_id != correction.correction_id)
        return replace(self, corrections=(*others, correction))

    def taken_back(self, undo: Undo) -> "Facts":
        return replace(self, undone=self.undone | {undo.correction_id})


@dataclass(frozen=True, slots=True)
class Mark:
    session_id: str
    person_id: str
    status: Status
    basis: Basis
    first_seen: datetime | None = None


class InvalidCorrection(ValueError):
    """The correction cannot be made; the message is a sentence."""


def correction(session: Session, *, correction_id: UUID, status: str, reason: str, by: str, at: datetime) -> Correction:
    """Raises InvalidCorrection for a status that the session does not have, and without a reason."""
    if session.state is SessionState.CANCELLED:
        raise InvalidCorrection("Nothing counts in a cancelled session.")
    if session.policy.statuses.find(status) is None:
        raise InvalidCorrection(f"There is no status “{status}” in this class.")
    try:
        reason = clean_name(reason, MAX_REASON_CHARACTERS)
    except Unfit as unfit:
        raise InvalidCorrection(f"The reason {unfit}.") from None
    return Correction(correction_id, status, reason, by, at)


def standing(facts: Facts) -> Correction | None:
    """The latest correction that was not taken back."""
    alive = [one for one in facts.corrections if one.correction_id not in facts.undone]
    return max(alive, key=lambda one: (one.at, one.correction_id), default=None)


def mark(session: Session, person_id: str, facts: Facts, *, on_roster: bool) -> Mark | None:
    """None while nothing is known of the person: before the end, off the roster, in a cancelled session."""
    if session.state is SessionState.CANCELLED:
        return None
    word = standing(facts)
    corrected = session.policy.statuses.find(word.status) if word else None
    if corrected is not None:
        return Mark(session.session_id, person_id, corrected, Basis.CORRECTION, facts.first_seen)
    return _seen(session, person_id, facts.first_seen) or (_absent(session, person_id) if on_roster else None)


def close(session: Session, roster: Iterable[str], marked: Collection[str]) -> tuple[Mark, ...]:
    """The absences to add, by person id, once the session has ended: for everyone on the roster who has no mark.

    It may be asked at any time and any number of times; with its own result among the `marked` there is nothing left.
    """
    missing = sorted(set(roster) - set(marked))
    absences = (_absent(session, person_id) for person_id in missing)
    return tuple(absence for absence in absences if absence)


def missing(roster: Collection[str], marks: Mapping[str, Mark]) -> tuple[str, ...]:
    """Who is expected and neither seen nor excused: unmarked, or marked absent."""
    there = {person_id for person_id, one in marks.items() if one.status.counts_as is not AttendanceStatus.ABSENT}
    return tuple(sorted(set(roster) - there))


def _seen(session: Session, person_id: str, first_seen: datetime | None) -> Mark | None:
    if first_seen is None:
        return None
    status = status_at(session.policy, session.window, first_seen)
    if not isinstance(status, Status):
        return None
    return Mark(session.session_id, person_id, status, Basis.SIGHTING, first_seen)


def _absent(session: Session, person_id: str) -> Mark | None:
    if session.state is not SessionState.ENDED or not session.policy.absent_at_end:
        return None
    absent = session.policy.statuses.first(AttendanceStatus.ABSENT)
    return Mark(session.session_id, person_id, absent, Basis.CLOSING)
