"""The live feed: everybody hears everything in order, nobody waits for anybody, and an end is an end."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from logger.services.live import MAX_WAITING, LiveEvent, LiveFeed, LiveKind

AT = datetime(2025, 3, 3, 10, tzinfo=UTC)


def numbered(number: int) -> LiveEvent:
    return LiveEvent(LiveKind.MARK, AT + timedelta(seconds=number), person_id=str(number))


async def listening(feed: LiveFeed) -> AsyncIterator[LiveEvent | None]:
    events = feed.subscribe()
    assert await anext(events) is None
    return events


async def test_every_listener_hears_what_happens_from_then_on() -> None:
    feed = LiveFeed()
    feed.publish(numbered(0))
    one, other = await listening(feed), await listening(feed)
    feed.publish(numbered(1))
    feed.publish(numbered(2))
    for events in (one, other):
        assert [await anext(events), await anext(events)] == [numbered(1), numbered(2)]


async def test_a_listener_that_is_too_slow_is_told_so_and_holds_up_nobody() -> None:
    feed = LiveFeed()
    slow = await listening(feed)
    for number in range(MAX_WAITING + 1):
        feed.publish(numbered(number))
    feed.close()
    heard = [event async for event in slow]
    assert len(heard) < MAX_WAITING
    assert [event.kind for event in heard if event and event.kind is LiveKind.MISSED] == [LiveKind.MISSED]
    assert heard[-1] == numbered(MAX_WAITING)


async def test_closing_ends_every_iteration_also_those_to_come() -> None:
    feed = LiveFeed()
    early = await listening(feed)
    feed.close()
    assert [event async for event in early] == []
    assert [event async for event in feed.subscribe()] == [None]


async def test_nothing_for_a_while_is_told_too() -> None:
    events = LiveFeed().subscribe(idle_s=0.001)
    assert [await anext(events), await anext(events)] == [None, None]


async def test_a_listener_that_goes_away_is_forgotten() -> None:
    feed = LiveFeed()
    events = feed.subscribe()
    await anext(events)
    waiting = asyncio.ensure_future(anext(events))
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert feed.listeners == 0
