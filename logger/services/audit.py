"""Writing the audit, and looking at it."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from uuid import uuid4

from logger.domain.audit import (
    GENESIS,
    AuditAction,
    AuditEntry,
    Broken,
    Deed,
    Intent,
    canonical,
    interrupted,
    seal,
    tells,
    verify,
)
from logger.errors import Outdated, StoreUnavailable
from logger.services.rows import every_row
from logger.services.trail import Doing, Told
from logger.store.kinds import AUDIT, INTENTS
from logger.store.tables import NEW, Place, RowStore, Selection
from shared.clock import Clock
from shared.web.errors import ServiceError

PAGE = 1_000
ABANDONED_AFTER = timedelta(minutes=5)  # nothing takes longer to do


class AuditService:
    def __init__(self, rows: RowStore, clock: Clock, *, new_id: Callable[[], str] = lambda: uuid4().hex) -> None:
        self._rows = rows
        self._clock = clock
        self._new_id = new_id
        self._turn = asyncio.Lock()  # spares writers of this process from racing each other

    async def write(self, deed: Deed) -> AuditEntry:
        """The entry, sealed and kept. Of any number of writers, in any number of processes, each gets a number of its
        own. Raises StoreUnavailable."""
        async with self._turn:
            while True:
                entry = seal(await self._last(), deed)
                try:
                    await self._rows.save(AUDIT, entry, NEW)
                except Outdated:  # another process took the number
                    continue
                return entry

    async def note(
        self,
        action: AuditAction,
        subject: str,
        *,
        by: str,
        before: Told | None = None,
        after: Told | None = None,
        reason: str | None = None,
    ) -> AuditEntry:
        """`write`, for what is done now and told as JSON."""
        return await self.write(_deed(self._clock.now(), by, action, subject, Doing(before, after, reason)))

    @asynccontextmanager
    async def doing(
        self,
        action: AuditAction,
        subject: str,
        *,
        by: str,
        before: Told | None = None,
        after: Told | None = None,
        reason: str | None = None,
    ) -> AsyncIterator[Doing]:
        """See AuditTrail."""
        doing, at = Doing(before, after, reason), self._clock.now()
        intent = Intent(self._new_id(), _deed(at, by, action, subject, doing))
        await self._rows.save(INTENTS, intent, NEW)
        try:
            yield doing
        except ServiceError as error:
            if not isinstance(error, StoreUnavailable):
                await self._rows.remove(INTENTS, intent.intent_id)
            raise
        if doing.is_done:
            await self.write(_deed(at, by, action, subject, doing))
        await self._rows.remove(INTENTS, intent.intent_id)

    async def recover(self) -> int:
        """Tells of what was begun a while ago and never told, because the service or the store went away; how many.
        Asked again, also by another process, it tells nothing twice. Raises StoreUnavailable."""
        left = Selection(last=(self._clock.now() - ABANDONED_AFTER).isoformat(timespec="microseconds"))
        told = 0
        async for row in every_row(self._rows, INTENTS, left):
            if not await self._is_told(row.value):
                await self.write(interrupted(row.value))
                told += 1
            await self._rows.remove(INTENTS, row.value.intent_id)
        return told

    async def page(self, after: int | None = None, limit: int = 100) -> list[AuditEntry]:
        """Newest first; of those with a number below `after`."""
        place = None if after is None else Place(f"{after:012}", f"{after:012}")
        rows = await self._rows.select(AUDIT, Selection(after=place, limit=limit, descending=True))
        return [row.value for row in rows]

    async def head(self) -> str:
        """The hash of the last entry: noted elsewhere, it proves later that no end was cut off."""
        last = await self._last()
        return GENESIS if last is None else last.hash

    async def verify(self, head: str | None = None) -> Broken | None:
        """The first place at which the chain is broken; None when it is whole."""
        return await asyncio.to_thread(verify, await self.entries(), head)

    async def entries(self) -> list[AuditEntry]:
        """All, in their order."""
        found: list[AuditEntry] = []
        after: Place | None = None
        while rows := await self._rows.select(AUDIT, Selection(after=after, limit=PAGE)):
            found += [row.value for row in rows]
            after = Place(AUDIT.order(found[-1]), AUDIT.key(found[-1]))
        return found

    async def _is_told(self, intent: Intent) -> bool:
        """Looks at what was written since; writers that wait for each other are out of order by less than this."""
        after: int | None = None
        while entries := await self.page(after, PAGE):
            if any(tells(entry.deed, intent) for entry in entries):
                return True
            if entries[-1].deed.at < intent.deed.at - ABANDONED_AFTER:
                return False
            after = entries[-1].number
        return False

    async def _last(self) -> AuditEntry | None:
        rows = await self._rows.select(AUDIT, Selection(limit=1, descending=True))
        return rows[0].value if rows else None


def _deed(at: datetime, by: str, action: AuditAction, subject: str, doing: Doing) -> Deed:
    told = [None if one is None else canonical(dict(one)) for one in (doing.before, doing.after)]
    return Deed(at, by, action, subject, told[0], told[1], doing.reason)
