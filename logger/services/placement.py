"""Where sightings belong, answered from memory for what is seen now and from the store for what was seen earlier."""

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from logger.domain.kept_marks import mark_key
from logger.domain.placing import InSession, NotCounted, Offer, session_for
from logger.domain.policy import MAX_MINUTES
from logger.domain.sessions import Session, SessionState
from logger.services.rows import every_row
from logger.store.kinds import CLASSES, MARKS, SESSIONS
from logger.store.tables import RowStore, Selection
from shared.clock import Clock
from shared.contracts.events import Outcome

NEAR = timedelta(hours=1)  # a sighting this far outside every session's hours has nothing to do with sessions
LONGEST = timedelta(minutes=MAX_MINUTES)  # of a session, and of the time its doors open before it
MAX_AGE = timedelta(seconds=2)
REMEMBERED = timedelta(hours=2)  # seen longer ago than this: the store is asked
LIVE_BEFORE, LIVE_AFTER = timedelta(hours=2), timedelta(minutes=30)
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


@dataclass(frozen=True, slots=True)
class _Minute:
    """What has to do with the sightings of a minute: by camera, and what has no camera of its own."""

    by_source: Mapping[str, Sequence[_Nearby]]
    unbound: Sequence[_Nearby]

    @classmethod
    def of(cls, nearby: Iterable[_Nearby]) -> "_Minute":
        by_source: defaultdict[str, list[_Nearby]] = defaultdict(list)
        unbound: list[_Nearby] = []
        for one in nearby:
            for source in one.offer.session.sources:
                by_source[source].append(one)
            if not one.offer.session.sources:
                unbound.append(one)
        return cls(dict(by_source), unbound)

    def around(self, instant: datetime, source: str | None) -> list[Offer]:
        """A session without cameras of its own takes sightings of those that no other session has."""
        bound = [one.offer for one in self.by_source.get(source or "", ()) if one.first <= instant <= one.last]
        return bound or [one.offer for one in self.unbound if one.first <= instant <= one.last]


class _View:
    """The offers of some span of time, without those that were cancelled. Those of a minute are looked up once."""

    def __init__(self, offers: Iterable[Offer], read_at: datetime) -> None:
        self.read_at = read_at
        self.offers = tuple(one for one in offers if one.session.state is not SessionState.CANCELLED)
        self._nearby = tuple(_Nearby.of(offer) for offer in self.offers)
        self._minutes: dict[datetime, _Minute] = {}

    def around(self, instant: datetime, source: str | None) -> list[Offer]:
        return self._minute(instant).around(instant, source) if self._nearby else []

    def open_at(self, instant: datetime) -> list[Offer]:
        return [one.offer for one in self._nearby if instant in one.offer.session.window]

    def _minute(self, instant: datetime) -> _Minute:
        start = instant.replace(second=0, microsecond=0)
        if start not in self._minutes:
            found = (one for one in self._nearby if one.first < start + _MINUTE and start <= one.last)
            self._minutes[start] = _Minute.of(found)
        return self._minutes[start]


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
        view = await self._view_of(captured_at)
        offers = view.around(captured_at, source)
        if not offers:
            return None
        offers = await self._as_settled(offers, person_id, captured_at)
        # Whoever is expected where the doors are open belongs there: the others need not be looked at.
        expecting = [one for one in offers if person_id in one.roster]
        placed = session_for(person_id, source, captured_at, expecting)
        return placed if isinstance(placed, InSession) else session_for(person_id, source, captured_at, offers)

    async def place_in(self, session_id: str, person_id: str, captured_at: datetime) -> InSession | NotCounted:
        """What the sighting is worth in this session, whatever else goes on. Raises StoreUnavailable when the store has
        to be asked."""
        near = (await self._view_of(captured_at)).offers
        offers = [one for one in near if one.session.session_id == session_id]
        source = min(offers[0].session.sources, default=None) if offers else None
        placed = session_for(person_id, source, captured_at, await self._as_settled(offers, person_id, captured_at))
        return placed or NotCounted(Outcome.OUTSIDE_SESSION, session_id, "was seen at another time")

    async def sessions_near(self, instant: datetime) -> list[Session]:
        """Those that may have to do with what was seen at that moment, and others. Raises StoreUnavailable when the
        store has to be asked."""
        return [offer.session for offer in (await self._view_of(instant)).offers]

    async def expecting(self, person_id: str, at: datetime) -> list[str]:
        """The sessions, by id, that are open at that moment and expect the person, the one begun last first."""
        offers = [offer for offer in (await self._view_of(at)).open_at(at) if person_id in offer.roster]
        offers.sort(key=lambda one: (one.session.begins_at <= at, one.session.starts_at), reverse=True)
        return [offer.session.session_id for offer in offers]

    async def refresh(self, *, whole: bool = True) -> None:
        """Looks at the store; what was changed before the call is seen after it. Not `whole`: only at the sessions
        around now, unless the others have not been looked at for a minute."""
        async with self._reading:
            await self._read(whole=whole)

    async def _view_of(self, instant: datetime) -> _View:
        now = self._clock.now()
        if not now - REMEMBERED <= instant <= now + LIVE_AFTER:
            return await self._view_of_hour(instant, now)
        if self._view is None or not self._is_fresh(now):
            async with self._reading:
                if not self._is_fresh(now):
                    await self._read(whole=False)
        return self._view or _View((), now)

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
        others = [one for one in self._view.offers if not first <= one.session.starts_at <= last]
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

    async def _as_settled(self, offers: list[Offer], person_id: str, at: datetime) -> list[Offer]:
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
