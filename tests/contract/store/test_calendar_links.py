"""Secret addresses of calendars, the same on every store."""

from datetime import date, time
from itertools import count
from zoneinfo import ZoneInfo

import pytest

from logger.domain.accounts import Account, Role
from logger.domain.audit import AuditAction, Deed
from logger.domain.classes import SchoolClass
from logger.domain.schedule import Hours, Schedule, SingleDate
from logger.errors import Conflict, NotFound
from logger.services.calendar_links import CalendarLinksService
from logger.services.schedules import SchedulesService
from logger.services.trail import AuditTrail
from logger.store.base import Store
from logger.store.kinds import ACCOUNTS, CALENDAR_LINKS, CLASSES, SCHEDULES
from logger.store.tables import ANY, Selection
from shared.clock import Clock

BERLIN = ZoneInfo("Europe/Berlin")
TOMORROW = SingleDate(date(2025, 3, 4), Hours(time(9), time(10)))


@pytest.fixture
async def links(store: Store, trail: AuditTrail, clock: Clock) -> CalendarLinksService:
    """Marie teaches physics and optics, Lise art; each meets tomorrow at nine."""
    for account_id in ("marie", "lise"):
        await store.save(ACCOUNTS, Account(account_id, account_id.capitalize(), Role.TEACHER), ANY)
    for class_id, title, teacher_id in (("c1", "Physics", "marie"), ("c2", "Optics", "marie"), ("c3", "Art", "lise")):
        await store.save(CLASSES, SchoolClass(class_id, title, teacher_id, BERLIN), ANY)
        await store.save(SCHEDULES, Schedule(class_id, class_id, BERLIN, (TOMORROW,)), ANY)
    schedules = SchedulesService(store, trail, clock, site=BERLIN, new_id=lambda: "new")
    numbers = count(1)
    return CalendarLinksService(store, schedules, trail, clock, new_secret=lambda: f"secret-{next(numbers)}")


async def test_who_has_the_address_reads_one_class_or_all_that_its_maker_teaches(links: CalendarLinksService) -> None:
    physics = await links.read(await links.make("marie", "c1"))
    assert (physics.count("BEGIN:VEVENT"), "SUMMARY:Physics" in physics) == (1, True)
    own = await links.read(await links.make("marie", None))
    assert [title for title in ("Physics", "Optics", "Art") if f"SUMMARY:{title}" in own] == ["Physics", "Optics"]
    assert "X-WR-CALNAME:Marie" in own


async def test_the_address_is_kept_by_nobody_and_there_is_one(
    links: CalendarLinksService, store: Store, deeds: list[Deed]
) -> None:
    first, second = await links.make("marie", "c1"), await links.make("marie", "c1")
    [row] = await store.select(CALENDAR_LINKS, Selection())
    assert second not in str(CALENDAR_LINKS.write(row.value))
    with pytest.raises(NotFound):
        await links.read(first)
    assert await links.find("marie", "c1") == row.value
    assert await links.find("marie", None) is None
    assert [(one.action, one.subject) for one in deeds] == 2 * [(AuditAction.CALENDAR_SHARED, "calendar:marie/c1")]


async def test_a_revoked_address_leads_nowhere(links: CalendarLinksService, deeds: list[Deed]) -> None:
    secret = await links.make("marie", None)
    await links.revoke("marie", None)
    with pytest.raises(NotFound):
        await links.read(secret)
    with pytest.raises(NotFound):
        await links.revoke("marie", None)
    assert deeds[-1].action is AuditAction.CALENDAR_REVOKED


async def test_an_address_reads_no_more_than_its_maker_may_see_by_now(
    links: CalendarLinksService, store: Store
) -> None:
    physics, everything = await links.make("marie", "c1"), await links.make("marie", None)
    await store.save(CLASSES, SchoolClass("c1", "Physics", "lise", BERLIN), ANY)
    with pytest.raises(NotFound):
        await links.read(physics)
    assert "SUMMARY:Physics" not in await links.read(everything)
    await store.save(ACCOUNTS, Account("marie", "Marie", Role.TEACHER, active=False), ANY)
    with pytest.raises(NotFound):
        await links.read(everything)


async def test_a_program_has_a_key_instead(links: CalendarLinksService) -> None:
    with pytest.raises(Conflict, match="key"):
        await links.make("key:1", "c1")
    with pytest.raises(NotFound):
        await links.read("guessed")
