import pytest

from shared.doctor.findings import Finding, exit_status, fault, ok, report, warning


def test_each_finding_has_one_line_with_what_and_how_and_the_last_line_counts_them() -> None:
    findings = [
        ok("disk", "room enough"),
        warning("keys", "one is old", "rotate it"),
        fault("store", "away", "start it"),
    ]

    assert report(findings).splitlines() == [
        "ok       disk   room enough",
        "warning  keys   one is old. To do: rotate it",
        "fault    store  away. To do: start it",
        "ok 1, warning 1, fault 1",
    ]


def test_a_line_stays_one_line_whatever_a_file_is_called() -> None:
    assert len(report([ok("files", "a\nfault  b")]).splitlines()) == 2


@pytest.mark.parametrize(
    ("findings", "status"),
    [([], 0), ([ok("a", "b")], 0), ([warning("a", "b", "c")], 0), ([ok("a", "b"), fault("a", "b", "c")], 1)],
)
def test_only_a_fault_makes_the_command_fail(findings: list[Finding], status: int) -> None:
    assert exit_status(findings) == status
