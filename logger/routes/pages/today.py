"""Today: the sessions of the day, filling as people arrive."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from fastapi import APIRouter, Request, Response

from logger.app_state import State
from logger.domain.accounts import Action, Actor, Subject, may
from logger.domain.people import PersonProfile
from logger.domain.sessions import Session, SessionState
from logger.domain.tallies import NO_STRANGERS, Strangers
from logger.routes.pages.classes import own_classes_of
from logger.routes.pages.frame import PageRoute, StateDep, page
from logger.routes.pages.rights import SeesToday
from logger.services.session_views import RosterLine, SessionSummary
from shared.contracts.events import AttendanceStatus

router = APIRouter(include_in_schema=False, route_class=PageRoute)

LIVE = "/v1/live"
ARRIVALS, ARRIVALS_OF_MANY = 8, 3  # shown of a session; with many running, all of them fit on fewer screens
MANY = 4
_LONG_AGO = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class SessionCard:
    """A session of the day, as it is shown; who came and who is missing only while it runs."""

    summary: SessionSummary
    kinds: Mapping[AttendanceStatus, int]
    may_run: bool
    arrived: Sequence[RosterLine] = ()
    missing: Sequence[PersonProfile] = ()


@dataclass(frozen=True, slots=True)
class Totals:
    sessions: int
    active: int
    expected: int
    marked: int
    missing: int
    unknown: int
    strangers: Strangers


@dataclass(frozen=True, slots=True)
class FirstSteps:
    """How far a new site has come."""

    people: int
    classes: int


@router.get("/")
async def today(request: Request, state: StateDep, actor: SeesToday) -> Response:
    day = state.pages.today()
    seen = [one for one in await state.session_views.today(day) if _sees(actor, one)]
    running = sum(one.session.state is SessionState.ACTIVE for one in seen)
    arrivals = ARRIVALS if running < MANY else ARRIVALS_OF_MANY
    cards = [await _card(state, one, actor, arrivals) for one in seen]
    classes = await _classes_to_start(state, actor)
    return page(
        request,
        "today.html",
        here="today",
        live=LIVE,
        sees_all=may(actor, Action.SEE_ATTENDANCE),
        day=day,
        running=[card for card in cards if card.summary.session.state is SessionState.ACTIVE],
        others=[card for card in cards if card.summary.session.state is not SessionState.ACTIVE],
        totals=_totals(cards) if cards else None,
        classes=classes,
        first_steps=None if cards or classes else await _first_steps(state, actor),
    )


def kinds_of(session: Session, counts: Mapping[str, int]) -> dict[AttendanceStatus, int]:
    """Counts by the code of a status, as counts by what statuses count as: in the order of the kinds."""
    found: Counter[AttendanceStatus] = Counter()
    for code, times in counts.items():
        status = session.policy.statuses.find(code)
        if status is not None:
            found[status.counts_as] += times
    return {kind: found[kind] for kind in AttendanceStatus if found[kind]}


def _sees(actor: Actor, summary: SessionSummary) -> bool:
    return may(actor, Action.SEE_ATTENDANCE, Subject(teacher_id=summary.school_class.teacher_id))


async def _card(state: State, summary: SessionSummary, actor: Actor, arrivals: int) -> SessionCard:
    session = summary.session
    kinds = kinds_of(session, summary.counts)
    may_run = may(actor, Action.RUN_SESSION, Subject(teacher_id=summary.school_class.teacher_id))
    if session.state is not SessionState.ACTIVE:
        return SessionCard(summary, kinds, may_run)
    roster = await state.session_views.roster(session, summary.school_class)
    there = [line for line in roster if _is_there(line)]
    missing = [line.person for line in roster if not _is_there(line)]
    return SessionCard(summary, kinds, may_run, sorted(there, key=_arrival, reverse=True)[:arrivals], missing)


def _is_there(line: RosterLine) -> bool:
    return line.mark is not None and line.mark.status.counts_as is not AttendanceStatus.ABSENT


def _arrival(line: RosterLine) -> datetime:
    """Who was marked without being seen comes last."""
    return (line.mark.first_seen if line.mark else None) or _LONG_AGO


def _totals(cards: Sequence[SessionCard]) -> Totals:
    begun = [card.summary for card in cards if card.summary.session.state in {SessionState.ACTIVE, SessionState.ENDED}]
    return Totals(
        sessions=len(cards),
        active=sum(card.summary.session.state is SessionState.ACTIVE for card in cards),
        expected=sum(one.expected for one in begun),
        marked=sum(sum(one.counts.values()) for one in begun),
        missing=sum(one.missing for one in begun if one.session.state is SessionState.ACTIVE),
        unknown=sum(one.unknown for one in begun),
        strangers=sum((one.strangers for one in begun), NO_STRANGERS),
    )


async def _classes_to_start(state: State, actor: Actor) -> list[tuple[str, str]]:
    """By id and title, of those that whoever asks may start a session of."""
    found = await state.school.classes.page(teacher_id=own_classes_of(actor), active=True, after=None, limit=1_000)
    return [
        (one.class_id, one.title)
        for one in found.values
        if may(actor, Action.RUN_SESSION, Subject(teacher_id=one.teacher_id))
    ]


async def _first_steps(state: State, actor: Actor) -> FirstSteps | None:
    """None for who could not take them."""
    if not may(actor, Action.CREATE_CLASS):
        return None
    return FirstSteps(people=len(await state.school.people.everybody()), classes=0)
