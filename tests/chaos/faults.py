"""Everything that goes wrong without a kill. Each incident leaves the world as it found it."""

import asyncio
import random
import shutil
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from functools import partial
from pathlib import Path

from shared.contracts.events import Outcome
from tests.chaos.frames import PEOPLE, draw, photo_of
from tests.chaos.kills import Incident, Who, stored_not_answered, the_logger, the_recognizer
from tests.chaos.proxy import FAIR, FaultProxy, Way, Weather
from tests.chaos.scene import Scene, writing

HOUR_S = 3600.0
SLOW_BODIES = 100
COPIES = 50


def _front(scene: Scene) -> FaultProxy:
    return scene.front


def _middle(scene: Scene) -> FaultProxy:
    return scene.middle


def _stall(_: random.Random) -> Weather:
    return Weather(stall=True)


def _refuse(_: random.Random) -> Weather:
    return Weather(refuse=True)


def _delay(chance: random.Random) -> Weather:
    return Weather(delay_s=chance.uniform(0.05, 0.6))


def _trickle(chance: random.Random) -> Weather:
    return Weather(delay_s=0.002, piece_bytes=chance.randint(1, 40))


def _reset(chance: random.Random) -> Weather:
    return Weather(reset_after_bytes=int(10 ** chance.uniform(1, 4.3)))


async def _bad_weather(link: FaultProxy, weather: Weather, lasting_s: float) -> None:
    link.weather = weather
    if weather.refuse:
        link.drop()
    await asyncio.sleep(lasting_s)
    link.weather = FAIR


def _weather(at: Callable[[Scene], FaultProxy], make: Callable[[random.Random], Weather]) -> Incident:
    async def incident(scene: Scene) -> None:
        await _bad_weather(at(scene), make(scene.chance), scene.chance.uniform(0.8, 2.5))

    return incident


async def logger_away_an_hour(scene: Scene) -> None:
    scene.middle.weather = Weather(refuse=True)
    scene.middle.drop()
    await asyncio.sleep(scene.chance.uniform(0.5, 1))
    scene.recognizer.set_clock(HOUR_S)
    await asyncio.sleep(scene.chance.uniform(0.5, 1))
    scene.middle.weather = FAIR


async def reply_lost(scene: Scene) -> None:
    async with stored_not_answered(scene):
        pass  # leaving resets the connection, and the answer is gone


async def copies(scene: Scene) -> None:
    """What was delivered once comes again: in another order, fifty times at once."""
    events = scene.sent_before(40)
    scene.chance.shuffle(events)
    answers = await asyncio.gather(
        scene.deliver(events), scene.deliver(events[::-1]), *(scene.deliver(events[:1]) for _ in range(COPIES))
    )
    for answer in answers:
        answer.raise_for_status()
        outcomes = {result["outcome"] for result in answer.json()["results"]}
        assert outcomes == {Outcome.DUPLICATE}, outcomes


async def store_away(scene: Scene) -> None:
    """SQLite: another program writes for longer than anybody waits."""
    if scene.back is not None:
        await _bad_weather(scene.back, Weather(refuse=True), scene.chance.uniform(1, 3))
        return
    with writing(scene.attendance):
        await asyncio.sleep(scene.chance.uniform(1, 6))


async def store_away_at_start(scene: Scene) -> None:
    scene.logger.kill()
    if scene.back is not None:
        scene.logger.start()
        await _bad_weather(scene.back, Weather(refuse=True), scene.chance.uniform(1.5, 3))
        return
    with _in_the_way(scene.attendance):
        scene.logger.start()
        await asyncio.sleep(scene.chance.uniform(1.5, 3))


@contextmanager
def _in_the_way(file: Path) -> Iterator[None]:
    """A folder stands where a database that nobody has open belongs."""
    aside = file.with_name("aside")
    aside.mkdir()
    parts = [part for part in (file, *(Path(f"{file}{suffix}") for suffix in ("-wal", "-shm"))) if part.exists()]
    for part in parts:
        part.rename(aside / part.name)
    file.mkdir()
    yield
    file.rmdir()
    for part in parts:
        (aside / part.name).rename(part)
    aside.rmdir()


async def disk_full(scene: Scene) -> None:
    """Really full where the recognizer has a small disk of its own; its spool must not take one event more."""
    async with _filled(scene) if scene.own_disk else _limited(the_recognizer, scene):
        await asyncio.sleep(scene.chance.uniform(0.5, 2))


async def files_limited(who: Who, scene: Scene) -> None:
    async with _limited(who, scene):
        await asyncio.sleep(scene.chance.uniform(0.5, 2))


@asynccontextmanager
async def _filled(scene: Scene) -> AsyncIterator[None]:
    ballast = scene.state / "ballast"
    with ballast.open("wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(bytes(65_536))
    try:
        yield
    finally:
        ballast.unlink()


@asynccontextmanager
async def _limited(who: Who, scene: Scene) -> AsyncIterator[None]:
    who(scene).limit_files(4_096)
    try:
        yield
    finally:
        who(scene).free_files()


async def clock_moved(who: Who, by_s: float, scene: Scene) -> None:
    who(scene).set_clock(by_s)
    await asyncio.sleep(scene.chance.uniform(0.5, 1.5))
    who(scene).set_clock(0)


async def people_come_and_go(scene: Scene) -> None:
    """Folders vanish and come back, and one more appears, while frames are recognized."""
    gone = scene.chance.sample(PEOPLE, 5)
    aside = scene.folder / "aside"
    aside.mkdir()
    for person_id in gone:
        photo_of(scene.dataset, person_id).parent.rename(aside / person_id)
    newcomer = photo_of(scene.dataset, "newcomer")
    newcomer.parent.mkdir()
    newcomer.write_bytes(draw("newcomer", x=80, y=40, size=150))
    await asyncio.sleep(scene.chance.uniform(0.5, 1.5))
    shutil.rmtree(newcomer.parent)
    for person_id in gone:
        (aside / person_id).rename(photo_of(scene.dataset, person_id).parent)
    aside.rmdir()


async def photos_become_garbage(scene: Scene) -> None:
    """Half a JPEG, noise, nothing at all, a folder in a photo's place."""
    spoiled = [photo_of(scene.dataset, person_id) for person_id in scene.chance.sample(PEOPLE, 4)]
    kept = [photo.read_bytes() for photo in spoiled]
    spoiled[0].write_bytes(kept[0][: len(kept[0]) // 2])
    spoiled[1].write_bytes(scene.chance.randbytes(5_000))
    spoiled[2].write_bytes(b"")
    spoiled[3].unlink()
    spoiled[3].mkdir()
    await asyncio.sleep(scene.chance.uniform(0.5, 1.5))
    spoiled[3].rmdir()
    for photo, content in zip(spoiled, kept, strict=True):
        photo.write_bytes(content)


async def slow_bodies(scene: Scene) -> None:
    """A hundred clients that begin a body and never end it, until the service hangs up on each of them."""
    await asyncio.gather(*(_slow_body(scene.recognizer.port) for _ in range(SLOW_BODIES)))


async def _slow_body(port: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    head = "POST /recognize HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=b\r\n"
    writer.write(f"{head}Content-Length: 100000\r\n\r\n--b\r\n".encode())
    async with asyncio.timeout(30):
        answer = await reader.readline()
    assert answer.split()[1:2] in ([b"408"], [b"429"], [b"503"]), answer
    writer.close()


async def stop(who: Who, scene: Scene) -> None:
    """SIGTERM under load: an orderly end."""
    await asyncio.sleep(scene.chance.uniform(0, 0.5))
    status = await who(scene).stop()
    assert status == 0, f"exit status {status} after SIGTERM"


async def cut_frames(scene: Scene) -> None:
    """Clients whose connection ends in the middle of a picture."""
    for _ in range(20):
        async with scene.front.stopped_at(Way.UP, lambda chunk: b"image/jpeg" in chunk, share=0.3) as gate:
            with suppress(TimeoutError):
                async with asyncio.timeout(1):
                    await gate.reached.wait()


FAULTS: dict[str, Incident] = {
    "clients' link stalls": _weather(_front, _stall),
    "clients' link is slow": _weather(_front, _delay),
    "clients' link trickles": _weather(_front, _trickle),
    "clients' link resets": _weather(_front, _reset),
    "pictures cut short": cut_frames,
    "logger's link refuses": _weather(_middle, _refuse),
    "logger's link stalls": _weather(_middle, _stall),
    "logger's link is slow": _weather(_middle, _delay),
    "logger's link trickles": _weather(_middle, _trickle),
    "logger's link resets": _weather(_middle, _reset),
    "logger away for an hour": logger_away_an_hour,
    "reply lost after the insert": reply_lost,
    "deliveries repeated, reordered, fifty at once": copies,
    "store away": store_away,
    "store away at the start": store_away_at_start,
    "disk full under the outbox": disk_full,
    "outbox cannot grow": partial(files_limited, the_recognizer),
    "recognizer's clock back an hour": partial(clock_moved, the_recognizer, -HOUR_S),
    "recognizer's clock on an hour": partial(clock_moved, the_recognizer, HOUR_S),
    "logger's clock back an hour": partial(clock_moved, the_logger, -HOUR_S),
    "logger's clock on an hour": partial(clock_moved, the_logger, HOUR_S),
    "people come and go": people_come_and_go,
    "photos become garbage": photos_become_garbage,
    "a hundred slow bodies": slow_bodies,
    "recognizer stopped under load": partial(stop, the_recognizer),
    "logger stopped under load": partial(stop, the_logger),
}
FAULTS_SQLITE: dict[str, Incident] = {"attendance file cannot grow": partial(files_limited, the_logger)}
