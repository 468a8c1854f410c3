from pathlib import Path

import pytest

from shared.doctor.files import NO_OTHERS, OWNER_ONLY, disk_space, is_open, judged_space, personal_data, secrets
from shared.doctor.findings import Severity

OPEN_TO_ALL = Path("/etc/passwd")


@pytest.mark.parametrize(
    ("free_bytes", "severity"),
    [(50_000_000_000, Severity.OK), (1_000_000_000, Severity.WARNING), (1_000_000, Severity.FAULT)],
)
def test_a_disk_that_is_nearly_full_is_told_of_before_it_is(free_bytes: int, severity: Severity) -> None:
    assert judged_space(Path("var"), free_bytes).severity is severity


def test_the_disk_of_a_folder_that_is_not_there_yet_is_the_one_it_will_be_on(tmp_path: Path) -> None:
    assert "GB free" in disk_space(tmp_path / "not" / "yet").what


@pytest.mark.parametrize(
    ("mode", "folders", "bits", "expected"),
    [
        (0o600, [0o755], OWNER_ONLY, False),
        (0o640, [0o755], OWNER_ONLY, True),
        (0o644, [0o755], OWNER_ONLY, True),
        (0o644, [0o700, 0o755], OWNER_ONLY, False),
        (0o644, [0o750, 0o755], OWNER_ONLY, True),
        (0o640, [0o755], NO_OTHERS, False),
        (0o644, [0o755], NO_OTHERS, True),
        (0o644, [0o750, 0o755], NO_OTHERS, False),
    ],
)
def test_others_may_read_what_they_may_reach(mode: int, folders: list[int], bits: int, expected: bool) -> None:
    assert is_open(mode, folders, bits) is expected


def test_a_key_that_others_may_read_is_a_fault_with_the_command_that_closes_it(tmp_path: Path) -> None:
    found = secrets([OPEN_TO_ALL, tmp_path / "absent.key"])

    assert (found.severity, found.fix) == (Severity.FAULT, f"chmod 600 {OPEN_TO_ALL}")
    assert "root:" not in found.what


def test_names_and_photos_that_everybody_may_read_are_worth_a_warning() -> None:
    assert personal_data([OPEN_TO_ALL]).severity is Severity.WARNING


def test_what_is_the_owners_alone_is_in_order(tmp_path: Path) -> None:
    file = tmp_path / "a.key"
    file.touch(mode=0o600)

    assert [secrets([file]).severity, personal_data([file]).severity] == [Severity.OK, Severity.OK]
