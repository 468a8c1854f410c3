"""Folders of drawn people, and the command line over the fake engine."""

from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import cv2
import numpy as np
import pytest

from recognizer import cli
from recognizer.engine.fake import draw_face
from recognizer.settings import load_settings

Draw: TypeAlias = Callable[..., Path]
Run: TypeAlias = Callable[..., str]


@pytest.fixture
def draw() -> Draw:
    """Writes a photo of a person: their pattern, on a grey of its own; nobody's without a name."""

    def write(file: Path, person: str | None, *, grey: int = 110, size: int = 120) -> Path:
        frame = np.full((240, 240, 3), grey, np.uint8)
        if person is not None:
            draw_face(frame, person, x=60, y=60, size=size)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(cv2.imencode(".png", cv2.cvtColor(frame, cv2.COLOR_RGB2BGR))[1].tobytes())
        return file

    return write


@pytest.fixture
def people(tmp_path: Path, draw: Draw) -> Path:
    """Twelve people with three photos each."""
    folder = tmp_path / "dataset"
    for person in range(12):
        for number in range(3):
            draw(folder / f"Person_{person}" / f"{number}.png", f"person {person}", grey=100 + 5 * number)
    return folder


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """A command in this process, without the log of one, over the fake engine; what it printed."""
    monkeypatch.chdir(tmp_path)  # away from a developer's own .env
    for name, value in {
        "MODEL": "fake",
        "DETECTOR": "fake",
        "DATASET_DIR": str(tmp_path / "dataset"),
        "STATE_DIR": str(tmp_path / "state"),
        "WORKERS": "2",
    }.items():
        monkeypatch.setenv(f"RECOGNIZER_{name}", value)

    def command(*arguments: str | Path) -> str:
        parsed = cli._parser().parse_args([str(argument) for argument in arguments])
        assert parsed.run(load_settings(), parsed) == 0
        return capsys.readouterr().out

    return command
