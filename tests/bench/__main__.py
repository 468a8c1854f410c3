"""`make bench`: every section side by side, one table, one JSON.

A section is a module of this folder with `measure(plan: Plan) -> Sequence[Row]`; its name goes into SECTIONS.
"""

import argparse
import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

from tests.bench import machine
from tests.bench.rows import Plan, Row, as_json, table

SECTIONS = (
    "service",
    "classroom",
    "startup",
    "cached",
    "enrolment",
    "detection",
    "gallery",
    "tried",
    "logger_ingest",
    "logger_lists",
    "logger_pages",
    "overload",
)


def main() -> int:
    parsed = _parser().parse_args()
    described = machine.describe() | {"quick": parsed.quick}
    _say(machine.summary(described))
    plan = Plan(quick=parsed.quick)
    measured: dict[str, Sequence[Row]] = {}
    for name in parsed.only or SECTIONS:
        _say(f"measuring {name} …")
        measured[name] = import_module(f"tests.bench.{name}").measure(plan)
    _say("\n" + table(measured))
    parsed.json.parent.mkdir(parents=True, exist_ok=True)
    parsed.json.write_text(as_json(described, measured) + "\n", "utf-8")
    _say(f"\nThe same as JSON: {parsed.json}")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="make bench")
    parser.add_argument("only", nargs="*", choices=SECTIONS, default=[], help="sections; all when none is named")
    parser.add_argument("--quick", action="store_true", help="about a minute; the figures are loose")
    parser.add_argument("--json", type=Path, default=Path("var/bench.json"))
    return parser


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    raise SystemExit(main())
