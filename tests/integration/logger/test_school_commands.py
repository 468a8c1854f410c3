"""`python -m logger demo`, `export`, `erase` and `retain`, as an operator gives them."""

import argparse
import zipfile
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from logger.cli_school import add_school
from logger.errors import NotFound, StartError
from logger.store.sqlite import SqliteStore

Command = Callable[..., Awaitable[int]]


@pytest.fixture
async def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[SqliteStore]:
    monkeypatch.chdir(tmp_path)  # away from a developer's .env
    monkeypatch.setenv("LOGGER_TIMEZONE", "Asia/Kolkata")
    opened = SqliteStore(tmp_path / "attendance.db")
    yield opened
    await opened.close()


@pytest.fixture
async def command(store: SqliteStore, capsys: pytest.CaptureFixture[str]) -> Command:
    """Gives one command to a small demo school; its exit status."""
    parser = argparse.ArgumentParser()
    add_school(parser.add_subparsers())

    async def give(*words: str | Path) -> int:
        given = parser.parse_args([str(word) for word in words])
        status: int = await given.run(store, given)
        return status

    assert await give("demo", "--people", "6", "--classes", "2") == 0
    assert capsys.readouterr().out.startswith("6 people, 2 classes, ")
    return give


async def test_a_demo_is_brought_up_to_this_minute_by_loading_it_again(
    command: Command, capsys: pytest.CaptureFixture[str]
) -> None:
    assert await command("demo") == 0
    assert capsys.readouterr().out.startswith("6 people, 2 classes, ")


async def test_tables_are_written_to_files_that_were_not_there(command: Command, tmp_path: Path) -> None:
    people, attendance, audit = tmp_path / "people.csv", tmp_path / "attendance.xlsx", tmp_path / "audit.csv"
    assert await command("export", "people", people) == 0
    assert len(people.read_text("utf-8-sig").splitlines()) == 7
    assert await command("export", "attendance", attendance, "--from", "2000-01-01") == 0
    assert zipfile.is_zipfile(attendance)
    assert await command("export", "audit", audit) == 0
    assert audit.read_text("utf-8-sig").count("data_exported") == 3
    with pytest.raises(StartError, match="File exists"):
        await command("export", "people", people)
    with pytest.raises(StartError, match="must end in"):
        await command("export", "people", tmp_path / "people.pdf")


async def test_a_person_is_erased_with_a_receipt_that_says_what_is_left_to_do(
    command: Command, capsys: pytest.CaptureFixture[str]
) -> None:
    assert await command("erase", "10001") == 0
    told = capsys.readouterr().out
    assert "profile removed; off 1 rosters" in told
    assert "LOGGER_RECOGNIZER_URL is not set" in told
    with pytest.raises(NotFound):
        await command("erase", "10001")


async def test_retention_says_its_policy_and_what_it_removed(
    command: Command, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert await command("retain") == 0
    assert "kept for ever." in capsys.readouterr().out
    monkeypatch.setenv("LOGGER_KEEP_DAYS", "30")
    assert await command("retain") == 0
    told = capsys.readouterr().out
    assert "kept for 30 days." in told
    assert "removed, from before" in told
