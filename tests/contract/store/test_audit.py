"""The audit, kept by every store: numbered without a gap, whoever writes, and broken by any change."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime

from logger.domain.audit import GENESIS, AuditAction, Broken, Deed, Flaw
from logger.services.audit import AuditService
from logger.store.base import Store
from logger.store.kinds import AUDIT
from logger.store.tables import ANY

AT = datetime(2025, 3, 3, 10, 0, 0, 123456, tzinfo=UTC)


class StillClock:
    def now(self) -> datetime:
        return AT


async def test_what_was_written_is_verified_and_listed_newest_first(store: Store) -> None:
    audit = AuditService(store, StillClock())
    assert (await audit.head(), await audit.verify(), await audit.page()) == (GENESIS, None, [])
    first = await audit.note(AuditAction.SESSION_STARTED, "session:s1", by="t1", after={"state": "active"})
    second = await audit.note(AuditAction.ATTENDANCE_CORRECTED, "session:s1/101", by="t1", reason="Zoë’s bus")
    assert await audit.page() == [second, first]
    assert await audit.page(after=2) == [first]
    assert first.deed == Deed(AT, "t1", AuditAction.SESSION_STARTED, "session:s1", None, '{"state":"active"}')
    assert await audit.head() == second.hash
    assert await audit.verify(head=second.hash) is None
    assert await audit.verify(head="0" * 63 + "1") == Broken(3, Flaw.END)


async def test_writers_of_two_processes_share_one_chain(store: Store, other_store: Store) -> None:
    writers = [AuditService(one, StillClock()) for one in (store, other_store)]
    notes = [
        writer.note(AuditAction.CLASS_SAVED, f"class:{number}", by="admin")
        for number in range(10)
        for writer in writers
    ]
    entries = await asyncio.gather(*notes)
    assert sorted(entry.number for entry in entries) == list(range(1, 21))
    assert await writers[0].verify() is None


async def test_an_entry_that_was_changed_or_removed_is_found(store: Store) -> None:
    audit = AuditService(store, StillClock())
    entries = [await audit.note(AuditAction.CLASS_SAVED, f"class:{number}", by="admin") for number in range(4)]
    forged = replace(entries[1], deed=replace(entries[1].deed, by="somebody else"))
    await store.save(AUDIT, forged, ANY)
    assert await audit.verify() == Broken(2, Flaw.CONTENT)
    await store.save(AUDIT, entries[1], ANY)
    await store.remove(AUDIT, AUDIT.key(entries[2]))
    assert await audit.verify() == Broken(3, Flaw.NUMBER)
