"""`python -m recognizer enroll` without a service: the rest is shown with both services as processes."""

import socket
from collections.abc import Iterator
from pathlib import Path
from zipfile import ZipFile

import pytest

from recognizer.cli import main


@pytest.fixture
def nowhere() -> Iterator[str]:
    """An address at which nobody answers, and nobody else will either meanwhile."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{taken.getsockname()[1]}"


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    file = tmp_path / "key"
    file.write_text("k" * 40)
    file.chmod(0o600)
    return file


def test_an_archive_that_nobody_takes_is_said_to_be_so(
    tmp_path: Path, nowhere: str, key_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    archive = tmp_path / "people.zip"
    with ZipFile(archive, "w") as writer:
        writer.writestr("Alice_101/1.jpg", b"a photo")

    assert main(["enroll", str(archive), "--url", nowhere, "--key-file", str(key_file)]) == 1
    said = capsys.readouterr().err
    assert "people.zip was worked off for 0 people, and then: No answer from 127.0.0.1" in said


def test_without_people_or_without_a_key_nothing_is_begun(
    tmp_path: Path, nowhere: str, key_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    missing = str(tmp_path / "missing")

    assert main(["enroll", missing, "--url", nowhere, "--key-file", str(key_file)]) == 1
    assert main(["enroll", str(tmp_path), "--url", nowhere, "--key-file", missing]) == 1
    said = capsys.readouterr().err
    assert "No such file" in said
    assert "the key for enrolment cannot be read" in said
