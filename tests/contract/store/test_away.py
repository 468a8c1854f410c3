"""A store that is away: the answer is StoreUnavailable, and nobody has to restart anything when it is back."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from pymongo.asynchronous.database import AsyncDatabase

from logger.domain.sightings import Sighting
from logger.errors import StoreBusy, StoreUnavailable, StoreUnusable
from logger.store.base import AttendanceFilter, EventFilter, Store
from logger.store.documents import event_document
from logger.store.mongo import MongoStore
from logger.store.preparation import Preparation
from logger.store.sqlite import SqliteStore
from shared.contracts.events import Outcome
from shared.sqlite import connect

See = Callable[..., Sighting]


class Absence:
    """A store whose home is not there yet, and what brings it."""

    def __init__(self, store: Store, bring: Callable[[], None]) -> None:
        self.store = store
        self.bring = bring


@pytest.fixture(params=["sqlite", "mongo"])
async def absence(
    request: pytest.FixtureRequest, tmp_path: Path, wire_peer: Callable[[Path], Any]
) -> AsyncIterator[Absence]:
    if request.param == "sqlite":
        in_the_way = tmp_path / "state"
        in_the_way.touch()  # a file where the folder belongs
        absent = Absence(SqliteStore(in_the_way / "attendance.db"), in_the_way.unlink)
    else:
        peer = wire_peer(tmp_path)
        absent = Absence(MongoStore(peer.url("rollcall"), selection_timeout_ms=200), peer.start)
    yield absent
    await absent.store.close()


async def test_a_store_that_is_away_at_the_start_says_so_and_works_once_it_is_there(absence: Absence, see: See) -> None:
    sighting = see()
    for use in (
        absence.store.prepare(),
        absence.store.check(),
        absence.store.record([sighting]),
        absence.store.keys(),
    ):
        with pytest.raises(StoreUnavailable):
            await use
    await asyncio.to_thread(absence.bring)
    await absence.store.check()
    assert [recorded.outcome for recorded in await absence.store.record([sighting])] == [Outcome.RECORDED]


async def test_a_database_that_goes_away_mid_run_loses_nothing_and_doubles_nothing(
    tmp_path: Path, wire_peer: Callable[[Path], Any], see: See
) -> None:
    peer = wire_peer(tmp_path)
    peer.start()
    store = MongoStore(peer.url("rollcall"), selection_timeout_ms=200)
    before, during = see("1"), see("2")
    await store.record([before])
    peer.stop()
    with pytest.raises(StoreUnavailable):
        await store.record([during])
    await asyncio.to_thread(peer.start)
    assert [one.outcome for one in await store.record([before, during])] == [Outcome.DUPLICATE, Outcome.RECORDED]
    await store.close()


async def test_an_event_whose_recording_was_cut_short_is_completed_by_its_retry(
    mongo_store: MongoStore, mongo_database: AsyncDatabase[dict[str, Any]], see: See
) -> None:
    sighting = see()
    await mongo_store.prepare()
    await mongo_database["events"].insert_one(event_document(sighting))  # and then the process was killed
    retried = (await mongo_store.record([sighting]))[0]
    assert (retried.outcome, retried.first_seen) == (Outcome.DUPLICATE, sighting.captured_at)
    listed = (await mongo_store.events_page(EventFilter(), after=None, limit=10)).items
    assert [logged.outcome for logged in listed] == [Outcome.RECORDED]
    assert len((await mongo_store.attendance_page(AttendanceFilter(), after=None, limit=10)).items) == 1


async def test_an_event_whose_recording_was_cut_short_and_never_retried_is_completed_by_reconciling(
    mongo_store: MongoStore, mongo_database: AsyncDatabase[dict[str, Any]], see: See
) -> None:
    await mongo_store.record([see(after_s=10)])
    await mongo_database["events"].insert_one(event_document(see()))  # and then the process was killed
    assert (await mongo_store.reconcile()).repaired == 1
    assert (await mongo_store.reconcile()).repaired == 0
    listed = (await mongo_store.events_page(EventFilter(), after=None, limit=10)).items
    assert [logged.outcome for logged in listed] == [Outcome.RECORDED, Outcome.ALREADY_MARKED]


async def test_a_database_whose_records_are_doubled_already_is_not_used(
    mongo_store: MongoStore, mongo_database: AsyncDatabase[dict[str, Any]], see: See
) -> None:
    twice = {"scope": "day:2025-03-03", "person_id": "101"}
    await mongo_database["attendance"].insert_many([{"_id": "a", **twice}, {"_id": "b", **twice}])
    with pytest.raises(StoreUnusable, match="indexes of attendance"):
        await mongo_store.check()
    with pytest.raises(StoreUnusable):
        await mongo_store.record([see()])
    await mongo_database["attendance"].delete_one({"_id": "b"})
    await mongo_store.check()


async def test_the_database_has_the_unique_indexes(
    mongo_store: MongoStore, mongo_database: AsyncDatabase[dict[str, Any]]
) -> None:
    await mongo_store.prepare()
    found = await mongo_database["attendance"].index_information()
    unique = {tuple(name for name, _ in index["key"]) for index in found.values() if index.get("unique")}
    assert ("scope", "person_id") in unique


async def test_a_file_from_a_newer_release_is_left_alone(attendance_file: Path, sqlite_store: SqliteStore) -> None:
    attendance_file.parent.mkdir()
    connection = connect(attendance_file)
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(StoreUnusable, match="newer release"):
        await sqlite_store.check()


async def test_a_file_that_is_no_database_is_not_overwritten(attendance_file: Path, sqlite_store: SqliteStore) -> None:
    attendance_file.parent.mkdir()
    attendance_file.write_text("somebody's notes, long enough to be taken for a header of a database file" * 3)
    with pytest.raises(StoreUnavailable):
        await sqlite_store.check()
    assert attendance_file.read_text().startswith("somebody's notes")


async def test_the_file_can_be_read_by_its_owner_only(attendance_file: Path, sqlite_store: SqliteStore) -> None:
    await sqlite_store.prepare()
    modes = {path.name: path.stat().st_mode & 0o777 for path in attendance_file.parent.iterdir()}
    assert set(modes.values()) == {0o600}
    assert attendance_file.parent.stat().st_mode & 0o777 == 0o700


async def test_what_was_asked_for_before_closing_is_committed(attendance_file: Path, see: See) -> None:
    store = SqliteStore(attendance_file)
    await store.prepare()
    writes = [asyncio.ensure_future(store.record([see(str(number))])) for number in range(20)]
    await asyncio.sleep(0)  # each has handed its work over
    await store.close()
    await asyncio.gather(*writes)
    again = SqliteStore(attendance_file)
    assert (await again.reconcile()).events == 20
    await again.close()


async def test_writes_beyond_the_limit_are_refused_at_once_and_the_waiting_ones_are_kept(
    attendance_file: Path, see: See
) -> None:
    store = SqliteStore(attendance_file, max_waiting_writes=3)
    await store.prepare()
    with closing(connect(attendance_file)) as other:
        other.execute("BEGIN IMMEDIATE")  # another process is writing
        waiting = [asyncio.ensure_future(store.record([see(str(number))])) for number in range(3)]
        await asyncio.sleep(0)  # each has handed its work over
        with pytest.raises(StoreBusy):
            await store.record([see()])
        other.execute("ROLLBACK")
    assert [recorded[0].outcome for recorded in await asyncio.gather(*waiting)] == [Outcome.RECORDED] * 3
    await store.close()


async def test_callers_who_come_while_the_store_is_tried_share_the_attempt() -> None:
    attempts = 0
    let_go = asyncio.Event()

    async def prepare() -> None:
        nonlocal attempts
        attempts += 1
        await let_go.wait()
        raise StoreUnavailable("away")

    preparation = Preparation(prepare)
    callers = [asyncio.ensure_future(preparation.done()) for _ in range(20)]
    await asyncio.sleep(0)
    let_go.set()
    answers = await asyncio.gather(*callers, return_exceptions=True)
    assert attempts == 1
    assert all(isinstance(answer, StoreUnavailable) for answer in answers)
