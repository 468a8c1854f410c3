"""What a doctor says: one line for each thing that was looked at."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

SOUND, FAULTY = 0, 1


class Severity(StrEnum):
    OK = "ok"
    WARNING = "warning"  # it works, and should not stay so
    FAULT = "fault"  # something is lost, open, or does not work


@dataclass(frozen=True, slots=True)
class Finding:
    """`what` and `fix` name no person and hold no secret."""

    severity: Severity
    subject: str
    what: str
    fix: str = ""


def ok(subject: str, what: str) -> Finding:
    return Finding(Severity.OK, subject, what)


def warning(subject: str, what: str, fix: str) -> Finding:
    return Finding(Severity.WARNING, subject, what, fix)


def fault(subject: str, what: str, fix: str) -> Finding:
    return Finding(Severity.FAULT, subject, what, fix)


def report(findings: Sequence[Finding]) -> str:
    """A line for each in the order given, and one of sums."""
    width = max((len(finding.subject) for finding in findings), default=0)
    counts = Counter(finding.severity for finding in findings)
    sums = ", ".join(f"{severity} {counts[severity]}" for severity in Severity)
    return "\n".join([*(_line(finding, width) for finding in findings), sums])


def exit_status(findings: Sequence[Finding]) -> int:
    """A warning alone is no reason to stop a start or a deployment."""
    return FAULTY if any(finding.severity is Severity.FAULT for finding in findings) else SOUND


def _line(finding: Finding, width: int) -> str:
    fix = f". To do: {finding.fix}" if finding.fix else ""
    words = " ".join(f"{finding.what}{fix}".split())  # one line, whatever a file is called
    return f"{finding.severity:<7}  {finding.subject:<{width}}  {words}"
