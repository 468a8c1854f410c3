"""Fills a logger's store with a school's attendance, through the store itself:

python -m tests.bench.logger_fill sqlite:///var/school.db --people 2000 --days 200
"""

import argparse
import asyncio
import sys
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from random import Random
from uuid import UUID

from pydantic import SecretStr

from logger.app import build_store
from logger.domain.sightings import Sighting
from logger.settings import LoggerSettings
from logger.store.base import Store
from shared.contracts.attendance import Method

LAST_DAY = date(2025, 6, 30)
AT_ONCE = 1_000


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("store_url")
    parser.add_argument("--people", type=int, default=2_000)
    parser.add_argument("--days", type=int, default=200)
    given = parser.parse_args()
    started = time.perf_counter()
    filled = asyncio.run(_fill(given.store_url, given.people, given.days))
    seconds = time.perf_counter() - started
    sys.stdout.write(f"{filled} records in {seconds:.0f} s, {filled / seconds:.0f} a second\n")
    return 0


async def _fill(store_url: str, people: int, days: int) -> int:
    store = build_store(LoggerSettings(store_url=SecretStr(store_url)))
    try:
        await store.prepare()
        return await fill(store, people=people, days=days)
    finally:
        await store.close()


async def fill(store: Store, *, people: int, days: int) -> int:
    """One sighting a day of each person, the days in order and the people of a day in none; returns how many."""
    sightings = school(people, days)
    filled = 0
    while some := list(islice(sightings, AT_ONCE)):
        filled += len(await store.record(some))
    return filled


def school(people: int, days: int) -> Iterator[Sighting]:
    """The same on every run: arrivals between 8 and 9 in UTC, which is the site's zone here."""
    chance = Random(days * people)
    order = list(range(people))
    for day in sorted(LAST_DAY - timedelta(days=before) for before in range(days)):
        chance.shuffle(order)
        for place, number in enumerate(order):
            arrived = datetime(day.year, day.month, day.day, 8, tzinfo=UTC) + timedelta(hours=place / people)
            yield _sighting(UUID(int=chance.getrandbits(128)), str(number), arrived)


def _sighting(event_id: UUID, person_id: str, at: datetime) -> Sighting:
    return Sighting(
        event_id=event_id,
        person_id=person_id,
        person=f"Person {person_id}",
        name="Person",
        distance=0.182,
        similarity=0.818,
        threshold=0.25,
        engine="Dlib/mtcnn",
        source="gate",
        captured_at=at,
        received_at=at,
        local_date=at.date(),
        session_id=None,
        liveness=None,
        method=Method.FACE,
        digest=event_id.hex * 2,
    )


if __name__ == "__main__":
    raise SystemExit(main())
