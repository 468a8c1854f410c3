"""The recognizer in this process, over the fake engine: patterns for faces, and a logger that answers as told."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import httpx
import numpy as np
import pytest
from asgi_lifespan import LifespanManager
from httpx import ASGITransport
from numpy.typing import NDArray

from recognizer.app import create_app
from recognizer.engine.fake import draw_face
from recognizer.settings import RecognizerSettings
from shared.contracts.enrolment import ConsentState, EnrolmentAnswer
from shared.contracts.events import EventBatch, EventResult, EventResults, Outcome
from shared.contracts.tallies import TalliesKept, TallyBatch

Pixels = NDArray[np.uint8]
START_TIMEOUT_S = 60


@dataclass
class RecordingLogger:
    """Takes every event, or answers `status` when that is set."""

    status: int = 200
    people: list[str] = field(default_factory=list)
    event_ids: list[str] = field(default_factory=list)
    liveness: list[float | None] = field(default_factory=list)
    tallies: list[tuple[str | None, str, int]] = field(default_factory=list)

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        if self.status != 200:
            return httpx.Response(self.status)
        if request.url.path.endswith("/enrolment"):
            answer = EnrolmentAnswer(
                allowed=True, reason="Nobody minds.", consent_required=False, consent=ConsentState.NONE
            )
            return httpx.Response(200, text=answer.model_dump_json())
        if request.url.path.startswith("/v1/people/"):
            return httpx.Response(404 if request.method == "GET" else 200)
        if request.url.path == "/v1/tallies":
            tallies = TallyBatch.model_validate_json(request.content).tallies
            self.tallies += [(one.source, one.decision.value, one.count) for one in tallies]
            return httpx.Response(200, text=TalliesKept(kept=len(tallies)).model_dump_json())
        events = EventBatch.model_validate_json(request.content).events
        self.people += [event.person_id for event in events]
        self.event_ids += [str(event.event_id) for event in events]
        self.liveness += [event.liveness for event in events]
        results = [EventResult(event_id=event.event_id, outcome=Outcome.RECORDED) for event in events]
        return httpx.Response(200, text=EventResults(results=results).model_dump_json())


def picture(*people: str, size: int = 160) -> Pixels:
    """A grey frame of 640 × 480 with these people's faces side by side."""
    frame = np.full((480, 640, 3), 128, np.uint8)
    for index, person in enumerate(people):
        draw_face(frame, person, x=20 + index * (size + 10), y=100, size=size)
    return frame


def encode(pixels: Pixels, suffix: str = ".jpg") -> bytes:
    ok, data = cv2.imencode(suffix, np.ascontiguousarray(pixels[:, :, ::-1]))
    assert ok
    return data.tobytes()


@pytest.fixture
def draw() -> Callable[..., bytes]:
    return lambda *people, size=160, suffix=".jpg": encode(picture(*people, size=size), suffix)


@pytest.fixture
def scripted_logger() -> RecordingLogger:
    return RecordingLogger()


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    folder = tmp_path / "dataset"
    for name in ("Alice_101", "Bob_102", "Mary_Ann_Lee_UE245051"):
        (folder / name).mkdir(parents=True)
        (folder / name / "1.png").write_bytes(encode(picture(name), ".png"))
    return folder


Running = Callable[..., AbstractAsyncContextManager[httpx.AsyncClient]]


@pytest.fixture
def make_settings(tmp_path: Path, dataset: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., RecognizerSettings]:
    """Settings of the test's own, over the fake engine."""
    monkeypatch.chdir(tmp_path)  # away from a developer's own .env

    def make(**changes: object) -> RecognizerSettings:
        values = {
            "model": "fake",
            "detector": "fake",
            "dataset_dir": dataset,
            "state_dir": tmp_path / "state",
            "delivery_budget_s": 10,
            "logger_url": "http://logger",
            "workers": 2,
            **changes,
        }
        return RecognizerSettings.model_validate(values)

    return make


@pytest.fixture
def running(make_settings: Callable[..., RecognizerSettings], scripted_logger: RecordingLogger) -> Running:
    """Starts the service with settings of the test's own; gives a client for it."""

    @asynccontextmanager
    async def run(**changes: object) -> AsyncIterator[httpx.AsyncClient]:
        app = create_app(make_settings(**changes), logger_transport=httpx.MockTransport(scripted_logger))
        async with (
            LifespanManager(app, startup_timeout=START_TIMEOUT_S, shutdown_timeout=START_TIMEOUT_S) as manager,
            httpx.AsyncClient(transport=ASGITransport(manager.app), base_url="http://test") as client,
        ):
            yield client

    return run


@pytest.fixture
def real_engine(tmp_path: Path, graphs: Path) -> dict[str, object]:
    """Settings for the default engine, its networks converted once for all tests."""
    (tmp_path / "state").mkdir(exist_ok=True)
    (tmp_path / "state" / "graphs").symlink_to(graphs, target_is_directory=True)
    return {"model": "Dlib", "detector": "mtcnn"}


@pytest.fixture
async def client(running: Running) -> AsyncIterator[httpx.AsyncClient]:
    async with running() as client:
        yield client
