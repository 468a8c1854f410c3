"""The recognizer's doctor before a real logger, in this process, and before its own service."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import cv2
import httpx
import numpy as np
import pytest
from asgi_lifespan import LifespanManager

from logger.app import create_app as create_logger
from logger.settings import LoggerSettings
from recognizer.app import create_app
from recognizer.doctor.by_logger import PROBES, by_logger
from recognizer.doctor.examination import examine
from recognizer.engine.fake import draw_face
from recognizer.settings import RecognizerSettings
from shared.clock import SystemClock
from shared.doctor.findings import Finding, Severity
from shared.security import Scope

WARNING, FAULT, OK = Severity.WARNING, Severity.FAULT, Severity.OK
SECRET = "s" * 40


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., RecognizerSettings]:
    """One person, Alice, and a logger key."""
    monkeypatch.chdir(tmp_path)  # away from a developer's .env
    folder = tmp_path / "dataset" / "Alice_101"
    folder.mkdir(parents=True)
    frame = np.full((480, 640, 3), 128, np.uint8)
    draw_face(frame, "Alice", x=100, y=100, size=160)
    cv2.imwrite(str(folder / "1.png"), np.ascontiguousarray(frame[:, :, ::-1]))
    (folder / "2.png").write_bytes(b"not a picture")

    def make(**changes: object) -> RecognizerSettings:
        given = {"model": "fake", "detector": "fake", "logger_url": "http://logger", "logger_key": SECRET, "workers": 1}
        return RecognizerSettings.model_validate({**given, **changes})

    return make


def key_of(*scopes: Scope) -> str:
    return f"{'+'.join(scopes)}={SECRET}"


def logger_settings(tmp_path: Path, keys: str) -> LoggerSettings:
    return LoggerSettings.model_validate(
        {"store_url": f"sqlite:///{tmp_path}/attendance.db", "timezone": "Asia/Kolkata", "api_keys": keys}
    )


async def asked(settings: RecognizerSettings, tmp_path: Path, keys: str) -> list[tuple[Severity, str]]:
    app = create_logger(logger_settings(tmp_path, keys))
    async with LifespanManager(app) as running:
        found = await by_logger(settings, SystemClock(), httpx.ASGITransport(running.app))
    return [(one.severity, one.what) for one in found]


async def test_a_key_for_all_that_is_needed_is_in_order_and_asking_leaves_nothing_behind(
    settings: Callable[..., RecognizerSettings], tmp_path: Path
) -> None:
    found = await asked(settings(), tmp_path, key_of(*(probe.scope for probe in PROBES)))

    assert [severity for severity, _ in found] == [OK]
    with closing(sqlite3.connect(tmp_path / "attendance.db")) as database:
        tables = ("events", "attendance", "r_people")
        assert [database.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in tables] == [0, 0, 0]  # noqa: S608


@pytest.mark.parametrize(
    ("scope", "severity"),
    [
        (Scope.EVENTS_WRITE, FAULT),
        (Scope.ATTENDANCE_READ, WARNING),
        (Scope.PEOPLE_READ, WARNING),
        (Scope.PEOPLE_WRITE, WARNING),
    ],
)
async def test_a_scope_that_the_key_lacks_is_named_with_what_does_not_work_without_it(
    settings: Callable[..., RecognizerSettings], tmp_path: Path, scope: Scope, severity: Severity
) -> None:
    found = await asked(settings(), tmp_path, key_of(*(probe.scope for probe in PROBES if probe.scope is not scope)))

    assert [one for one, what in found if scope in what] == [severity]
    assert len(found) == 1


async def test_a_key_that_the_logger_does_not_know_is_a_fault_and_is_not_shown(
    settings: Callable[..., RecognizerSettings], tmp_path: Path
) -> None:
    wrong = settings(logger_key="x" * 40)

    assert await asked(wrong, tmp_path, key_of(Scope.EVENTS_WRITE)) == [(FAULT, "http://logger does not know the key")]


async def test_no_key_and_no_logger_are_faults(settings: Callable[..., RecognizerSettings], tmp_path: Path) -> None:
    def away(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused", request=request)

    found = await by_logger(settings(), SystemClock(), httpx.MockTransport(away))

    assert [one.severity for one in found] == [FAULT]
    keyless = await asked(settings(logger_key=None), tmp_path, key_of(Scope.EVENTS_WRITE))
    assert keyless == [(FAULT, "there is no key to deliver with")]


@pytest.mark.parametrize(
    ("date", "severity"), [("Mon, 03 Mar 2025 12:00:00 GMT", WARNING), ("Fri, 01 Jan 2100 00:00:00 GMT", WARNING)]
)
async def test_clocks_that_differ_are_told_of(
    settings: Callable[..., RecognizerSettings], date: str, severity: Severity
) -> None:
    logger = httpx.MockTransport(lambda _: httpx.Response(422, headers={"Date": date}))

    found = await by_logger(settings(), SystemClock(), logger)

    assert [one.severity for one in found if one.subject == "clock"] == [severity]


async def test_a_service_that_runs_is_examined_whole(
    settings: Callable[..., RecognizerSettings], tmp_path: Path
) -> None:
    given = settings()
    logger = create_logger(logger_settings(tmp_path, key_of(*(probe.scope for probe in PROBES))))
    async with LifespanManager(logger) as logging, LifespanManager(create_app(given)) as running:
        found = await examine(
            given,
            SystemClock(),
            own_transport=httpx.ASGITransport(running.app),
            logger_transport=httpx.ASGITransport(logging.app),
        )

    assert {one.subject: one.severity for one in found if one.severity is FAULT} == {}
    assert [one.split(", ")[0] for one in whats("service", found)] == ["ready: gallery"]
    assert whats("dataset", found)[:2] == ["1 people, 2 photos, 0 not looked at yet", "1 photos cannot be used"]
    assert whats("outbox", found) == ["0 recognitions wait for the logger"]
    assert SECRET not in str(found)
    assert "Alice" not in str(found)


async def test_a_service_that_does_not_run_is_examined_as_far_as_it_goes_and_nothing_is_made(
    settings: Callable[..., RecognizerSettings], tmp_path: Path
) -> None:
    def away(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused", request=request)

    before = sorted(tmp_path.rglob("*"))
    nobody = httpx.MockTransport(away)
    found = await examine(settings(), SystemClock(), own_transport=nobody, logger_transport=nobody)

    assert [one.severity for one in found if one.subject in {"service", "logger"}] == [WARNING, FAULT]
    assert sorted(tmp_path.rglob("*")) == before


async def test_weights_that_are_missing_are_a_fault_with_the_command_that_fetches_them(
    settings: Callable[..., RecognizerSettings], tmp_path: Path
) -> None:
    nobody = httpx.MockTransport(lambda _: httpx.Response(404))
    given = settings(model="Facenet512", models_dir=tmp_path)
    found = await examine(given, SystemClock(), own_transport=nobody, logger_transport=nobody)

    assert [
        (one.severity, "make models MODEL=Facenet512" in one.what) for one in found if one.subject == "weights"
    ] == [(FAULT, True)]


def whats(subject: str, findings: list[Finding]) -> list[str]:
    return [finding.what for finding in findings if finding.subject == subject]
