"""SQLite for many writers in one process: one connection, one thread, and commits that are shared."""

import asyncio
import contextlib
import queue
import sqlite3
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any, Generic, TypeVar, cast

Value = TypeVar("Value")

MAX_GROUP = 256  # works to a commit: bounds how long the first of them waits for the last
BUSY_TIMEOUT_S = 5.0  # for other processes that write to the same file
CHECKPOINT_PAGES = 4_000  # 16 MB: what was written often in between is copied into the main file once


@dataclass(frozen=True, slots=True)
class _Work(Generic[Value]):
    run: Callable[[sqlite3.Connection], Value]
    answer: "asyncio.Future[Value]"  # touched on its own loop alone


@dataclass(frozen=True, slots=True)
class _Done(Generic[Value]):
    answer: "asyncio.Future[Value]"
    value: Value | None
    failure: Exception | None

    def tell(self) -> None:
        if self.answer.done():  # the caller has gone away
            return
        if self.failure is None:
            self.answer.set_result(cast("Value", self.value))
        else:
            self.answer.set_exception(self.failure)


def connect(path: Path) -> sqlite3.Connection:
    """A connection in WAL mode with `synchronous=FULL`: what was committed survives a power cut."""
    connection = sqlite3.connect(path, timeout=BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False)
    connection.row_factory = sqlite3.Row
    try:
        _enter_wal(connection)
    except sqlite3.Error:
        connection.close()
        raise
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute(f"PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES}")
    return connection


def _enter_wal(connection: sqlite3.Connection) -> None:
    """Two processes that open a new file at the same moment: SQLite tells one of them at once that it is locked,
    without the patience that it has for every other statement."""
    deadline_s = time.monotonic() + BUSY_TIMEOUT_S
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > deadline_s:
                raise
            time.sleep(0.01)
        else:
            return


class SqliteWriter:
    """Runs works in the order they came, gathers those that queued during a commit into the next one, and answers each
    only after its commit. A work that raises is undone alone; a commit that fails fails its whole group."""

    def __init__(self, path: Path, *, schema: Callable[[sqlite3.Connection], None]) -> None:
        """Opens or makes the file and applies `schema`. Raises sqlite3.Error or OSError when it cannot."""
        path.parent.mkdir(parents=True, exist_ok=True)
        self._connection = connect(path)
        schema(self._connection)
        self._queue: queue.SimpleQueue[_Work[Any] | None] = queue.SimpleQueue()
        self._closed = False
        self._thread = threading.Thread(target=self._serve, name=f"sqlite {path.name}", daemon=True)
        self._thread.start()

    async def run(self, work: Callable[[sqlite3.Connection], Value]) -> Value:
        """The work's result, once it is durable. Raises what the work raised, or sqlite3.Error of the commit.

        A caller that is cancelled takes nothing back: its work is done all the same.
        """
        if self._closed:
            raise sqlite3.ProgrammingError("the database is closed")
        answer: asyncio.Future[Value] = asyncio.get_running_loop().create_future()
        self._queue.put(_Work(work, answer))
        return await answer

    def close(self) -> None:
        """Finishes what was asked for, then closes the file."""
        if not self._closed:
            self._closed = True
            self._queue.put(None)
            self._thread.join()
            self._connection.close()

    def _serve(self) -> None:
        while (first := self._queue.get()) is not None:
            group, open_end = self._gather(first)
            self._commit(group)
            if not open_end:
                return

    def _gather(self, first: _Work[Any]) -> tuple[list[_Work[Any]], bool]:
        group = [first]
        while len(group) < MAX_GROUP:
            try:
                following = self._queue.get_nowait()
            except queue.Empty:
                break
            if following is None:
                return group, False
            group.append(following)
        return group, True

    def _commit(self, group: list[_Work[Any]]) -> None:
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            done = [self._attempt(work) for work in group]
            self._connection.execute("COMMIT")
        except sqlite3.Error as error:
            self._roll_back()
            done = [_Done(work.answer, None, error) for work in group]
        _tell(done)

    def _attempt(self, work: _Work[Any]) -> _Done[Any]:
        self._connection.execute("SAVEPOINT work")
        try:
            value = work.run(self._connection)
        except Exception as error:
            # A full disk ends the whole transaction; then there is no savepoint to return to.
            if not self._connection.in_transaction:
                raise sqlite3.OperationalError("the transaction was ended by an earlier failure") from error
            self._connection.execute("ROLLBACK TO work")
            self._connection.execute("RELEASE work")
            return _Done(work.answer, None, error)
        self._connection.execute("RELEASE work")
        return _Done(work.answer, value, None)

    def _roll_back(self) -> None:
        with contextlib.suppress(sqlite3.Error):  # it fails only where SQLite has rolled back by itself
            self._connection.execute("ROLLBACK")


def _tell(done: list[_Done[Any]]) -> None:
    """Wakes each caller's loop once, however many of its callers there are: waking it is dearer than answering."""
    for loop, ours in groupby(done, key=lambda one: one.answer.get_loop()):
        with contextlib.suppress(RuntimeError):  # the loop was closed: nobody waits there any more
            loop.call_soon_threadsafe(_tell_here, list(ours))


def _tell_here(done: list[_Done[Any]]) -> None:
    for one in done:
        one.tell()
