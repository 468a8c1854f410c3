"""The README's examples, run as they stand there. Those in other languages where their programs are installed; the
Python ones everywhere."""

import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Protocol

import pytest

README = Path(__file__).parents[2] / "README.md"
BLOCK = re.compile(r"^```(?P<language>js|python)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
CURL = re.compile(r"^    (curl -F image=\S+ \S+/recognize)$", re.MULTILINE)
NODE_BEGINS = 'import {readFileSync} from "node:fs"; const blob = new Blob([readFileSync("frame.jpg")]);\n'
NODE_ENDS = "console.log(answer.decision, answer.person);"


class Process(Protocol):
    url: str
    folder: Path

    def start(self) -> "Process": ...
    def ready(self) -> "Process": ...


class Pair(Protocol):
    logger: Process
    recognizer: Process

    def recognize(self, picture: bytes, **fields: str) -> dict[str, Any]: ...


def blocks(language: str) -> list[str]:
    return [found["text"] for found in BLOCK.finditer(README.read_text()) if found["language"] == language]


def commands() -> Iterator[tuple[str, list[str]]]:
    [posts] = CURL.findall(README.read_text())
    [recognizes] = blocks("js")
    if curl := shutil.which("curl"):
        yield "curl", [curl, "-sS", *posts.split()[1:]]
    if node := shutil.which("node"):
        yield "node", [node, "--input-type=module", "-e", NODE_BEGINS + recognizes + NODE_ENDS]
    yield "python", [sys.executable, "-c", blocks("python")[0]]


@pytest.fixture
def running(pair: Pair, photos: Any, jpeg: Callable[[Any], bytes]) -> Pair:
    """Both services, and beside them the files that the examples speak of."""
    pair.logger.start().ready()
    pair.recognizer.start().ready()
    folder = pair.recognizer.folder
    for name in ("photo.jpg", "frame.jpg"):
        (folder / name).write_bytes(jpeg(photos.hopper))
    (folder / "var" / "keys").mkdir()
    shutil.copy(folder / "keys" / "operator.key", folder / "var" / "keys" / "operator.key")
    return pair


def run(command: list[str], pair: Pair, environment: dict[str, str]) -> str:
    addresses = {"http://127.0.0.1:8000": pair.recognizer.url, "http://127.0.0.1:8001": pair.logger.url}
    for written, actual in addresses.items():
        command = [part.replace(written, actual) for part in command]
    folder = pair.recognizer.folder
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_each_example_of_a_recognition_recognizes(running: Pair, environment: dict[str, str]) -> None:
    for name, command in commands():
        said = run(command, running, environment)
        assert "known" in said, name
        assert "Grace Hopper demo1" in said, name


def test_the_example_of_reading_reads_what_was_recorded(
    running: Pair, environment: dict[str, str], photos: Any, jpeg: Callable[[Any], bytes]
) -> None:
    running.recognize(jpeg(photos.hopper))
    said = run([sys.executable, "-c", blocks("python")[1]], running, environment)
    assert said.startswith("Grace Hopper demo1 present ")
