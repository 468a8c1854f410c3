"""Where sightings belong, answered from memory for what is seen now and from the store for what was seen earlier."""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from logger.domain.kept_marks import mark_key
from logger.domain.placing import InSession, NotCounted, Offer, session_for
from logger.domain.policy import MAX_MINUTES
from logger.domain.sessions import SessionState
from logger.services.rows import every_row
from logger.store.kinds import CLASSES, MARKS, SESSIONS
from logger.store.tables import RowStore, Selection
from shared.clock import Clock

NEAR = timedelta(hours=1)  # a sighting this far outside every session's hours has nothing to do with sessions
LONGEST = timedelta(minutes=MAX_MINUTES)  # of a session, and of the time its doors open before it
MAX_AGE = timedelta(seconds=2)
REMEMBERED = timedelta(hours=2)  # seen longer ago than this: the store is asked
LIVE_BEFORE, LIVE_AFTER = timedelta(hours=4), timedelta(hours=1)
WHOLE_EVERY = timedelta(minutes=1)
MAX_EARLIER = 8  # hours of the past that are remembered at once, while an outbox is emptied
_MINUTE, _HOUR = timedelta(minutes=1), timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class _Nearby:
    """An offer and the span of time in which it has to do with sightings."""

    offer: Offer
    first: datetime
    last: datetime

    @classmethod
    def of(cls, offer: Offer) -> "_Nearby":
        window = offer.session.window
        return cls(offer, window.opens_at - NEAR, max(window.closes_at, offer.session.ends_at) + NEAR)


class _View:
    """The offers of some span of time. Those of a minute are looked up once."""

    def __init__(self, offers: Iterable[Offer], read_at: datetime) -> None:
        self.read_at = read_at
        self.offers = {offer.session.session_id: offer for offer in offers}
        self._nearby = tuple(_Nearby.of(offer) for offer in self.offers.values())
        self._of_minute: dict[datetime, tuple[_Nearby, ...]] = {}

    def around(self, instant: datetime) -> list[Offer]:
        if not self._nearby:
            return []
        minute = instant.replace(second=0, microsecond=0)
        if minute not in self._of_minute:
            self._of_minute[minute] = tuple(
                one for one in self._nearby if one.first < minute + _MINUTE and minute <= one.last
            )
        return [one.offer for one in self._of_minute[minute] if one.first <= instant <= one.last]


class Placement:
    """Sessions that started or will start around now are read anew every second by whoever runs `refresh`, all others
    that matter every minute; a view that nobody has refreshed in time is refreshed by who needs it."""

    def __init__(self, rows: RowStore, clock: Clock) -> None:
        self._rows = rows
        self._clock = clock
        self._reading = asyncio.Lock()
        self._view: _View | None = None
        self._whole_at: datetime | None = None
        self._earlier: dict[datetime, _View] = {}

    async def place(self, person_id: str, source: str | None, captured_at: datetime) -> InSession | NotCounted | None:
        """None: the sighting belongs to the day. Raises StoreUnavailable when the store has to be asked."""
        offers = await self._around(captured_at)
        if not offers:
            return None
        return session_for(person_id, source, captured_at, await self._as_settled(offers, person_id, captured_at))

    async def expecting(self, person_id: str, at: datetime) -> list[str]:
        """The sessions, by id, that are open at that moment and expect the person, the one begun last first."""
        offers = [
            offer
            for offer in await self._around(at)
            if offer.session.state is not SessionState.CANCELLED
            and person_id in offer.roster
            and at in offer.session.window
        ]
        offers.sort(key=lambda one: (one.session.begins_at <= at, one.session.starts_at), reverse=True)
        return [offer.session.session_id for offer in offers]

    async def refresh(self, *, whole: bool = True) -> None:
        """Looks at the store; what was changed before the call is seen after it. Not `whole`: only at the sessions
        around now, unless the others have not been looked at for a minute."""
        async with self._reading:
            await self._read(whole=whole)

    async def _around(self, instant: datetime) -> list[Offer]:
        now = self._clock.now()
        if not now - REMEMBERED <= instant <= now + LIVE_AFTER:
            return (await self._view_of_hour(instant, now)).around(instant)
        if not self._is_fresh(now):
            async with self._reading:
                if not self._is_fresh(now):
                    await self._read(whole=False)
        return self._view.around(instant) if self._view is not None else []

    def _is_fresh(self, now: datetime) -> bool:
        return self._view is not None and abs(now - self._view.read_at) <= MAX_AGE

    async def _read(self, *, whole: bool) -> None:
        now = self._clock.now()
        if whole or self._view is None or self._whole_at is None or abs(now - self._whole_at) >= WHOLE_EVERY:
            first, last = now - REMEMBERED - NEAR - LONGEST, now + LIVE_AFTER + NEAR + LONGEST
            self._view = _View(await self._offers(first, last), now)
            self._whole_at = now
            self._earlier.clear()
            return
        first, last = now - LIVE_BEFORE, now + LIVE_AFTER
        others = [one for one in self._view.offers.values() if not first <= one.session.starts_at <= last]
        self._view = _View([*others, *await self._offers(first, last)], now)

    async def _view_of_hour(self, instant: datetime, now: datetime) -> _View:
        hour = instant.replace(minute=0, second=0, microsecond=0)
        view = self._earlier.get(hour)
        if view is None or abs(now - view.read_at) > MAX_AGE:
            reach = NEAR + LONGEST
            view = _View(await self._offers(_less(hour, reach), _more(hour, _HOUR + reach)), now)
            self._earlier[hour] = view
            while len(self._earlier) > MAX_EARLIER:
                del self._earlier[next(iter(self._earlier))]
        return view

    async def _offers(self, first: datetime, last: datetime) -> list[Offer]:
        """Of the sessions that are planned to start in this span."""
        wanted = Selection(first=first.isoformat(), last=last.isoformat())
        sessions = [row.value async for row in every_row(self._rows, SESSIONS, wanted)]
        classes = await self._rows.load_many(CLASSES, sorted({session.class_id for session in sessions}))
        return [
            Offer(session, classes[session.class_id].value.roster)
            for session in sessions
            if session.class_id in classes
        ]

    async def _as_settled(self, offers: Sequence[Offer], person_id: str, at: datetime) -> Sequence[Offer]:
        """A session that is over expects whom it expected then, whatever has become of the roster."""
        settled = [one.session for one in offers if one.session.settled_at is not None and at in one.session.window]
        if not settled:
            return offers
        keys = {session.session_id: mark_key(session.session_id, person_id) for session in settled}
        kept = await self._rows.load_many(MARKS, list(keys.values()))
        expected = {session_id for session_id, key in keys.items() if key in kept and kept[key].value.on_roster}
        return [_expecting(one, person_id, expected) if one.session.session_id in keys else one for one in offers]


def _expecting(offer: Offer, person_id: str, expected: set[str]) -> Offer:
    return replace(offer, roster=(person_id,) if offer.session.session_id in expected else ())


def _less(instant: datetime, span: timedelta) -> datetime:
    return instant - span if instant - datetime.min.replace(tzinfo=instant.tzinfo) > span else instant


def _more(instant: datetime, span: timedelta) -> datetime:
    return instant + span if datetime.max.replace(tzinfo=instant.tzinfo) - instant > span else instant
