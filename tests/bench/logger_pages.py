"""The pages of the demo's school, as an administrator opens them: each one's median over HTTP."""

import asyncio
import re
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from zoneinfo import ZoneInfo

import httpx
from pydantic import SecretStr

from logger.app import build_store
from logger.services.demo import YEAR, DemoSchool, Loaded
from logger.settings import LoggerSettings
from shared.clock import SystemClock
from tests.bench.logger_homes import ADMIN_PASSWORD, Home, homes, logger
from tests.bench.processes import PATIENCE_S
from tests.bench.rows import Plan, Row

PEOPLE, CLASSES = 2_000, 80
QUICK_SPAN = timedelta(days=30)
PEER_SPAN = timedelta(days=1)  # it takes minutes for what MongoDB takes seconds for
TARGET = "≤ 300"
PERSON, CLASS = "10042", "demo-001"
PAGES = (
    "/",
    "/people",
    "/people?q=smith",
    "/people?q=nobody",
    f"/person?id={PERSON}",
    "/people/new",
    "/people/import",
    "/classes",
    "/classes/new",
    f"/classes/{CLASS}",
    f"/classes/{CLASS}/schedule",
    "/schedule",
    "/reports",
    "/reports?month={last_month}",
    f"/reports/classes/{CLASS}",
    f"/reports/person?id={PERSON}",
    "/audit",
    "/settings",
    "/account",
    "/sessions/{running}",
)


def measure(plan: Plan) -> Sequence[Row]:
    with TemporaryDirectory() as name, homes(Path(name)) as kinds:
        return [row for home in kinds for row in _rows(home, Path(name), plan)]


def _rows(home: Home, folder: Path, plan: Plan) -> Iterator[Row]:
    is_peer = home.name == "peer"
    span = PEER_SPAN if is_peer else QUICK_SPAN if plan.quick else YEAR
    url = home.url("demo")
    loaded = asyncio.run(_load(url, span))
    note = f"{loaded.marks:,} marks" + (f"; {home.note}" if home.note else "")
    with _administrator(url, folder) as client:
        running, last_month = _running_session(client), _last_month()
        for page in PAGES:
            address = page.format(running=running, last_month=last_month)
            taken_ms = _median_ms(client, address, plan.of(15, 3))
            yield Row(f"{home.name}: {page}", taken_ms, "ms", note=note, target="" if is_peer else TARGET)


async def _load(url: str, span: timedelta) -> Loaded:
    store = build_store(LoggerSettings(store_url=SecretStr(url)))
    try:
        school = DemoSchool(store, SystemClock(), site=ZoneInfo("UTC"), span=span)
        return await school.load(people=PEOPLE, classes=CLASSES)
    finally:
        await store.close()


@contextmanager
def _administrator(url: str, folder: Path) -> Iterator[httpx.Client]:
    with (
        logger(url, folder) as service,
        httpx.Client(base_url=service.url, timeout=PATIENCE_S, trust_env=False) as client,
    ):
        signed_in = client.post("/sign-in", data={"name": "admin", "password": ADMIN_PASSWORD})
        assert signed_in.status_code == 303, signed_in.text
        yield client


def _running_session(client: httpx.Client) -> str:
    """The id of the first that Today names."""
    found = re.search(r'"/sessions/([0-9a-f]+)"', client.get("/").raise_for_status().text)
    assert found is not None
    return found[1]


def _median_ms(client: httpx.Client, address: str, times: int) -> float:
    taken_ms = []
    for _ in range(times):
        started = time.perf_counter()
        client.get(address).raise_for_status()
        taken_ms.append((time.perf_counter() - started) * 1e3)
    return median(taken_ms)


def _last_month() -> str:
    return (datetime.now(UTC).replace(day=1) - timedelta(days=1)).strftime("%Y-%m")
