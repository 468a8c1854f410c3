"""All that is held on a person, shown and erased, the same on every store."""

import json
from collections.abc import Callable
from datetime import timedelta
from itertools import count
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from logger.domain.audit import AuditAction, Deed
from logger.domain.classes import SchoolClass
from logger.domain.erasure import Photos, PhotosAnswer
from logger.domain.kept_marks import KeptMark
from logger.domain.marking import Basis, Facts, Mark
from logger.domain.people import PersonProfile
from logger.domain.policy import DEFAULT_STATUSES
from logger.domain.sightings import Sighting
from logger.errors import NotFound
from logger.services.audit import AuditService
from logger.services.classes import ClassesService
from logger.services.personal_data import PersonalDataService
from logger.services.trail import AuditTrail
from logger.store.base import AttendanceFilter, EventFilter, Store
from logger.store.kinds import CLASSES, ERASURES, MARKS, PEOPLE
from logger.store.tables import NEW, Selection, Table
from shared.clock import Clock

UTC = ZoneInfo("UTC")


class Photographs:
    """Implements PhotoKeeper."""

    def __init__(self) -> None:
        self.answers = [PhotosAnswer(Photos.REMOVED, "gone")]
        self.asked: list[str] = []

    async def remove(self, person_id: str) -> PhotosAnswer:
        self.asked.append(person_id)
        return self.answers[min(len(self.asked), len(self.answers)) - 1]


@pytest.fixture
def photos() -> Photographs:
    return Photographs()


@pytest.fixture
async def held(
    store: Store, trail: AuditTrail, clock: Clock, photos: Photographs, see: Callable[..., Sighting]
) -> PersonalDataService:
    """Alice, 101, has everything that one can have; Bob, 102, too."""
    numbers = count(1)
    classes = ClassesService(store, trail, site=UTC, new_id=lambda: "unused")
    at = clock.now()
    for person_id, name in (("101", "Alice"), ("102", "Bob")):
        await store.save(PEOPLE, PersonProfile(person_id, name, email="a@example.org"), NEW)
        mark = Mark("s1", person_id, next(iter(DEFAULT_STATUSES)), Basis.SIGHTING, at)
        await store.save(MARKS, KeptMark("s1", person_id, "c1", at.date(), at, Facts(at), mark), NEW)
        await store.record([see(person_id), see(person_id, day=at.date() + timedelta(days=1))])
    await store.save(CLASSES, SchoolClass("c1", "Physics", "t1", UTC, frozenset({"101", "102"})), NEW)
    return PersonalDataService(store, classes, photos, trail, clock, new_id=lambda: f"id-{next(numbers)}")


async def everything_with(store: Store, word: str) -> list[str]:
    """Where the word stands, the audit left out."""
    records = (await store.attendance_page(AttendanceFilter(), after=None, limit=100)).items
    events = (await store.events_page(EventFilter(), after=None, limit=100)).items
    texts = {"attendance": repr(records), "events": repr(events)}
    tables: tuple[Table[Any], ...] = (PEOPLE, CLASSES, MARKS, ERASURES)
    for table in tables:
        texts[table.name] = repr(await store.select(table, Selection()))
    return [name for name, text in texts.items() if word in text]


async def test_all_that_is_held_is_shown_and_that_is_noted(
    held: PersonalDataService, store: Store, clock: Clock, deeds: list[Deed]
) -> None:
    await AuditService(store, clock).note(AuditAction.PERSON_SAVED, "person:101", by="admin")
    await AuditService(store, clock).note(AuditAction.PERSON_SAVED, "person:102", by="admin")
    shown = json.loads(json.dumps(await held.everything_about("101", by="admin")))
    assert shown["profile"]["email"] == "a@example.org"
    assert shown["classes"] == ["Physics"]
    assert [len(shown[part]) for part in ("marks", "attendance", "events", "audit")] == [1, 2, 2, 1]
    assert deeds[-1].action is AuditAction.DATA_EXPORTED
    with pytest.raises(NotFound):
        await held.everything_about("nobody", by="admin")


async def test_an_erased_person_is_nowhere_and_their_attendance_still_counts(
    held: PersonalDataService, store: Store, photos: Photographs, deeds: list[Deed]
) -> None:
    erasure = await held.erase("101", by="admin")
    assert (erasure.profile, erasure.classes, erasure.marks, erasure.attendance, erasure.events) == (True, 1, 1, 2, 2)
    assert (erasure.is_done, photos.asked) == (True, ["101"])
    assert await everything_with(store, "Alice 101") == []
    assert await everything_with(store, "'101'") == []
    assert await everything_with(store, "'102'") == ["attendance", "events", "people", "classes", "marks"]
    assert await store.count(MARKS, {"session": "s1"}) == 2
    assert (await store.reconcile()).repaired == 0
    assert (deeds[-1].action, deeds[-1].subject) == (AuditAction.PERSON_ERASED, "person:101")
    with pytest.raises(NotFound):
        await held.erase("101", by="admin")


async def test_nothing_leads_from_the_person_to_the_pseudonym(
    held: PersonalDataService, store: Store, deeds: list[Deed]
) -> None:
    await held.erase("101", by="admin")
    pseudonyms = {row.value.person_id for row in await store.select(MARKS, Selection())} - {"102"}
    (pseudonym,) = pseudonyms
    assert await everything_with(store, pseudonym) == ["attendance", "events", "marks"]
    assert not any(pseudonym in repr(deed) for deed in deeds)


async def test_an_erasure_whose_photos_failed_goes_on_when_asked_again(
    held: PersonalDataService, store: Store, photos: Photographs
) -> None:
    photos.answers = [PhotosAnswer(Photos.FAILED, "away"), PhotosAnswer(Photos.REMOVED, "gone")]
    first = await held.erase("101", by="admin")
    assert (first.is_done, first.profile, first.photos.photos) == (False, True, Photos.FAILED)
    second = await held.erase("101", by="admin")
    assert (second.erasure_id, second.is_done, second.marks) == (first.erasure_id, True, 1)
    assert await everything_with(store, "'101'") == []
    assert await store.count(ERASURES, {}) == 1
