"""Both services in this process, the recognizer with the fake engine and the logger behind it."""

from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import cv2
import httpx
import numpy as np
from asgi_lifespan import LifespanManager
from fastapi import FastAPI
from pydantic import SecretStr

from logger.app import create_app as create_logger
from logger.domain.accounts import Account, Role
from logger.domain.classes import SchoolClass
from logger.domain.logins import LoginKind
from logger.domain.people import PersonProfile
from logger.domain.schedule import Schedule
from logger.domain.sessions import Session
from logger.services.logins import LoginsService
from logger.settings import LoggerSettings
from logger.store.kinds import ACCOUNTS, CLASSES, PEOPLE, SCHEDULES, SESSIONS
from logger.store.sqlite import SqliteStore
from logger.store.tables import ANY
from recognizer.app import create_app as create_recognizer
from recognizer.engine.fake import draw_face
from recognizer.settings import RecognizerSettings
from shared.clock import SystemClock
from shared.security import Scope
from tests.bad_input.asking import Asker
from tests.bench.processes import Service, service

KEYS = {scope: scope.value.replace(":", "-") * 4 + "-" * 32 for scope in Scope}
ENROLL_KEY = "rollcall_" + "e" * 43
RECOGNIZERS_KEY = "recognizer" * 4
MAX_IMAGE_BYTES, MAX_ENROLMENT_BYTES, MAX_ARCHIVE_BYTES, MAX_LOGGER_BYTES = 300_000, 1_000_000, 2_000_000, 1_000_000
START_TIMEOUT_S = 60.0


@dataclass(frozen=True, slots=True)
class Scene:
    logger_app: FastAPI
    recognizer_app: FastAPI
    logger: httpx.AsyncBaseTransport
    recognizer: httpx.AsyncBaseTransport
    store: SqliteStore

    async def asker_of_logger(self) -> Asker:
        """With a sign-in of its own and everything in its place: what is asked may end the one and remove the other."""
        await _restore(self.store)
        account = (await self.store.load(ACCOUNTS, "admin")).value  # type: ignore[union-attr]  # put there below
        opened = await LoginsService(self.store, SystemClock()).open(account, LoginKind.PROGRAM, "bad input")
        return Asker(self.logger, bearer(opened.secret), MAX_LOGGER_BYTES)

    def asker_of_recognizer(self) -> Asker:
        return Asker(self.recognizer, bearer(KEYS[Scope.ENROLL]), MAX_ARCHIVE_BYTES)

    async def recorded(self) -> int:
        """Events that the logger keeps."""
        async with httpx.AsyncClient(transport=self.logger, base_url="http://logger") as client:
            answer = await client.get("/v1/events", headers=bearer(KEYS[Scope.ATTENDANCE_READ]))
        return len(answer.raise_for_status().json()["items"])


@asynccontextmanager
async def scene(folder: Path) -> AsyncIterator[Scene]:
    store = SqliteStore(folder / "attendance.db")
    logger = create_logger(_logger_settings(folder), store=store)
    async with LifespanManager(logger, startup_timeout=START_TIMEOUT_S) as running_logger:
        await _restore(store)
        transport = httpx.ASGITransport(running_logger.app)
        recognizer = create_recognizer(_recognizer_settings(folder), logger_transport=transport)
        async with LifespanManager(recognizer, startup_timeout=START_TIMEOUT_S) as running_recognizer:
            yield Scene(logger, recognizer, transport, httpx.ASGITransport(running_recognizer.app), store)


@contextmanager
def real_recognizer(folder: Path, dataset: Path, state: Path) -> Iterator[Service]:
    """A process of its own with the default engine, and nobody where its logger should be."""
    settings = {
        "RECOGNIZER_DATASET_DIR": str(dataset),
        "RECOGNIZER_STATE_DIR": str(state),
        "RECOGNIZER_ENROLL_KEY": ENROLL_KEY,
        "RECOGNIZER_CONSENT": "off",
        "RECOGNIZER_RATE_PER_S": "0",
        "RECOGNIZER_KEY_RATE_PER_S": "0",
        "RECOGNIZER_LOGGER_URL": "http://127.0.0.1:9",
    }
    with service("recognizer", folder, settings) as running:
        yield running


def bearer(secret: str) -> Mapping[str, str]:
    return {"Authorization": f"Bearer {secret}"}


def face(*people: str, suffix: str = ".jpg", size: int = 160) -> bytes:
    """A picture of these people, side by side."""
    frame = np.full((480, 640, 3), 128, np.uint8)
    for index, person in enumerate(people):
        draw_face(frame, person, x=20 + index * (size + 10), y=100, size=size)
    ok, data = cv2.imencode(suffix, np.ascontiguousarray(frame[:, :, ::-1]))
    assert ok
    return data.tobytes()


def _logger_settings(folder: Path) -> LoggerSettings:
    keys = ", ".join([f"{scope}={secret}" for scope, secret in KEYS.items()] + [f"{'+'.join(Scope)}={RECOGNIZERS_KEY}"])
    return LoggerSettings(
        store_url=SecretStr(f"sqlite:///{folder}/attendance.db"),
        timezone="Europe/Berlin",
        api_keys=SecretStr(keys),
        max_body_bytes=MAX_LOGGER_BYTES,
        rate_per_s=0,
        key_rate_per_s=0,
    )


def _recognizer_settings(folder: Path) -> RecognizerSettings:
    for name in ("Alice_101", "Bob_102"):
        (folder / "dataset" / name).mkdir(parents=True)
        (folder / "dataset" / name / "1.png").write_bytes(face(name, suffix=".png"))
    return RecognizerSettings(
        model="fake",
        detector="fake",
        dataset_dir=folder / "dataset",
        state_dir=folder / "state",
        logger_url="http://logger",
        logger_key=SecretStr(RECOGNIZERS_KEY),
        enroll_key=SecretStr(KEYS[Scope.ENROLL]),
        max_bytes=MAX_IMAGE_BYTES,
        enroll_max_bytes=MAX_ENROLMENT_BYTES,
        bulk_max_bytes=MAX_ARCHIVE_BYTES,
        rate_per_s=0,
        key_rate_per_s=0,
        workers=2,
    )


async def _restore(store: SqliteStore) -> None:
    """An administrator who asks, and one of everything to ask about, each called `own`."""
    begins = SystemClock().now() + timedelta(days=1)
    zone = ZoneInfo("Europe/Berlin")
    await store.save(ACCOUNTS, Account("admin", "Admin", Role.ADMIN), ANY)
    await store.save(ACCOUNTS, Account("own", "Own", Role.DEVICE, room="Room 1"), ANY)
    await store.save(PEOPLE, PersonProfile("own", "Alice"), ANY)
    await store.save(CLASSES, SchoolClass("own", "Physics", "admin", zone), ANY)
    await store.save(SCHEDULES, Schedule("own", "own", zone, rules=()), ANY)
    await store.save(SESSIONS, Session("own", "own", begins, begins + timedelta(hours=1), "Room 1"), ANY)
