"""Where a measured logger keeps its attendance, and the logger itself as a process."""

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pymongo import MongoClient

from tests.bench.processes import PATIENCE_S, ROOT, Service, clean_environment, free_port, stop, wait_until_ready

WRITER, READER = "w" * 40, "r" * 40
ADMIN_PASSWORD = "measured, and nothing else"  # noqa: S105
AS_IT_IS = ("logger", "serve")
VARIANT = "tests.bench.logger_variant"


@dataclass(frozen=True, slots=True)
class Home:
    """A kind of store. `address` gives each measured logger a database of its own."""

    name: str
    note: str
    address: str  # with {} for a name

    def url(self, database: str) -> str:
        return self.address.format(database)


@contextmanager
def homes(folder: Path) -> Iterator[list[Home]]:
    """SQLite, and MongoDB where MONGO_TEST_URL says where one is; where it does not, the wire-compatible peer."""
    sqlite = Home("sqlite", "", f"sqlite:///{folder}/{{}}.db")
    given = os.environ.get("MONGO_TEST_URL")
    if given is not None:
        address, _, options = given.partition("?")
        yield [sqlite, Home("mongodb", "", f"{address.rstrip('/')}/{{}}?{options}")]
        return
    with _wire_peer(folder) as port:
        note = "nx-27017: says nothing of MongoDB itself"
        yield [sqlite, Home("peer", note, f"mongodb://127.0.0.1:{port}/{{}}")]


@contextmanager
def logger(store_url: str, folder: Path, *, command: Sequence[str] = AS_IT_IS) -> Iterator[Service]:
    """Ready, and stopped at the end. `command` is a module and its arguments. "admin" signs in with ADMIN_PASSWORD."""
    port = free_port()
    settings = {
        "LOGGER_PORT": str(port),
        "LOGGER_STORE_URL": store_url,
        "LOGGER_TIMEZONE": "UTC",
        "LOGGER_ADMIN_PASSWORD": ADMIN_PASSWORD,
        "LOGGER_API_KEYS": f"events:write={WRITER}, attendance:read={READER}",
    }
    with (folder / "logger.log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", *command],
            cwd=folder,
            env={**clean_environment(), **settings},
            stdout=log,
            stderr=log,
        )
    try:
        running = Service(port, process.pid)
        wait_until_ready(running.url, process)
        yield running
    finally:
        stop(process)


@contextmanager
def _wire_peer(folder: Path) -> Iterator[int]:
    data, port = folder / "peer", free_port()
    data.mkdir()
    files = ("--log-file", str(data / "log"), "--pid-file", str(data / "pid"))
    process = subprocess.Popen(
        [sys.executable, "-m", "nx_27017.nx_27017", "--data-dir", str(data), "-p", str(port), *files],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        with MongoClient[dict[str, Any]](f"mongodb://127.0.0.1:{port}", serverSelectionTimeoutMS=20_000) as client:
            client.admin.command("ping")  # waits until it answers
        yield port
    finally:
        process.kill()  # SIGTERM is not always heard, and nobody needs its data any more
        process.wait(PATIENCE_S)
