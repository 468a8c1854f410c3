"""`kill -9` at every named step between the frame and the record.

A step is found from outside: a proxy stops the conversation there, or a lock on the database makes the service wait
there, or the kill follows the write that it is named for.
"""

import asyncio
import os
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias

from tests.chaos.proxy import FaultProxy, Gate, Way
from tests.chaos.scene import Scene, writing
from tests.chaos.services import Service, TooLate

REACH_S = 8.0  # within which a step has to come while clients are busy
Moment: TypeAlias = Callable[[Scene], AbstractAsyncContextManager[None]]
Incident: TypeAlias = Callable[[Scene], Coroutine[Any, Any, None]]
Who: TypeAlias = Callable[[Scene], Service]


def the_recognizer(scene: Scene) -> Service:
    return scene.recognizer


def the_logger(scene: Scene) -> Service:
    return scene.logger


@asynccontextmanager
async def _stopped(link: FaultProxy, way: Way, mark: bytes, *, share: float = 0) -> AsyncIterator[None]:
    async with link.stopped_at(way, lambda chunk: mark in chunk, share=share) as gate:
        await _reach(gate)
        yield


async def _reach(gate: Gate) -> None:
    try:
        async with asyncio.timeout(REACH_S):
            await gate.reached.wait()
    except TimeoutError:
        raise TooLate("the step was not reached") from None


@asynccontextmanager
async def frame_half_received(scene: Scene) -> AsyncIterator[None]:
    async with _stopped(scene.front, Way.UP, b"image/jpeg", share=0.5):
        yield


@asynccontextmanager
async def seen_not_spooled(scene: Scene) -> AsyncIterator[None]:
    with writing(scene.outbox):
        await _until_clients_wait(scene)
        yield


@asynccontextmanager
async def spooled_not_sent(scene: Scene) -> AsyncIterator[None]:
    async with _stopped(scene.middle, Way.UP, b"POST /v1/events"):
        yield


@asynccontextmanager
async def event_half_received(scene: Scene) -> AsyncIterator[None]:
    async with _stopped(scene.middle, Way.UP, b'{"events"', share=0.5):
        yield


@asynccontextmanager
async def received_not_stored(scene: Scene) -> AsyncIterator[None]:
    if scene.back is not None:
        async with _stopped(scene.back, Way.UP, _command("insert", "events")):
            yield
        return
    with writing(scene.attendance):
        await _until_clients_wait(scene)
        yield


@asynccontextmanager
async def event_stored_no_record(scene: Scene) -> AsyncIterator[None]:
    assert scene.back is not None
    async with _stopped(scene.back, Way.UP, _command("update", "attendance")):
        yield


@asynccontextmanager
async def record_stored_no_outcome(scene: Scene) -> AsyncIterator[None]:
    assert scene.back is not None
    async with _stopped(scene.back, Way.UP, _command("update", "events")):
        yield


@asynccontextmanager
async def stored_not_answered(scene: Scene) -> AsyncIterator[None]:
    async with _stopped(scene.middle, Way.DOWN, b"HTTP/1.1 200"):
        yield


@asynccontextmanager
async def answered_not_settled(scene: Scene) -> AsyncIterator[None]:
    async with scene.middle.stopped_at(Way.DOWN, lambda chunk: b"HTTP/1.1 200" in chunk) as gate:
        await _reach(gate)
        with writing(scene.outbox):
            gate.opened.set()
            await _until_clients_wait(scene)
            yield


@asynccontextmanager
async def settled_not_told(scene: Scene) -> AsyncIterator[None]:
    async with _stopped(scene.front, Way.DOWN, b"HTTP/1.1 200"):
        yield


@asynccontextmanager
async def at_random(scene: Scene) -> AsyncIterator[None]:
    await asyncio.sleep(scene.chance.uniform(0, 0.5))
    yield


async def kill(who: Who, moment: Moment, scene: Scene) -> None:
    async with moment(scene):
        who(scene).kill()


async def kill_both(scene: Scene) -> None:
    async with at_random(scene):
        for service in scene.services:
            service.kill()


async def kill_in_spool(scene: Scene) -> None:
    await asyncio.to_thread(_kill_when_written, scene.outbox, scene.recognizer)


async def kill_in_store(scene: Scene) -> None:
    await asyncio.to_thread(_kill_when_written, scene.attendance, scene.logger)


def _kill_when_written(file: Path, service: Service) -> None:
    """Between a commit's write and whatever follows it: the kill comes within a tenth of a millisecond."""
    log = f"{file}-wal"
    before_ns, deadline_s = os.stat(log).st_mtime_ns, time.monotonic() + REACH_S  # noqa: PTH116 - each turn counts
    while os.stat(log).st_mtime_ns == before_ns:  # noqa: PTH116
        if time.monotonic() > deadline_s:
            raise TooLate("nothing was written")
        time.sleep(0.00005)
    service.kill()


async def _until_clients_wait(scene: Scene) -> None:
    """The lock alone decides where they wait; this decides how many do."""
    await asyncio.sleep(scene.chance.uniform(0.2, 0.4))


def _command(name: str, collection: str) -> bytes:
    """The beginning of this command on the wire: its name, and the collection as a BSON string."""
    value = collection.encode() + b"\0"
    return b"\x02" + name.encode() + b"\0" + len(value).to_bytes(4, "little") + value


KILLS: dict[str, Incident] = {
    "recognizer, frame half received": partial(kill, the_recognizer, frame_half_received),
    "recognizer, seen, not spooled": partial(kill, the_recognizer, seen_not_spooled),
    "recognizer, in a commit of the spool": kill_in_spool,
    "recognizer, spooled, not sent": partial(kill, the_recognizer, spooled_not_sent),
    "recognizer, stored, not answered": partial(kill, the_recognizer, stored_not_answered),
    "recognizer, answered, not settled": partial(kill, the_recognizer, answered_not_settled),
    "recognizer, settled, client not told": partial(kill, the_recognizer, settled_not_told),
    "recognizer, at random": partial(kill, the_recognizer, at_random),
    "logger, event half received": partial(kill, the_logger, event_half_received),
    "logger, received, not stored": partial(kill, the_logger, received_not_stored),
    "logger, stored, not answered": partial(kill, the_logger, stored_not_answered),
    "logger, at random": partial(kill, the_logger, at_random),
    "both, at random": kill_both,
}
KILLS_SQLITE: dict[str, Incident] = {"logger, in a commit of the store": kill_in_store}
KILLS_MONGO: dict[str, Incident] = {
    "logger, event stored, no record": partial(kill, the_logger, event_stored_no_record),
    "logger, record stored, no outcome": partial(kill, the_logger, record_stored_no_outcome),
}
