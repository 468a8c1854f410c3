"""Keys: found in constant time, remembered for a while, made and withdrawn by an operator."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from logger.domain.audit import AuditAction, Deed
from logger.errors import Conflict, NotFound, StartError, StoreUnavailable
from logger.services.keys import FixedKeys, KeyAdministration, StoredKeys
from logger.services.trail import Doing
from logger.store.base import StoredKey
from shared.security import Scope, new_key, new_secret

WRITE, READ = Scope.EVENTS_WRITE, Scope.ATTENDANCE_READ


class Clock:
    def __init__(self) -> None:
        self.instant = datetime(2025, 3, 3, 12, 0, tzinfo=UTC)

    def now(self) -> datetime:
        return self.instant

    def forward(self, seconds: float) -> None:
        self.instant += timedelta(seconds=seconds)


class KeysInMemory:
    """Implements KeyStore."""

    def __init__(self) -> None:
        self.stored: dict[str, StoredKey] = {}
        self.reads = 0
        self.is_away = False
        self.answers = asyncio.Event()
        self.answers.set()

    async def save_key(self, key: StoredKey) -> None:
        self.stored[key.key.key_id] = key

    async def keys(self) -> list[StoredKey]:
        self.reads += 1
        await self.answers.wait()
        if self.is_away:
            raise StoreUnavailable("away")
        return list(self.stored.values())


class Trail:
    def __init__(self) -> None:
        self.notes: list[tuple[AuditAction, str, str]] = []
        self.told: list[Mapping[str, object] | None] = []

    async def write(self, deed: Deed) -> None:
        self.notes.append((deed.action, deed.subject, deed.by))

    async def note(
        self,
        action: AuditAction,
        subject: str,
        *,
        by: str,
        before: Mapping[str, object] | None = None,
        after: Mapping[str, object] | None = None,
        reason: str | None = None,
    ) -> None:
        self.notes.append((action, subject, by))
        self.told += [before, after]

    @asynccontextmanager
    async def doing(
        self,
        action: AuditAction,
        subject: str,
        *,
        by: str,
        before: Mapping[str, object] | None = None,
        after: Mapping[str, object] | None = None,
        reason: str | None = None,
    ) -> AsyncIterator[Doing]:
        deed = Doing(before, after, reason)
        yield deed
        await self.note(action, subject, by=by, before=deed.before, after=deed.after, reason=deed.reason)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store() -> KeysInMemory:
    return KeysInMemory()


@pytest.fixture
def trail() -> Trail:
    return Trail()


@pytest.fixture
def administration(store: KeysInMemory, clock: Clock, trail: Trail) -> KeyAdministration:
    return KeyAdministration(store, clock, trail)


@pytest.fixture
def ring(store: KeysInMemory, clock: Clock) -> StoredKeys:
    return StoredKeys(store, clock)


async def test_fixed_keys_are_found_by_their_secret() -> None:
    secret = new_secret()
    key = new_key(secret, [WRITE], "recognizer")
    assert await FixedKeys([key]).find(secret) == key
    assert await FixedKeys([key]).find(secret + "x") is None


async def test_a_thousand_deliveries_read_the_keys_once(
    administration: KeyAdministration, ring: StoredKeys, store: KeysInMemory
) -> None:
    secret, key = await administration.add([WRITE], "recognizer", by="admin")
    store.reads = 0
    assert [await ring.find(secret) for _ in range(1000)] == [key] * 1000
    assert store.reads == 1


async def test_a_revoked_key_opens_nothing_after_ten_seconds(
    administration: KeyAdministration, ring: StoredKeys, clock: Clock
) -> None:
    secret, key = await administration.add([WRITE], "recognizer", by="admin")
    assert await ring.find(secret) == key
    await administration.revoke(key.key_id, by="admin")
    clock.forward(seconds=10)
    assert await ring.find(secret) is None


async def test_a_new_key_opens_after_a_second(
    administration: KeyAdministration, ring: StoredKeys, clock: Clock
) -> None:
    assert await ring.find("nobody's") is None
    secret, key = await administration.add([WRITE], "recognizer", by="admin")
    clock.forward(seconds=1)
    assert await ring.find(secret) == key


async def test_guessing_costs_the_store_one_read_a_second(ring: StoredKeys, store: KeysInMemory, clock: Clock) -> None:
    for _ in range(3):
        for guess in range(100):
            assert await ring.find(str(guess)) is None
        clock.forward(seconds=1)
    assert store.reads == 3


async def test_a_clock_that_is_set_back_does_not_keep_a_revoked_key_alive(
    administration: KeyAdministration, ring: StoredKeys, clock: Clock
) -> None:
    secret, key = await administration.add([WRITE], "recognizer", by="admin")
    assert await ring.find(secret) == key
    await administration.revoke(key.key_id, by="admin")
    clock.forward(seconds=-3600)
    assert await ring.find(secret) is None


async def test_without_the_store_known_keys_work_until_they_are_too_old(
    administration: KeyAdministration, ring: StoredKeys, store: KeysInMemory, clock: Clock
) -> None:
    secret, key = await administration.add([WRITE], "recognizer", by="admin")
    await ring.find(secret)
    store.is_away = True
    clock.forward(seconds=9)
    assert await ring.find(secret) == key
    clock.forward(seconds=1)
    with pytest.raises(StoreUnavailable):
        await ring.find(secret)


async def test_callers_who_wait_for_a_store_that_is_away_wait_for_one_reading(
    ring: StoredKeys, store: KeysInMemory
) -> None:
    store.is_away = True
    store.answers.clear()
    callers = [asyncio.ensure_future(ring.find("anybody's")) for _ in range(50)]
    await asyncio.sleep(0)  # each has asked
    store.answers.set()
    answers = await asyncio.gather(*callers, return_exceptions=True)
    assert all(isinstance(answer, StoreUnavailable) for answer in answers)
    assert store.reads == 1


async def test_revoking_twice_keeps_the_first_date_and_an_unknown_key_is_named(
    administration: KeyAdministration, clock: Clock
) -> None:
    _, key = await administration.add([WRITE], "recognizer", by="admin")
    first = await administration.revoke(key.key_id, by="admin")
    clock.forward(seconds=60)
    assert await administration.revoke(key.key_id, by="admin") == first
    with pytest.raises(NotFound, match="no key abc"):
        await administration.revoke("abc", by="admin")


async def test_ensuring_makes_one_key_however_often_it_runs(
    administration: KeyAdministration, ring: StoredKeys, store: KeysInMemory, tmp_path: Path
) -> None:
    path = tmp_path / "secrets" / "logger.key"
    first = await administration.ensure(path, [WRITE], "recognizer", by="admin")
    assert await administration.ensure(path, [WRITE], "recognizer", by="admin") == first
    assert len(store.stored) == 1
    assert await ring.find(path.read_text().strip()) == first
    assert (path.stat().st_mode & 0o777, path.parent.stat().st_mode & 0o777) == (0o600, 0o700)


async def test_ensuring_brings_a_key_back_to_a_store_that_has_lost_it(
    administration: KeyAdministration, store: KeysInMemory, tmp_path: Path
) -> None:
    path = tmp_path / "logger.key"
    first = await administration.ensure(path, [WRITE], "recognizer", by="admin")
    secret = path.read_text()
    store.stored.clear()
    assert await administration.ensure(path, [WRITE], "recognizer", by="admin") == first
    assert path.read_text() == secret


async def test_ensuring_adds_scopes_and_closes_a_file_that_others_could_read(
    administration: KeyAdministration, tmp_path: Path
) -> None:
    path = tmp_path / "logger.key"
    await administration.ensure(path, [WRITE], "recognizer", by="admin")
    path.chmod(0o644)
    key = await administration.ensure(path, [READ], "recognizer", by="admin")
    assert key.scopes == {WRITE, READ}
    assert path.stat().st_mode & 0o777 == 0o600


async def test_ensuring_neither_revives_a_revoked_key_nor_takes_a_file_for_one(
    administration: KeyAdministration, tmp_path: Path
) -> None:
    path = tmp_path / "logger.key"
    key = await administration.ensure(path, [WRITE], "recognizer", by="admin")
    await administration.revoke(key.key_id, by="admin")
    with pytest.raises(StartError, match="was revoked"):
        await administration.ensure(path, [WRITE], "recognizer", by="admin")
    path.write_text("a shopping list")
    with pytest.raises(StartError, match="does not hold a key"):
        await administration.ensure(path, [WRITE], "recognizer", by="admin")
    assert path.read_text() == "a shopping list"


async def test_a_key_and_its_successor_are_both_open_until_one_is_revoked(
    administration: KeyAdministration, ring: StoredKeys, clock: Clock
) -> None:
    old_secret, old = await administration.add([WRITE], "recognizer", by="admin")
    new_secret, new = await administration.rotate(old.key_id, by="admin")
    assert (new.scopes, new.label) == (old.scopes, old.label)
    assert [await ring.find(secret) for secret in (old_secret, new_secret)] == [old, new]
    with pytest.raises(Conflict, match="successor"):
        await administration.rotate(new.key_id, by="admin")
    await administration.revoke(old.key_id, by="admin")
    clock.forward(seconds=10)
    assert [await ring.find(secret) for secret in (old_secret, new_secret)] == [None, new]
    with pytest.raises(Conflict, match="was revoked"):
        await administration.rotate(old.key_id, by="admin")
    await administration.rotate(new.key_id, by="admin")


async def test_what_was_done_with_keys_is_in_the_audit_once_and_without_a_secret(
    administration: KeyAdministration, trail: Trail, tmp_path: Path
) -> None:
    secret, key = await administration.add([WRITE], "recognizer", by="admin")
    for _ in range(2):
        await administration.revoke(key.key_id, by="admin")
        ensured = await administration.ensure(tmp_path / "key", [READ], "operator", by="console")
    assert trail.notes == [
        (AuditAction.KEY_ADDED, f"key:{key.key_id}", "admin"),
        (AuditAction.KEY_REVOKED, f"key:{key.key_id}", "admin"),
        (AuditAction.KEY_ADDED, f"key:{ensured.key_id}", "console"),
    ]
    assert secret not in repr(trail.told)
    assert key.digest not in repr(trail.told)
