"""All that is held on a person: shown, or erased."""

from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from typing import Any

from logger.domain.audit import AuditAction
from logger.domain.erasure import Erasure, Photos
from logger.domain.kept_marks import KeptMark
from logger.errors import NotFound
from logger.services.classes import ClassesService
from logger.services.recognizer import PhotoKeeper
from logger.services.rows import PART, every_row
from logger.services.trail import AuditTrail
from logger.store.base import AttendanceFilter, EventFilter, Position, Store
from logger.store.kinds import AUDIT, ERASURES, MARKS, PEOPLE, PRESENCE_CODES
from logger.store.tables import ANY, Selection
from shared.clock import Clock


class PersonalDataService:
    """Every method raises StoreUnavailable."""

    def __init__(
        self,
        store: Store,
        classes: ClassesService,
        photos: PhotoKeeper,
        trail: AuditTrail,
        clock: Clock,
        *,
        new_id: Callable[[], str],
    ) -> None:
        self._store = store
        self._classes = classes
        self._photos = photos
        self._trail = trail
        self._clock = clock
        self._new_id = new_id

    async def everything_about(self, person_id: str, *, by: str) -> dict[str, Any]:
        """As JSON has it; photos are the recognizer's to show. Raises NotFound."""
        await self._know(person_id)
        profile = await self._store.load(PEOPLE, person_id)
        code = await self._store.load(PRESENCE_CODES, person_id)
        found = {
            "person_id": person_id,
            "profile": profile and PEOPLE.write(profile.value),
            "presence_code": None if code is None else {"made_at": code.value.made_at.isoformat()},
            "classes": [one.title for one in await self._classes.of_person(person_id)],
            "marks": [MARKS.write(one) async for one in self._marks(person_id)],
            "attendance": [one async for one in self._attendance(person_id)],
            "events": [one async for one in self._events(person_id)],
            "audit": [one async for one in self._audit(person_id)],
        }
        await self._trail.note(AuditAction.DATA_EXPORTED, f"person:{person_id}", by=by)
        return found

    async def erase(self, person_id: str, *, by: str) -> Erasure:
        """Removes profile and contact, takes the person off rosters, asks for the photos' removal, and keeps attendance
        under a pseudonym that nothing leads to. What failed half way is gone on with by the next call. The audit keeps
        the number: it is what proves that this was done. Raises NotFound."""
        async with self._trail.doing(AuditAction.PERSON_ERASED, f"person:{person_id}", by=by) as erasing:
            erasure = await self._begin(person_id, by)
            erasure = replace(erasure, photos=await self._photos.remove(person_id))
            erasure = await self._take_out(erasure, person_id, erasure.pseudonym or self._new_id())
            if erasure.photos.photos is not Photos.FAILED:
                erasure = replace(erasure, done_at=self._clock.now(), person_id=None, pseudonym=None)
            await self._store.save(ERASURES, erasure, ANY)
            erasing.after = ERASURES.write(replace(erasure, person_id=None, pseudonym=None))
        return erasure

    async def _begin(self, person_id: str, by: str) -> Erasure:
        """The one that was not done yet, or a new one."""
        begun = await self._store.select(ERASURES, Selection(terms={"person": person_id}, limit=1))
        if begun:
            return begun[0].value
        await self._know(person_id)
        erasure = Erasure(self._new_id(), self._clock.now(), by, person_id, f"erased-{self._new_id()}")
        await self._store.save(ERASURES, erasure, ANY)
        return erasure

    async def _take_out(self, erasure: Erasure, person_id: str, pseudonym: str) -> Erasure:
        await self._store.remove(PRESENCE_CODES, person_id)
        classes = await self._classes.of_person(person_id)
        for one in classes:
            await self._classes.change_roster(one.class_id, remove=[person_id], by=erasure.by)
        marks = await self._rename_marks(person_id, pseudonym)
        touched = await self._store.pseudonymize(person_id, pseudonym)
        removed = await self._store.remove(PEOPLE, person_id)
        return replace(
            erasure,
            profile=erasure.profile or removed,
            classes=erasure.classes + len(classes),
            marks=erasure.marks + marks,
            attendance=erasure.attendance + touched.attendance,
            events=erasure.events + touched.events,
        )

    async def _rename_marks(self, person_id: str, pseudonym: str) -> int:
        """The new ones first: a crash in between leaves both, and the next call removes the old ones."""
        old = [one async for one in self._marks(person_id)]
        for start in range(0, len(old), PART):
            part = old[start : start + PART]
            await self._store.save_many(MARKS, [_renamed(one, pseudonym) for one in part])
            await self._store.remove_many(MARKS, [one.key for one in part])
        return len(old)

    async def _know(self, person_id: str) -> None:
        """Raises NotFound for a number under which nothing is kept."""
        if await self._store.load(PEOPLE, person_id) or await self._store.count(MARKS, {"person": person_id}):
            return
        where = AttendanceFilter(person_id=person_id)
        if not (await self._store.attendance_page(where, after=None, limit=1)).items:
            raise NotFound(f"Nothing is kept under the number {person_id}")

    async def _marks(self, person_id: str) -> AsyncIterator[KeptMark]:
        async for row in every_row(self._store, MARKS, Selection(terms={"person": person_id})):
            yield row.value

    async def _attendance(self, person_id: str) -> AsyncIterator[dict[str, Any]]:
        after: Position | None = None
        while True:
            page = await self._store.attendance_page(AttendanceFilter(person_id=person_id), after=after, limit=PART)
            for one in page.items:
                yield {
                    "name": one.name,
                    "day": one.local_date.isoformat(),
                    "status": one.status.value,
                    "first_seen": one.first_seen.isoformat(),
                    "last_seen": one.last_seen.isoformat(),
                    "sightings": one.events,
                }
            after = page.next
            if after is None:
                return

    async def _events(self, person_id: str) -> AsyncIterator[dict[str, Any]]:
        after: Position | None = None
        while True:
            page = await self._store.events_page(EventFilter(person_id=person_id), after=after, limit=PART)
            for one in page.items:
                yield {
                    "event_id": str(one.sighting.event_id),
                    "captured_at": one.sighting.captured_at.isoformat(),
                    "camera": one.sighting.source,
                    "distance": one.sighting.distance,
                    "engine": one.sighting.engine,
                    "outcome": one.outcome.value,
                }
            after = page.next
            if after is None:
                return

    async def _audit(self, person_id: str) -> AsyncIterator[dict[str, Any]]:
        """What was done about this person, in the audit."""
        async for row in every_row(self._store, AUDIT):
            kind, _, about = row.value.deed.subject.partition(":")
            if (kind, about) == ("person", person_id) or (kind == "session" and about.endswith(f"/{person_id}")):
                yield AUDIT.write(row.value)


def _renamed(kept: KeptMark, pseudonym: str) -> KeptMark:
    mark = None if kept.mark is None else replace(kept.mark, person_id=pseudonym)
    return replace(kept, person_id=pseudonym, mark=mark)
