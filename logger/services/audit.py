"""Writing the audit, and looking at it."""

import asyncio
from collections.abc import Mapping

from logger.domain.audit import GENESIS, AuditAction, AuditEntry, Broken, Deed, canonical, seal, verify
from logger.errors import Outdated
from logger.store.kinds import AUDIT
from logger.store.tables import NEW, Place, RowStore, Selection
from shared.clock import Clock

PAGE = 1_000


class AuditService:
    def __init__(self, rows: RowStore, clock: Clock) -> None:
        self._rows = rows
        self._clock = clock
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
        before: Mapping[str, object] | None = None,
        after: Mapping[str, object] | None = None,
        reason: str | None = None,
    ) -> AuditEntry:
        """`write`, for what is done now and told as JSON."""
        told = [None if one is None else canonical(dict(one)) for one in (before, after)]
        return await self.write(Deed(self._clock.now(), by, action, subject, told[0], told[1], reason))

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

    async def _last(self) -> AuditEntry | None:
        rows = await self._rows.select(AUDIT, Selection(limit=1, descending=True))
        return rows[0].value if rows else None
