"""Where it all happens: clients, a link, the recognizer, a link, the logger, a link where there is one, the store."""

import random
import sqlite3
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import httpx

from shared.contracts.events import EventBatch, RecognitionEvent
from tests.bench.logger_homes import homes
from tests.chaos.frames import fill_dataset
from tests.chaos.proxy import FaultProxy
from tests.chaos.services import Service

WRITER, READER = "w" * 40, "r" * 40
_STATE_BYTES = 48 * 1024 * 1024  # of the recognizer's own file system, where there can be one


@dataclass(frozen=True, slots=True)
class Scene:
    recognizer: Service
    logger: Service
    front: FaultProxy  # clients to recognizer
    middle: FaultProxy  # recognizer to logger
    back: FaultProxy | None  # logger to MongoDB; None with the embedded store
    dataset: Path
    folder: Path
    chance: random.Random
    own_disk: bool  # the recognizer's state is on a small file system of its own

    @property
    def state(self) -> Path:
        return self.folder / "state"

    @property
    def outbox(self) -> Path:
        return self.state / "outbox.db"

    @property
    def attendance(self) -> Path:
        return self.folder / "attendance.db"

    @property
    def services(self) -> tuple[Service, Service]:
        return self.logger, self.recognizer

    def spooled(self, state: str) -> int:
        """How many events are in the outbox in this state, looked up from outside."""
        with closing(sqlite3.connect(self.outbox, timeout=10)) as connection:
            found = connection.execute("SELECT count(*) FROM outbox WHERE state = ?", (state,)).fetchone()
        return int(found[0])

    def sent_before(self, limit: int) -> list[RecognitionEvent]:
        """The latest events that the logger has answered for, as the recognizer sent them."""
        query = "SELECT body FROM outbox WHERE state = 'delivered' ORDER BY seq DESC LIMIT ?"
        with closing(sqlite3.connect(self.outbox, timeout=10)) as connection:
            return [RecognitionEvent.model_validate_json(body) for (body,) in connection.execute(query, (limit,))]

    async def deliver(self, events: list[RecognitionEvent]) -> httpx.Response:
        """As a second recognizer with the same events would."""
        body = EventBatch(events=events).model_dump_json()
        headers = {"X-API-Key": WRITER, "Content-Type": "application/json"}
        async with httpx.AsyncClient(base_url=self.logger.url, timeout=30, trust_env=False) as client:
            return await client.post("/v1/events", content=body, headers=headers)


@contextmanager
def writing(file: Path) -> Iterator[None]:
    """Another process that writes to an SQLite file, so that nobody else can meanwhile."""
    with closing(sqlite3.connect(file, isolation_level=None, timeout=10, check_same_thread=False)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        yield
        connection.execute("ROLLBACK")


@asynccontextmanager
async def scene(store: str, folder: Path, chance: random.Random) -> AsyncIterator[Scene]:
    """Not started yet; what runs at the end is killed. `store` is sqlite or mongo."""
    async with AsyncExitStack() as stack:
        store_url, back = await _store(store, folder, stack)
        own_disk = stack.enter_context(_disk(folder / "state"))
        dataset = folder / "dataset"
        fill_dataset(dataset)
        logger = Service("logger", folder, _logger_settings(store_url))
        middle = await stack.enter_async_context(FaultProxy(logger.port))
        recognizer = Service("recognizer", folder, _recognizer_settings(folder, dataset, middle.port))
        front = await stack.enter_async_context(FaultProxy(recognizer.port))
        stack.callback(_end, recognizer, logger)
        yield Scene(recognizer, logger, front, middle, back, dataset, folder, chance, own_disk)


def _end(*services: Service) -> None:
    for service in services:
        if service.runs:
            service.kill()


async def _store(store: str, folder: Path, stack: AsyncExitStack) -> tuple[str, FaultProxy | None]:
    if store == "sqlite":
        return f"sqlite:///{folder / 'attendance.db'}", None
    address = urlsplit(stack.enter_context(_mongo(folder)))
    assert address.port is not None
    back = await stack.enter_async_context(FaultProxy(address.port))
    return f"mongodb://127.0.0.1:{back.port}{address.path}?directConnection=true", back


@contextmanager
def _mongo(folder: Path) -> Iterator[str]:
    """The address of an empty database."""
    with homes(folder) as [_, home]:
        yield home.url(f"chaos_{folder.name.replace('-', '_')}")


@contextmanager
def _disk(folder: Path) -> Iterator[bool]:
    """A small file system of its own, where we may make one; otherwise a plain folder."""
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={_STATE_BYTES},mode=0700", "rollcall-chaos", str(folder)]
    with ExitStack() as stack:
        try:
            own = subprocess.run(mount, capture_output=True, check=False).returncode == 0
        except OSError:  # no such program
            own = False
        if own:
            stack.callback(subprocess.run, ["umount", "--lazy", str(folder)], check=False)
        yield own


def _logger_settings(store_url: str) -> dict[str, str]:
    return {
        "LOGGER_STORE_URL": store_url,
        "LOGGER_TIMEZONE": "UTC",
        "LOGGER_API_KEYS": f"events:write={WRITER}, attendance:read={READER}",
    }


def _recognizer_settings(folder: Path, dataset: Path, logger_port: int) -> dict[str, str]:
    return {
        "RECOGNIZER_MODEL": "fake",
        "RECOGNIZER_DETECTOR": "fake",
        "RECOGNIZER_DATASET_DIR": str(dataset),
        "RECOGNIZER_STATE_DIR": str(folder / "state"),
        "RECOGNIZER_LOGGER_URL": f"http://127.0.0.1:{logger_port}",
        "RECOGNIZER_LOGGER_KEY": WRITER,
        "RECOGNIZER_LOGGER_TIMEOUT_S": "2",
        "RECOGNIZER_BODY_TIMEOUT_S": "3",
        "RECOGNIZER_RATE_PER_S": "0",  # all kiosks are at one address
    }
