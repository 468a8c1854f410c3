"""A model that raises, gives nonsense or hangs: a reason for its caller, and the next frame is as welcome as ever."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event

import numpy as np
import pytest

from recognizer.batching import MicroBatcher
from recognizer.client import LoggerClient
from recognizer.decision import MatchPolicy
from recognizer.engine.base import Chip, Detection, Frame
from recognizer.engine.fake import FakeDetector, FakeEmbedder
from recognizer.engine.unit_rows import unit_rows
from recognizer.errors import EngineFailed
from recognizer.gallery.builder import BuiltGallery
from recognizer.gallery.report import GalleryReport
from recognizer.gallery.snapshot import GallerySnapshot
from recognizer.gallery.watcher import GalleryHolder
from recognizer.outbox import Outbox
from recognizer.publisher import Publisher, RetryPolicy
from recognizer.recognition import Identified
from recognizer.service import RecognitionService
from recognizer.tallies import TallyBook
from recognizer.vision.decode import DecodeLimits
from recognizer.vision.faces import FaceFinder
from recognizer.vision.quality import QualityPolicy
from shared.clock import SystemClock
from shared.contracts.recognition import DecisionKind, FaceMode

Draw = Callable[..., bytes]


class Moods:
    """What the networks do with the next frame."""

    def __init__(self) -> None:
        self.raises = self.nonsense = self.hangs = False
        self.let_go = Event()

    def well(self) -> None:
        self.raises = self.nonsense = self.hangs = False
        self.let_go.set()


class MoodyDetector(FakeDetector):
    def __init__(self, moods: Moods) -> None:
        super().__init__()
        self._moods = moods

    def detect(self, frame: Frame) -> list[Detection]:
        if self._moods.raises:
            raise EngineFailed("the network failed")
        if self._moods.hangs:
            self._moods.let_go.wait(30)
        return super().detect(frame)


@pytest.fixture
def moods() -> Moods:
    return Moods()


@pytest.fixture
async def service(moods: Moods, tmp_path: Path) -> AsyncIterator[RecognitionService]:
    """With a single thread and a single place, so that whatever is not given back is missed."""
    embedder = FakeEmbedder()
    finder = FaceFinder(MoodyDetector(moods), embedder.alignment, DecodeLimits(max_pixels=10**6), QualityPolicy())
    nobody = GallerySnapshot("nobody", (), np.empty((0, embedder.dimension), np.float32), 0)
    holder = GalleryHolder(BuiltGallery(nobody, GalleryReport(0, 0, 0), {}))

    def identify(chips: Sequence[Chip]) -> Sequence[Identified]:
        templates = embedder.embed(np.stack(chips))
        if moods.nonsense:
            templates = unit_rows(templates * np.nan)
        return [Identified(*each) for each in zip(templates, nobody.match(templates), strict=True)]

    outbox = Outbox(tmp_path / "outbox.db", clock=SystemClock(), owner="test", lease_s=20, max_pending=10)
    with ThreadPoolExecutor(1) as executor:
        async with LoggerClient("http://logger") as logger:
            batcher = MicroBatcher(identify, executor, max_batch=1, max_waiting=10, lanes=1)
            yield RecognitionService(
                finder=finder,
                crowd_finder=finder,
                identify=batcher,
                gallery=holder,
                executor=executor,
                policy=MatchPolicy(threshold=0.25, margin=0.05),
                threshold_from="the test",
                engine="fake/fake",
                publisher=Publisher(outbox, logger, policy=RetryPolicy()),
                clock=SystemClock(),
                observe=lambda *_: None,
                max_frames=1,
                delivery_budget_s=0,
                tallies=TallyBook(SystemClock(), origin="test", dropped=lambda _: None),
                frame_timeout_s=2,  # the test waits for it once
            )
            moods.well()
            await batcher.close()
    outbox.close()


@pytest.mark.parametrize("mood", ["raises", "nonsense", "hangs"])
async def test_a_broken_model_is_a_reason_and_the_service_recovers(
    service: RecognitionService, moods: Moods, draw: Draw, mood: str
) -> None:
    picture = draw("somebody")
    setattr(moods, mood, True)
    with pytest.raises(EngineFailed):
        await service.look(picture, FaceMode.ONE, client="camera")
    with pytest.raises(EngineFailed):
        await service.check()
    moods.well()
    async with asyncio.timeout(10):
        assert (await service.look(picture, FaceMode.ONE, client="camera")).decision is DecisionKind.UNKNOWN
    await service.check()
