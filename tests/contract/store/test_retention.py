"""Retention and backup, the same on every store."""

import csv
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from logger.domain.audit import AuditAction, Deed
from logger.domain.kept_marks import KeptMark
from logger.domain.marking import Basis, Facts, Mark
from logger.domain.policy import DEFAULT_STATUSES
from logger.domain.sessions import Session
from logger.domain.sightings import Sighting
from logger.domain.tallies import TalliedHour
from logger.services.audit import AuditService
from logger.services.backup import BackupService
from logger.services.chores import Chores
from logger.services.exports import ExportsService
from logger.services.retention import RetentionPolicy, RetentionService
from logger.services.trail import AuditTrail
from logger.store.base import Store
from logger.store.kinds import MARKS, SESSIONS, TALLIES
from logger.store.tables import Selection
from shared.clock import Clock

UTC = ZoneInfo("UTC")


@pytest.fixture
async def days(store: Store, clock: Clock, see: Callable[..., Sighting]) -> list[date]:
    """Forty days with a session, a mark and a sighting each, today the last."""
    found = [clock.now() - timedelta(days=back) for back in reversed(range(40))]
    for at in found:
        session = Session(f"s{at:%m%d}", "c1", at, at + timedelta(hours=1))
        mark = Mark(session.session_id, "101", next(iter(DEFAULT_STATUSES)), Basis.SIGHTING, at)
        kept = KeptMark(session.session_id, "101", "c1", at.date(), at, Facts(at), mark)
        await store.save_many(SESSIONS, [session])
        await store.save_many(MARKS, [kept])
    await store.record([see(day=at.date()) for at in found])
    return [at.date() for at in found]


@pytest.fixture
def exports(store: Store, trail: AuditTrail, clock: Clock) -> ExportsService:
    return ExportsService(store, trail, clock, site=UTC)


@pytest.fixture
def chores(store: Store, trail: AuditTrail, clock: Clock, exports: ExportsService, tmp_path: Path) -> Chores:
    """They keep thirty days, and have a file where the folder of the backup should be."""
    (tmp_path / "file").write_text("no folder")
    return Chores(
        retention(store, trail, clock, 30), AuditService(store, clock), BackupService(exports, tmp_path / "file"), clock
    )


def retention(store: Store, trail: AuditTrail, clock: Clock, keep_days: int | None) -> RetentionService:
    return RetentionService(store, trail, clock, site=UTC, policy=RetentionPolicy(keep_days))


async def test_what_is_older_than_the_policy_is_removed_once_and_noted(
    store: Store, trail: AuditTrail, clock: Clock, days: list[date], deeds: list[Deed]
) -> None:
    service = retention(store, trail, clock, 30)
    forgotten = await service.apply(by="console")
    assert forgotten is not None
    assert forgotten.before == days[9]
    assert (forgotten.attendance, forgotten.events, forgotten.marks, forgotten.sessions) == (9, 9, 9, 9)
    left = await store.select(MARKS, Selection())
    assert [row.value.local_date for row in left] == days[9:]
    assert [row.value.starts_at.date() for row in await store.select(SESSIONS, Selection())] == days[9:]
    assert [deed.action for deed in deeds] == [AuditAction.RETENTION_APPLIED]
    assert not await service.apply(by="console")
    assert len(deeds) == 1


async def test_counts_of_faces_without_a_name_are_forgotten_with_their_day(
    store: Store, trail: AuditTrail, clock: Clock
) -> None:
    hours = [clock.now() - timedelta(days=back) for back in (0, 29, 33, 40)]
    await store.save_many(TALLIES, [TalliedHour("r1", "door", hour) for hour in hours])
    await retention(store, trail, clock, 30).apply(by="console")
    left = {row.value.hour for row in await store.select(TALLIES, Selection())}
    assert left == set(hours[:2])


async def test_without_a_number_of_days_everything_is_kept(
    store: Store, trail: AuditTrail, clock: Clock, days: list[date]
) -> None:
    service = retention(store, trail, clock, None)
    assert await service.apply(by="console") is None
    assert await store.count(MARKS, {}) == 40
    assert "for ever" in service.policy.sentences[0]


async def test_the_backup_follows_the_day_and_is_left_alone_when_nothing_changes(
    store: Store, exports: ExportsService, days: list[date], see: Callable[..., Sighting], tmp_path: Path
) -> None:
    backup = BackupService(exports, tmp_path / "backup")
    await backup.write()
    seen = tmp_path / "backup" / "2025-03-03-attendance.csv"
    assert sorted(path.name for path in seen.parent.iterdir()) == [
        f"{day}-{name}.csv" for day in ("2025-03-02", "2025-03-03") for name in ("attendance", "marks")
    ]
    assert (seen.stat().st_mode & 0o777, seen.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    first = seen.stat().st_ino
    await backup.write()
    assert seen.stat().st_ino == first
    await store.record([see("102", 60)])
    await backup.write()
    with seen.open(encoding="utf-8-sig", newline="") as file:
        assert [row[1] for row in csv.reader(file)] == ["Roll number", "102", "101"]


async def test_a_folder_that_cannot_be_written_to_does_not_stop_the_forgetting(
    store: Store, chores: Chores, days: list[date], forward: Callable[..., None]
) -> None:
    await chores.tick()
    assert await store.count(MARKS, {}) == 31
    forward(hours=1)
    await chores.tick()
    forward(days=1)
    await chores.tick()
    assert await store.count(MARKS, {}) == 30
