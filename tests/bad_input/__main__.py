"""`make fuzz`: everything that bad input can do, at length. Prints the figures and keeps them in var/bad_input.json."""

import argparse
import asyncio
import json
import logging
import random
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import structlog

from tests.bad_input.asking import Tally
from tests.bad_input.costs import Cost, measure, summary
from tests.bad_input.documents import fuzz_both
from tests.bad_input.running import ask_logger, ask_recognizer
from tests.bad_input.scene import ENROLL_KEY, real_recognizer, scene
from tests.bench.machine import describe
from tests.conftest import hopper_file

OUT = Path("var/bad_input.json")
_LARGEST_SEED = 2**32


def main() -> int:
    given = _arguments()
    seed = random.randrange(_LARGEST_SEED) if given.seed is None else given.seed
    _say([f"seed {seed}, {given.examples} examples of either kind for each operation"])
    logging.disable()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    with tempfile.TemporaryDirectory() as folder:
        tally, recorded = asyncio.run(_ask(Path(folder), given.examples, seed))
    costs = _costs()
    figures = _figures(tally, recorded, costs, seed=seed, examples=given.examples)
    OUT.parent.mkdir(exist_ok=True)
    OUT.write_text(json.dumps({"machine": describe(), **figures}, indent=1) + "\n")
    _say(f"{name:24} {value}" for name, value in figures.items() if name not in {"wrong", "inputs"})
    _say(cost.line for cost in costs)
    _say(f"{what}\n    {fault}" for what, fault in tally.wrong.items())
    decoders = _decoders(seed)
    return 1 if tally.wrong or recorded or decoders else 0


def _say(lines: Iterable[str]) -> None:
    sys.stdout.writelines(f"{line}\n" for line in lines)
    sys.stdout.flush()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bad_input", description=__doc__)
    parser.add_argument("--seed", type=int, help="of an earlier run, to see the same again")
    parser.add_argument("--examples", type=int, default=20)
    return parser.parse_args()


async def _ask(folder: Path, examples: int, seed: int) -> tuple[Tally, int]:
    """The tally, and how many events the recognizer's bad input has put on record."""
    async with scene(folder) as services:
        tally = await ask_recognizer(services)
        recorded = await services.recorded()
        tally.add(await ask_logger(services))
        tally.add(await fuzz_both(services, examples=examples, seed_=seed))
    return tally, recorded


def _costs() -> list[Cost]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        dataset = folder / "dataset" / "Grace_Hopper_demo1"
        dataset.mkdir(parents=True)
        (dataset / "portrait.jpg").write_bytes(hopper_file().read_bytes())
        with real_recognizer(folder, dataset.parent, folder / "state") as recognizer:
            return measure(recognizer, ENROLL_KEY)


def _decoders(seed: int) -> int:
    """The property tests of the decoders, longer. The exit status."""
    options = ["-q", f"--hypothesis-seed={seed}", "--hypothesis-profile=long"]
    command = [sys.executable, "-m", "pytest", *options, "tests/bad_input/test_decoders.py"]
    return subprocess.run(command, check=False).returncode


def _figures(tally: Tally, recorded: int, costs: list[Cost], *, seed: int, examples: int) -> dict[str, Any]:
    return {
        "seed": seed,
        "examples": examples,
        "tried": tally.tried + len(costs),
        "server_faults": tally.server_faults + sum(cost.status >= 500 for cost in costs),
        "recorded": recorded,
        "answers": {str(status): count for status, count in sorted(tally.answers.items())},
        "wrong": tally.wrong,
        **summary(costs),
    }


if __name__ == "__main__":
    raise SystemExit(main())
