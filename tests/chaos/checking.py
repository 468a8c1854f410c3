"""Whether all that clients were told is true, by two roads: the logger's own command, and what its lists say."""

import asyncio
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, TypeVar

import httpx

from shared.contracts.attendance import AttendancePage, AttendanceRecord, EventPage, StoredEvent
from tests.chaos.diary import Diary
from tests.chaos.forked import start_logger_command
from tests.chaos.scene import READER, Scene
from tests.chaos.services import PATIENCE_S

Item = TypeVar("Item", StoredEvent, AttendanceRecord)
Key = tuple[str, str]  # person, day


@dataclass(frozen=True, slots=True)
class Verdict:
    stored: int
    lost: int
    duplicated: int
    repaired: int
    faults: tuple[str, ...]


async def check(scene: Scene, diary: Diary) -> Verdict:
    """Asked for when nothing is under way any more."""
    reconciled, (events, records) = await asyncio.gather(_reconcile(scene, diary), _lists(scene))
    faults = [*reconciled.faults, *diary.wrong]
    stored = {event.event_id for event in events}
    safe = {asked.event_id for asked in diary.asked.values() if asked.safe}
    unasked = stored - diary.asked.keys()
    counted_twice = _counted(records) - len(stored)
    faults += not_as_derived(events, records)
    if scene.spooled("dead"):
        faults.append(f"{scene.spooled('dead')} dead letters")
    return Verdict(
        stored=len(stored),
        lost=len(safe - stored),
        duplicated=len(events) - len(stored) + max(0, counted_twice) + len(unasked),
        repaired=reconciled.repaired,
        faults=tuple(faults),
    )


@dataclass(frozen=True, slots=True)
class _Reconciled:
    repaired: int
    faults: tuple[str, ...]


async def _reconcile(scene: Scene, diary: Diary) -> _Reconciled:
    told, output = scene.folder / "told.jsonl", scene.folder / "reconciled"
    diary.write(told)
    output.unlink(missing_ok=True)
    arguments = ["reconcile", "--told", str(told)]
    process = start_logger_command(arguments, scene.logger.settings, scene.folder, output)
    await asyncio.to_thread(process.join, PATIENCE_S)
    said = output.read_text()
    words = said.split()
    repaired = int(words[words.index("repaired") + 1]) if "repaired" in words else 0
    kept = process.exitcode in {0, 3} and "missing 0  misnamed 0  unasked 0" in said
    return _Reconciled(repaired, () if kept else (f"reconcile ended with {process.exitcode}: {said}",))


async def _lists(scene: Scene) -> tuple[list[StoredEvent], list[AttendanceRecord]]:
    headers = {"X-API-Key": READER}
    async with httpx.AsyncClient(base_url=scene.logger.url, headers=headers, timeout=60, trust_env=False) as client:
        events: list[StoredEvent] = []
        records: list[AttendanceRecord] = []
        cursor: str | None = ""
        while cursor is not None:
            page = EventPage.model_validate_json(await _page(client, "/v1/events", cursor))
            events, cursor = [*events, *page.items], page.next_cursor
        cursor = ""
        while cursor is not None:
            listed = AttendancePage.model_validate_json(await _page(client, "/v1/attendance", cursor))
            records, cursor = [*records, *listed.items], listed.next_cursor
    return events, records


async def _page(client: httpx.AsyncClient, path: str, cursor: str) -> bytes:
    query: dict[str, Any] = {"limit": 1_000} | ({"cursor": cursor} if cursor else {})
    answer = await client.get(path, params=query)
    answer.raise_for_status()
    return answer.content


def _counted(records: Iterable[AttendanceRecord]) -> int:
    return sum(record.events for record in records)


def not_as_derived(events: Iterable[StoredEvent], records: Iterable[AttendanceRecord]) -> list[str]:
    """A sentence for each record that is not what the events of its person and day say (how many there are, the first
    and the last), and for each group of events that has no record."""
    groups: dict[Key, list[StoredEvent]] = defaultdict(list)
    for event in events:
        groups[(event.person_id, str(event.local_date))].append(event)
    faults = []
    for record in records:
        group = groups.pop((record.person_id, str(record.local_date)), [])
        instants = sorted(event.captured_at for event in group)
        if not group or (record.events, record.first_seen, record.last_seen) != (len(group), instants[0], instants[-1]):
            faults.append(f"record {record.id} is not what its {len(group)} events add up to")
    return faults + [f"{len(group)} events without a record" for group in groups.values()]
