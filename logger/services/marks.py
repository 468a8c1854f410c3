"""Marks: kept beside the facts they follow from, and worked out again whenever a fact is added.

A mark is a function of the set of facts (domain.marking), a row is saved only over the version that was read, and every
step can be repeated: a crash between two of them is mended by the next delivery, or when the session is settled.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace
from datetime import date, datetime
from itertools import islice
from typing import TypeAlias, TypeVar
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from logger.domain.attendance import Attendance, AttendanceKey
from logger.domain.audit import AuditAction
from logger.domain.days import local_day
from logger.domain.kept_marks import KeptMark, first_place, last_place, mark_key
from logger.domain.marking import Basis, Facts, InvalidCorrection, Mark, Undo, correction, mark, standing
from logger.domain.sessions import Session
from logger.errors import Conflict, InvalidRequest, NotFound, Outdated
from logger.services.live import LiveEvent, LiveFeed, LiveKind
from logger.services.rows import every_row
from logger.services.trail import AuditTrail, Doing
from logger.store.base import AttendanceFilter, AttendanceStore, Position
from logger.store.kinds import CLASSES, MARKS, PEOPLE, SESSIONS
from logger.store.tables import NEW, Row, RowStore, Selection
from shared.clock import Clock
from shared.contracts.events import AttendanceStatus

Result = TypeVar("Result")
Edit: TypeAlias = Callable[[Facts], Facts]

AT_ONCE = 100
BY_HAND = "Marked by hand"


@dataclass(frozen=True, slots=True)
class Seen:
    """What an attendance record of a session says."""

    session_id: str
    person_id: str
    first_seen: datetime
    status: AttendanceStatus

    @property
    def key(self) -> str:
        return mark_key(self.session_id, self.person_id)


class MarksService:
    def __init__(
        self,
        rows: RowStore,
        records: AttendanceStore,
        audit: AuditTrail,
        feed: LiveFeed,
        *,
        site: ZoneInfo,
        clock: Clock,
        new_id: Callable[[], UUID] = uuid4,
    ) -> None:
        self._rows = rows
        self._records = records
        self._audit = audit
        self._feed = feed
        self._site = site
        self._clock = clock
        self._new_id = new_id

    async def marks_of_session(self, session_id: str) -> list[KeptMark]:
        return await self._all(Selection(terms={"session": session_id}))

    async def records_of_session(self, session_id: str) -> dict[str, Attendance]:
        """What the sightings that count there add up to, by person."""
        found: dict[str, Attendance] = {}
        after: Position | None = None
        while True:
            page = await self._records.attendance_page(
                AttendanceFilter(session_id=session_id), after=after, limit=1_000
            )
            found |= {record.key.person_id: record for record in page.items}
            if page.next is None:
                return found
            after = page.next

    async def marks_of_class(self, class_id: str, first: date, last: date) -> list[KeptMark]:
        """Of the sessions from `first` to `last`, days at the site, both included; the oldest first."""
        return await self._of_days({"class": class_id}, first, last)

    async def marks_of_person(self, person_id: str, first: date, last: date) -> list[KeptMark]:
        return await self._of_days({"person": person_id}, first, last)

    async def correct(self, session_id: str, person_id: str, status: str, reason: str, by: str) -> Mark:
        """Somebody's word, over whatever was seen. Raises NotFound, InvalidRequest for a status that the class does not
        have or no reason, StoreUnavailable."""
        session = await self._session(session_id)
        try:
            word = correction(
                session, correction_id=self._new_id(), status=status, reason=reason, by=by, at=self._clock.now()
            )
        except InvalidCorrection as error:
            raise InvalidRequest(str(error)) from error
        known = await self._rows.load(MARKS, mark_key(session_id, person_id))
        expected = known.value.on_roster if known else await self._is_expected(session, person_id)
        async with self._doing(AuditAction.ATTENDANCE_CORRECTED, session_id, person_id, by, word.reason) as doing:
            before, after = await self._change(session_id, person_id, lambda facts: facts.corrected(word), expected)
            doing.before, doing.after = _told(before), _told(after)
        if after.mark is None:
            raise Conflict("The session was cancelled in the meantime")
        return after.mark

    async def mark_by_hand(
        self, session_id: str, person_id: str, by: str, status: str | None = None, reason: str = BY_HAND
    ) -> Mark:
        """Present, unless another status is named: for who cannot or does not want to be recognized."""
        if status is None:
            statuses = (await self._session(session_id)).policy.statuses
            status = statuses.first(AttendanceStatus.PRESENT).code
        return await self.correct(session_id, person_id, status, reason, by)

    async def undo(self, session_id: str, person_id: str, by: str) -> Mark | None:
        """Takes the standing correction back; the mark is what it would be without it. Raises NotFound, Conflict when
        there is nothing to undo."""
        row = await self._rows.load(MARKS, mark_key(session_id, person_id))
        word = None if row is None else standing(row.value.facts)
        if word is None:
            raise Conflict("There is no correction to undo")
        taken_back = Undo(word.correction_id, by, self._clock.now())
        async with self._doing(AuditAction.CORRECTION_UNDONE, session_id, person_id, by) as doing:
            before, after = await self._change(session_id, person_id, lambda facts: facts.taken_back(taken_back))
            doing.before, doing.after = _told(before), _told(after)
        return after.mark

    async def seen(self, sightings: Collection[Seen]) -> dict[str, Mark]:
        """The marks, by key, of who was seen in a session, once they are kept."""
        latest = {one.key: one for one in sightings}
        kept = {key: row.value for key, row in (await self._rows.load_many(MARKS, list(latest))).items()}
        news = {key: one for key, one in latest.items() if _is_news(one, kept.get(key))}
        behind = [kept[key].mark for key, one in latest.items() if key not in news and _is_behind(one, kept[key])]
        await _in_turns(self._show(found) for found in behind if found is not None)
        kept |= {after.key: after for _, after in await _in_turns(self._see(one) for one in news.values())}
        return {key: one.mark for key, one in kept.items() if one.mark is not None}

    async def settle(self, session: Session, roster: Collection[str]) -> int:
        """Everybody's mark in a session that has ended or was cancelled: absences, how many of them are new, and
        whatever a crash left undone. Asked again, it changes nothing."""
        wanted = Selection(terms={"session": session.session_id})
        rows = {row.value.person_id: row async for row in every_row(self._rows, MARKS, wanted)}
        seen = await self.records_of_session(session.session_id)
        absences = await _in_turns(
            self._settle(session, person_id, seen.get(person_id), person_id in roster, rows.get(person_id))
            for person_id in sorted({*roster, *rows, *seen})
        )
        return sum(absences)

    async def _settle(
        self, session: Session, person_id: str, record: Attendance | None, on_roster: bool, row: Row[KeptMark] | None
    ) -> bool:
        """Whether the person is absent from now on."""

        def add(facts: Facts) -> Facts:
            return facts if record is None else facts.seen(record.first_seen)

        before = row.value if row else self._unmarked(session, person_id, on_roster)
        after = _worked_out(session, before, add, on_roster)
        if row is None or after != before:
            try:
                await self._rows.save(MARKS, after, row.version if row else NEW)
                await self._tell(before, after)
            except Outdated:
                _, after = await self._change(session.session_id, person_id, add, on_roster)
        if after.mark is not None and record is not None and record.status is not after.mark.status.counts_as:
            await self._show(after.mark)
        return after.mark != before.mark and after.mark is not None and after.mark.basis is Basis.CLOSING

    async def _see(self, seen: Seen) -> tuple[KeptMark, KeptMark]:
        return await self._change(seen.session_id, seen.person_id, lambda facts: facts.seen(seen.first_seen))

    async def _change(
        self, session_id: str, person_id: str, edit: Edit, on_roster: bool | None = None
    ) -> tuple[KeptMark, KeptMark]:
        """Before and after. The session is read after the row: who ends it in between comes to the row later, or makes
        this save fail and begin again. Without a word about the roster, the person is on it as the row says."""
        while True:
            row = await self._rows.load(MARKS, mark_key(session_id, person_id))
            session = await self._session(session_id)
            before = row.value if row else self._unmarked(session, person_id, on_roster is not False)
            after = _worked_out(session, before, edit, before.on_roster if on_roster is None else on_roster)
            if row is not None and after == before:
                return before, after
            try:
                await self._rows.save(MARKS, after, row.version if row else NEW)
            except Outdated:
                continue
            await self._tell(before, after)
            return before, after

    def _unmarked(self, session: Session, person_id: str, on_roster: bool) -> KeptMark:
        day = local_day(session.starts_at, self._site)
        return KeptMark(session.session_id, person_id, session.class_id, day, session.starts_at, on_roster=on_roster)

    async def _tell(self, before: KeptMark, after: KeptMark) -> None:
        if before.mark == after.mark:
            return
        if after.mark is not None and after.facts.first_seen is not None:
            await self._show(after.mark)
        status = after.mark.status.code if after.mark else None
        self._feed.publish(
            LiveEvent(
                LiveKind.MARK,
                self._clock.now(),
                session_id=after.session_id,
                class_id=after.class_id,
                person_id=after.person_id,
                status=status,
                detail=after.mark.basis if after.mark else None,
            )
        )

    async def _show(self, found: Mark) -> None:
        """In the lists of attendance, which count by the four kinds of status."""
        key = AttendanceKey(f"session:{found.session_id}", found.person_id)
        await self._records.set_status(key, found.status.counts_as)

    def _doing(
        self, action: AuditAction, session_id: str, person_id: str, by: str, reason: str | None = None
    ) -> AbstractAsyncContextManager[Doing]:
        return self._audit.doing(action, f"session:{session_id}/{person_id}", by=by, reason=reason)

    async def _session(self, session_id: str) -> Session:
        row = await self._rows.load(SESSIONS, session_id)
        if row is None:
            raise NotFound("There is no such session")
        return row.value

    async def _is_expected(self, session: Session, person_id: str) -> bool:
        """Raises NotFound for somebody who is neither expected nor known: a guest has to be known at least."""
        school_class = await self._rows.load(CLASSES, session.class_id)
        if school_class is not None and person_id in school_class.value.roster:
            return session.settled_at is None
        if await self._rows.load(PEOPLE, person_id) is None:
            raise NotFound("There is no such person")
        return False

    async def _of_days(self, terms: dict[str, str], first: date, last: date) -> list[KeptMark]:
        return await self._all(Selection(terms=terms, first=first_place(first), last=last_place(last)))

    async def _all(self, wanted: Selection) -> list[KeptMark]:
        return [row.value async for row in every_row(self._rows, MARKS, wanted)]


def _worked_out(session: Session, before: KeptMark, edit: Edit, on_roster: bool) -> KeptMark:
    facts = edit(before.facts)
    found = mark(session, before.person_id, facts, on_roster=on_roster)
    return replace(before, facts=facts, on_roster=on_roster, mark=found)


def _is_news(seen: Seen, kept: KeptMark | None) -> bool:
    return kept is None or kept.facts.first_seen is None or seen.first_seen < kept.facts.first_seen


def _is_behind(seen: Seen, kept: KeptMark) -> bool:
    """Whether the attendance record says something else: whoever was to change it was interrupted."""
    return kept.mark is not None and kept.mark.status.counts_as is not seen.status


def _told(kept: KeptMark) -> dict[str, object]:
    if kept.mark is None:
        return {"status": None}
    return {"status": kept.mark.status.code, "basis": kept.mark.basis.value}


async def _in_turns(work: Iterable[Awaitable[Result]]) -> list[Result]:
    """All of it, a hundred at once."""
    done: list[Result] = []
    waiting = iter(work)
    while group := list(islice(waiting, AT_ONCE)):
        done += await asyncio.gather(*group)
    return done
