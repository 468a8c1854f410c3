"""Every implementation of Store, empty, and a way past each one's own methods."""

import os
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, closing
from datetime import UTC, date, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any, Protocol
from uuid import UUID, uuid4

import pytest
from pymongo import AsyncMongoClient, MongoClient
from pymongo.asynchronous.collection import AsyncCollection
from pymongo.asynchronous.database import AsyncDatabase

from logger.domain.audit import AuditAction, Deed, canonical
from logger.domain.sightings import Sighting
from logger.services.trail import AuditTrail, Doing, Told
from logger.store.base import Store
from logger.store.mongo import MongoStore
from logger.store.sqlite import SqliteStore
from shared.clock import Clock
from shared.contracts.attendance import Method
from shared.contracts.events import Outcome
from shared.sqlite import connect

NOON = datetime(2025, 3, 3, 12, 0, tzinfo=UTC)
DAY = NOON.date()


class Backdoor(Protocol):
    """The store's data without the store: what a crash, another program or a mistake could do to it."""

    async def copy_event(self) -> None:
        """Inserts the only event once more, as it is."""
        ...

    async def copy_attendance(self) -> None:
        """Inserts the only attendance record once more, under another id."""
        ...

    async def forget_attendance(self) -> None: ...

    async def set_last_seen_back(self) -> None: ...


class SqliteBackdoor:
    def __init__(self, path: Path) -> None:
        self._path = path

    async def copy_event(self) -> None:
        self._execute("INSERT INTO events SELECT * FROM events")

    async def copy_attendance(self) -> None:
        self._execute(
            "INSERT INTO attendance SELECT 'another', scope, person_id, person, name, local_date, session_id, status, "
            "method, first_us, first_event, last_us, events, source, acknowledged_us FROM attendance"
        )

    async def forget_attendance(self) -> None:
        self._execute("DELETE FROM attendance")

    async def set_last_seen_back(self) -> None:
        self._execute("UPDATE attendance SET last_us = first_us")

    def _execute(self, statement: str) -> None:
        with closing(connect(self._path)) as connection:
            connection.execute(statement)


class MongoBackdoor:
    def __init__(self, database: AsyncDatabase[dict[str, Any]]) -> None:
        self.events = database["events"]
        self.attendance = database["attendance"]

    async def copy_event(self) -> None:
        await self.events.insert_one(await self._only(self.events))

    async def copy_attendance(self) -> None:
        await self.attendance.insert_one(await self._only(self.attendance) | {"_id": "another"})

    async def forget_attendance(self) -> None:
        await self.attendance.delete_many({})

    async def set_last_seen_back(self) -> None:
        record = await self._only(self.attendance)
        await self.attendance.update_one({}, {"$set": {"last_us": record["first_us"]}})

    @staticmethod
    async def _only(collection: AsyncCollection[dict[str, Any]]) -> dict[str, Any]:
        document = await collection.find_one({})
        assert document is not None
        return document


STOP_S = 10


class WirePeer:
    """The wire-compatible server of the package nx-27017, on a port and in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        folder = str(self._folder)
        arguments = ["--data-dir", folder, "-p", str(self.port), "--log-file", f"{folder}/log"]
        self._process = subprocess.Popen(
            [sys.executable, "-m", "nx_27017.nx_27017", *arguments, "--pid-file", f"{folder}/pid"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        with MongoClient[dict[str, Any]](self.url("admin"), serverSelectionTimeoutMS=20_000) as client:
            client.admin.command("ping")  # waits until it answers

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(STOP_S)
            except subprocess.TimeoutExpired:  # it does not always hear SIGTERM
                self._process.kill()
                self._process.wait()
            self._process = None

    def url(self, database: str) -> str:
        return f"mongodb://127.0.0.1:{self.port}/{database}"


@pytest.fixture
def wire_peer() -> Iterator[Callable[[Path], WirePeer]]:
    """Makes peers that are not started yet and are stopped after the test."""
    peers: list[WirePeer] = []

    def make(folder: Path) -> WirePeer:
        peers.append(WirePeer(folder))
        return peers[-1]

    yield make
    for peer in peers:
        peer.stop()


@pytest.fixture(scope="session")
def mongo_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], str]]:
    """The address of a database: on the server of MONGO_TEST_URL where one is given, else on the peer."""
    given = os.environ.get("MONGO_TEST_URL")
    if given is not None:
        address, _, options = given.partition("?")
        yield lambda database: f"{address.rstrip('/')}/{database}?{options}"
        return
    peer = WirePeer(tmp_path_factory.mktemp("wire-peer"))
    peer.start()
    yield peer.url
    peer.stop()


@pytest.fixture
async def mongo_database(mongo_url: Callable[[str], str]) -> AsyncIterator[AsyncDatabase[dict[str, Any]]]:
    """An empty database, dropped afterwards. PyMongo's own client, so that the tests do not see by the store's eyes."""
    name = f"rollcall_test_{uuid4().hex}"
    async with AsyncMongoClient[dict[str, Any]](mongo_url(name), tz_aware=True) as client:
        yield client[name]
        await client.drop_database(name)


@pytest.fixture
def attendance_file(tmp_path: Path) -> Path:
    return tmp_path / "logger" / "attendance.db"


@pytest.fixture
async def sqlite_store(attendance_file: Path) -> AsyncIterator[SqliteStore]:
    store = SqliteStore(attendance_file)
    yield store
    await store.close()


@pytest.fixture
async def mongo_store(
    mongo_url: Callable[[str], str], mongo_database: AsyncDatabase[dict[str, Any]]
) -> AsyncIterator[MongoStore]:
    store = MongoStore(mongo_url(mongo_database.name))
    yield store
    await store.close()


@pytest.fixture(params=["sqlite", "mongo"])
def opened(request: pytest.FixtureRequest) -> tuple[Store, Backdoor]:
    store: Store = request.getfixturevalue(f"{request.param}_store")
    if request.param == "sqlite":
        return store, SqliteBackdoor(request.getfixturevalue("attendance_file"))
    return store, MongoBackdoor(request.getfixturevalue("mongo_database"))


@pytest.fixture
def store(opened: tuple[Store, Backdoor]) -> Store:
    return opened[0]


@pytest.fixture
async def other_store(request: pytest.FixtureRequest, opened: tuple[Store, Backdoor]) -> AsyncIterator[Store]:
    """On the same data, as another process would have it: the two share no calls."""
    other: Store
    if isinstance(opened[0], SqliteStore):
        other = SqliteStore(request.getfixturevalue("attendance_file"))
    else:
        other = MongoStore(request.getfixturevalue("mongo_url")(request.getfixturevalue("mongo_database").name))
    yield other
    await other.close()


@pytest.fixture
def backdoor(opened: tuple[Store, Backdoor]) -> Backdoor:
    return opened[1]


@pytest.fixture
def see() -> Callable[..., Sighting]:
    """Makes sightings; each has an event id of its own unless one is given."""
    numbers = count(1)

    def make(
        person_id: str = "101",
        after_s: float = 0,
        *,
        event_id: UUID | None = None,
        day: date = DAY,
        session_id: str | None = None,
        source: str | None = "room-1",
        method: Method = Method.FACE,
        body: str = "as sent",
        not_counted: Outcome | None = None,
    ) -> Sighting:
        return Sighting(
            event_id=event_id or UUID(int=next(numbers)),
            person_id=person_id,
            person=f"Alice {person_id}",
            name="Alice",
            distance=0.18,
            similarity=0.82,
            threshold=0.25,
            engine="Dlib/mtcnn",
            source=source,
            captured_at=NOON + timedelta(seconds=after_s),
            received_at=NOON + timedelta(seconds=1, microseconds=7),
            local_date=day,
            session_id=session_id,
            liveness=None,
            method=method,
            digest=body,
            not_counted=not_counted,
        )

    return make


class SettableClock:
    def __init__(self) -> None:
        self.instant = NOON

    def now(self) -> datetime:
        return self.instant

    def forward(self, **by: float) -> None:
        self.instant += timedelta(**by)


@pytest.fixture
def settable_clock() -> SettableClock:
    return SettableClock()


@pytest.fixture
def clock(settable_clock: SettableClock) -> Clock:
    """At noon in UTC, until `forward` moves it."""
    return settable_clock


@pytest.fixture
def forward(settable_clock: SettableClock) -> Callable[..., None]:
    """Moves the clock by `days=`, `hours=`, `minutes=`."""
    return settable_clock.forward


class ListedDeeds:
    def __init__(self) -> None:
        self.deeds: list[Deed] = []

    async def write(self, deed: Deed) -> None:
        self.deeds.append(deed)

    async def note(
        self,
        action: AuditAction,
        subject: str,
        *,
        by: str,
        before: Told | None = None,
        after: Told | None = None,
        reason: str | None = None,
    ) -> None:
        async with self.doing(action, subject, by=by, before=before, after=after, reason=reason):
            pass

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
        doing = Doing(before, after, reason)
        yield doing
        told = [None if one is None else canonical(dict(one)) for one in (doing.before, doing.after)]
        if doing.is_done:
            await self.write(Deed(NOON, by, action, subject, told[0], told[1], doing.reason))


@pytest.fixture
def listed_deeds() -> ListedDeeds:
    return ListedDeeds()


@pytest.fixture
def trail(listed_deeds: ListedDeeds) -> AuditTrail:
    return listed_deeds


@pytest.fixture
def deeds(listed_deeds: ListedDeeds) -> list[Deed]:
    """What was written to the audit."""
    return listed_deeds.deeds
