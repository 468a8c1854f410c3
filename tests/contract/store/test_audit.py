"""The audit, kept by every store: numbered without a gap, whoever writes, and broken by any change."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from logger.domain.audit import GENESIS, AuditAction, Broken, Deed, Flaw
from logger.errors import NotFound, StoreUnavailable
from logger.services.audit import AuditService
from logger.store.base import Store
from logger.store.kinds import AUDIT, INTENTS
from logger.store.tables import ANY, Selection
from shared.clock import Clock

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


async def test_a_deed_is_told_when_it_is_done_and_not_when_it_was_refused_or_was_none(store: Store) -> None:
    audit = AuditService(store, StillClock())
    async with audit.doing(AuditAction.CLASS_SAVED, "class:1", by="t1", reason="Moved") as doing:
        assert await audit.page() == []
        doing.after = {"title": "Physics"}
    with pytest.raises(NotFound):
        async with audit.doing(AuditAction.CLASS_SAVED, "class:2", by="t1"):
            raise NotFound("There is no such class")
    async with audit.doing(AuditAction.CLASS_SAVED, "class:3", by="t1") as doing:
        doing.is_done = False
    [entry] = await audit.page()
    assert entry.deed == Deed(AT, "t1", AuditAction.CLASS_SAVED, "class:1", None, '{"title":"Physics"}', "Moved")
    assert await store.count(INTENTS, {}) == 0


@pytest.mark.parametrize("error", [StoreUnavailable("away"), KeyboardInterrupt()])
async def test_a_deed_that_was_interrupted_is_told_as_such_once_nobody_can_be_at_it_any_more(
    store: Store, other_store: Store, clock: Clock, forward: Callable[..., None], error: BaseException
) -> None:
    audit, other = AuditService(store, clock), AuditService(other_store, clock)
    with pytest.raises(type(error)):
        async with audit.doing(AuditAction.CLASS_SAVED, "class:1", by="t1", after={"title": "Physics"}):
            raise error
    assert await other.recover() == 0
    forward(minutes=6)
    assert await other.recover() == 1
    assert (await other.recover(), await audit.recover(), await audit.verify()) == (0, 0, None)
    [entry] = await audit.page()
    assert (entry.deed.by, entry.deed.action, entry.deed.subject) == ("t1", AuditAction.INTERRUPTED, "class:1")
    assert '"action":"class_saved"' in (entry.deed.after or "")
    assert "Physics" in (entry.deed.after or "")


async def test_a_crash_between_the_entry_and_the_end_of_its_intent_tells_nothing_twice(
    store: Store, clock: Clock, forward: Callable[..., None]
) -> None:
    audit = AuditService(store, clock)
    async with audit.doing(AuditAction.CLASS_SAVED, "class:1", by="t1"):
        [left] = await store.select(INTENTS, Selection())
    await store.save(INTENTS, left.value, ANY)
    for number in range(3):
        forward(minutes=4)
        await audit.note(AuditAction.CLASS_SAVED, f"class:later {number}", by="t1")
    assert await audit.recover() == 0
    assert await store.count(INTENTS, {}) == 0
    assert len(await audit.page()) == 4
