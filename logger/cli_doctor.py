"""`python -m logger doctor`."""

import asyncio

from logger.doctor.examination import examine
from logger.settings import LoggerSettings
from shared.clock import SystemClock
from shared.doctor.findings import exit_status, report


def run_doctor(settings: LoggerSettings) -> int:
    """1 when there is a fault. Opens the store itself: that it cannot be opened is a finding."""
    findings = asyncio.run(examine(settings, SystemClock()))
    print(report(findings))  # noqa: T201 - a command's answer
    return exit_status(findings)
