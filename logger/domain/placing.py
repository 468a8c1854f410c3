"""Which session a sighting belongs to."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from logger.domain.policy import Outside, OutsideWindow, Status, status_at
from logger.domain.sessions import Session, SessionState
from shared.contracts.events import Outcome


@dataclass(frozen=True, slots=True)
class Offer:
    """A session that a sighting may belong to, and who is expected there."""

    session: Session
    roster: Collection[str]  # person ids


@dataclass(frozen=True, slots=True)
class InSession:
    session_id: str
    status: Status


@dataclass(frozen=True, slots=True)
class NotCounted:
    """The event is kept, with this reason; no record comes of it."""

    outcome: Outcome  # OUTSIDE_SESSION or NOT_ON_ROSTER
    session_id: str
    detail: str


def session_for(
    person_id: str, source: str | None, captured_at: datetime, offers: Sequence[Offer]
) -> InSession | NotCounted | None:
    """Where a sighting belongs: decided by the time of capture alone, so it may arrive at any time later.

    `offers` are the sessions around that instant. Of several that are open, one that expects the person comes first,
    then one bound to the camera, then one that has begun over one whose doors are merely open, then the later start.
    None when no session has to do with this camera: then the day counts, as it does without sessions.
    """
    concerned = _concerned(source, offers)
    open_now: list[tuple[Offer, Status]] = []
    missed: list[tuple[Offer, OutsideWindow]] = []
    for offer in concerned:
        answer = status_at(offer.session.policy, offer.session.window, captured_at)
        if isinstance(answer, Status):
            open_now.append((offer, answer))
        else:
            missed.append((offer, answer))
    if open_now:
        offer, status = max(open_now, key=lambda one: _preference(one[0], person_id, source, captured_at))
        return _in_session(person_id, offer, status)
    return _outside(captured_at, missed) if missed else None


def _concerned(source: str | None, offers: Sequence[Offer]) -> list[Offer]:
    """A session without cameras of its own takes sightings of those that no other session has."""
    alive = [one for one in offers if one.session.state is not SessionState.CANCELLED]
    bound = [one for one in alive if source in one.session.sources]
    return bound or [one for one in alive if not one.session.sources]


def _preference(
    offer: Offer, person_id: str, source: str | None, captured_at: datetime
) -> tuple[bool, bool, bool, datetime, str]:
    session = offer.session
    return (
        person_id in offer.roster,
        source in session.sources,
        session.begins_at <= captured_at,
        session.starts_at,
        session.session_id,
    )


def _in_session(person_id: str, offer: Offer, status: Status) -> InSession | NotCounted:
    session_id = offer.session.session_id
    if person_id in offer.roster:
        return InSession(session_id, status)
    return NotCounted(Outcome.NOT_ON_ROSTER, session_id, "is not on the roster of this session")


_WHY = {
    Outside.TOO_EARLY: "was seen before the session opened",
    Outside.TOO_LATE: "was seen after the time for being present, and this class takes nobody late",
    Outside.AFTER_END: "was seen after the session ended",
}


def _outside(captured_at: datetime, missed: Sequence[tuple[Offer, OutsideWindow]]) -> NotCounted:
    """Told of the session that was missed by the least."""
    offer, outside = min(missed, key=lambda one: (abs(captured_at - one[1].boundary), one[0].session.session_id))
    return NotCounted(Outcome.OUTSIDE_SESSION, offer.session.session_id, _WHY[outside.why])
