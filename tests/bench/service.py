"""The service over HTTP beside the bare models, DeepFace and dlib: rounds of each in turn, so that noise hits all
alike, and ratios taken within a round."""

import json
import os
import subprocess
import sys
from base64 import b64encode
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from tests.bench.arithmetic import (
    arrivals_s,
    ideal_latencies_s,
    kiosk_arrivals_s,
    latencies,
    median_ratio,
    percentile,
)
from tests.bench.frames import camera_frames, write_dataset
from tests.bench.processes import ROOT, Contender, Service, clean_environment, memory_mb, processor_s, run, service
from tests.bench.rows import Plan, Row

CORES = os.cpu_count() or 1
CLIENTS = (1, 4, 16)
LOAD = 0.7
ONE_LOOK = "one look, 4"
_CONTENDERS = {  # name → threads, frames in a round: full, quick
    "bare": (1, 40, 20),
    "bare-20px": (1, 20, 4),
    "deepface": (1, 4, 1),
    "deepface-compared": (1, 4, 1),
    "dlib": (1, 6, 2),
}


@dataclass(frozen=True, slots=True)
class Rate:
    """One round of something: frames a second, and the milliseconds of each."""

    fps: float
    ms: Sequence[float]
    processor_ms: float  # to a frame, of whoever looked at it
    generator_share: float = 0  # of one core
    refused: int = 0  # with 503; of an open loop alone, when a neighbour took the cores for a while
    moments_s: Sequence[float] = ()  # when the frames of an open loop were due


Rounds = Mapping[str, Sequence[Rate]]


def measure(plan: Plan) -> list[Row]:
    with TemporaryDirectory() as folder, ExitStack() as stack:
        place = Path(folder)
        recognizer = stack.enter_context(recognizer_and_logger(place))
        one_look = stack.enter_context(looking_once(place))
        contenders = {name: Contender(name, place / "state", place / f"{name}.log") for name in _CONTENDERS}
        for contender in contenders.values():
            stack.callback(contender.close)
        rounds: dict[str, list[Rate]] = defaultdict(list)
        for number in range(plan.of(5, 1)):
            for name, rate in _round(plan, recognizer, one_look, contenders, number):
                rounds[name].append(rate)
        return [*_rows(rounds), Row("recognizer, resident", memory_mb(recognizer.pid), "MB", target="≤ 450")]


@contextmanager
def recognizer_and_logger(place: Path) -> Iterator[Service]:
    """Both with default settings, and two people enrolled."""
    key = place / "recognizer.key"
    run("logger", "keys", "ensure", "--file", str(key), "--scope", "events:write", "--label", "bench", folder=place)
    with service("logger", place, {}) as logger:
        settings = {
            "RECOGNIZER_DATASET_DIR": str(write_dataset(place / "dataset")),
            "RECOGNIZER_STATE_DIR": str(place / "state"),
            "RECOGNIZER_LOGGER_URL": logger.url,
            "RECOGNIZER_LOGGER_KEY_FILE": str(key),
        }
        with service("recognizer", place, settings) as recognizer:
            yield recognizer


@contextmanager
def looking_once(place: Path) -> Iterator[Service]:
    """A recognizer that embeds what DeepFace and dlib embed: the face, and not its mirror image too."""
    settings = {
        "RECOGNIZER_DATASET_DIR": str(place / "dataset"),
        "RECOGNIZER_STATE_DIR": str(place / "one look"),
        "RECOGNIZER_VIEWS": "plain",
    }
    with service("recognizer", place, settings) as recognizer:
        yield recognizer


def send(to: Service, *, clients: int, record: bool, duration_s: float, moments_s: Sequence[float] = ()) -> Rate:
    """Closed loop; open loop where moments are given."""
    order: dict[str, Any] = {
        "port": to.port,
        "frames": [b64encode(frame).decode() for frame in camera_frames()],
        "record": record,
        "clients": clients,
        "duration_s": duration_s,
    }
    if moments_s:
        order["moments_s"] = moments_s
    before_s = processor_s(to.pid)
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench.http_load"],
        cwd=ROOT,
        env=clean_environment(),
        input=json.dumps(order),
        capture_output=True,
        text=True,
        check=True,
    )
    answers = json.loads(done.stdout)
    if answers["failed"] or (answers["refused"] and not moments_s):
        raise RuntimeError(f"{answers['failed']} frames failed, {answers['refused']} were refused")
    frames = len(answers["ms"])
    return Rate(
        frames / answers["wall_s"],
        answers["ms"],
        (processor_s(to.pid) - before_s) * 1e3 / frames,
        answers["processor_s"] / answers["wall_s"],
        answers["refused"],
        moments_s,
    )


def _round(
    plan: Plan, recognizer: Service, one_look: Service, contenders: Mapping[str, Contender], number: int
) -> Iterator[tuple[str, Rate]]:
    duration_s = plan.of(3, 2)
    yield "bare, all cores", _contend(contenders["bare"], frames=plan.of(160, 80), threads=CORES)
    fastest = 0.0
    for clients in CLIENTS:
        rate = send(recognizer, clients=clients, record=False, duration_s=duration_s)
        yield f"service, {clients}", rate
        fastest = max(fastest, rate.fps)
    yield ONE_LOOK, send(one_look, clients=4, record=False, duration_s=duration_s)
    for clients in CLIENTS:
        yield f"recording, {clients}", send(recognizer, clients=clients, record=True, duration_s=duration_s)
    for arrivals, moments in (("kiosks", kiosk_arrivals_s), ("Poisson", arrivals_s)):
        due_s = moments(LOAD * fastest, plan.of(8, 4), number)
        yield arrivals, send(recognizer, clients=64, record=False, duration_s=0, moments_s=due_s)
    for name, (threads, full, quick) in _CONTENDERS.items():
        yield name, _contend(contenders[name], frames=plan.of(full, quick), threads=threads)


def _contend(contender: Contender, *, frames: int, threads: int) -> Rate:
    answer = contender.round(frames=frames, threads=threads)
    return Rate(frames / answer["wall_s"], answer["ms"], answer["processor_s"] * 1e3 / frames)


def _rows(rounds: Rounds) -> list[Row]:
    return [*_bare_rows(rounds), *_service_rows(rounds), *_open_loop_rows(rounds), *_other_rows(rounds)]


def _bare_rows(rounds: Rounds) -> list[Row]:
    return [
        Row("bare: one frame", _p50(rounds["bare"]), "ms", note=_count("one core", rounds["bare"]), target="≤ 35"),
        Row("bare: all cores", _fps(rounds["bare, all cores"]), "frames/s", note=_count("", rounds["bare, all cores"])),
    ]


def _service_rows(rounds: Rounds) -> list[Row]:
    rows: list[Row] = []
    for kind in ("service", "recording"):
        for clients in CLIENTS:
            rates = rounds[f"{kind}, {clients}"]
            rows += _client_rows(f"{kind}, {clients} clients" if clients > 1 else f"{kind}, 1 client", rates)
            rows += _against_bare(kind, clients, rounds)
    return rows


def _client_rows(name: str, rates: Sequence[Rate]) -> list[Row]:
    found = latencies([ms for rate in rates for ms in rate.ms])
    generator = median(rate.generator_share for rate in rates)
    shares = f"the load generator took {generator:.0%} of a core"
    return [
        Row(f"{name}: throughput", _fps(rates), "frames/s", note=shares),
        Row(f"{name}: p50 / p95 / p99", found.p50, "ms", note=f"{found.p95:.1f} / {found.p99:.1f} ms, n = {found.n}"),
    ]


def _against_bare(kind: str, clients: int, rounds: Rounds) -> list[Row]:
    rates, bare, one = rounds[f"{kind}, {clients}"], rounds["bare, all cores"], rounds["bare"]
    if clients == 1:
        ratio = median_ratio([_p50([rate]) for rate in rates], [_p50([rate]) for rate in one])
        return [Row(f"{kind}, 1 client: p50 to a bare frame", _p50(rates), "ms", ratio, target="≤ 1.3")]
    share = median_ratio([rate.fps for rate in rates], [rate.fps for rate in bare])
    spent = median_ratio([rate.processor_ms for rate in bare], [rate.processor_ms for rate in rates])
    name, spent_ms = f"{kind}, {clients} clients", median(rate.processor_ms for rate in rates)
    return [
        Row(f"{name}: share of bare", _fps(rates), "frames/s", share, target="≥ 0.85"),
        Row(f"{name}: share of bare by processor time", spent_ms, "ms/frame", spent, "whoever else is busy", "≥ 0.85"),
    ]


def _open_loop_rows(rounds: Rounds) -> list[Row]:
    return [
        _open_loop_row("kiosks", "kiosks of two frames a second", "≤ 3", rounds),
        _open_loop_row("Poisson", "Poisson arrivals", "", rounds),
    ]


def _open_loop_row(name: str, arrivals: str, target: str, rounds: Rounds) -> Row:
    rates = rounds[name]
    found = latencies([ms for rate in rates for ms in rate.ms])
    ratio = median(_p99_to_p50(rate.ms) for rate in rates)
    service_s = 1 / median(rate.fps for rate in rounds["bare, all cores"]) * CORES
    ideal = median(_p99_to_p50(ideal_latencies_s(r.moments_s, servers=CORES, service_s=service_s)) for r in rates)
    refused = sum(rate.refused for rate in rates)
    note = f"{_fps(rates):.1f} a second; p50 {found.p50:.1f} ms, n = {found.n}, refused {refused}; ideal: {ideal:.2f}"
    return Row(f"service at 70 % load, {arrivals}: p99 to p50", found.p99, "ms", ratio, note, target)


def _p99_to_p50(times: Sequence[float]) -> float:
    return percentile(times, 99) / percentile(times, 50)


def _other_rows(rounds: Rounds) -> list[Row]:
    rows = [
        Row("bare at 20 px: one frame", _p50(rounds["bare-20px"]), "ms", note="faces as small as DeepFace looks for")
    ]
    for name, said in (
        ("deepface", "DeepFace represent"),
        ("deepface-compared", "DeepFace represent + 120 comparisons"),
        ("dlib", "dlib's runner, HOG, 5 points"),
    ):
        rows.append(Row(f"{said}: one frame", _p50(rounds[name]), "ms", note=_count("", rounds[name])))
        target = "" if name == "dlib" else "≥ 25"
        for clients in CLIENTS:
            rates = rounds[f"service, {clients}"]
            ratio = median_ratio([rate.fps for rate in rates], [rate.fps for rate in rounds[name]])
            rows.append(Row(f"service at {clients} to {said}", _fps(rates), "frames/s", ratio, target=target))
        once = rounds[ONE_LOOK]
        ratio = median_ratio([rate.fps for rate in once], [rate.fps for rate in rounds[name]])
        note = "the same work: RECOGNIZER_VIEWS=plain"
        rows.append(Row(f"service at 4, one look, to {said}", _fps(once), "frames/s", ratio, note, target))
    return rows


def _p50(rates: Sequence[Rate]) -> float:
    return median(median(rate.ms) for rate in rates)


def _fps(rates: Sequence[Rate]) -> float:
    return median(rate.fps for rate in rates)


def _count(what: str, rates: Sequence[Rate]) -> str:
    return f"{what}{', ' if what else ''}n = {sum(len(rate.ms) for rate in rates)}"
