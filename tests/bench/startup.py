"""How long a start takes, cold and warm, and how much memory a start and some work leave behind."""

import shutil
import subprocess
import sys
import time
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from tests.bench.frames import write_dataset
from tests.bench.processes import Service, clean_environment, free_port, memory_mb, stop, wait_until_ready
from tests.bench.rows import Plan, Row
from tests.bench.service import send


def measure(plan: Plan) -> list[Row]:
    with TemporaryDirectory() as folder:
        place = Path(folder)
        write_dataset(place / "dataset")
        cold_s = median(_start(place, keep=False)[0] for _ in range(plan.of(3, 1)))
        warm = [_start(place, keep=True) for _ in range(plan.of(7, 2))]
        _, loaded_mb, worked_mb = warm[-1]
        return [
            Row("cold start to ready", cold_s, "s", note="networks converted, six photos looked at"),
            Row("warm start to ready", median(each[0] for each in warm), "s", note=f"n = {len(warm)}", target="≤ 3"),
            Row("recognizer after the start, resident", loaded_mb, "MB", target="≤ 450"),
            Row("recognizer after 16 clients, resident", worked_mb, "MB", target="≤ 450"),
        ]


def _start(place: Path, *, keep: bool) -> tuple[float, float, float]:
    """Seconds until it was ready; megabytes then, and after work. `keep`: with what an earlier start has made."""
    if not keep:
        shutil.rmtree(place / "state", ignore_errors=True)
    port = free_port()
    settings = {
        "RECOGNIZER_PORT": str(port),
        "RECOGNIZER_DATASET_DIR": str(place / "dataset"),
        "RECOGNIZER_STATE_DIR": str(place / "state"),
        "RECOGNIZER_LOG_LEVEL": "warning",
    }
    started = time.monotonic()
    process = subprocess.Popen(
        [sys.executable, "-m", "recognizer", "serve"], cwd=place, env={**clean_environment(), **settings}
    )
    try:
        recognizer = Service(port, process.pid)
        wait_until_ready(recognizer.url, process)
        took_s, loaded_mb = time.monotonic() - started, memory_mb(process.pid)
        send(recognizer, clients=16, record=False, duration_s=2)
        return took_s, loaded_mb, memory_mb(process.pid)
    finally:
        stop(process)
