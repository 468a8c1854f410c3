"""Every implementation of Store, empty, and a way past each one's own methods."""

from collections.abc import AsyncIterator, Callable
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Protocol
from uuid import UUID

import pytest

from logger.domain.sightings import Sighting
from logger.store.base import Store
from logger.store.sqlite import SqliteStore
from shared.contracts.attendance import Method
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


@pytest.fixture
def attendance_file(tmp_path: Path) -> Path:
    return tmp_path / "logger" / "attendance.db"


@pytest.fixture(params=["sqlite"])
async def opened(request: pytest.FixtureRequest) -> AsyncIterator[tuple[Store, Backdoor]]:
    path: Path = request.getfixturevalue("attendance_file")
    store = SqliteStore(path)
    yield store, SqliteBackdoor(path)
    await store.close()


@pytest.fixture
def store(opened: tuple[Store, Backdoor]) -> Store:
    return opened[0]


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
        )

    return make
