"""Sessions begun, ended, cancelled and extended by hand, and what the clock does with them."""

from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import uuid4

from logger.domain import sessions as rules
from logger.domain.audit import AuditAction
from logger.domain.policy import MAX_MINUTES
from logger.domain.sessions import IllegalMove, Occupied, Session, SessionState
from logger.errors import Conflict, InvalidRequest, NotFound
from logger.services.placement import Placement
from logger.services.planning import Planner
from logger.services.session_moves import SessionMoves
from logger.store.kinds import CLASSES, ROOMS
from logger.store.tables import RowStore
from shared.clock import Clock

PLAN_EVERY = timedelta(seconds=10)


class SessionsService:
    """Every method raises StoreUnavailable."""

    def __init__(
        self,
        rows: RowStore,
        moves: SessionMoves,
        planner: Planner,
        placement: Placement,
        clock: Clock,
        *,
        new_id: Callable[[], str] = lambda: uuid4().hex,
    ) -> None:
        self._rows = rows
        self._moves = moves
        self._planner = planner
        self._placement = placement
        self._clock = clock
        self._new_id = new_id
        self._planned_at: datetime | None = None

    async def begin_now(self, class_id: str, minutes: int, by: str) -> Session:
        """A session that nobody had planned. Raises NotFound, InvalidRequest, and Conflict when the room is taken."""
        if not 1 <= minutes <= MAX_MINUTES:
            raise InvalidRequest(f"A session lasts between 1 and {MAX_MINUTES} minutes")
        await self._moves.by_clock()
        known = await self._rows.load(CLASSES, class_id)
        if known is None:
            raise NotFound("There is no such class")
        room = await self._rows.load(ROOMS, known.value.room) if known.value.room else None
        try:
            session = rules.begin_now(
                self._new_id(),
                known.value,
                room=None if room is None else room.value,
                at=self._clock.now(),
                minutes=minutes,
                by=by,
                others=await self._moves.active(),
            )
        except (IllegalMove, Occupied) as error:
            raise Conflict(str(error)) from error
        return await self._moves.begin(session, by)

    async def start(self, session_id: str, by: str) -> Session:
        """Raises NotFound, and Conflict for what its state or another session does not allow."""
        await self._moves.by_clock()
        now, others = self._clock.now(), await self._moves.active()
        return await self._moves.change(
            AuditAction.SESSION_STARTED, session_id, by, lambda one: rules.start(one, at=now, by=by, others=others)
        )

    async def end(self, session_id: str, by: str) -> Session:
        """Whoever is on the roster and has no mark is absent when this returns. Raises NotFound, Conflict."""
        now = self._clock.now()
        return await self._moves.close(
            AuditAction.SESSION_ENDED, session_id, by, lambda one: rules.end(one, at=now, by=by)
        )

    async def cancel(self, session_id: str, by: str) -> Session:
        """Nothing counts in it from now on. Raises NotFound, Conflict."""
        now = self._clock.now()
        return await self._moves.close(
            AuditAction.SESSION_CANCELLED, session_id, by, lambda one: rules.cancel(one, at=now, by=by)
        )

    async def extend(self, session_id: str, ends_at: datetime, by: str) -> Session:
        """Of a session that has begun; the others follow their schedule. Raises NotFound, InvalidRequest, Conflict."""
        now = self._clock.now()
        known = await self._moves.get(session_id)
        if known.state is not SessionState.ACTIVE:
            raise Conflict("Only a session that is active can be extended")
        if ends_at - known.starts_at > timedelta(minutes=MAX_MINUTES):
            raise InvalidRequest(f"A session lasts at most {MAX_MINUTES} minutes")
        others = [*await self._moves.active(), *await self._moves.scheduled_until(ends_at)]
        return await self._moves.change(
            AuditAction.SESSION_CHANGED, session_id, by, lambda one: rules.extend(one, ends_at, at=now, others=others)
        )

    async def tick(self) -> None:
        """What the clock does: plans ahead, starts and ends sessions, settles those that are over. It may be late, or
        have been away for days; the next one takes it from where it was left."""
        now = self._clock.now()
        if self._planned_at is None or abs(now - self._planned_at) >= PLAN_EVERY:
            await self._planner.plan()
            self._planned_at = now
        moved = await self._moves.by_clock()
        settled = await self._moves.settle_all()
        await self._placement.refresh(whole=moved or settled)

    async def replan(self) -> None:
        """Plans at once, for who has changed a schedule, a class or a room and wants to see it."""
        await self._planner.plan()
        await self._placement.refresh()
