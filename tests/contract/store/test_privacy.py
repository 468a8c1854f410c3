"""Pseudonyms and forgetting, the same on every store."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from logger.domain.people import PersonProfile
from logger.domain.sightings import Sighting
from logger.store.base import AttendanceFilter, EventFilter, Store, Touched
from logger.store.kinds import PEOPLE
from shared.contracts.events import Outcome

DAY = date(2025, 3, 3)
See = Callable[..., Sighting]


async def names(store: Store) -> set[Any]:
    """Whoever is named, in records and in events."""
    records = (await store.attendance_page(AttendanceFilter(), after=None, limit=100)).items
    events = (await store.events_page(EventFilter(), after=None, limit=100)).items
    found = {(one.key.person_id, one.person, one.name) for one in records}
    return found | {(one.sighting.person_id, one.sighting.person, one.sighting.name) for one in events}


async def test_a_pseudonym_takes_the_place_of_a_person_and_of_nobody_else(store: Store, see: See) -> None:
    tomorrow = DAY + timedelta(days=1)
    first = see("101", event_id=UUID(int=77))
    await store.record([first, see("101", 60), see("101", day=tomorrow), see("102")])
    assert await store.pseudonymize("101", "p-1") == Touched(events=3, attendance=2)
    assert await names(store) == {("p-1", "p-1", "p-1"), ("102", "Alice 102", "Alice")}
    page = await store.attendance_page(AttendanceFilter(person_id="p-1"), after=None, limit=10)
    assert sorted(record.events for record in page.items) == [1, 2]
    report = await store.reconcile()
    assert (report.repaired, report.attendance, report.events) == (0, 3, 4)
    assert await store.pseudonymize("101", "p-1") == Touched(events=0, attendance=0)


async def test_an_event_of_a_pseudonym_that_comes_again_is_a_duplicate(store: Store, see: See) -> None:
    first = see("101")
    await store.record([first])
    await store.pseudonymize("101", "p-1")
    (again,) = await store.record([first])
    assert again.outcome is Outcome.DUPLICATE
    assert await names(store) == {("p-1", "p-1", "p-1")}


async def test_what_is_older_than_a_day_is_forgotten_with_all_its_events(store: Store, see: See) -> None:
    after_midnight = see("101", 43_200, day=DAY + timedelta(days=1), session_id="s1")
    await store.record([see("101", session_id="s1"), see("102", day=DAY - timedelta(days=1)), see("103", 90_000)])
    await store.record([after_midnight, see("104", 90_000, day=DAY + timedelta(days=1))])
    assert await store.forget_before(DAY + timedelta(days=1)) == Touched(events=4, attendance=3)
    assert {one[0] for one in await names(store)} == {"104"}
    assert (await store.reconcile()).repaired == 0
    assert await store.forget_before(DAY + timedelta(days=1)) == Touched(events=0, attendance=0)


async def test_many_rows_are_removed_at_once(store: Store) -> None:
    await store.save_many(PEOPLE, [PersonProfile(str(number), "N") for number in range(1_200)])
    assert await store.remove_many(PEOPLE, [str(number) for number in range(1, 1_300)]) == 1_199
    assert await store.count(PEOPLE, {}) == 1
    assert await store.remove_many(PEOPLE, []) == 0
