"""What moving a session takes, by hand or by the clock: saved over what was read, audited, settled, and told."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from datetime import datetime

from logger.domain import sessions as rules
from logger.domain.audit import AuditAction
from logger.domain.sessions import IllegalMove, Occupied, Session, SessionState
from logger.errors import Conflict, NotFound, Outdated, Taken
from logger.services.live import LiveEvent, LiveFeed, LiveKind
from logger.services.marks import MarksService
from logger.services.placement import Placement
from logger.services.rows import every_row
from logger.services.trail import AuditTrail, Doing
from logger.store.kinds import CLASSES, SESSIONS
from logger.store.tables import NEW, Row, RowStore, Selection
from shared.clock import Clock
from shared.logs import get_logger

log = get_logger(__name__)

Move = Callable[[Session], Session]

_TAKEN = "Another session has just started in this room"


class SessionMoves:
    """Every method raises StoreUnavailable."""

    def __init__(
        self,
        rows: RowStore,
        marks: MarksService,
        placement: Placement,
        *,
        audit: AuditTrail,
        feed: LiveFeed,
        clock: Clock,
    ) -> None:
        self._rows = rows
        self._marks = marks
        self._placement = placement
        self._audit = audit
        self._feed = feed
        self._clock = clock

    async def get(self, session_id: str) -> Session:
        """Raises NotFound."""
        return (await self._row(session_id)).value

    async def active(self) -> list[Session]:
        return await self._values(Selection(terms={"state": SessionState.ACTIVE}))

    async def scheduled_until(self, instant: datetime) -> list[Session]:
        """Those that are to start by then."""
        return await self._values(_until(instant, SessionState.SCHEDULED))

    async def begin(self, session: Session, by: str) -> Session:
        """One that was not there before. Raises Conflict when the room has just been taken."""
        try:
            async with self._doing(AuditAction.SESSION_STARTED, session.session_id, by, session):
                await self._rows.save(SESSIONS, session, NEW)
        except Taken as error:
            raise Conflict(_TAKEN) from error
        return await self._announce(session)

    async def change(self, action: AuditAction, session_id: str, by: str, move: Move) -> Session:
        """Raises NotFound, and Conflict for a move that the rules do not allow."""
        return await self._announce(await self._change(action, session_id, by, move))

    async def close(self, action: AuditAction, session_id: str, by: str, move: Move) -> Session:
        """`change`, and everybody's mark is worked out when it returns."""
        return await self._announce(await self._settle(await self._change(action, session_id, by, move)))

    async def by_clock(self) -> bool:
        """Whether anything was due. What ends is saved first: it may free a room for what starts."""
        now = self._clock.now()
        alive = {
            row.value.session_id: row
            for state in (SessionState.ACTIVE, SessionState.SCHEDULED)
            async for row in every_row(self._rows, SESSIONS, _until(now, state))
        }
        due = rules.due_changes((row.value for row in alive.values()), now)
        for session in due:
            action = AuditAction.SESSION_STARTED if session.state is SessionState.ACTIVE else AuditAction.SESSION_ENDED
            try:
                async with self._doing(action, session.session_id, rules.CLOCK, session):
                    await self._rows.save(SESSIONS, session, alive[session.session_id].version)
            except (Outdated, Taken) as error:  # somebody else was faster; the next look decides
                log.info("session changed meanwhile", session_id=session.session_id, code=error.code)
                continue
            self._tell(session)
        return bool(due)

    async def settle_all(self) -> bool:
        """Whether there was a session to settle: one that is over, and whose marks have not been worked out."""
        found = False
        async for row in every_row(self._rows, SESSIONS, Selection(terms={"unsettled": "yes"})):
            await self._settle(row.value)
            found = True
        return found

    async def _change(self, action: AuditAction, session_id: str, by: str, move: Move) -> Session:
        async with self._doing(action, session_id, by) as doing:
            moved = await self._move(session_id, move)
            doing.after = _told(moved)
        return moved

    async def _move(self, session_id: str, move: Move) -> Session:
        while True:
            row = await self._row(session_id)
            try:
                return (await self._rows.save(SESSIONS, move(row.value), row.version)).value
            except (IllegalMove, Occupied) as error:
                raise Conflict(str(error)) from error
            except Taken as error:
                raise Conflict(_TAKEN) from error
            except Outdated:
                continue

    async def _settle(self, session: Session) -> Session:
        """Works out everybody's mark. The session says so afterwards: a crash in between leaves it to be done again."""
        row = await self._rows.load(CLASSES, session.class_id)
        roster = row.value.roster if row is not None and session.state is SessionState.ENDED else frozenset[str]()
        by = session.ended_by or rules.CLOCK
        async with self._doing(AuditAction.ABSENCES_MARKED, session.session_id, by) as doing:
            absent = await self._marks.settle(session, roster)
            doing.after, doing.is_done = {"absent": absent}, bool(absent)
        settled_at = self._clock.now()
        return await self._move(session.session_id, lambda one: replace(one, settled_at=settled_at))

    async def _announce(self, session: Session) -> Session:
        await self._placement.refresh()
        self._tell(session)
        return session

    def _tell(self, session: Session) -> None:
        self._feed.publish(
            LiveEvent(
                LiveKind.SESSION,
                self._clock.now(),
                session_id=session.session_id,
                class_id=session.class_id,
                status=session.state,
            )
        )

    def _doing(
        self, action: AuditAction, session_id: str, by: str, after: Session | None = None
    ) -> AbstractAsyncContextManager[Doing]:
        told = None if after is None else _told(after)
        return self._audit.doing(action, f"session:{session_id}", by=by, after=told)

    async def _values(self, wanted: Selection) -> list[Session]:
        return [row.value async for row in every_row(self._rows, SESSIONS, wanted)]

    async def _row(self, session_id: str) -> Row[Session]:
        row = await self._rows.load(SESSIONS, session_id)
        if row is None:
            raise NotFound("There is no such session")
        return row


def _told(session: Session) -> dict[str, object]:
    return {"state": session.state.value, "class": session.class_id, "ends_at": session.ends_at.isoformat()}


def _until(instant: datetime, state: SessionState) -> Selection:
    return Selection(terms={"state": state}, last=instant.isoformat())
