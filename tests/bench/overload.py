"""Ten times what the recognizer can take: what is refused, how soon, what is still done, and how soon it is over.

Its capacity is measured first. Then come, one after the other, a crowd (each below the rate of one client) and one
client who floods while another goes on as usual.
"""

import json
import math
import subprocess
import sys
from base64 import b64encode
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.bench.arithmetic import percentile
from tests.bench.flood import Answered, Stream
from tests.bench.frames import camera_frames, write_dataset
from tests.bench.processes import ROOT, Service, clean_environment, service
from tests.bench.rows import Plan, Row

TIMES = 10
CONNECTIONS = 256
RATES = {"RECOGNIZER_RATE_PER_S": "100", "RECOGNIZER_KEY_RATE_PER_S": "1000"}  # as they are by default
_EACH_PER_S = 25.0  # of one client in the crowd
_MODEST_PER_S = 2.0  # of a kiosk
_CALM_S, _AFTER_S = 3.0, 10.0
_PROBE_PER_S = 10.0
_IN_A_ROW = 5


def measure(plan: Plan) -> list[Row]:
    with TemporaryDirectory() as folder, recognizer(Path(folder)) as running:
        capacity_fps = measure_capacity(running, duration_s=plan.of(10, 3))
        lasting_s = plan.of(20, 4)
        crowd = send(running, [*probes(lasting_s), *crowd_of(TIMES * capacity_fps, lasting_s)])
        lone = send(running, [*probes(lasting_s), *flooder(TIMES * capacity_fps, lasting_s)])
    return [
        Row("capacity: 16 clients, each when answered", capacity_fps, "frames/s"),
        *_rows("a crowd", crowd, lasting_s, capacity_fps),
        *_rows("one client", lone, lasting_s, None),
        *_neighbour_rows(lone),
    ]


@contextmanager
def recognizer(place: Path) -> Iterator[Service]:
    settings = {
        "RECOGNIZER_DATASET_DIR": str(write_dataset(place / "dataset")),
        "RECOGNIZER_STATE_DIR": str(place / "state"),
        **RATES,
    }
    with service("recognizer", place, settings) as running:
        yield running


def measure_capacity(to: Service, *, duration_s: float) -> float:
    order = {"clients": 16, "duration_s": duration_s, "record": False, "addresses": [_address(n) for n in range(61)]}
    answers = _ask("http_load", to, order)
    if answers["failed"] or answers["refused"]:
        raise RuntimeError(f"{answers['failed']} frames failed, {answers['refused']} were refused")
    return float(len(answers["ms"]) / answers["wall_s"])


def crowd_of(rate: float, lasting_s: float) -> list[Stream]:
    clients = math.ceil(rate / _EACH_PER_S)
    per_s = rate / clients
    return [  # no two of them in step
        Stream("flood", _address(n), _CALM_S + n / rate, _CALM_S + lasting_s, per_s) for n in range(clients)
    ]


def flooder(rate: float, lasting_s: float) -> list[Stream]:
    """And a kiosk that goes on as usual."""
    end_s = _CALM_S + lasting_s
    return [
        Stream("flood", "203.0.113.1", _CALM_S, end_s, rate),
        Stream("neighbour", "203.0.113.2", _CALM_S, end_s, _MODEST_PER_S),
    ]


def probes(lasting_s: float) -> list[Stream]:
    """Before, so that it is known how long a frame takes in peace, and after it."""
    end_s = _CALM_S + lasting_s
    return [
        Stream("before", "203.0.113.3", 0, _CALM_S - 0.5, _PROBE_PER_S),
        Stream("after", "203.0.113.3", end_s, end_s + _AFTER_S, _PROBE_PER_S),
    ]


def send(to: Service, streams: Sequence[Stream]) -> list[Answered]:
    order = {"streams": [asdict(stream) for stream in streams], "connections": CONNECTIONS}
    return [Answered(*answer) for answer in _ask("flood", to, order)]


@dataclass(frozen=True, slots=True)
class Flooded:
    sent: int
    done: int
    refused_ms: Sequence[float]  # with 429 or 503
    lost: int  # neither done nor refused


def flooded(answers: Sequence[Answered]) -> Flooded:
    found = [answer for answer in answers if answer.name == "flood"]
    done = sum(answer.status == 200 for answer in found)
    refused_ms = [answer.ms for answer in found if answer.status in {429, 503}]
    return Flooded(len(found), done, refused_ms, len(found) - done - len(refused_ms))


def recovered_after_s(answers: Sequence[Answered]) -> float | None:
    """From the end of the flood to the first of five frames in a row that take no longer than twice what the slowest
    took before it; None where that did not happen."""
    usual_ms = 2 * max(answer.ms for answer in answers if answer.name == "before")
    after = sorted((answer for answer in answers if answer.name == "after"), key=lambda answer: answer.due_s)
    well = [answer.status == 200 and answer.ms <= usual_ms for answer in after]
    for at in range(len(after) - _IN_A_ROW + 1):
        if all(well[at : at + _IN_A_ROW]):
            return after[at].due_s - after[0].due_s
    return None


def _rows(who: str, answers: Sequence[Answered], lasting_s: float, capacity_fps: float | None) -> list[Row]:
    seen = flooded(answers)
    rows = [
        Row(
            f"{who}: refused with 429 or 503",
            len(seen.refused_ms),
            "frames",
            note=f"{seen.sent} sent, {TIMES} times capacity",
        ),
        Row(f"{who}: neither answered nor refused", seen.lost, "frames", target="0"),
    ]
    if seen.refused_ms:
        rows.append(Row(f"{who}: a refusal, p99", percentile(seen.refused_ms, 99), "ms", target="< 50"))
    if capacity_fps is not None:
        done_fps = seen.done / lasting_s
        rows.append(Row(f"{who}: done", done_fps, "frames/s", done_fps / capacity_fps, "capacity", "≥ 0.9"))
    recovered_s = recovered_after_s(answers)
    note = "not within that time" if recovered_s is None else ""
    took_s = _AFTER_S if recovered_s is None else recovered_s
    rows.append(Row(f"{who}: recovered after", took_s, "s", note=note, target="< 10"))
    return rows


def _neighbour_rows(answers: Sequence[Answered]) -> list[Row]:
    found = [answer for answer in answers if answer.name == "neighbour"]
    done_ms = [answer.ms for answer in found if answer.status == 200]
    note = f"n = {len(found)}" + (f", p50 {percentile(done_ms, 50):.0f} ms" if done_ms else "")
    return [
        Row("one client: a neighbour of theirs is answered", 100 * len(done_ms) / len(found), "%", None, note, "100")
    ]


def _ask(load: str, to: Service, order: dict[str, object]) -> Any:
    frames = [b64encode(frame).decode() for frame in camera_frames()]
    done = subprocess.run(
        [sys.executable, "-m", f"tests.bench.{load}"],
        cwd=ROOT,
        env=clean_environment(),
        input=json.dumps({"port": to.port, "frames": frames, **order}),
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(done.stdout)


def _address(number: int) -> str:
    """Of the networks that RFC 2544 sets apart for benchmarks."""
    return f"198.18.{number // 256}.{number % 256}"
