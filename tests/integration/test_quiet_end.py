"""Both command lines before a reader that has gone away, as `| head` does."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from shared.terminal import READER_GONE

ROOT = Path(__file__).parents[2]
COMMANDS = (
    ("recognizer", "models", "list"),
    ("logger", "users", "first"),
)


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_a_command_that_nobody_reads_to_its_end_says_nothing_about_it(command: tuple[str, ...], tmp_path: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "wb") as nobody:
        done = subprocess.run(
            [sys.executable, "-m", *command],
            cwd=tmp_path,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            stdout=nobody,
            stderr=subprocess.PIPE,
            check=False,
        )

    assert (done.returncode, done.stderr) == (READER_GONE, b"")


def test_a_command_that_is_read_to_its_end_keeps_its_exit_status(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "logger", "users", "disable", "nobody"],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        check=False,
    )

    assert (done.returncode, done.stderr) == (1, b"There is no such account\n")
