"""`make soak`: very many requests, and what both services hold of memory and descriptors. See docs/load.md."""

import argparse
import asyncio
import json
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path

from tests.bench import machine
from tests.soak.run import SAMPLES, Soaked, site, soak
from tests.soak.trend import Trend, trend

_REAL_SHARE = 50  # requests with the fake engine to one with the real one


def main() -> int:
    given = _parser().parse_args()
    described = machine.describe()
    _say(machine.summary(described))
    found: dict[str, object] = {"machine": described}
    sound = True
    for engine in given.engine or ["fake", "real"]:
        requests = given.requests if engine == "fake" else max(given.requests // _REAL_SHARE, 200)
        _say(f"\n{requests:,} requests with the {engine} engine")
        soaked, trends = _run(engine, requests)
        found[engine] = _figures(soaked, trends)
        faults = [f"{name}: {fault}" for name, each in trends.items() for fault in each.faults]
        faults += [f"{count} times {what}" for what, count in soaked.wrong.items()]
        _say(f"{soaked.answered:,} answered, {soaked.refused:,} of them with 503; {soaked.visits:,} live connections")
        _say("\n".join([_line(name, each) for name, each in trends.items()] + [f"FAULT {fault}" for fault in faults]))
        sound = sound and not faults
    _keep(given.json, found)
    return 0 if sound else 1


def _run(engine: str, requests: int) -> tuple[Soaked, dict[str, Trend]]:
    with tempfile.TemporaryDirectory(prefix="rollcall-soak-") as folder, site(engine, Path(folder)) as place:
        soaked = asyncio.run(soak(place, requests, _tell))
    return soaked, {
        name: trend(soaked.idle[name], samples, soaked.after[name]) for name, samples in soaked.samples.items()
    }


def _tell(soaked: Soaked) -> None:
    last = {name: samples[-1] for name, samples in soaked.samples.items()}
    if len(soaked.samples["recognizer"]) % (SAMPLES // 10) == 0:
        held = (f"{name} {one.memory_mb:.0f} MB, {one.descriptors} descriptors" for name, one in last.items())
        _say(f"{soaked.answered:9,} answered  " + "; ".join(held))


def _line(name: str, found: Trend) -> str:
    memory, descriptors = found.memory_mb, found.descriptors
    return (
        f"{name}: {memory[0]:.1f} to {memory[1]:.1f} MB, {found.memory_mb_per_10k:+.2f} MB in 10,000 requests; "
        f"descriptors {descriptors[0]} before, {found.descriptors_most} at most, {descriptors[1]} after"
    )


def _figures(soaked: Soaked, trends: dict[str, Trend]) -> dict[str, object]:
    return {
        "answered": soaked.answered,
        "live_connections": soaked.visits,
        "refused": soaked.refused,
        "wrong": dict(soaked.wrong),
        **{name: {**asdict(each), "faults": each.faults} for name, each in trends.items()},
    }


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="make soak")
    parser.add_argument(
        "--requests", type=int, default=100_000, help="with the fake engine; the real one gets a fiftieth"
    )
    parser.add_argument(
        "--engine", action="append", choices=["fake", "real"], default=[], help="both when none is named"
    )
    parser.add_argument("--json", type=Path, default=Path("var/soak.json"))
    return parser


def _keep(file: Path, found: dict[str, object]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(found, indent=2, ensure_ascii=False) + "\n", "utf-8")
    _say(f"\nThe same as JSON: {file}")


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    raise SystemExit(main())
