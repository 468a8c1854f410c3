"""Classes with their rosters, and the rooms whose cameras see them."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from zoneinfo import ZoneInfo

from logger.domain.audit import AuditAction
from logger.domain.classes import (
    InvalidRoster,
    Room,
    RosterChange,
    SchoolClass,
    change_roster,
    replace_roster,
    shared_sources,
)
from logger.domain.people import PersonProfile
from logger.domain.policy import AttendancePolicy
from logger.domain.text import Unfit, clean_name, clean_source, sorting
from logger.errors import InvalidRequest, NotFound, Outdated
from logger.services.rows import RowPage, every_row, page_where
from logger.services.trail import AuditTrail
from logger.store.kinds import CLASSES, PEOPLE, ROOMS
from logger.store.tables import NEW, Place, Row, RowStore, Selection

MAX_ROOMS = 1_000
SAVE_ATTEMPTS = 5

Change = Callable[[SchoolClass], tuple[SchoolClass, RosterChange]]


@dataclass(frozen=True, slots=True)
class ClassDetails:
    """What is typed of a class. Its roster is changed by itself."""

    title: str
    teacher_id: str
    room: str | None = None
    zone: ZoneInfo | None = None  # None: the site's
    policy: AttendancePolicy | None = None  # None: as it was
    active: bool = True


class ClassesService:
    """Every method raises StoreUnavailable."""

    def __init__(self, store: RowStore, trail: AuditTrail, *, site: ZoneInfo, new_id: Callable[[], str]) -> None:
        self._store = store
        self._trail = trail
        self._site = site
        self._new_id = new_id

    async def get(self, class_id: str) -> Row[SchoolClass]:
        """Raises NotFound."""
        row = await self._store.load(CLASSES, class_id)
        if row is None:
            raise NotFound(f"There is no class {class_id}")
        return row

    async def page(
        self,
        *,
        teacher_id: str | None = None,
        active: bool | None = None,
        query: str | None = None,
        after: Place | None,
        limit: int,
    ) -> RowPage[SchoolClass]:
        """By title."""
        asked = {"teacher": teacher_id, "active": None if active is None else "yes" if active else "no"}
        terms = {term: value for term, value in asked.items() if value is not None}
        selection = Selection(terms=terms, after=after, limit=limit)
        word = (query or "").casefold()
        return await page_where(self._store, CLASSES, selection, lambda one: word in one.title.casefold())

    async def all(self) -> dict[str, SchoolClass]:
        """By id, in the order of their titles."""
        return {row.value.class_id: row.value async for row in every_row(self._store, CLASSES)}

    async def of_person(self, person_id: str) -> tuple[SchoolClass, ...]:
        """The classes with this person on their roster."""
        return tuple(one for one in (await self.all()).values() if person_id in one.roster)

    async def people_of(self, teacher_id: str) -> frozenset[str]:
        """The ids of everybody in this teacher's classes."""
        wanted = Selection(terms={"teacher": teacher_id})
        rosters = [row.value.roster async for row in every_row(self._store, CLASSES, wanted)]
        return frozenset().union(*rosters)

    async def create(self, details: ClassDetails, *, by: str) -> Row[SchoolClass]:
        """Raises InvalidRequest."""
        blank = SchoolClass(self._new_id(), "", "", self._site)
        return await self._save(await self._detailed(blank, details), NEW, by)

    async def change(self, class_id: str, details: ClassDetails, *, version: int, by: str) -> Row[SchoolClass]:
        """Sessions that are planned follow, those that have begun keep the policy they began with. Raises NotFound,
        InvalidRequest, Outdated."""
        known = (await self.get(class_id)).value
        return await self._save(await self._detailed(known, details), version, by)

    async def roster(self, class_id: str) -> tuple[PersonProfile, ...]:
        """The people of a class by name; who is on the roster and not among the people by number alone. Raises
        NotFound."""
        ids = sorted((await self.get(class_id)).value.roster)
        found = await self._store.load_many(PEOPLE, ids)
        people = [found[one].value if one in found else PersonProfile(one, one) for one in ids]
        return tuple(sorted(people, key=lambda person: (sorting(person.name), person.person_id)))

    async def change_roster(
        self, class_id: str, *, add: Collection[str] = (), remove: Collection[str] = (), by: str
    ) -> Row[SchoolClass]:
        """Beside whoever else edits the class. Raises NotFound, and InvalidRequest for numbers that are nobody's."""
        await self._know(add)
        return await self._change_roster(class_id, lambda one: change_roster(one, add=add, remove=remove), by)

    async def replace_roster(self, class_id: str, roster: Collection[str], *, by: str) -> Row[SchoolClass]:
        """Raises NotFound, and InvalidRequest for numbers that are nobody's."""
        await self._know(roster)
        return await self._change_roster(class_id, lambda one: replace_roster(one, roster), by)

    async def rooms(self) -> tuple[Room, ...]:
        """By name."""
        return tuple(row.value for row in await self._store.select(ROOMS, Selection(limit=MAX_ROOMS)))

    async def save_room(self, name: str, sources: Sequence[str], *, by: str) -> Room:
        """Adds or replaces the room of this name. Raises InvalidRequest, also for a camera of another room."""
        try:
            room = Room(clean_source(name), frozenset(clean_source(source) for source in sources))
        except Unfit as unfit:
            raise InvalidRequest(f"The name of a room or a camera {unfit}") from unfit
        others = [one for one in await self.rooms() if one.name != room.name]
        if len(others) >= MAX_ROOMS:
            raise InvalidRequest(f"There are {MAX_ROOMS} rooms already")
        for source, rooms in shared_sources([*others, room]).items():
            raise InvalidRequest(f"The camera {source} is in {next(one for one in rooms if one != room.name)} already")
        subject, after = f"room:{room.name}", ROOMS.write(room)
        async with self._trail.doing(AuditAction.SETTINGS_CHANGED, subject, by=by, after=after):
            await self._store.save(ROOMS, room, None)
        return room

    async def remove_room(self, name: str, *, by: str) -> None:
        """Classes that meet there keep its name. Raises NotFound."""
        async with self._trail.doing(AuditAction.SETTINGS_CHANGED, f"room:{name}", by=by):
            if not await self._store.remove(ROOMS, name):
                raise NotFound(f"There is no room {name}")

    async def _detailed(self, known: SchoolClass, details: ClassDetails) -> SchoolClass:
        try:
            title = clean_name(details.title)
            room = clean_source(details.room) if details.room else None
        except Unfit as unfit:
            raise InvalidRequest(f"The title or the room {unfit}") from unfit
        return replace(
            known,
            title=title,
            teacher_id=details.teacher_id,
            room=room,
            zone=details.zone or known.zone,
            policy=details.policy or known.policy,
            active=details.active,
        )

    async def _save(self, one: SchoolClass, version: int, by: str) -> Row[SchoolClass]:
        written = {name: value for name, value in CLASSES.write(one).items() if name != "roster"}
        async with self._trail.doing(AuditAction.CLASS_SAVED, f"class:{one.class_id}", by=by, after=written):
            return await self._store.save(CLASSES, one, version)

    async def _know(self, person_ids: Collection[str]) -> None:
        found = await self._store.load_many(PEOPLE, sorted(set(person_ids)))
        unknown = sorted(set(person_ids) - found.keys())
        if unknown:
            raise InvalidRequest(f"Nobody has the number {', '.join(unknown[:10])}")

    async def _change_roster(self, class_id: str, change: Change, by: str) -> Row[SchoolClass]:
        async with self._trail.doing(AuditAction.ROSTER_CHANGED, f"class:{class_id}", by=by) as changing:
            row, done = await self._changed(class_id, change)
            changing.after = {"added": sorted(done.added), "removed": sorted(done.removed)}
            changing.is_done = bool(done)
        return row

    async def _changed(self, class_id: str, change: Change) -> tuple[Row[SchoolClass], RosterChange]:
        """Raises Outdated when others never stop editing."""
        for attempts_left in reversed(range(SAVE_ATTEMPTS)):
            row = await self.get(class_id)
            try:
                changed, done = change(row.value)
                return (await self._store.save(CLASSES, changed, row.version) if done else row), done
            except InvalidRoster as invalid:
                raise InvalidRequest(f"This cannot be: {invalid}") from invalid
            except Outdated:
                if not attempts_left:
                    raise
        raise AssertionError("the last attempt returns or raises")
