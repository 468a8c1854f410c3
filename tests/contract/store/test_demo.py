"""A made-up school on every store: alive at the minute it is loaded, and again at a later one."""

from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from logger.domain.kept_marks import KeptMark
from logger.domain.marking import Correction, Facts
from logger.domain.people import PersonProfile
from logger.domain.sessions import CLOCK, Session, SessionState
from logger.errors import StartError
from logger.services.demo import DAYS_WITH_EVENTS, DemoSchool, Loaded
from logger.services.planning import Planner
from logger.services.reports import ReportsService
from logger.services.rows import every_row
from logger.store.base import AttendanceFilter, Store
from logger.store.kinds import MARKS, PEOPLE, SESSIONS
from logger.store.sqlite import SqliteStore
from logger.store.tables import ANY
from shared.clock import Clock
from shared.contracts.events import AttendanceStatus

SITE = ZoneInfo("Europe/Berlin")
TODAY = date(2025, 3, 3)  # a Monday; the clock stands at 13:00 at the site
SPAN = timedelta(days=8)


@asynccontextmanager
async def another_store(folder: Path) -> AsyncIterator[Store]:
    store = SqliteStore(folder / "another.db")
    yield store
    await store.close()


async def load(store: Store, clock: Clock) -> Loaded:
    return await DemoSchool(store, clock, site=SITE, span=SPAN).load(people=18, classes=6)


async def sessions_of(store: Store, day: date) -> list[Session]:
    found = [row.value async for row in every_row(store, SESSIONS)]
    return [one for one in found if one.starts_at.astimezone(SITE).date() == day]


async def marks(store: Store) -> dict[str, KeptMark]:
    return {row.value.key: row.value async for row in every_row(store, MARKS)}


async def test_today_has_sessions_that_are_over_that_run_and_that_come(store: Store, clock: Clock) -> None:
    loaded = await load(store, clock)
    assert (loaded.people, loaded.classes) == (18, 6)
    today = await sessions_of(store, TODAY)
    assert Counter(one.state for one in today) == {
        SessionState.ENDED: 6 + 1,  # the timetable's of this morning, and one lesson around now
        SessionState.ACTIVE: 3,
        SessionState.SCHEDULED: 2,
    }
    assert {one.started_by for one in today if one.state is not SessionState.SCHEDULED} == {CLOCK}
    assert not [one for one in today if one.is_unsettled]


async def test_nobody_was_seen_after_now_and_who_did_not_come_is_absent(store: Store, clock: Clock) -> None:
    loaded = await load(store, clock)
    kept = await marks(store)
    assert len(kept) == loaded.marks
    assert all(one.facts.first_seen <= clock.now() for one in kept.values() if one.facts.first_seen)
    states = {one.session_id: one.state for one in await sessions_of(store, TODAY)}
    of_today = Counter(states[one.session_id] for one in kept.values() if one.session_id in states)
    assert of_today[SessionState.ENDED] == 7 * 3  # everybody on every roster
    assert 0 < of_today[SessionState.ACTIVE] <= 3 * 3
    first = TODAY - DAYS_WITH_EVENTS
    page = await store.attendance_page(AttendanceFilter(first, TODAY), after=None, limit=1_000)
    shown = {f"{one.session_id}/{one.key.person_id}": one.status for one in page.items}
    seen = {key: one.mark for key, one in kept.items() if one.local_date >= first and one.facts.first_seen}
    assert shown == {key: one.status.counts_as for key, one in seen.items() if one is not None}
    assert AttendanceStatus.LATE in shown.values()


async def test_the_clock_of_a_logger_finds_nothing_to_do_differently(store: Store, clock: Clock) -> None:
    await load(store, clock)
    before = await sessions_of(store, TODAY)
    await Planner(store, clock, site=SITE).plan()
    assert await sessions_of(store, TODAY) == before
    assert len(await sessions_of(store, TODAY + timedelta(days=1))) == 6


async def test_loaded_again_it_adds_what_has_happened_since(
    store: Store, clock: Clock, forward: Callable[..., None]
) -> None:
    first = await load(store, clock)
    forward(days=1, minutes=-30)
    again = await load(store, clock)
    assert (again.people, again.classes) == (first.people, first.classes)
    assert all(one.state is SessionState.ENDED for one in await sessions_of(store, TODAY))
    states = {one.state for one in await sessions_of(store, TODAY + timedelta(days=1))}
    assert states == {SessionState.ENDED, SessionState.ACTIVE, SessionState.SCHEDULED}
    kept = await marks(store)
    assert len([one for one in kept.values() if one.local_date == TODAY]) == 12 * 3


async def test_what_somebody_did_in_between_stays(store: Store, clock: Clock) -> None:
    await load(store, clock)
    chosen = next(one for one in (await marks(store)).values() if one.local_date == TODAY)
    word = Correction(UUID(int=1), "excused", "Doctor", "t1", clock.now())
    corrected = replace(chosen, facts=Facts(chosen.facts.first_seen, (word,)))
    await store.save(MARKS, corrected, ANY)
    cancelled = replace((await sessions_of(store, TODAY))[-1], state=SessionState.CANCELLED, ended_at=clock.now())
    await store.save(SESSIONS, cancelled, ANY)
    await load(store, clock)
    assert (await marks(store))[chosen.key] == corrected
    assert cancelled in await sessions_of(store, TODAY)


async def test_every_store_is_filled_alike(store: Store, clock: Clock, tmp_path: Path) -> None:
    await load(store, clock)
    async with another_store(tmp_path) as another:
        await load(another, clock)
        assert await marks(another) == await marks(store)
        assert await sessions_of(another, TODAY) == await sessions_of(store, TODAY)


async def test_the_year_behind_today_is_what_reports_agree_on(store: Store, clock: Clock) -> None:
    told: list[date] = []
    loaded = await DemoSchool(store, clock, site=SITE).load(people=12, classes=3, tell=told.append)
    assert len(told) > 150
    assert told[-1] == TODAY
    assert await store.count(MARKS, {}) == loaded.marks
    assert await store.count(SESSIONS, {}) == loaded.sessions
    report = await ReportsService(store, threshold_percent=75).span(date(2024, 3, 1), TODAY)
    assert report.total.total == loaded.marks
    assert 80 < (report.total.percent or 0) < 99
    assert (await store.reconcile()).repaired == 0


async def test_people_who_are_there_already_are_left_alone(store: Store, clock: Clock) -> None:
    await store.save(PEOPLE, PersonProfile("101", "Alice"), ANY)
    with pytest.raises(StartError, match="people already"):
        await load(store, clock)
