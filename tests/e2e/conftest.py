"""Both services as processes, on ports and in folders of their own."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

ROOT = Path(__file__).parents[2]
PATIENCE_S = 60.0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Process:
    """A service that can be started, stopped and killed again and again, always on the same port and folder."""

    package: str
    port: int
    folder: Path
    settings: dict[str, str]
    running: "subprocess.Popen[bytes] | None" = field(default=None)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> "Process":
        with (self.folder / f"{self.package}.log").open("ab") as log:
            self.running = subprocess.Popen(
                [sys.executable, "-m", self.package, "serve"],
                cwd=self.folder,
                env={**clean_environment(), **self.settings},
                stderr=log,
            )
        return self

    def ready(self) -> "Process":
        wait_until(self._is_ready)
        return self

    def stop(self) -> int:
        """SIGTERM, and the exit status."""
        assert self.running is not None
        self.running.send_signal(signal.SIGTERM)
        return self.running.wait(PATIENCE_S)

    def kill(self) -> None:
        """SIGKILL: no farewell."""
        assert self.running is not None
        self.running.kill()
        self.running.wait(PATIENCE_S)

    def log(self) -> str:
        return (self.folder / f"{self.package}.log").read_text()

    def _is_ready(self) -> bool:
        assert self.running is not None
        assert self.running.poll() is None, self.log()
        return answers(f"{self.url}/readyz")


def clean_environment() -> dict[str, str]:
    """The caller's, less every setting of ours."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("RECOGNIZER_", "LOGGER_"))}
    return {**kept, "PYTHONPATH": str(ROOT)}


def answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=5, trust_env=False).is_success
    except httpx.HTTPError:
        return False


def wait_until(condition: Callable[[], bool]) -> None:
    deadline_s = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline_s, "it did not happen in time"
        time.sleep(0.05)


def run(package: str, *arguments: str, folder: Path, settings: dict[str, str]) -> str:
    done = subprocess.run(
        [sys.executable, "-m", package, *arguments],
        cwd=folder,
        env={**clean_environment(), **settings},
        capture_output=True,
        text=True,
        check=True,
        timeout=PATIENCE_S,
    )
    return done.stdout


@dataclass
class Pair:
    logger: Process
    recognizer: Process
    reader: httpx.Client

    def recognize(self, picture: bytes, **fields: str) -> dict[str, object]:
        response = httpx.post(
            f"{self.recognizer.url}/recognize",
            files={"image": ("frame.jpg", picture, "image/jpeg")},
            data=fields,
            timeout=PATIENCE_S,
            trust_env=False,
        )
        assert response.status_code == 200, response.text
        body: dict[str, object] = response.json()
        return body

    def attendance(self) -> list[dict[str, object]]:
        items: list[dict[str, object]] = self.reader.get("/v1/attendance").json()["items"]
        return items

    def events(self) -> list[str]:
        return [item["event_id"] for item in self.reader.get("/v1/events").json()["items"]]

    def profile(self, person_id: str) -> dict[str, object]:
        body: dict[str, object] = self.reader.get(f"/v1/people/{person_id}").json()
        return body

    def waiting(self) -> int:
        text = httpx.get(f"{self.recognizer.url}/metrics", trust_env=False).text
        line = next(line for line in text.splitlines() if line.startswith("recognizer_outbox_pending "))
        return int(float(line.split()[1]))


@pytest.fixture
def pair(tmp_path: Path, demo_dataset: Path, graphs: Path) -> Iterator[Pair]:
    """Not started yet, so that a test decides the order."""
    (tmp_path / "var" / "recognizer").mkdir(parents=True)
    (tmp_path / "var" / "recognizer" / "graphs").symlink_to(graphs, target_is_directory=True)
    keys = {"write": tmp_path / "keys" / "recognizer.key", "read": tmp_path / "keys" / "operator.key"}
    logger = Process("logger", free_port(), tmp_path, {})
    logger.settings |= {"LOGGER_PORT": str(logger.port), "LOGGER_TIMEZONE": "Europe/Berlin"}
    for scopes, file in (
        (("events:write", "people:read", "people:write"), keys["write"]),
        (("attendance:read", "people:read"), keys["read"]),
    ):
        asked = [part for scope in scopes for part in ("--scope", scope)]
        arguments = ("keys", "ensure", "--file", str(file), *asked, "--label", "test")
        run("logger", *arguments, folder=tmp_path, settings=logger.settings)
    recognizer = Process("recognizer", free_port(), tmp_path, {})
    recognizer.settings |= {
        "RECOGNIZER_PORT": str(recognizer.port),
        "RECOGNIZER_LOGGER_URL": logger.url,
        "RECOGNIZER_LOGGER_KEY_FILE": str(keys["write"]),
        "RECOGNIZER_DATASET_DIR": str(demo_dataset),
        "RECOGNIZER_DELIVERY_BUDGET_S": "10",  # a busy machine must not turn "delivered" into "queued"
    }
    headers = {"X-API-Key": keys["read"].read_text().strip()}
    with httpx.Client(base_url=logger.url, headers=headers, timeout=PATIENCE_S, trust_env=False) as reader:
        yield Pair(logger, recognizer, reader)
    for process in (recognizer, logger):
        if process.running is not None and process.running.poll() is None:
            process.kill()


@pytest.fixture
def process(tmp_path: Path) -> Iterator[Callable[[dict[str, str]], Process]]:
    """Starts a logger with these settings and waits until it is ready."""
    started: list[Process] = []

    def start(settings: dict[str, str]) -> Process:
        logger = Process("logger", free_port(), tmp_path, settings)
        logger.settings |= {"LOGGER_PORT": str(logger.port)}
        started.append(logger)
        return logger.start().ready()

    yield start
    for logger in started:
        if logger.running is not None and logger.running.poll() is None:
            logger.kill()


@pytest.fixture
def until() -> Callable[[Callable[[], bool]], None]:
    return wait_until


@pytest.fixture
def ports() -> Callable[[], int]:
    return free_port


@pytest.fixture
def environment() -> dict[str, str]:
    return clean_environment()
