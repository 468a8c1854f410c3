"""A school's year in the logger, 2,000 people on 200 days, and how long its lists take over HTTP."""

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import httpx
from pydantic import SecretStr

from logger.app import build_store
from logger.settings import LoggerSettings
from tests.bench.logger_fill import LAST_DAY, fill
from tests.bench.logger_homes import READER, Home, homes, logger
from tests.bench.processes import PATIENCE_S
from tests.bench.rows import Plan, Row

PEOPLE, DAYS = 2_000, 200
PEER_DAYS = 5  # it takes minutes for what MongoDB takes seconds for
CLASS = 40  # people; until there are classes, theirs is a list for each of them
PAGE = 1_000
MONTH_FROM = (LAST_DAY - timedelta(days=29)).isoformat()


@dataclass(frozen=True, slots=True)
class Question:
    name: str
    ask: Callable[[httpx.Client], int]  # how many records the answer held
    target: str = "≤ 100"


def measure(plan: Plan) -> Sequence[Row]:
    with TemporaryDirectory() as name, homes(Path(name)) as kinds:
        return [row for home in kinds for row in _rows(home, Path(name), plan)]


def _rows(home: Home, folder: Path, plan: Plan) -> Iterator[Row]:
    days = plan.of(DAYS, 10) if home.name != "peer" else PEER_DAYS
    url = home.url("school")
    started = time.perf_counter()
    records = asyncio.run(_fill(url, days))
    rate = records / (time.perf_counter() - started)
    yield Row(f"{home.name}: filling {PEOPLE:,} people × {days} days", rate, "events/s", note=home.note)
    with _reader(url, folder) as client:
        for question in QUESTIONS:
            yield _ask(question, client, home, times=plan.of(9, 3))


def _ask(question: Question, client: httpx.Client, home: Home, *, times: int) -> Row:
    taken_ms, records = [], 0
    for _ in range(times):
        started = time.perf_counter()
        records = question.ask(client)
        taken_ms.append((time.perf_counter() - started) * 1e3)
    note = f"{records:,} records"
    return Row(
        f"{home.name}: {question.name}",
        median(taken_ms),
        "ms",
        note=f"{note}; {home.note}" if home.note else note,
        target=question.target,
    )


async def _fill(url: str, days: int) -> int:
    store = build_store(LoggerSettings(store_url=SecretStr(url)))
    try:
        return await fill(store, people=PEOPLE, days=days)
    finally:
        await store.close()


@contextmanager
def _reader(url: str, folder: Path) -> Iterator[httpx.Client]:
    with (
        logger(url, folder) as service,
        httpx.Client(
            base_url=service.url, headers={"X-API-Key": READER}, timeout=PATIENCE_S, trust_env=False
        ) as client,
    ):
        yield client


def _page(client: httpx.Client, **query: str | int) -> tuple[int, str | None]:
    answer = client.get("/v1/attendance", params={"limit": PAGE, **query}).raise_for_status().json()
    return len(answer["items"]), answer["next_cursor"]


def _pages(client: httpx.Client, **query: str) -> int:
    records, cursor = _page(client, **query)
    while cursor is not None:
        more, cursor = _page(client, cursor=cursor, **query)
        records += more
    return records


def _class_month(client: httpx.Client) -> int:
    month = {"from": MONTH_FROM, "to": LAST_DAY.isoformat()}
    return sum(_pages(client, person_id=str(number), **month) for number in range(CLASS))


QUESTIONS = (
    Question("a day's list, in pages of 1,000", lambda client: _pages(client, date=LAST_DAY.isoformat())),
    Question("a person's year", lambda client: _pages(client, person_id="7")),
    Question("nobody late on a day", lambda client: _pages(client, date=LAST_DAY.isoformat(), status="late")),
    Question(
        "everybody's month, first page",
        lambda client: _page(client, **{"from": MONTH_FROM, "to": LAST_DAY.isoformat()})[0],
    ),
    Question(f"the month of {CLASS} people, one list each", _class_month, target=""),
)
