"""Both services as processes, asked very often, and looked at from outside meanwhile."""

import asyncio
import json
import random
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from websockets.asyncio.client import connect

from shared.contracts.live import LIVE_MESSAGE
from tests.bench.flood import Pool
from tests.bench.frames import camera_frames, write_dataset
from tests.bench.processes import Service, memory_mb, service
from tests.chaos.frames import PEOPLE, Camera, fill_dataset
from tests.soak.mix import Asked, mix, numbered
from tests.soak.trend import Sample

CLIENTS = 8
SAMPLES = 100
FRAMES_A_VISIT = 4  # of a camera that connects, is answered and leaves
REQUESTS_A_VISIT = 100
WRITER, READER = "w" * 40, "r" * 40
_SETTLE_S = 0.2


@dataclass(frozen=True, slots=True)
class Site:
    recognizer: Service
    logger: Service
    pictures: Sequence[bytes]

    @property
    def services(self) -> dict[str, Service]:
        return {"recognizer": self.recognizer, "logger": self.logger}


@dataclass
class Soaked:
    answered: int = 0
    visits: int = 0
    refused: int = 0  # with 503
    wrong: Counter[str] = field(default_factory=Counter)  # what was answered otherwise than it should have been
    idle: dict[str, Sample] = field(default_factory=dict)
    samples: dict[str, list[Sample]] = field(default_factory=dict)
    after: dict[str, Sample] = field(default_factory=dict)


@contextmanager
def site(engine: str, folder: Path) -> Iterator[Site]:
    """`engine` is fake or real."""
    logger_settings = {
        "LOGGER_TIMEZONE": "UTC",
        "LOGGER_API_KEYS": f"events:write={WRITER}, attendance:read={READER}",
    }
    dataset = folder / "dataset"
    engine_settings: dict[str, str] = {}
    if engine == "fake":
        fill_dataset(dataset)
        engine_settings = {"RECOGNIZER_MODEL": "fake", "RECOGNIZER_DETECTOR": "fake"}
        camera = Camera(random.Random(1))
        pictures = [camera.picture(person_id) for person_id in (*PEOPLE, "a stranger")]
    else:
        write_dataset(dataset)
        pictures = camera_frames()
    with service("logger", folder, logger_settings) as logger:
        settings = {
            "RECOGNIZER_DATASET_DIR": str(dataset),
            "RECOGNIZER_STATE_DIR": str(folder / "state"),
            "RECOGNIZER_LOGGER_URL": logger.url,
            "RECOGNIZER_LOGGER_KEY": WRITER,
            **engine_settings,
        }
        with service("recognizer", folder, settings) as recognizer:
            yield Site(recognizer, logger, pictures)


async def soak(place: Site, requests: int, tell: Callable[[Soaked], None]) -> Soaked:
    """`tell` is told of each sample."""
    soaked = Soaked(samples={name: [] for name in place.services}, idle=await _look_in_peace(place, 0))
    asked = mix(place.pictures, READER)
    step = max(1, requests // SAMPLES)

    pools = {name: Pool(one.port, CLIENTS) for name, one in place.services.items()}

    async def client() -> None:
        while soaked.answered < requests:
            await _ask(next(asked), pools, soaked)
            if soaked.answered % step == 0:
                for name, sample in _look(place, soaked.answered).items():
                    soaked.samples[name].append(sample)
                tell(soaked)
            if soaked.answered % REQUESTS_A_VISIT == 0:
                await _visit(place, soaked)

    async with asyncio.TaskGroup() as clients:
        for _ in range(CLIENTS):
            clients.create_task(client())
    await asyncio.gather(*(pool.close() for pool in pools.values()))
    soaked.after = await _look_in_peace(place, soaked.answered)
    return soaked


async def _ask(asked: Asked, pools: dict[str, Pool], soaked: Soaked) -> None:
    status = await pools[asked.to].exchange(asked.sent)
    if status == 0:  # closed at this moment, because nobody had used it for a while
        status = await pools[asked.to].exchange(asked.sent)
    soaked.answered += 1
    if status == 503:
        soaked.refused += 1
    elif status != asked.status:
        soaked.wrong[f"{asked.kind}: {status}"] += 1


async def _visit(place: Site, soaked: Soaked) -> None:
    """A camera on WS /live."""
    soaked.visits += 1
    url = f"ws://127.0.0.1:{place.recognizer.port}/live?source=soak"
    async with connect(url, proxy=None) as camera:
        LIVE_MESSAGE.validate_json(await camera.recv())
        for number in range(FRAMES_A_VISIT):
            await camera.send(numbered(place.pictures[soaked.visits % len(place.pictures)], number))
            said = json.loads(await camera.recv())
            if said["type"] != "frame" and said["status"] != 503:
                soaked.wrong[f"live: {said['status']}"] += 1


async def _look_in_peace(place: Site, answered: int) -> dict[str, Sample]:
    """Once the number of descriptors stays the same: what is on its way must come to its end."""
    before = _look(place, answered)
    while True:
        await asyncio.sleep(_SETTLE_S)
        now = _look(place, answered)
        if all(now[name].descriptors == before[name].descriptors for name in now):
            return now
        before = now


def _look(place: Site, answered: int) -> dict[str, Sample]:
    return {name: _sample(one.pid, answered) for name, one in place.services.items()}


def _sample(pid: int, answered: int) -> Sample:
    folder = Path(f"/proc/{pid}")
    return Sample(
        answered,
        memory_mb(pid),
        descriptors=sum(1 for _ in (folder / "fd").iterdir()),
        threads=sum(1 for _ in (folder / "task").iterdir()),
    )
