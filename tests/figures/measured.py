"""What was measured, as the measuring commands left it in var/."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.bench.rows import Row

EVALUATIONS = "evaluation"  # a folder of report.json for each engine, in folders of any name


@dataclass(frozen=True, slots=True)
class Section:
    """What one part of `make bench`, or of another command that writes the same form, measured."""

    source: str  # the file's name
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Measured:
    machines: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)  # by the file's name
    sections: Mapping[str, Section] = field(default_factory=dict)
    runs: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)  # by file and, of several in one, by key
    evaluations: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)  # by folder


class Unreadable(Exception):
    """Names the file: a figure that cannot be read must not pass for one that was not measured."""


def read(folder: Path) -> Measured:
    """Raises Unreadable. Of a section that is in several files the youngest counts."""
    documents = {file.name: _document(file) for file in sorted(folder.glob("*.json"))}
    oldest_first = sorted(documents.items(), key=lambda item: str(_machine(item[1]).get("at", "")))
    runs = dict(run for name, document in documents.items() for run in _runs(name, document))
    return Measured(
        machines={name: machine for name, document in documents.items() if (machine := _machine(document))},
        sections={section: found for name, document in oldest_first for section, found in _sections(name, document)},
        runs=runs,
        evaluations={
            file.parent.relative_to(folder).as_posix(): _document(file)
            for file in sorted((folder / EVALUATIONS).rglob("report.json"))
        },
    )


def _document(file: Path) -> dict[str, Any]:
    try:
        found = json.loads(file.read_text("utf-8"))
    except ValueError as error:
        raise Unreadable(f"{file} is not JSON: measure again, or remove it") from error
    if not isinstance(found, dict):
        raise Unreadable(f"{file} is not what a measuring command writes")
    return found


def _machine(document: Mapping[str, Any]) -> Mapping[str, Any]:
    """Of the document, or of the first run in it."""
    parts = [document, *(part for part in document.values() if isinstance(part, dict))]
    return next((part["machine"] for part in parts if isinstance(part.get("machine"), dict)), {})


def _sections(name: str, document: Mapping[str, Any]) -> Iterator[tuple[str, Section]]:
    try:
        for section, rows in document.get("sections", {}).items():
            yield section, Section(name, tuple(Row(**row) for row in rows))
    except (TypeError, AttributeError) as error:
        raise Unreadable(f"{name}: its rows are not those of tests/bench/rows.py") from error


def _runs(name: str, document: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """A document that is one run, or one that has a run for each store."""
    stem = name.removesuffix(".json")
    if "sections" in document:
        return
    several = {key: part for key, part in document.items() if isinstance(part, dict) and "machine" in part}
    yield from ((f"{stem}: {key}", part) for key, part in several.items())
    if not several:
        yield stem, document
