"""Counts of faces without a name, the same on every store."""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from logger.domain.classes import SchoolClass
from logger.domain.sessions import Session
from logger.domain.tallies import Strangers
from logger.services.live import LiveEvent, LiveFeed, LiveKind
from logger.services.placement import Placement
from logger.services.tallies import TalliesService
from logger.store.base import Store
from logger.store.kinds import CLASSES, SESSIONS, TALLIES
from logger.store.tables import NEW, Selection
from shared.clock import Clock
from shared.contracts.tallies import Nameless, SightingTally


@pytest.fixture
def feed() -> LiveFeed:
    return LiveFeed()


@pytest.fixture
def tallies(store: Store, feed: LiveFeed, clock: Clock) -> TalliesService:
    return TalliesService(store, Placement(store, clock), feed, clock)


@pytest.fixture
def tally(clock: Clock) -> Callable[..., SightingTally]:
    def make(count: int, *, minute: datetime | None = None, origin: str = "r1", source: str = "a") -> SightingTally:
        at = minute or clock.now()
        return SightingTally(origin=origin, source=source, decision=Nameless.UNKNOWN, minute=at, count=count)

    return make


@pytest.fixture
def session(clock: Clock) -> Session:
    return Session("s", "c", clock.now(), clock.now() + timedelta(hours=1), sources=frozenset({"a"}))


Make = Callable[..., SightingTally]


async def test_a_count_that_is_sent_again_or_comes_late_adds_nothing(
    tallies: TalliesService, tally: Make, session: Session
) -> None:
    for count in (3, 5, 5, 2):
        assert (await tallies.take([tally(count)])).kept == 1
    assert await tallies.strangers([session]) == {"s": Strangers(unknown=5)}


async def test_recognizers_cameras_and_minutes_add_up_in_few_rows(
    store: Store, tallies: TalliesService, tally: Make, session: Session, clock: Clock
) -> None:
    later = clock.now() + timedelta(minutes=9)
    await tallies.take([tally(1), tally(2, origin="r2"), tally(4, minute=later), tally(8, source="b")])
    assert await tallies.strangers([session]) == {"s": Strangers(unknown=7)}
    assert len(await store.select(TALLIES, Selection())) == 3


async def test_two_processes_that_take_the_same_hour_at_once_lose_nothing(
    tallies: TalliesService, other_store: Store, tally: Make, session: Session, clock: Clock
) -> None:
    other = TalliesService(other_store, Placement(other_store, clock), LiveFeed(), clock)
    minutes = [clock.now() + timedelta(minutes=minute) for minute in range(12)]
    taken = [(tallies, other)[index % 2].take([tally(1, minute=at)]) for index, at in enumerate(minutes)]
    await asyncio.gather(*taken)
    assert await tallies.strangers([session]) == {"s": Strangers(unknown=12)}


async def test_what_a_wrong_clock_counted_is_left_out(tallies: TalliesService, tally: Make, clock: Clock) -> None:
    day = timedelta(days=1)
    edges = [clock.now() + way * (day + beyond) for way in (-1, 1) for beyond in (timedelta(0), timedelta(minutes=1))]
    kept = await tallies.take([tally(1, minute=at) for at in edges])
    assert (kept.kept, kept.too_far) == (2, 2)
    assert await tallies.strangers([]) == {}


@pytest.fixture
async def kept_session(store: Store, session: Session) -> Session:
    await store.save(CLASSES, SchoolClass("c", "Physics", "t1", ZoneInfo("UTC"), frozenset({"101"})), NEW)
    return (await store.save(SESSIONS, session, NEW)).value


async def test_a_listener_is_told_once_of_each_session_that_has_more_counts(
    tallies: TalliesService, feed: LiveFeed, tally: Make, kept_session: Session, clock: Clock
) -> None:
    heard = feed.subscribe()
    assert await anext(heard) is None
    await tallies.take([tally(1), tally(2, origin="r2"), tally(3, source="elsewhere")])
    await tallies.take([tally(1)])  # nothing new
    feed.close()
    assert [one async for one in heard] == [
        LiveEvent(LiveKind.TALLY, clock.now(), session_id=kept_session.session_id, class_id="c")
    ]
