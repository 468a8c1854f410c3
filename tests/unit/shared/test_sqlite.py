"""Writes that share commits: each answered after its own, and undone alone."""

import asyncio
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from shared.sqlite import SqliteWriter, connect

Work = Callable[[sqlite3.Connection], int]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "numbers.db"


def make_table(connection: sqlite3.Connection) -> None:
    connection.execute("CREATE TABLE numbers (n UNIQUE)")


@pytest.fixture
def writer(path: Path) -> Iterator[SqliteWriter]:
    made = SqliteWriter(path, schema=make_table)
    yield made
    made.close()


def put(number: int) -> Work:
    def work(connection: sqlite3.Connection) -> int:
        connection.execute("INSERT INTO numbers VALUES (?)", (number,))
        return number

    return work


def kept(path: Path) -> list[int]:
    with closing(connect(path)) as connection:
        return [row[0] for row in connection.execute("SELECT n FROM numbers ORDER BY n")]


async def test_each_caller_gets_its_own_answer_once_it_is_durable(writer: SqliteWriter, path: Path) -> None:
    assert await asyncio.gather(*(writer.run(put(number)) for number in range(600))) == list(range(600))
    assert kept(path) == list(range(600))


async def test_a_work_that_raises_is_undone_alone(writer: SqliteWriter, path: Path) -> None:
    def half(connection: sqlite3.Connection) -> int:
        put(99)(connection)
        raise ValueError("no")

    works = (put(1), half, put(2), put(1))
    answers = await asyncio.gather(*map(writer.run, works), return_exceptions=True)
    assert answers[0:3:2] == [1, 2]
    assert [type(answer) for answer in answers[1::2]] == [ValueError, sqlite3.IntegrityError]
    assert kept(path) == [1, 2]


async def test_a_caller_that_goes_away_undoes_nothing(writer: SqliteWriter, path: Path) -> None:
    under_way, go_on = threading.Event(), threading.Event()

    def wait(connection: sqlite3.Connection) -> int:
        under_way.set()
        go_on.wait()
        return put(1)(connection)

    leaving = asyncio.create_task(writer.run(wait))
    await asyncio.to_thread(under_way.wait)
    staying = asyncio.create_task(writer.run(put(2)))
    leaving.cancel()
    await asyncio.sleep(0)
    go_on.set()
    assert await staying == 2
    assert kept(path) == [1, 2]


def test_callers_on_a_loop_that_has_ended_hold_nobody_up(writer: SqliteWriter, path: Path) -> None:
    go_on = threading.Event()

    def wait(connection: sqlite3.Connection) -> int:
        go_on.wait()
        return put(1)(connection)

    async def leave() -> None:
        task = asyncio.create_task(writer.run(wait))
        await asyncio.sleep(0)
        task.cancel()

    asyncio.run(leave())
    go_on.set()
    assert asyncio.run(writer.run(put(2))) == 2
    assert kept(path) == [1, 2]


async def test_a_closed_database_says_so(writer: SqliteWriter) -> None:
    writer.close()
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        await writer.run(put(1))
