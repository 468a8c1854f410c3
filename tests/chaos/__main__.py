"""`make chaos`: both services under load, and everything that can happen to them. See docs/faults.md."""

import argparse
import asyncio
import json
import random
import shutil
import sys
import tempfile
from pathlib import Path

from tests.bench import machine
from tests.chaos.report import figures, table
from tests.chaos.rounds import Round, incidents_of, run


def main() -> int:
    given = _parser().parse_args()
    kills, faults = incidents_of(given.store)
    if given.list:
        _say("\n".join([*kills, *faults]))
        return 0
    described = machine.describe()
    _say(machine.summary(described))
    folder = Path(tempfile.mkdtemp(prefix="rollcall-chaos-"))
    _say(f"seed {given.seed}, store {given.store}; logs and databases in {folder}, which stays when something is wrong")
    done = asyncio.run(
        run(
            given.store,
            seed=given.seed,
            rounds=given.rounds,
            folder=folder,
            only=given.only,
            within_s=given.minutes * 60,
            tell=_tell,
        )
    )
    found = figures(done)
    _say("\n" + table(found))
    _keep(given.json, {"machine": described, **found})
    if not done.sound:
        return 1
    shutil.rmtree(folder)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="make chaos")
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--minutes", type=float, default=float("inf"), help="begin no round after that")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10_000))
    parser.add_argument("--store", choices=["sqlite", "mongo"], default="sqlite")
    parser.add_argument("--only", action="append", default=[], metavar="INCIDENT", help="as --list names it")
    parser.add_argument("--list", action="store_true", help="the incidents, and nothing else")
    parser.add_argument("--json", type=Path, default=Path("var/chaos.json"))
    return parser


def _tell(one: Round) -> None:
    verdict = one.verdict
    missed = "  (step not reached)" if one.not_reached else ""
    _say(f"{one.number:4}  {one.seconds:5.1f} s  {verdict.stored:6} stored  {one.incident}{missed}")
    for fault in verdict.faults:
        _say(f"      {fault}")


def _keep(file: Path, found: dict[str, object]) -> None:
    """One entry for each store in the file."""
    file.parent.mkdir(parents=True, exist_ok=True)
    kept = json.loads(file.read_text("utf-8")) if file.is_file() else {}
    kept[str(found["store"])] = found
    file.write_text(json.dumps(kept, indent=2, ensure_ascii=False) + "\n", "utf-8")


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    raise SystemExit(main())
