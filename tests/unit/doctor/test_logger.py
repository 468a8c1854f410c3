"""What the logger's doctor makes of what it finds."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from logger.doctor.by_disk import by_disk
from logger.doctor.by_settings import by_settings
from logger.doctor.by_store import judged_admins, judged_clock, judged_fixed_keys, judged_keys, judged_topology
from logger.domain.accounts import Account, Password, PasswordOrigin, Role
from logger.settings import LoggerSettings
from logger.store.base import StoredKey
from logger.store.mongo_topology import Topology
from shared.doctor.findings import Finding, Severity
from shared.security import Scope, new_key

NOON = datetime(2025, 3, 3, 12, 0, tzinfo=UTC)
EVERYWHERE = "0.0.0.0"  # noqa: S104
WARNING, FAULT, OK = Severity.WARNING, Severity.FAULT, Severity.OK


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., LoggerSettings]:
    monkeypatch.chdir(tmp_path)  # away from a developer's .env
    return lambda **given: LoggerSettings.model_validate(given)


def severities(findings: Iterable[Finding], subject: str | None = None) -> list[Severity]:
    return [finding.severity for finding in findings if subject in {None, finding.subject}]


@pytest.mark.parametrize(
    ("given", "subject", "expected"),
    [
        ({}, "callers", OK),
        ({"host": EVERYWHERE}, "callers", WARNING),
        ({}, "time zone", WARNING),
        ({"timezone": "Asia/Kolkata"}, "time zone", OK),
        ({}, "marking", OK),
        ({"mark_attendance": "trusted"}, "marking", WARNING),
        ({"mark_attendance": "trusted", "host": EVERYWHERE}, "marking", FAULT),
        ({}, "retention", WARNING),
        ({"keep_days": 400}, "retention", OK),
        ({"recognizer_url": "http://cameras.example.org"}, "erasure", WARNING),
    ],
)
def test_settings_that_leave_something_open_are_named(
    settings: Callable[..., LoggerSettings], given: dict[str, Any], subject: str, expected: Severity
) -> None:
    assert severities(by_settings(settings(**given)), subject) == [expected]


def account(origin: PasswordOrigin = PasswordOrigin.OWNER, days: int = 0, **changes: Any) -> Account:
    password = Password("hash", NOON - timedelta(days=days), origin, "1")
    return Account(**{"account_id": "admin", "name": "A", "role": Role.ADMIN, "password": password, **changes})


@pytest.mark.parametrize(
    ("accounts", "expected"),
    [
        ([], [FAULT]),
        ([account(active=False), account(role=Role.TEACHER)], [FAULT]),
        ([account(days=400)], [OK]),
        ([account(PasswordOrigin.FIRST_START, days=1)], [OK]),
        ([account(PasswordOrigin.FIRST_START, days=8)], [WARNING]),
        ([account(PasswordOrigin.SETTING, days=8), account()], [WARNING, OK]),
    ],
)
def test_the_password_of_the_first_start_must_not_stay(accounts: list[Account], expected: list[Severity]) -> None:
    found = list(judged_admins(accounts, NOON))

    assert severities(found) == expected
    assert not any("hash" in one.what for one in found)


def stored(*scopes: Scope, days: int = 0, revoked: bool = False) -> StoredKey:
    made_at = NOON - timedelta(days=days)
    return StoredKey(new_key("s" * 40, scopes, "camera"), made_at, NOON if revoked else None)


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ([], [WARNING]),
        ([stored(Scope.ATTENDANCE_READ)], [WARNING]),
        ([stored(Scope.EVENTS_WRITE, revoked=True)], [WARNING]),
        ([stored(Scope.EVENTS_WRITE)], [OK]),
        ([stored(Scope.EVENTS_WRITE, days=366)], [OK, WARNING]),
    ],
)
def test_keys_that_are_missing_or_old_are_told(keys: list[StoredKey], expected: list[Severity]) -> None:
    assert severities(judged_keys(keys, NOON)) == expected


def test_keys_of_the_settings_must_let_a_recognizer_deliver() -> None:
    assert severities(judged_fixed_keys((stored(Scope.EVENTS_WRITE).key,))) == [OK]
    assert severities(judged_fixed_keys((stored(Scope.PEOPLE_READ).key,))) == [WARNING]


@pytest.mark.parametrize(("ahead_s", "expected"), [(-5, OK), (60, OK), (3600, WARNING)])
def test_a_recognition_of_a_later_time_betrays_a_clock(ahead_s: float, expected: Severity) -> None:
    assert judged_clock(NOON + timedelta(seconds=ahead_s), NOON).severity is expected


@pytest.mark.parametrize(
    ("topology", "expected"),
    [
        (Topology("rs0", 3, sharded=False, writable=True), OK),
        (Topology("rs0", 3, sharded=False, writable=False), FAULT),
        (Topology(None, 0, sharded=False, writable=True), WARNING),
        (Topology(None, 0, sharded=True, writable=True), OK),
    ],
)
def test_a_mongodb_that_stands_alone_is_told_of(topology: Topology, expected: Severity) -> None:
    assert judged_topology(topology).severity is expected


@pytest.mark.parametrize(
    ("days", "expected"), [([], WARNING), (["2025-03-02", "2025-03-03"], OK), (["2025-02-20"], FAULT)]
)
def test_a_backup_that_has_stopped_is_a_fault(
    settings: Callable[..., LoggerSettings], tmp_path: Path, days: list[str], expected: Severity
) -> None:
    folder = tmp_path / "backup"
    folder.mkdir()
    for day in days:
        (folder / f"{day}-attendance.csv").touch()

    assert severities(by_disk(settings(backup_dir=folder), NOON), "backup") == [expected]
    assert severities(by_disk(settings(), NOON), "backup") == [WARNING]
