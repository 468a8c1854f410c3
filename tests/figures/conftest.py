"""A folder like var/, with what the measuring commands write."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.bench.rows import Row, as_json

MACHINE = {
    "at": "2026-01-02T03:04:05+00:00",
    "commit": "abc1234",
    "cpu": "A Processor",
    "cores": 2,
    "memory": "8388608 kB",
    "system": "Linux-6.1.0-x86_64",
    "python": "3.11.7",
    "load_average": 0.25,
    "versions": {"numpy": "2.4.6"},
}
Write = Callable[..., Path]


@pytest.fixture
def machine() -> dict[str, Any]:
    return dict(MACHINE)


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def document(name: str, content: dict[str, Any]) -> Path:
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(content), "utf-8")
        return tmp_path

    return document


@pytest.fixture
def write_bench(tmp_path: Path) -> Write:
    def document(name: str, sections: dict[str, list[Row]], **machine: Any) -> Path:
        (tmp_path / name).write_text(as_json(MACHINE | machine, sections), "utf-8")
        return tmp_path

    return document
