"""Events a second into the logger: single posts, concurrent single posts, which share commits, and batches; beside the
same logger with one recording to a commit. Over HTTP from another process, and at the store without HTTP; rounds of
each in turn, ratios within a round.
"""

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from pydantic import SecretStr

from logger.domain.sightings import Sighting
from logger.settings import LoggerSettings
from logger.store.base import Store
from logger.store.sqlite import MAX_GATHERED
from tests.bench.arithmetic import latencies, median_ratio
from tests.bench.logger_fill import school
from tests.bench.logger_homes import AS_IT_IS, VARIANT, WRITER, Home, homes, logger
from tests.bench.logger_load import PEOPLE, Sent
from tests.bench.logger_variant import store_of
from tests.bench.processes import PATIENCE_S, ROOT, Service, clean_environment
from tests.bench.rows import Plan, Row

ALONE = (VARIANT, "--gathered", "1")
SLOW_FLUSH_MS = "5"  # a disk that has to reach its platter or its cells; many container disks only pretend
TARGET = "≥ 5"
CALLERS = 64


@dataclass(frozen=True, slots=True)
class Load:
    name: str
    clients: int
    posts: int
    batch: int = 1
    alone: bool = False  # one recording to a commit
    target: str = ""


def measure(plan: Plan) -> Sequence[Row]:
    with TemporaryDirectory() as name, homes(Path(name)) as kinds:
        folder, rows = Path(name), list[Row]()
        for home in kinds:
            rounds = plan.of(5, 1) if home.name == "sqlite" else plan.of(2, 1)
            rows += _over_http(home, folder, _loads(home, plan), rounds)
            rows += asyncio.run(_at_the_store(home, plan.of(1_000, 200) if home.name == "sqlite" else 64, rounds))
        rows += _over_http(kinds[0], folder, _slow_disk_loads(plan), plan.of(3, 1), flush_ms=SLOW_FLUSH_MS)
    return rows


def _loads(home: Home, plan: Plan) -> Sequence[Load]:
    """The first is what the others are compared with."""
    is_peer = home.name == "peer"  # which takes some milliseconds for each event, batched or not
    scale, batch = (1, 100) if is_peer else (plan.of(4, 1), 1_000)
    return (
        Load("one commit each, 1 client", 1, 100 * scale, alone=True),
        Load("one commit each, 64 clients", 64, 128 * scale, alone=True),
        Load("single posts, 1 client", 1, 100 * scale),
        Load("single posts, 16 clients", 16, 400 * scale),
        Load("single posts, 64 clients", 64, 640 * scale, target=TARGET),
        Load(f"batches of {batch:,}, 2 clients", 2, 2 * scale, batch),
    )


def _slow_disk_loads(plan: Plan) -> Sequence[Load]:
    scale = plan.of(2, 1)
    return (
        Load("one commit each, 1 client", 1, 50 * scale, alone=True),
        Load("single posts, 64 clients", 64, 640 * scale, target=TARGET),
    )


def _over_http(
    home: Home, folder: Path, loads: Sequence[Load], rounds: int, *, flush_ms: str | None = None
) -> Iterator[Row]:
    slow = () if flush_ms is None else ("--flush-ms", flush_ms)
    commands = {True: (*ALONE, *slow), False: (VARIANT, *slow) if slow else AS_IT_IS}
    place = home.name if flush_ms is None else f"{home.name} + {flush_ms} ms a flush"
    taken: dict[Load, list[Sent]] = {load: [] for load in loads}
    with ExitStack() as running:
        loggers = {
            alone: running.enter_context(logger(home.url(f"{home.name}-{alone}-{flush_ms}"), folder, command=command))
            for alone, command in commands.items()
        }
        for _ in range(rounds):
            for load in loads:
                taken[load].append(_send(loggers[load.alone], load))
    rates = {load: [one.events / one.wall_s for one in sent] for load, sent in taken.items()}
    for load, sent in taken.items():
        spent = latencies([ms for one in sent for ms in one.ms])
        note = f"p50 {spent.p50:.1f} ms, p99 {spent.p99:.1f} ms"
        yield _row(f"{place}: {load.name}", rates[load], rates[loads[0]], (note, home.note), load.target)


def _send(service: Service, load: Load) -> Sent:
    order = {"port": service.port, "secret": WRITER, "posts": load.posts, "clients": load.clients, "batch": load.batch}
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench.logger_load"],
        cwd=ROOT,
        env=clean_environment(),
        input=json.dumps(order),
        capture_output=True,
        text=True,
        check=True,
        timeout=PATIENCE_S,
    )
    return Sent(**json.loads(done.stdout))


async def _at_the_store(home: Home, count: int, rounds: int) -> Sequence[Row]:
    stores = {
        alone: store_of(
            LoggerSettings(store_url=SecretStr(home.url(f"{home.name}-store-{alone}"))),
            max_gathered=1 if alone else MAX_GATHERED,
        )
        for alone in (True, False)
    }
    sightings = school(PEOPLE, 365)
    rates: dict[bool, list[float]] = {True: [], False: []}
    for _ in range(rounds):
        for alone, store in stores.items():
            rates[alone].append(await _rate(store, list(islice(sightings, count)), callers=1 if alone else CALLERS))
    for store in stores.values():
        await store.close()
    return [
        _row(f"{home.name}, no HTTP: one commit each, 1 caller", rates[True], rates[True], (home.note,), ""),
        _row(f"{home.name}, no HTTP: {CALLERS} callers", rates[False], rates[True], (home.note,), TARGET),
    ]


async def _rate(store: Store, sightings: Sequence[Sighting], *, callers: int) -> float:
    """Sightings a second, each recorded by itself, by callers that wait for their last one."""
    await store.prepare()
    waiting = iter(sightings)

    async def go_on() -> None:
        for sighting in waiting:
            await store.record([sighting])

    started = time.perf_counter()
    await asyncio.gather(*(go_on() for _ in range(callers)))
    return len(sightings) / (time.perf_counter() - started)


def _row(name: str, rates: Sequence[float], baseline: Sequence[float], notes: Sequence[str], target: str) -> Row:
    ratio = None if rates is baseline else median_ratio(rates, baseline)
    return Row(name, median(rates), "events/s", ratio, "; ".join(note for note in notes if note), target)
