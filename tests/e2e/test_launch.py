"""`make run`, from the point where everything is installed: an empty folder to a recognized face."""

import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

PATIENCE_S = 120


@pytest.fixture
def launched(tmp_path: Path, ports: Callable[[], int], environment: dict[str, str]) -> Iterator[Any]:
    settings = {"RECOGNIZER_PORT": str(ports()), "LOGGER_PORT": str(ports()), "RECOGNIZER_DELIVERY_BUDGET_S": "10"}
    process = subprocess.Popen(
        [sys.executable, "-m", "shared.launch"],
        cwd=tmp_path,
        env={**environment, **settings},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    yield process
    process.kill()
    process.communicate(timeout=PATIENCE_S)


def read_greeting(process: Any) -> str:
    lines = []
    for line in process.stdout:
        lines.append(line)
        if "/v1/attendance" in line:
            return "".join(lines)
    raise AssertionError("".join(lines))


def test_what_is_printed_works_and_ctrl_c_stops_both(launched: Any, tmp_path: Path) -> None:
    greeting = read_greeting(launched)
    photo, recognize = re.findall(r"curl -F image=@(\S+) (\S+)", greeting)[0]
    key_file, attendance = re.findall(r"cat (\S+)\)\" (\S+)", greeting)[0]
    answer = httpx.post(recognize, files={"image": (tmp_path / photo).read_bytes()}, timeout=60, trust_env=False).json()
    assert answer["match"] is True
    headers = {"X-API-Key": (tmp_path / key_file).read_text().strip()}
    [record] = httpx.get(attendance, headers=headers, timeout=60, trust_env=False).json()["items"]
    assert record["person"] == answer["person"]
    pages, username, password = re.findall(r"sign-in +(\S+) +as (\w+), password (\S+)", greeting)[0]
    credentials = {"username": username, "password": password}
    assert httpx.post(f"{pages}/auth/login", json=credentials, timeout=60, trust_env=False).json()["role"] == "admin"

    launched.send_signal(signal.SIGINT)
    assert launched.wait(PATIENCE_S) == 0
    for url in (recognize, attendance):
        with pytest.raises(httpx.ConnectError):
            httpx.get(url, timeout=5, trust_env=False)
