"""Known vulnerabilities among the locked packages, by pip-audit and the advisories of osv.dev.

The advisories are elsewhere: where they cannot be reached, that is said and nothing fails, within seconds.
"""

import json
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from threading import Thread

import httpx

ADVISORIES_URL = "https://api.osv.dev/v1/query"
PATIENCE_S = 5.0  # for the first answer
REQUEST_TIMEOUT_S = 15
WHOLE_TIMEOUT_S = 600.0


class Reach(Enum):
    CHECKED = "checked"
    UNREACHABLE = "unreachable"
    BROKEN = "broken"  # pip-audit failed although the advisories answer


@dataclass(frozen=True, slots=True)
class Audit:
    reach: Reach
    found: tuple[str, ...] = ()  # a line for each vulnerability
    detail: str = ""

    @property
    def is_sound(self) -> bool:
        return self.reach is Reach.UNREACHABLE or (self.reach is Reach.CHECKED and not self.found)


def audit(lock: Path, url: str = ADVISORIES_URL, *, patience_s: float = PATIENCE_S) -> Audit:
    """Every package of the lock that this Python would install."""
    if not _answers(url, patience_s):
        return Audit(Reach.UNREACHABLE, detail=f"{url} cannot be reached: nothing was checked")
    with tempfile.TemporaryDirectory() as folder:
        written = Path(folder) / "found.json"
        try:
            command = _command(lock, url, written)
            done = subprocess.run(command, stderr=subprocess.PIPE, text=True, check=False, timeout=WHOLE_TIMEOUT_S)
            last_words = done.stderr.strip().rpartition("\n")[2]
        except subprocess.TimeoutExpired:
            last_words = f"pip-audit did not end within {WHOLE_TIMEOUT_S:.0f} s"
        if written.exists():
            found = tuple(_lines(json.loads(written.read_text("utf-8"))))
            return Audit(Reach.CHECKED, found, f"{len(found)} known vulnerabilities in {lock.name}")
    if not _answers(url, patience_s):
        return Audit(Reach.UNREACHABLE, detail=f"{url} stopped answering: not everything was checked")
    return Audit(Reach.BROKEN, detail=last_words)


def _answers(url: str, patience_s: float) -> bool:
    """Within that time, whatever keeps it: a look-up of the name knows no time limit of its own."""
    answers: list[bool] = []
    asking = Thread(target=lambda: answers.append(_asked(url)), daemon=True)
    asking.start()
    asking.join(patience_s)
    return answers == [True]


def _asked(url: str) -> bool:
    question = {"package": {"name": "pip", "ecosystem": "PyPI"}, "version": "26.3"}
    try:
        return httpx.post(url, json=question, timeout=PATIENCE_S).is_success
    except httpx.HTTPError:
        return False


def _command(lock: Path, url: str, written: Path) -> list[str]:
    asked = ["--requirement", str(lock), "--disable-pip", "--vulnerability-service", "osv", "--osv-url", url]
    told = ["--format", "json", "--desc", "off", "--output", str(written), "--progress-spinner", "off"]
    return [sys.executable, "-m", "pip_audit", *asked, *told, "--timeout", str(REQUEST_TIMEOUT_S)]


def _lines(found: dict[str, list[dict[str, object]]]) -> list[str]:
    lines = []
    for package in found["dependencies"]:
        vulnerabilities = package.get("vulns", [])
        assert isinstance(vulnerabilities, list)
        for each in vulnerabilities:
            fixed = ", ".join(each["fix_versions"]) or "no release"
            lines.append(f"{package['name']} {package['version']}: {each['id']}, fixed in {fixed}")
    return lines
