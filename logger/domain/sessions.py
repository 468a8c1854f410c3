"""Sessions: scheduled, then active, then ended; or cancelled. By hand and by the clock."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from logger.domain.classes import Room, SchoolClass
from logger.domain.policy import AttendancePolicy, Window
from logger.domain.schedule import Occurrence

CLOCK = "clock"  # stands where an account's id would, when nobody pressed the button


class SessionState(StrEnum):
    SCHEDULED = "scheduled"
    ACTIVE = "active"
    ENDED = "ended"
    CANCELLED = "cancelled"


_ALIVE = frozenset({SessionState.SCHEDULED, SessionState.ACTIVE})


class IllegalMove(ValueError):
    """The session's state does not allow this; the message is a sentence."""


class Occupied(ValueError):
    """Another active session has the room or a camera."""

    def __init__(self, conflict: "Conflict") -> None:
        super().__init__(conflict.sentence)
        self.conflict = conflict


@dataclass(frozen=True, slots=True)
class Session:
    """One meeting of a class. It carries the policy it began with: changing the class's rules rewrites no history."""

    session_id: str
    class_id: str
    starts_at: datetime  # as planned
    ends_at: datetime
    room: str | None = None
    sources: frozenset[str] = frozenset()  # its cameras; none: any camera that no other session has
    policy: AttendancePolicy = field(default_factory=AttendancePolicy)
    state: SessionState = SessionState.SCHEDULED
    started_at: datetime | None = None
    started_by: str | None = None  # an account, or CLOCK
    ended_at: datetime | None = None  # also when it was cancelled
    ended_by: str | None = None
    settled_at: datetime | None = None  # when everybody's mark was worked out for the last time, absences too

    def __post_init__(self) -> None:
        if self.ends_at <= self.starts_at:
            raise IllegalMove("A session must end after it starts.")

    @property
    def begins_at(self) -> datetime:
        """Its start as planned, or the moment somebody started it before that."""
        return self.starts_at if self.started_at is None else min(self.started_at, self.starts_at)

    @property
    def is_unsettled(self) -> bool:
        return self.state not in _ALIVE and self.settled_at is None

    @property
    def window(self) -> Window:
        opens_at = self.starts_at - timedelta(minutes=self.policy.opens_before_min)
        ended_at = self.ended_at if self.state is SessionState.ENDED else None
        closes_at = ended_at or self.ends_at
        return Window(min(opens_at, self.begins_at), self.starts_at, closes_at)


@dataclass(frozen=True, slots=True)
class Conflict:
    session_id: str
    room: str | None
    sources: frozenset[str]

    @property
    def sentence(self) -> str:
        what = f"Room {self.room}" if self.room else f"Camera {', '.join(sorted(self.sources))}"
        return f"{what} is taken by another session at that time."


def plan(occurrence: Occurrence, school_class: SchoolClass, sources: frozenset[str] = frozenset()) -> Session:
    """The session of an occurrence. The same occurrence is always the same session, so planning again doubles none."""
    return Session(
        session_id=hashlib.sha256(occurrence.occurrence_id.encode()).hexdigest()[:32],
        class_id=school_class.class_id,
        starts_at=occurrence.starts_at,
        ends_at=occurrence.ends_at,
        room=occurrence.room or school_class.room,
        sources=sources,
        policy=school_class.policy,
    )


def replan(session: Session, planned: Session) -> Session:
    """A stored session after its schedule was changed: only what has not begun follows."""
    return planned if session.state is SessionState.SCHEDULED else session


def begin_now(
    session_id: str,
    school_class: SchoolClass,
    *,
    room: Room | None,
    at: datetime,
    minutes: int,
    by: str,
    others: Iterable[Session],
) -> Session:
    """A session that nobody had planned, active at once; who was seen before is not in it. Raises Occupied, and
    IllegalMove when it is to last no time."""
    planned = Session(
        session_id=session_id,
        class_id=school_class.class_id,
        starts_at=at,
        ends_at=at + timedelta(minutes=minutes),
        room=room.name if room else school_class.room,
        sources=room.sources if room else frozenset(),
        policy=replace(school_class.policy, opens_before_min=0),
    )
    return start(planned, at=at, by=by, others=others)


def start(session: Session, *, at: datetime, by: str, others: Iterable[Session]) -> Session:
    """Raises IllegalMove, and Occupied when an active session among the `others` has the room or a camera."""
    if session.state is not SessionState.SCHEDULED:
        raise IllegalMove(f"This session is {session.state.value} and cannot be started.")
    if at >= session.ends_at:
        raise IllegalMove("This session's time is over; start a new one.")
    for other in others:
        if other.state is SessionState.ACTIVE and other.ends_at > at and (conflict := _clash(session, other)):
            raise Occupied(conflict)
    return replace(session, state=SessionState.ACTIVE, started_at=at, started_by=by)


def end(session: Session, *, at: datetime, by: str) -> Session:
    """Never before it began nor after it was to end, whatever the clock that `at` came from. Raises IllegalMove."""
    if session.state is not SessionState.ACTIVE or session.started_at is None:
        raise IllegalMove(f"This session is {session.state.value} and cannot be ended.")
    ended_at = max(session.started_at, min(at, session.ends_at))
    return replace(session, state=SessionState.ENDED, ended_at=ended_at, ended_by=by)


def cancel(session: Session, *, at: datetime, by: str) -> Session:
    """Nothing counts in a cancelled session, nobody is absent from it. Raises IllegalMove when it has ended."""
    if session.state not in _ALIVE:
        raise IllegalMove(f"This session is {session.state.value} and cannot be cancelled.")
    return replace(session, state=SessionState.CANCELLED, ended_at=at, ended_by=by)


def extend(session: Session, ends_at: datetime, *, at: datetime, others: Iterable[Session]) -> Session:
    """A new end for a session that has not ended. Raises IllegalMove, and Occupied by whatever comes next."""
    if session.state not in _ALIVE:
        raise IllegalMove(f"This session is {session.state.value} and cannot be extended.")
    if ends_at <= at:
        raise IllegalMove("The new end has passed already; end the session instead.")
    longer = replace(session, ends_at=ends_at)
    for conflict in conflicts(longer, others):
        raise Occupied(conflict)
    return longer


def conflicts(session: Session, others: Iterable[Session]) -> tuple[Conflict, ...]:
    """The sessions, planned or active, that want the same room or camera at an overlapping time."""
    found = (
        _clash(session, other)
        for other in others
        if other.session_id != session.session_id
        and other.state in _ALIVE
        and other.begins_at < session.ends_at
        and session.begins_at < other.ends_at
    )
    return tuple(conflict for conflict in found if conflict)


def due_changes(sessions: Iterable[Session], now: datetime) -> tuple[Session, ...]:
    """The sessions that the clock has changed by `now`, after the change; asked again about the result, none.

    It need not have been asked in time: a session whose whole hour was slept through comes out ended, with the times
    it was planned for. A start waits while another active session has the room or a camera.
    """
    ordered = sorted(sessions, key=lambda one: (one.starts_at, one.session_id))
    ended = [_ended_by_clock(one) for one in ordered if one.state in _ALIVE and one.ends_at <= now]
    active = [one for one in ordered if one.state is SessionState.ACTIVE and one.ends_at > now]
    started: list[Session] = []
    for one in ordered:
        if one.state is SessionState.SCHEDULED and one.starts_at <= now < one.ends_at:
            if any(_clash(one, other) for other in (*active, *started)):
                continue
            started.append(replace(one, state=SessionState.ACTIVE, started_at=one.starts_at, started_by=CLOCK))
    return (*ended, *started)


def _ended_by_clock(session: Session) -> Session:
    started_at = session.started_at or session.starts_at
    return replace(
        session,
        state=SessionState.ENDED,
        started_at=started_at,
        started_by=session.started_by or CLOCK,
        ended_at=max(started_at, session.ends_at),
        ended_by=CLOCK,
    )


def _clash(session: Session, other: Session) -> Conflict | None:
    if other.session_id == session.session_id:
        return None
    sources = session.sources & other.sources
    room = session.room if session.room == other.room else None
    return Conflict(other.session_id, room, sources) if room or sources else None
