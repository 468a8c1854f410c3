"""Processes that are measured, and what the system says about them."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

ROOT = Path(__file__).parents[2]
PATIENCE_S = 120.0
_TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")


class Contender:
    """A warm process that measures rounds on request; see `contenders`."""

    def __init__(self, name: str, folder: Path, errors: Path) -> None:
        with errors.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.bench.contenders", name, str(folder)],
                cwd=ROOT,
                env=clean_environment(),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        self._errors = errors
        self._answer()

    def round(self, *, frames: int, threads: int) -> dict[str, Any]:
        """`ms` of each frame and `wall_s` of all."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"frames": frames, "threads": threads}) + "\n")
        self._process.stdin.flush()
        return self._answer()

    def close(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(PATIENCE_S)

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if line.startswith("{"):
                answer: dict[str, Any] = json.loads(line)
                return answer
        raise RuntimeError(f"a contender ended: {self._errors.read_text()[-2_000:]}")


@dataclass(frozen=True, slots=True)
class Service:
    port: int
    pid: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@contextmanager
def service(package: str, folder: Path, settings: Mapping[str, str]) -> Iterator[Service]:
    """`package` as `make run` starts it, ready, on a port of its own; stopped at the end."""
    port = free_port()
    environment = {**clean_environment(), **settings, f"{package.upper()}_PORT": str(port)}
    environment.setdefault(f"{package.upper()}_LOG_LEVEL", "info")
    for rate in ("RATE_PER_S", "KEY_RATE_PER_S"):  # all that is sent here comes from one client
        environment.setdefault(f"{package.upper()}_{rate}", "0")
    with (folder / f"{package}.log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", package, "serve"], cwd=folder, env=environment, stdout=log, stderr=log
        )
    try:
        running = Service(port, process.pid)
        wait_until_ready(running.url, process)
        yield running
    finally:
        stop(process)


def stop(process: "subprocess.Popen[bytes]") -> None:
    process.send_signal(signal.SIGTERM)
    process.wait(PATIENCE_S)


def wait_until_ready(url: str, process: "subprocess.Popen[bytes]") -> None:
    deadline_s = time.monotonic() + PATIENCE_S
    while not _is_ready(url):
        if process.poll() is not None or time.monotonic() > deadline_s:
            raise RuntimeError("a service did not become ready; its log says why")
        time.sleep(0.02)


def run(package: str, *arguments: str, folder: Path) -> None:
    subprocess.run(
        [sys.executable, "-m", package, *arguments],
        cwd=folder,
        env=clean_environment(),
        check=True,
        capture_output=True,
        timeout=PATIENCE_S,
    )


def clean_environment() -> dict[str, str]:
    """The caller's, less every setting of ours: the defaults are what is measured."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("RECOGNIZER_", "LOGGER_"))}
    return {**kept, "PYTHONPATH": str(ROOT)}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def memory_mb(pid: int, field: str = "VmRSS") -> float:
    """`VmRSS`: resident now. `VmHWM`: the most there ever was."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{field}:")) / 1024


def processor_s(pid: int) -> float:
    """Time on any core since the process began."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS_A_SECOND


def _is_ready(url: str) -> bool:
    try:
        return httpx.get(f"{url}/readyz", timeout=5, trust_env=False).is_success
    except httpx.HTTPError:
        return False
