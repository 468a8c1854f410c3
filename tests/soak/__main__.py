"""`make soak`: very many requests, and what both services hold of memory and descriptors. See docs/load.md."""

import argparse
import asyncio
import json
import sys
import tempfile
from pathlib import Path

from tests.bench import machine
from tests.soak.run import SAMPLES, Soaked, site, soak
from tests.soak.trend import Trend, trend

_REAL_SHARE = 50  # requests with the fake engine to one with the real one


def main() -> int:
    given = _parser().parse_args()
    described = machine.describe()
    _say(machine.summary(described))
    sound = True
    for engine in given.engine or ["fake", "real"]:
        requests = given.requests if engine == "fake" else max(given.requests // _REAL_SHARE, SAMPLES)
        _say(f"\n{requests:,} requests with the {engine} engine")
        soaked, trends = _run(engine, requests)
        found = _figures(soaked, trends)
        _say("\n".join(f"{name.replace('_', ' ')}: {value}" for name, value in found.items()))
        _keep(given.json, engine, {"machine": described, **found})
        sound = sound and not found["faults"]
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


def _figures(soaked: Soaked, trends: dict[str, Trend]) -> dict[str, object]:
    """Named as tests.figures shows them."""
    faults = [f"{count} times {what}" for what, count in soaked.wrong.items()]
    figures: dict[str, object] = {
        "requests": soaked.answered,
        "of_them_refused_with_503": soaked.refused,
        "live_connections": soaked.visits,
    }
    for name, found in trends.items():
        faults += [f"{name}: {fault}" for fault in found.faults]
        figures |= {
            f"{name}_mb_after_warm_up": round(found.memory_mb[0], 1),
            f"{name}_mb_at_the_end": round(found.memory_mb[1], 1),
            f"{name}_mb_in_10,000_requests": round(found.memory_mb_per_10k, 3),
            f"{name}_descriptors_before": found.descriptors[0],
            f"{name}_descriptors_at_most": found.descriptors_most,
            f"{name}_descriptors_after": found.descriptors[1],
            f"{name}_threads_after_warm_up": found.threads[0],
            f"{name}_threads_after": found.threads[1],
        }
    return {**figures, "faults": "; ".join(faults)}


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


def _keep(file: Path, engine: str, found: dict[str, object]) -> None:
    """One entry for each engine in the file."""
    file.parent.mkdir(parents=True, exist_ok=True)
    kept = json.loads(file.read_text("utf-8")) if file.is_file() else {}
    kept[engine] = found
    file.write_text(json.dumps(kept, indent=2, ensure_ascii=False) + "\n", "utf-8")
    _say(f"The same as JSON: {file}")


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    raise SystemExit(main())
