"""The service of classes and rooms, the same on every store."""

import asyncio
import json
from collections.abc import Callable
from itertools import count
from zoneinfo import ZoneInfo

import pytest

from logger.domain.audit import AuditAction, Deed
from logger.domain.people import PersonProfile
from logger.domain.policy import AttendancePolicy
from logger.errors import InvalidRequest, NotFound, Outdated
from logger.services.classes import ClassDetails, ClassesService
from logger.services.trail import AuditTrail
from logger.store.base import Store
from logger.store.kinds import PEOPLE

SITE = ZoneInfo("Asia/Kolkata")
PHYSICS = ClassDetails("Physics", "t1", room="A")


@pytest.fixture
def new_id() -> Callable[[], str]:
    numbers = count(1)
    return lambda: f"c{next(numbers)}"


@pytest.fixture
async def classes(store: Store, trail: AuditTrail, new_id: Callable[[], str]) -> ClassesService:
    await store.save_many(PEOPLE, [PersonProfile(str(number), f"Name {9 - number}") for number in range(8)])
    return ClassesService(store, trail, site=SITE, new_id=new_id)


async def test_a_class_begins_at_the_site_with_nobody_in_it(classes: ClassesService) -> None:
    made = (await classes.create(PHYSICS, by="admin")).value
    assert (made.class_id, made.zone, made.roster, made.policy) == ("c1", SITE, frozenset(), AttendancePolicy())
    with pytest.raises(InvalidRequest, match="must not be blank"):
        await classes.create(ClassDetails(" ", "t1"), by="admin")


async def test_details_change_and_the_roster_stays(classes: ClassesService) -> None:
    await classes.create(PHYSICS, by="admin")
    filled = await classes.change_roster("c1", add=["1", "2"], by="t1")
    policy = AttendancePolicy(opens_before_min=5)
    changed = await classes.change("c1", ClassDetails("Optics", "t2", policy=policy), version=filled.version, by="t1")
    assert (changed.value.title, changed.value.roster, changed.value.policy) == (
        "Optics",
        frozenset({"1", "2"}),
        policy,
    )
    kept = await classes.change("c1", ClassDetails("Optics", "t2"), version=changed.version, by="t1")
    assert kept.value.policy == policy
    with pytest.raises(Outdated):
        await classes.change("c1", PHYSICS, version=filled.version, by="t1")
    with pytest.raises(NotFound):
        await classes.change("c9", PHYSICS, version=1, by="t1")


async def test_a_roster_holds_people_who_are_there_and_is_read_by_name(classes: ClassesService, store: Store) -> None:
    await classes.create(PHYSICS, by="admin")
    await classes.replace_roster("c1", ["1", "2", "3"], by="t1")
    assert [person.person_id for person in await classes.roster("c1")] == ["3", "2", "1"]
    with pytest.raises(InvalidRequest, match="Nobody has the number 77"):
        await classes.change_roster("c1", add=["77"], by="t1")
    with pytest.raises(InvalidRequest, match="added and removed"):
        await classes.change_roster("c1", add=["5"], remove=["5"], by="t1")
    await store.remove(PEOPLE, "2")
    assert [person.name for person in await classes.roster("c1")] == ["2", "Name 6", "Name 8"]


async def test_two_who_change_a_roster_at_once_both_have_their_way(classes: ClassesService) -> None:
    await classes.create(PHYSICS, by="admin")
    await asyncio.gather(*(classes.change_roster("c1", add=[str(number)], by="t1") for number in range(3)))
    assert (await classes.get("c1")).value.roster == {"0", "1", "2"}


async def test_the_audit_has_what_really_changed(classes: ClassesService, deeds: list[Deed]) -> None:
    await classes.create(PHYSICS, by="admin")
    await classes.change_roster("c1", add=["1"], by="t1")
    await classes.change_roster("c1", add=["1"], remove=["2"], by="t1")
    assert [(deed.action, deed.by) for deed in deeds] == [
        (AuditAction.CLASS_SAVED, "admin"),
        (AuditAction.ROSTER_CHANGED, "t1"),
    ]
    assert json.loads(deeds[1].after or "") == {"added": ["1"], "removed": []}


async def test_classes_are_found_by_teacher_by_word_and_by_person(classes: ClassesService) -> None:
    await classes.create(PHYSICS, by="admin")
    await classes.create(ClassDetails("Maths", "t1", active=False), by="admin")
    await classes.create(ClassDetails("Ethics", "t2"), by="admin")
    await classes.change_roster("c3", add=["1"], by="t2")

    async def titles(**where: object) -> list[str]:
        page = await classes.page(**where, after=None, limit=10)  # type: ignore[arg-type]
        return [one.title for one in page.values]

    assert await titles() == ["Ethics", "Maths", "Physics"]
    assert await titles(teacher_id="t1") == ["Maths", "Physics"]
    assert await titles(teacher_id="t1", active=True) == ["Physics"]
    assert await titles(query="TH") == ["Ethics", "Maths"]
    assert [one.class_id for one in await classes.of_person("1")] == ["c3"]


async def test_a_camera_hangs_in_one_room(classes: ClassesService) -> None:
    await classes.save_room("A", ["cam-1", "cam-2"], by="admin")
    with pytest.raises(InvalidRequest, match="cam-2 is in A already"):
        await classes.save_room("B", ["cam-2"], by="admin")
    await classes.save_room("A", ["cam-1"], by="admin")
    await classes.save_room("B", ["cam-2"], by="admin")
    assert [(room.name, room.sources) for room in await classes.rooms()] == [
        ("A", frozenset({"cam-1"})),
        ("B", frozenset({"cam-2"})),
    ]
    await classes.remove_room("A", by="admin")
    with pytest.raises(NotFound):
        await classes.remove_room("A", by="admin")
