"""What a section of the benchmark measures, as one table for people and one JSON for programs."""

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass


@dataclass(frozen=True, slots=True)
class Plan:
    """How much to measure. `quick` is for trying the harness out: its figures are loose."""

    quick: bool = False

    def of(self, full: int, quick: int) -> int:
        return quick if self.quick else full


@dataclass(frozen=True, slots=True)
class Row:
    """One figure. `ratio` is to what `note` names; it is what may be compared between machines."""

    name: str
    value: float
    unit: str
    ratio: float | None = None
    note: str = ""
    target: str = ""  # of the ratio where there is one, otherwise of the value


_HEADINGS = ("", "value", "unit", "ratio", "target", "note")


def table(sections: Mapping[str, Sequence[Row]]) -> str:
    """Columns as wide as their widest cell; numbers to the right."""
    lines = {name: [_cells(row) for row in rows] for name, rows in sections.items()}
    everything = [_HEADINGS, *(cells for rows in lines.values() for cells in rows)]
    widths = [max(len(cells[at]) for cells in everything) for at in range(len(_HEADINGS))]
    printed = [_line(_HEADINGS, widths)]
    for name, rows in lines.items():
        printed += ["", name.upper(), *(_line(cells, widths) for cells in rows)]
    return "\n".join(printed)


def as_json(machine: Mapping[str, object], sections: Mapping[str, Sequence[Row]]) -> str:
    found = {name: [asdict(row) for row in rows] for name, rows in sections.items()}
    return json.dumps({"machine": dict(machine), "sections": found}, indent=2, ensure_ascii=False)


def _cells(row: Row) -> tuple[str, ...]:
    ratio = "" if row.ratio is None else significant(row.ratio)
    return row.name, significant(row.value), row.unit, ratio, row.target, row.note


def _line(cells: Iterable[str], widths: Sequence[int]) -> str:
    aligned = (
        text.rjust(width) if at in {1, 3} else text.ljust(width)
        for at, (text, width) in enumerate(zip(cells, widths, strict=True))
    )
    return "  ".join(aligned).rstrip()


def significant(value: float) -> str:
    """Three significant digits, and whole numbers whole. A time without an end is "never"."""
    if not math.isfinite(value):
        return "never" if value > 0 else "no figure"
    if value == round(value) or abs(value) >= 1_000:
        return f"{value:,.0f}"
    return f"{value:,.{max(0, 2 - _magnitude(value))}f}"


def _magnitude(value: float) -> int:
    return int(f"{value:e}".partition("e")[2])
