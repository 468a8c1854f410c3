"""Kiosks that go on until they know: each repeats a frame, with the same event id, while there is no final answer."""

import asyncio
import random
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID

import httpx

from tests.chaos.diary import Asked, Diary
from tests.chaos.frames import PEOPLE, Camera

KIOSKS = 6
TIMEOUT_S = 4.0
_DAYS_BACK = 20


@dataclass
class Clients:
    """`url` is where they think that the recognizer is."""

    url: str
    chance: random.Random
    diary: Diary
    _ending: bool = False
    _tasks: list[asyncio.Task[None]] = field(default_factory=list)

    def start(self) -> None:
        self._ending = False
        self._tasks = [asyncio.create_task(self._kiosk()) for _ in range(KIOSKS)]

    async def finish(self) -> None:
        """No new frames; returns when every kiosk has its last answer, or silence."""
        self._ending = True
        await asyncio.gather(*self._tasks)

    async def settle(self) -> None:
        """Repeats what is without an answer still, but for a fifth of it: some people walk away."""
        open_ones = [asked for asked in self.diary.asked.values() if not asked.settled]
        for asked in open_ones:
            if self.chance.random() < 0.2:
                asked.settled = True
        async with self._connection() as connection:
            waiting = [asked for asked in open_ones if not asked.settled]
            while waiting:
                await asyncio.gather(*(self._ask(connection, asked) for asked in waiting[:KIOSKS]))
                waiting = [asked for asked in waiting if not asked.settled]

    async def _kiosk(self) -> None:
        camera = Camera(random.Random(self.chance.random()))
        async with self._connection() as connection:
            while not self._ending:
                asked = self._next(camera)
                self.diary.ask(asked)
                await self._ask(connection, asked)
                while not (asked.settled or self._ending):
                    await self._ask(connection, asked)

    def _next(self, camera: Camera) -> Asked:
        """Half of the kiosks' frames say when they were taken, in any order."""
        person_id = camera.chance.choice(PEOPLE)
        taken_at = datetime.now(UTC) - timedelta(seconds=camera.chance.uniform(0, _DAYS_BACK * 86_400))
        return Asked(
            event_id=UUID(int=camera.chance.getrandbits(128), version=4),
            person_id=person_id,
            picture=camera.picture(person_id),
            captured_at=taken_at.isoformat() if camera.chance.random() < 0.5 else None,
        )

    async def _ask(self, connection: httpx.AsyncClient, asked: Asked) -> None:
        fields = {"event_id": str(asked.event_id), "captured_at": asked.captured_at}
        try:
            response = await connection.post(
                "/recognize",
                files={"image": ("frame.jpg", asked.picture, "image/jpeg")},
                data={name: value for name, value in fields.items() if value is not None},
            )
        except httpx.HTTPError as error:
            self.diary.note_silence(error)
        else:
            self.diary.note(asked, response)
        if not asked.settled:
            await asyncio.sleep(self.chance.uniform(0.1, 0.4))

    def _connection(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(base_url=self.url, timeout=TIMEOUT_S, trust_env=False)
