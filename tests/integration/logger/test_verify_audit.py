"""`python -m logger verify-audit`, on a file that was and was not tampered with."""

import asyncio
from contextlib import closing
from pathlib import Path

import pytest

from logger.cli import main
from logger.domain.audit import GENESIS, AuditAction
from logger.services.audit import AuditService
from logger.store.sqlite import SqliteStore
from shared.clock import SystemClock
from shared.sqlite import connect


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Of the store that the command opens."""
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "attendance.db"
    monkeypatch.setenv("LOGGER_STORE_URL", f"sqlite:///{path}")
    return path


async def write_three(path: Path) -> str:
    store = SqliteStore(path)
    audit = AuditService(store, SystemClock())
    for number in range(3):
        await audit.note(AuditAction.CLASS_SAVED, f"class:{number}", by="admin")
    head = await audit.head()
    await store.close()
    return head


def test_an_empty_audit_is_whole(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify-audit"]) == 0
    assert capsys.readouterr().out.endswith(f"head {GENESIS}\n")


def test_a_whole_audit_is_said_to_be_so_with_its_head(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    head = asyncio.run(write_three(file))
    assert main(["verify-audit", "--head", head]) == 0
    assert capsys.readouterr().out == f"3 entries, none changed, removed or put elsewhere; head {head}\n"


@pytest.mark.parametrize(
    ("tampering", "said"),
    [
        ("UPDATE r_audit SET body = replace(body, 'admin', 'nobody') WHERE key LIKE '%2'", "entry 2: content"),
        ("DELETE FROM r_audit WHERE key LIKE '%1'", "entry 1: number"),
        ("DELETE FROM r_audit WHERE key LIKE '%3'", "entry 3: end"),
    ],
)
def test_what_was_changed_past_the_service_is_found(
    file: Path, capsys: pytest.CaptureFixture[str], tampering: str, said: str
) -> None:
    head = asyncio.run(write_three(file))
    with closing(connect(file)) as connection:
        connection.execute(tampering)
    assert main(["verify-audit", "--head", head]) == 1
    assert said in capsys.readouterr().out
