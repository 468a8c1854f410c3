"""Schedules become sessions, some days ahead."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import date, datetime, timedelta
from typing import Any, TypeAlias, TypeVar
from zoneinfo import ZoneInfo

from logger.domain.days import local_day
from logger.domain.planning import (
    PlannedUntil,
    Span,
    changed_sessions,
    dropped_sessions,
    occurrences_to_plan,
    planned_sessions,
)
from logger.domain.schedule import Schedule
from logger.domain.sessions import Session
from logger.errors import Outdated
from logger.services.rows import every_row
from logger.store.kinds import CLASSES, PLANNED, ROOMS, SCHEDULES, SESSIONS
from logger.store.tables import Row, RowStore, Selection, Table
from shared.clock import Clock

Value = TypeVar("Value")
Fingerprint: TypeAlias = tuple[date, frozenset[tuple[str, str, int]]]

DAYS_AHEAD = 8
LONGEST = timedelta(days=1)


class Planner:
    def __init__(self, rows: RowStore, clock: Clock, *, site: ZoneInfo) -> None:
        self._rows = rows
        self._clock = clock
        self._site = site
        self._done: Fingerprint | None = None

    async def plan(self) -> bool:
        """Whether it had to: nothing is done while the day, the classes, their schedules and the rooms are the same.

        Asked again, it makes nothing twice, and it may be interrupted anywhere."""
        schedules = await self._all(SCHEDULES)
        classes, rooms = await self._all(CLASSES), await self._all(ROOMS)
        now = self._clock.now()
        today = local_day(now, self._site)
        seen = (today, _versions((SCHEDULES, schedules), (CLASSES, classes), (ROOMS, rooms)))
        if seen == self._done:
            return False
        await self._plan(
            Span(now, self._site, today + timedelta(days=DAYS_AHEAD)),
            [row.value for row in schedules],
            {row.value.class_id: row.value for row in classes if row.value.active},
            {row.value.name: row.value.sources for row in rooms},
        )
        self._done = seen
        return True

    async def _plan(
        self,
        span: Span,
        schedules: Sequence[Schedule],
        classes: Mapping[str, Any],
        sources_of: Mapping[str, frozenset[str]],
    ) -> None:
        known = await self._rows.load_many(PLANNED, [one.schedule_id for one in schedules])
        planned: dict[str, Session] = {}
        first = span.now
        for schedule in schedules:
            if schedule.class_id not in classes:
                continue
            done = known.get(schedule.schedule_id)
            found = occurrences_to_plan(schedule, done.value if done else None, span)
            planned |= planned_sessions(found, classes[schedule.class_id], sources_of)
            first = min([first, *(one.starts_at for one in found)])
        await self._save(span.now, planned, await self._stored(first - LONGEST))
        until = [PlannedUntil(one.schedule_id, span.last) for one in schedules if one.class_id in classes]
        await self._rows.save_many(PLANNED, until)

    async def _save(self, now: datetime, planned: Mapping[str, Session], stored: Mapping[str, Row[Session]]) -> None:
        sessions = {key: row.value for key, row in stored.items()}
        changed = changed_sessions(planned, sessions)
        await self._rows.save_many(SESSIONS, [one for one in changed if one.session_id not in stored])
        for one in changed:
            if one.session_id in stored:
                with suppress(Outdated):  # it has begun meanwhile, and stays as it is
                    await self._rows.save(SESSIONS, one, stored[one.session_id].version)
        for key in dropped_sessions(planned, sessions, now):
            await self._rows.remove(SESSIONS, key)

    async def _stored(self, first: datetime) -> dict[str, Row[Session]]:
        wanted = Selection(first=first.isoformat())
        return {row.value.session_id: row async for row in every_row(self._rows, SESSIONS, wanted)}

    async def _all(self, table: Table[Value]) -> list[Row[Value]]:
        return [row async for row in every_row(self._rows, table)]


def _versions(*tables: tuple[Table[Any], Iterable[Row[Any]]]) -> frozenset[tuple[str, str, int]]:
    return frozenset((table.name, table.key(row.value), row.version) for table, rows in tables for row in rows)
