"""The logger's doctor before stores, a recognizer and its own service."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from asgi_lifespan import LifespanManager

from logger.app import create_app
from logger.doctor.by_recognizer import by_recognizer
from logger.doctor.by_store import by_store
from logger.doctor.examination import examine
from logger.settings import LoggerSettings
from shared.clock import SystemClock
from shared.doctor.findings import Severity

WARNING, FAULT, OK = Severity.WARNING, Severity.FAULT, Severity.OK
ROOT = Path(__file__).parents[3]
NOW = SystemClock().now()


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., LoggerSettings]:
    monkeypatch.chdir(tmp_path)  # away from a developer's .env

    def make(**changes: object) -> LoggerSettings:
        given = {"store_url": f"sqlite:///{tmp_path}/logger/attendance.db", "timezone": "Asia/Kolkata"}
        return LoggerSettings.model_validate({**given, **changes})

    return make


def nobody(request: httpx.Request) -> httpx.Response:
    raise httpx.ConnectError("refused", request=request)


async def test_a_service_that_runs_is_examined_whole(settings: Callable[..., LoggerSettings]) -> None:
    given = settings()
    async with LifespanManager(create_app(given)) as running:
        found = await examine(given, SystemClock(), own_transport=httpx.ASGITransport(running.app))

    by_subject = {(one.subject, one.severity) for one in found}
    assert {("service", OK), ("store", OK), ("clock", OK), ("files", OK), ("keys", OK)} <= by_subject
    assert {("accounts", FAULT), ("keys", WARNING), ("backup", WARNING)} <= by_subject  # nobody has been made yet
    assert "session_clock" in next(one.what for one in found if one.subject == "service")


async def test_where_there_is_no_database_yet_none_is_made(
    settings: Callable[..., LoggerSettings], tmp_path: Path
) -> None:
    found = await by_store(settings(), NOW)

    assert [one.severity for one in found] == [WARNING]
    assert list(tmp_path.iterdir()) == []


async def test_a_store_that_is_away_is_a_fault_without_its_password(settings: Callable[..., LoggerSettings]) -> None:
    url = "mongodb://rollcall:secret-word@127.0.0.1:1/rollcall"

    found = await by_store(settings(store_url=url), NOW)

    assert [one.severity for one in found] == [FAULT]
    assert "secret-word" not in str(found)


async def test_a_database_that_is_none_is_a_fault(settings: Callable[..., LoggerSettings], tmp_path: Path) -> None:
    (tmp_path / "logger").mkdir()
    (tmp_path / "logger" / "attendance.db").write_text("not a database at all" * 100)

    assert [one.severity for one in await by_store(settings(), NOW)] == [FAULT]


@pytest.mark.parametrize(("status", "severity"), [(200, OK), (401, FAULT), (403, FAULT), (503, WARNING)])
async def test_the_recognizer_must_take_the_key_with_which_photos_are_removed(
    settings: Callable[..., LoggerSettings], status: int, severity: Severity
) -> None:
    given = settings(recognizer_url="http://recognizer", recognizer_key="k" * 40)
    recognizer = httpx.MockTransport(lambda _: httpx.Response(status))

    assert [one.severity for one in await by_recognizer(given, recognizer)] == [severity]
    assert [one.severity for one in await by_recognizer(given, httpx.MockTransport(nobody))] == [WARNING]


async def test_without_a_recognizer_photos_of_the_erased_stay_unless_make_run_joins_the_two(
    settings: Callable[..., LoggerSettings], tmp_path: Path
) -> None:
    assert [one.severity for one in await by_recognizer(settings())] == [WARNING]
    (tmp_path / "var" / "keys").mkdir(parents=True)
    (tmp_path / "var" / "keys" / "enrolment.key").touch()
    assert [one.severity for one in await by_recognizer(settings())] == [OK]


async def test_another_program_on_the_port_is_a_fault(settings: Callable[..., LoggerSettings]) -> None:
    other = httpx.MockTransport(lambda _: httpx.Response(200, text="<h1>It works!</h1>"))

    found = await examine(settings(), SystemClock(), own_transport=other)

    assert [one.severity for one in found if one.subject == "service"] == [FAULT]


async def test_a_service_that_is_not_ready_is_a_fault_for_each_thing_that_is_wrong(
    settings: Callable[..., LoggerSettings],
) -> None:
    report = {"ready": False, "checks": {"store": "ok", "session_clock": "has stopped"}, "info": {}}
    ill = httpx.MockTransport(lambda _: httpx.Response(503, json=report))

    found = await examine(settings(), SystemClock(), own_transport=ill)

    assert [one.what for one in found if one.subject == "service"] == ["not ready, session_clock: has stopped"]


@pytest.mark.parametrize(("changes", "status"), [({}, 0), ({"LOGGER_CORS_ORIGINS": "*"}, 1)])
def test_the_command_prints_a_line_for_each_and_fails_for_faults_alone(
    tmp_path: Path, changes: dict[str, str], status: int
) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "logger", "doctor"],
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT), "LOGGER_PORT": "1", **changes},
        capture_output=True,
        text=True,
        check=False,
    )

    *lines, sums = done.stdout.splitlines()
    assert (done.returncode, done.stderr) == (status, "")
    assert {line.split()[0] for line in lines} <= {"ok", "warning", "fault"}
    assert sums.endswith(f"fault {status}")
