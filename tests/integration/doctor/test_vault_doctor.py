"""What the recognizer's doctor says of photos and templates at rest."""

import argparse
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from recognizer.cli_vault import run_rotate_key, run_seal
from recognizer.doctor.by_disk import by_disk
from recognizer.doctor.by_vault import by_vault
from recognizer.settings import RecognizerSettings
from shared.clock import SystemClock
from shared.doctor.findings import Severity

WARNING, FAULT, OK = Severity.WARNING, Severity.FAULT, Severity.OK
Make = Callable[..., RecognizerSettings]


@pytest.fixture
def settings(tmp_path: Path, demo_dataset: Path, monkeypatch: pytest.MonkeyPatch) -> Make:
    """One person, with one photo."""
    monkeypatch.chdir(tmp_path)  # away from a developer's .env
    shutil.copytree(demo_dataset, tmp_path / "dataset")
    return lambda key_file: RecognizerSettings(vault_key_file=key_file)


def severities(settings: RecognizerSettings) -> list[Severity]:
    return [finding.severity for finding in by_vault(settings)]


def test_plain_photos_are_worth_a_warning_until_they_are_sealed(settings: Make, tmp_path: Path) -> None:
    key_file = tmp_path / "elsewhere" / "vault.key"
    assert severities(settings(None)) == [WARNING]

    run_rotate_key(settings(key_file), argparse.Namespace())
    assert severities(settings(key_file)) == [WARNING]  # the photo still lies plain

    run_seal(settings(key_file), argparse.Namespace())
    assert severities(settings(key_file)) == [OK]


def test_a_key_that_is_missing_or_another_one_is_a_fault_for_the_service_does_not_start(
    settings: Make, tmp_path: Path
) -> None:
    key_file = tmp_path / "vault.key"
    assert severities(settings(key_file)) == [FAULT]

    run_rotate_key(settings(key_file), argparse.Namespace())
    run_seal(settings(key_file), argparse.Namespace())
    assert severities(settings(None)) == [FAULT]  # sealed, and nobody names the key
    key_file.unlink()
    run_rotate_key(settings(key_file).model_copy(update={"dataset_dir": tmp_path / "empty"}), argparse.Namespace())
    assert severities(settings(key_file)) == [FAULT]


def test_a_key_that_lies_with_what_it_seals_protects_nothing(settings: Make, tmp_path: Path) -> None:
    key_file = tmp_path / "dataset" / "vault.key"
    run_rotate_key(settings(key_file), argparse.Namespace())
    run_seal(settings(key_file), argparse.Namespace())

    assert severities(settings(key_file)) == [WARNING, OK]


def test_whoever_may_read_the_key_is_looked_at(settings: Make) -> None:
    """Whatever may be read by everybody on this machine stands for it."""
    found = by_disk(settings(Path("/etc/passwd")), SystemClock())

    assert [one.severity for one in found if one.subject == "keys"] == [FAULT]
