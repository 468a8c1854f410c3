"""Counts of faces without a name: taken from recognizers, told by session."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import timedelta

from logger.domain.sessions import Session
from logger.domain.tallies import HOUR, MinuteCount, Strangers, TalliedHour, strangers_in
from logger.errors import Outdated
from logger.services.live import LiveEvent, LiveFeed, LiveKind
from logger.services.placement import Placement
from logger.services.rows import every_row
from logger.store.kinds import TALLIES
from logger.store.tables import NEW, RowStore, Selection
from shared.clock import Clock
from shared.contracts.tallies import SightingTally, TalliesKept

FARTHEST = timedelta(hours=24)  # of a camera's clock, or of a recognizer that was cut off


class TalliesService:
    """Every method raises StoreUnavailable."""

    def __init__(self, store: RowStore, placement: Placement, feed: LiveFeed, clock: Clock) -> None:
        self._store = store
        self._placement = placement
        self._feed = feed
        self._clock = clock

    async def take(self, tallies: Sequence[SightingTally]) -> TalliesKept:
        """Durable when it returns. Taking one again, or an older one, changes nothing."""
        now = self._clock.now()
        near = [one for one in tallies if abs(one.minute - now) <= FARTHEST]
        given = [replace(hour, counts=tuple(counts)) for hour, counts in _by_hour(near).items()]
        await self._tell([hour for hour in given if await self._merge(hour)])
        return TalliesKept(kept=len(near), too_far=len(tallies) - len(near))

    async def strangers(self, sessions: Sequence[Session]) -> dict[str, Strangers]:
        """Of each session that was not cancelled, by its id."""
        if not sessions:
            return {}
        windows = [one.window for one in sessions]
        first = min(one.opens_at for one in windows) - HOUR
        last = max(one.closes_at for one in windows)
        wanted = Selection(first=first.isoformat(), last=last.isoformat())
        return strangers_in(sessions, [row.value async for row in every_row(self._store, TALLIES, wanted)])

    async def _merge(self, given: TalliedHour) -> bool:
        """Whether it says more than what was known."""
        while True:
            row = await self._store.load(TALLIES, given.key)
            known = replace(given, counts=()) if row is None else row.value
            merged = known.with_counts(given.counts)
            if merged == known:
                return False
            try:
                await self._store.save(TALLIES, merged, NEW if row is None else row.version)
            except Outdated:
                continue
            return True

    async def _tell(self, hours: Iterable[TalliedHour]) -> None:
        """Once for each session that has counts in one of them."""
        classes: dict[str, str] = {}
        for hour in hours:
            sessions = await self._placement.sessions_near(hour.hour)
            counted = strangers_in(sessions, [hour])
            classes |= {one.session_id: one.class_id for one in sessions if counted.get(one.session_id)}
        now = self._clock.now()
        for session_id, class_id in classes.items():
            self._feed.publish(LiveEvent(LiveKind.TALLY, now, session_id=session_id, class_id=class_id))


def _by_hour(tallies: Iterable[SightingTally]) -> dict[TalliedHour, list[MinuteCount]]:
    found: defaultdict[TalliedHour, list[MinuteCount]] = defaultdict(list)
    for one in tallies:
        hour = TalliedHour(one.origin, one.source, one.minute.replace(minute=0))
        found[hour].append(MinuteCount(one.minute.minute, one.decision, one.count))
    return found
