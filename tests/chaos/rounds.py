"""One round: load, an incident, recovery, and the question whether all that was told is true."""

import asyncio
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from tests.chaos.checking import Verdict, check
from tests.chaos.clients import Clients
from tests.chaos.diary import Diary
from tests.chaos.faults import FAULTS, FAULTS_SQLITE
from tests.chaos.kills import KILLS, KILLS_MONGO, KILLS_SQLITE, Incident
from tests.chaos.scene import Scene, scene
from tests.chaos.services import TooLate

DRAIN_S = 60.0
LEASE_S = 20.0  # of what a killed recognizer was sending: its successor is told that this long has passed


@dataclass(frozen=True, slots=True)
class Round:
    number: int
    incident: str
    seconds: float
    killed: bool
    not_reached: bool
    verdict: Verdict


@dataclass(slots=True)
class Run:
    store: str
    seed: int
    rounds: list[Round] = field(default_factory=list)
    diary: Diary = field(default_factory=Diary)

    @property
    def last(self) -> Verdict:
        return self.rounds[-1].verdict

    @property
    def sound(self) -> bool:
        return all(not one.verdict.faults and not one.verdict.lost + one.verdict.duplicated for one in self.rounds)


def incidents_of(store: str) -> tuple[dict[str, Incident], dict[str, Incident]]:
    """Kills and other faults."""
    if store == "sqlite":
        return KILLS | KILLS_SQLITE, FAULTS | FAULTS_SQLITE
    return KILLS | KILLS_MONGO, FAULTS


def deck(names: Sequence[str], count: int, chance: random.Random) -> list[str]:
    """Every incident before any comes again, each time in another order."""
    drawn: list[str] = []
    while len(drawn) < count:
        drawn += chance.sample(names, len(names))
    return drawn[:count]


async def run(
    store: str,
    *,
    seed: int,
    rounds: int,
    folder: Path,
    only: Sequence[str] = (),
    within_s: float = float("inf"),
    tell: Callable[[Round], None] = lambda _: None,
) -> Run:
    """Stops early at the first round that is not sound, so that its folder can be looked at, and when the time is up.
    Raises TooLate when a service does not come back."""
    chance = random.Random(seed)
    kills, faults = incidents_of(store)
    began_s = time.monotonic()
    result = Run(store, seed)
    async with scene(store, folder, chance) as opened:
        clients = Clients(f"http://127.0.0.1:{opened.front.port}", random.Random(chance.random()), result.diary)
        await _start(opened)
        for number, name in enumerate(deck(list(only) or [*kills, *faults], rounds, chance), 1):
            if time.monotonic() - began_s > within_s or (result.rounds and not result.sound):
                break
            result.rounds.append(
                await _round(opened, clients, number, name, (kills | faults)[name], is_kill=name in kills)
            )
            tell(result.rounds[-1])
    return result


async def _start(opened: Scene) -> None:
    for service in opened.services:
        service.start()
    for service in opened.services:
        await service.ready()


async def _round(
    opened: Scene, clients: Clients, number: int, name: str, incident: Incident, *, is_kill: bool
) -> Round:
    began_s = time.monotonic()
    clients.start()
    await asyncio.sleep(opened.chance.uniform(0.2, 0.6))
    not_reached = False
    try:
        await incident(opened)
    except TooLate:
        not_reached = True
    await asyncio.sleep(opened.chance.uniform(0, 0.4))
    await _recover(opened)
    await clients.finish()
    await _settle(opened, clients)
    opened.recognizer.set_clock(0)
    verdict = await _check(opened, clients.diary)
    return Round(number, name, time.monotonic() - began_s, is_kill and not not_reached, not_reached, verdict)


async def _settle(opened: Scene, clients: Clients) -> None:
    try:
        async with asyncio.timeout(DRAIN_S):
            await clients.settle()
            while opened.spooled("pending"):
                await asyncio.sleep(0.05)
    except TimeoutError:
        raise TooLate(f"not settled after {DRAIN_S:.0f} s; see {opened.folder}") from None


async def _check(opened: Scene, diary: Diary) -> Verdict:
    try:
        return await check(opened, diary)
    except httpx.HTTPError as error:
        ended = [service.process and service.process.exitcode for service in opened.services]
        raise TooLate(f"{error!r}; exit status of logger and recognizer: {ended}; see {opened.folder}") from error


async def _recover(opened: Scene) -> None:
    """Whoever is dead is started again, and both are ready."""
    if not opened.recognizer.runs:
        opened.recognizer.set_clock(LEASE_S + 1)
    for service in opened.services:
        if not service.runs:
            service.start()
    for service in opened.services:
        await service.ready()
