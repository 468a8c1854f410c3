"""What the recognizer's doctor makes of what it finds."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from recognizer.doctor.by_disk import judged_outbox
from recognizer.doctor.by_engine import judged_people, judged_threshold
from recognizer.doctor.by_settings import by_settings
from recognizer.evaluation.calibration import Calibration
from recognizer.gallery.cache import PhotoIssue, PhotoRefusal
from recognizer.gallery.dataset import scan
from recognizer.outbox import OutboxCounts
from recognizer.settings import RecognizerSettings
from shared.doctor.findings import Finding, Severity

NOON = datetime(2025, 3, 3, 12, 0, tzinfo=UTC)
EVERYWHERE = "0.0.0.0"  # noqa: S104
WARNING, FAULT, OK = Severity.WARNING, Severity.FAULT, Severity.OK


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., RecognizerSettings]:
    monkeypatch.chdir(tmp_path)  # away from a developer's .env
    return lambda **given: RecognizerSettings.model_validate(given)


def of(subject: str, findings: list[Finding]) -> list[Severity]:
    return [finding.severity for finding in findings if finding.subject == subject]


@pytest.mark.parametrize(
    ("given", "subject", "severities"),
    [
        ({}, "callers", [OK]),
        ({"host": EVERYWHERE}, "callers", [WARNING]),
        ({"host": EVERYWHERE, "auth": "key"}, "callers", [OK]),
        ({}, "enrolment", []),
        ({"compat_open": True}, "enrolment", [WARNING]),
        ({"compat_open": True, "host": EVERYWHERE}, "enrolment", [FAULT]),
        ({"logger_url": "http://attendance.example.org"}, "logger", [WARNING]),
        ({}, "liveness", [WARNING]),
        ({"liveness": "challenge"}, "liveness", [OK]),
        ({"consent": "off"}, "consent", [WARNING]),
    ],
)
def test_settings_that_leave_something_open_are_named(
    settings: Callable[..., RecognizerSettings], given: dict[str, Any], subject: str, severities: list[Severity]
) -> None:
    assert of(subject, list(by_settings(settings(**given)))) == severities


@pytest.mark.parametrize(
    ("counts", "severity"),
    [
        (OutboxCounts(0, 0, None), OK),
        (OutboxCounts(3, 0, NOON - timedelta(seconds=10)), OK),
        (OutboxCounts(3, 0, NOON - timedelta(hours=1)), WARNING),
        (OutboxCounts(60, 0, NOON), FAULT),
        (OutboxCounts(0, 1, None), FAULT),
    ],
)
def test_what_waits_too_long_and_what_was_refused_is_told(counts: OutboxCounts, severity: Severity) -> None:
    assert judged_outbox(counts, 100, NOON).severity is severity


def calibration(**changes: Any) -> Calibration:
    given: dict[str, Any] = {"engine": "e", "made_at": NOON, "threshold": 0.06, "margin": 0.005, "fpir": 0.003}
    more = {"gallery": 100, "threshold_at_ten_times": 0.05, "people": 100, "photos": 400, "promised": True}
    return Calibration(**{**given, **more, **changes})


@pytest.mark.parametrize(
    ("found", "people", "severity"),
    [
        (None, 100, WARNING),
        (calibration(), 100, OK),
        (calibration(), 201, WARNING),
        (calibration(promised=False), 100, WARNING),
    ],
)
def test_a_threshold_must_be_made_for_as_many_people_as_there_are(
    settings: Callable[..., RecognizerSettings], found: Calibration | None, people: int, severity: Severity
) -> None:
    assert judged_threshold(settings(), found, people).severity is severity
    assert judged_threshold(settings(threshold=0.1, margin=0.01), found, people).severity is OK


def test_photos_and_folders_that_are_not_used_are_counted_and_nobody_is_named(tmp_path: Path) -> None:
    for name, photos in (("Alice_101", 3), ("Bob_102", 2), ("Robert_102", 1), ("Carol_103", 3)):
        (tmp_path / name).mkdir()
        for number in range(photos):
            (tmp_path / name / f"{number}.jpg").write_bytes(b"")
    refused = PhotoRefusal(PhotoIssue.NO_FACE, "no face was found")

    found = list(judged_people(scan(tmp_path), {tmp_path / "Carol_103" / "1.jpg": refused}))

    assert [(one.severity, one.what) for one in found] == [
        (OK, "3 people, 8 photos, 7 not looked at yet"),
        (WARNING, "1 folders or files are passed over"),
        (WARNING, "1 photos cannot be used"),
        (WARNING, "2 people have fewer than 3 usable photos"),
    ]


def test_a_dataset_that_is_not_there_is_a_fault_and_an_empty_one_is_not(tmp_path: Path) -> None:
    assert [one.severity for one in judged_people(scan(tmp_path / "absent"), {})] == [FAULT]
    assert [one.severity for one in judged_people(scan(tmp_path), {})] == [WARNING]
