"""How long attendance is kept, said and done."""

from dataclasses import dataclass
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from logger.domain.audit import AuditAction
from logger.domain.days import local_day
from logger.domain.kept_marks import first_place
from logger.services.rows import PART
from logger.services.trail import AuditTrail
from logger.store.base import Store
from logger.store.kinds import MARKS, SESSIONS, TALLIES
from logger.store.tables import Selection
from shared.clock import Clock

MIN_KEEP_DAYS = 30  # an event that comes again later than this would be taken for a new one


@dataclass(frozen=True, slots=True)
class RetentionPolicy:
    """`keep_days` counts back from today; None keeps for ever."""

    keep_days: int | None

    @property
    def sentences(self) -> tuple[str, ...]:
        """The policy as people are told it."""
        days = "for ever" if self.keep_days is None else f"for {self.keep_days} days"
        return (
            f"Attendance, sessions and the sightings behind them are kept {days}.",
            "Faces without a name are counted by the minute, and nothing of them is kept.",
            "Names and contacts are kept until the person is erased; consent with them.",
            "Of an erased person, attendance stays under a pseudonym that nothing leads to.",
            "The audit of who changed what is kept for ever, without names or contacts.",
            "No camera image is stored here.",
        )


@dataclass(frozen=True, slots=True)
class Forgotten:
    """What was removed: all that lies before the day `before`."""

    before: date
    attendance: int
    events: int
    marks: int
    sessions: int

    def __bool__(self) -> bool:
        return any((self.attendance, self.events, self.marks, self.sessions))


class RetentionService:
    def __init__(
        self, store: Store, trail: AuditTrail, clock: Clock, *, site: ZoneInfo, policy: RetentionPolicy
    ) -> None:
        self._store = store
        self._trail = trail
        self._clock = clock
        self._site = site
        self.policy = policy

    async def apply(self, *, by: str) -> Forgotten | None:
        """Removes what is older than the policy keeps; None when it keeps for ever. Repeating it is harmless. Raises
        StoreUnavailable."""
        if self.policy.keep_days is None:
            return None
        before = local_day(self._clock.now(), self._site) - timedelta(days=self.policy.keep_days)
        async with self._trail.doing(AuditAction.RETENTION_APPLIED, "retention", by=by) as forgetting:
            touched = await self._store.forget_before(before)
            marks, sessions = await self._forget_marks(before), await self._forget_sessions(before)
            await self._forget_tallies(before)
            forgotten = Forgotten(before, touched.attendance, touched.events, marks, sessions)
            counts = {"attendance": touched.attendance, "events": touched.events, "marks": marks, "sessions": sessions}
            forgetting.after = {"before": before.isoformat(), **counts}
            forgetting.is_done = bool(forgotten)
        return forgotten

    async def _forget_marks(self, before: date) -> int:
        removed = 0
        wanted = Selection(last=first_place(before), limit=PART)
        while rows := await self._store.select(MARKS, wanted):
            removed += await self._store.remove_many(MARKS, [row.value.key for row in rows])
        return removed

    async def _forget_tallies(self, before: date) -> None:
        """Their hours are of UTC, a day off at most: the last one is left for tomorrow."""
        wanted = Selection(last=f"{before - timedelta(days=1)}", limit=PART)
        while rows := await self._store.select(TALLIES, wanted):
            await self._store.remove_many(TALLIES, [row.value.key for row in rows])

    async def _forget_sessions(self, before: date) -> int:
        """By the day at the site on which they began. Their order is that of UTC, which is a day off at most."""
        removed = 0
        wanted = Selection(last=f"{before + timedelta(days=1)}", limit=PART)
        while rows := await self._store.select(SESSIONS, wanted):
            old = [row.value for row in rows if local_day(row.value.starts_at, self._site) < before]
            removed += await self._store.remove_many(SESSIONS, [one.session_id for one in old])
            if len(old) < PART:
                break
        return removed
