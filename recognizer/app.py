"""The recognizer, wired. The only place where concrete classes meet."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import replace
from functools import partial
from typing import Any
from uuid import uuid4

import cv2
import httpx
import numpy as np
from fastapi import FastAPI
from prometheus_client import CollectorRegistry
from tqdm import tqdm

from recognizer.app_state import State
from recognizer.batching import MicroBatcher
from recognizer.client import LoggerClient, Patience
from recognizer.compat.opening import open_compat
from recognizer.deps import known_key_id
from recognizer.engine.base import Chip, Embedder, LivenessNet
from recognizer.engine.loader import Engine, load_engine, load_liveness
from recognizer.enrolment.bulk import BulkEnrolment
from recognizer.enrolment.looking import PhotoReader
from recognizer.enrolment.opening import open_enrolment
from recognizer.enrolment.photo_store import PhotoStore
from recognizer.enrolment.service import EnrolmentService
from recognizer.evaluation.calibration import ChosenPolicy, choose_policy, load_calibration
from recognizer.gallery.builder import BuiltGallery, build, engine_key
from recognizer.gallery.cache import TemplateCache
from recognizer.gallery.changes import ChangeMarks
from recognizer.gallery.dataset import scan
from recognizer.gallery.following import FollowedGallery, TakeUpChanges
from recognizer.gallery.watcher import GalleryHolder, GalleryWatcher
from recognizer.live.from_settings import open_live
from recognizer.liveness.passive import p_live
from recognizer.logger_key import LoggerKey
from recognizer.metrics import RecognitionMetrics
from recognizer.outbox import Outbox
from recognizer.publisher import Publisher, RetryPolicy
from recognizer.recognition import Identified
from recognizer.routes import bulk, compat, detect, live, pages, people, recognize
from recognizer.service import LivenessCheck, RecognitionService
from recognizer.settings import RecognizerSettings, load_settings
from recognizer.tallies import TallyBook, TallySender
from recognizer.threads import OrderedThreads
from recognizer.vision.decode import DecodeLimits
from recognizer.vision.faces import FaceFinder
from recognizer.vision.quality import QualityPolicy
from shared.clock import Clock, SystemClock
from shared.contracts.live import LivenessMode
from shared.logs import get_logger
from shared.web.app import build_app
from shared.web.health import NotReady, Readiness
from shared.web.limits import Rates
from shared.web.middleware import BodyLimit

log = get_logger(__name__)

VERSION = "0.1.0"
LEASE_S = 20.0  # on an event in the outbox; longer than one delivery can take
ENROLMENT_MAX_PIXELS = 110_000_000  # what the operator put into dataset/ may come from a phone of 108 megapixels
ENROL_TIMEOUT_S = 120.0  # for the photos of one request, over a slow line
# Of 24 people in a photo of 12 megapixels, their faces 60 pixels wide, all are recognized; in a frame of 1,280 pixels
# 18 are found and 11 recognized, in a quarter of the time. Faces of 40 pixels: 22, and none.
CROWD_LONGEST_SIDE = 2_560
BULK_TIMEOUT_S = 1_800.0  # for an archive
MAX_BATCH = 16  # faces to a call of the network

DESCRIPTION = """Finds faces, names the people it knows, and posts their attendance to the logger."""


def create_app(
    settings: RecognizerSettings | None = None,
    *,
    clock: Clock | None = None,
    logger_transport: httpx.AsyncBaseTransport | None = None,
) -> FastAPI:
    """For `uvicorn recognizer.app:create_app --factory`. Nothing is opened before the lifespan begins, which raises
    StartError when weights are missing or a name in the settings is not known."""
    settings = settings or load_settings()
    registry = CollectorRegistry()
    wiring = _Wiring(settings, clock or SystemClock(), logger_transport, RecognitionMetrics(registry))
    app = build_app(
        title="Rollcall recognizer",
        description=DESCRIPTION,
        version=VERSION,
        lifespan=wiring.lifespan,
        registry=registry,
        cors_origins=settings.cors_origins,
        max_body_bytes=settings.max_body_bytes,
        body_timeout_s=settings.body_timeout_s,
        body_limits={
            "/people": BodyLimit(settings.enroll_max_bytes, ENROL_TIMEOUT_S),
            "/people/bulk": BodyLimit(settings.bulk_max_bytes, BULK_TIMEOUT_S),
        },
        rates=Rates(settings.rate_per_s, settings.key_rate_per_s),
        key_of=known_key_id,
    )
    app.include_router(recognize.router)
    app.include_router(bulk.router)
    app.include_router(people.router)
    app.include_router(detect.router)
    app.include_router(live.router)
    app.include_router(compat.router)
    app.include_router(pages.router)
    return app


class _Wiring:
    """Opens everything in the order of dependence; the stack closes it in reverse."""

    def __init__(
        self,
        settings: RecognizerSettings,
        clock: Clock,
        logger_transport: httpx.AsyncBaseTransport | None,
        metrics: RecognitionMetrics,
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._logger_transport = logger_transport
        self._metrics = metrics

    @asynccontextmanager
    async def lifespan(self, app: FastAPI) -> AsyncIterator[dict[str, Any]]:
        async with AsyncExitStack() as stack:
            executor = stack.enter_context(OrderedThreads(self._settings.workers, "model"))
            engine = await _in(executor, partial(open_engine, self._settings))
            finder = face_finder(engine, self._settings)
            holder, watcher, gallery = await self._open_gallery(stack, finder, engine.enroller)
            outbox, publisher = await self._open_delivery(stack)
            tallies, tally_sender = await self._open_tallies(stack)
            batcher = _open_batcher(stack, executor.ahead, engine.embedder, gallery, self._settings)
            chosen = match_policy(engine, finder, self._settings)
            service = RecognitionService(
                finder=finder,
                crowd_finder=crowd_finder(finder),
                identify=batcher,
                gallery=holder,
                executor=executor,
                policy=chosen.policy,
                threshold_from=chosen.source,
                engine=f"{engine.embedder.name}/{engine.detector.name}",
                publisher=publisher,
                clock=self._clock,
                observe=self._metrics.observe,
                max_frames=self._settings.max_frames,
                delivery_budget_s=self._settings.delivery_budget_s,
                tallies=tallies,
                liveness=await self._open_liveness(stack, executor),
            )
            cameras = open_live(service, self._settings, self._metrics.observe_live)
            app.state.before_stop = cameras.close
            enrolment = await open_enrolment(
                stack,
                self._settings,
                store=PhotoStore(self._settings.dataset_dir, ChangeMarks(self._settings.dataset_dir)),
                reader=photo_reader(self._settings, finder, engine.enroller),
                gallery=gallery,
                policy=chosen.policy,
                outbox=outbox,
                logger=await self._open_people_of_logger(stack),
                models=executor,
                clock=self._clock,
            )
            compat_services = open_compat(
                self._settings,
                recognition=service,
                enrolment=enrolment,
                logger=await self._open_logger(stack),
                executor=executor,
                photo_limits=enrolment_finder(finder, self._settings).limits,
                clock=self._clock,
            )
            self._metrics.watch(outbox, holder)
            self._metrics.watch_live(lambda: cameras.connections)
            log.info(
                "ready",
                engine=service.engine,
                people=len(holder.current.people),
                threshold=chosen.policy.threshold,
                margin=chosen.policy.margin,
                threshold_from=chosen.source,
            )
            yield {
                "recognizer": State(
                    settings=self._settings,
                    service=service,
                    enrolment=enrolment,
                    bulk=BulkEnrolment(
                        enrolment,
                        max_photo_bytes=self._settings.max_bytes,
                        max_person_bytes=self._settings.enroll_max_bytes,
                    ),
                    live=cameras,
                    compat=compat_services,
                    executor=executor,
                    api_keys=self._settings.keys,
                ),
                "readiness": _readiness(
                    service=service,
                    holder=holder,
                    watcher=watcher,
                    outbox=outbox,
                    publisher=publisher,
                    tally_sender=tally_sender,
                    enrolment=enrolment,
                ),
            }

    async def _open_gallery(
        self, stack: AsyncExitStack, finder: FaceFinder, embedder: Embedder
    ) -> tuple[GalleryHolder, GalleryWatcher, FollowedGallery]:
        executor = stack.enter_context(ThreadPoolExecutor(1, thread_name_prefix="gallery"))
        rebuild = partial(build_gallery, self._settings, finder, embedder)
        holder = GalleryHolder(await _in(executor, partial(rebuild, workers=self._settings.workers)))
        for line in holder.report.lines()[1:]:
            log.debug("not used for recognition", what=line)
        watcher = GalleryWatcher(
            self._settings.dataset_dir,
            holder,
            partial(rebuild, workers=1),  # recognition goes on meanwhile
            executor,
            force_polling=self._settings.dataset_polling,
        )
        await stack.enter_async_context(_running(watcher.run()))
        taking_up = TakeUpChanges(
            self._settings.dataset_dir,
            template_cache(self._settings),
            enrolment_finder(finder, self._settings),
            embedder,
            partial(rebuild, workers=1),
        )
        return holder, watcher, FollowedGallery(holder, ChangeMarks(self._settings.dataset_dir), taking_up)

    async def _open_liveness(self, stack: AsyncExitStack, executor: OrderedThreads) -> LivenessCheck:
        settings = self._settings
        if settings.liveness is not LivenessMode.PASSIVE:
            return LivenessCheck(settings.liveness)
        net = await _in(executor, partial(open_liveness, settings))
        batcher = MicroBatcher(
            partial(p_live, net),
            executor.ahead,
            max_batch=MAX_BATCH,
            max_waiting=settings.max_frames * 100,
            lanes=settings.workers,
        )
        stack.push_async_callback(batcher.close)
        return LivenessCheck(settings.liveness, batcher, settings.min_liveness)

    async def _open_logger(self, stack: AsyncExitStack) -> LoggerClient:
        """For what clients wait for: asked once."""
        settings = self._settings
        return await stack.enter_async_context(
            LoggerClient(
                settings.logger_url,
                key=_logger_key(settings),
                timeout_s=settings.logger_timeout_s,
                patience=Patience(attempts=1),
                transport=self._logger_transport,
            )
        )

    async def _open_people_of_logger(self, stack: AsyncExitStack) -> httpx.AsyncClient:
        settings = self._settings
        return await stack.enter_async_context(
            httpx.AsyncClient(
                base_url=settings.logger_url,
                auth=_logger_key(settings),
                timeout=settings.logger_timeout_s,
                transport=self._logger_transport,
                trust_env=False,
            )
        )

    async def _open_tallies(self, stack: AsyncExitStack) -> tuple[TallyBook, TallySender]:
        book = TallyBook(self._clock, origin=uuid4().hex, dropped=self._metrics.drop_tallies)
        sender = TallySender(book, await self._open_people_of_logger(stack))
        sender.start()
        stack.push_async_callback(sender.close)
        return book, sender

    async def _open_delivery(self, stack: AsyncExitStack) -> tuple[Outbox, Publisher]:
        settings = self._settings
        outbox = Outbox(
            settings.state_dir / "outbox.db",
            clock=self._clock,
            owner=uuid4().hex,
            lease_s=LEASE_S,
            max_pending=settings.outbox_max_events,
        )
        stack.callback(outbox.close)
        client = await stack.enter_async_context(
            httpx.AsyncClient(
                base_url=settings.logger_url,
                auth=_logger_key(settings),
                timeout=settings.logger_timeout_s,
                transport=self._logger_transport,
                trust_env=False,
            )
        )
        publisher = Publisher(outbox, client, policy=RetryPolicy())
        publisher.start()
        stack.push_async_callback(publisher.close)
        return outbox, publisher


def _logger_key(settings: RecognizerSettings) -> LoggerKey:
    secret = None if settings.logger_key is None else settings.logger_key.get_secret_value()
    return LoggerKey(secret, settings.logger_key_file)


def open_engine(settings: RecognizerSettings) -> Engine:
    """Blocks. Loaded and warmed: the first call of a network allocates what later calls find. Raises StartError."""
    cv2.setNumThreads(1)  # the executor already keeps every core busy
    engine = load_engine(
        model=settings.model,
        detector=settings.detector,
        models_dir=settings.models_dir,
        state_dir=settings.state_dir,
        backend=settings.backend,
        min_face_px=settings.min_face_px,
        views=settings.views,
        enroll_views=settings.enroll_views,
    )
    size = engine.embedder.alignment.size
    engine.embedder.embed(np.zeros((1, size, size, 3), np.uint8))
    engine.detector.detect(np.zeros((480, 640, 3), np.uint8))
    return engine


def open_liveness(settings: RecognizerSettings) -> LivenessNet:
    """Blocks. Loaded and warmed. Raises StartError."""
    net = load_liveness(settings.liveness_model, models_dir=settings.models_dir)
    net.p_live(np.zeros((1, net.cutout_px, net.cutout_px, 3), np.uint8))
    return net


def face_finder(engine: Engine, settings: RecognizerSettings) -> FaceFinder:
    limits = DecodeLimits(max_pixels=settings.max_pixels)
    return FaceFinder(engine.detector, engine.embedder.alignment, limits, quality_policy(settings))


def quality_policy(settings: RecognizerSettings) -> QualityPolicy:
    return QualityPolicy(
        min_size_px=settings.min_face_size_px,
        min_sharpness=settings.min_face_sharpness,
        min_brightness=settings.min_face_brightness,
        max_brightness=settings.max_face_brightness,
        max_yaw_deg=settings.max_face_yaw_deg,
        max_pitch_deg=settings.max_face_pitch_deg,
        max_roll_deg=settings.max_face_roll_deg,
    )


def crowd_finder(finder: FaceFinder) -> FaceFinder:
    """For pictures of many people: looked at in more detail, because their faces are small."""
    return replace(finder, limits=replace(finder.limits, longest_side=CROWD_LONGEST_SIDE))


def match_policy(engine: Engine, finder: FaceFinder, settings: RecognizerSettings) -> ChosenPolicy:
    """Settings before calibration before the engine's defaults."""
    calibration = load_calibration(settings.state_dir, calibration_key(engine, finder))
    return choose_policy(settings.threshold, settings.margin, calibration, engine.embedder.defaults)


def calibration_key(engine: Engine, finder: FaceFinder) -> str:
    """Changes whenever a face and a person could be another distance apart."""
    return f"{engine_key(finder, engine.enroller)} probes {engine.embedder.version}"


def build_gallery(
    settings: RecognizerSettings, finder: FaceFinder, embedder: Embedder, *, workers: int
) -> BuiltGallery:
    """Blocks; shows a progress bar on a terminal while photos are looked at."""
    position = ChangeMarks(settings.dataset_dir).position()  # before the scan: what comes between is looked at again
    with tqdm(desc="Looking at new photos", unit="photo", disable=None, leave=False, delay=0.5) as bar:

        def progress(done: int, total: int) -> None:
            bar.total = total
            bar.update(done - bar.n)

        return build(
            scan(settings.dataset_dir),
            template_cache(settings),
            enrolment_finder(finder, settings),
            embedder,
            workers=workers,
            progress=progress,
            position=position,
        )


def template_cache(settings: RecognizerSettings) -> TemplateCache:
    return TemplateCache(settings.state_dir / "templates.db")


def photo_reader(settings: RecognizerSettings, finder: FaceFinder, embedder: Embedder) -> PhotoReader:
    return PhotoReader(enrolment_finder(finder, settings), embedder, template_cache(settings))


def enrolment_finder(finder: FaceFinder, settings: RecognizerSettings) -> FaceFinder:
    """For photos in the dataset, which may be larger than what is taken from a client."""
    return replace(finder, limits=replace(finder.limits, max_pixels=max(settings.max_pixels, ENROLMENT_MAX_PIXELS)))


def _open_batcher(
    stack: AsyncExitStack,
    executor: Executor,
    embedder: Embedder,
    gallery: FollowedGallery,
    settings: RecognizerSettings,
) -> MicroBatcher[Chip, Identified]:
    def identify(chips: Sequence[Chip]) -> Sequence[Identified]:
        templates = embedder.embed(np.stack(chips))
        return [Identified(*each) for each in zip(templates, gallery.current().match(templates), strict=True)]

    batcher = MicroBatcher(
        identify, executor, max_batch=MAX_BATCH, max_waiting=settings.max_frames * 100, lanes=settings.workers
    )
    stack.push_async_callback(batcher.close)
    return batcher


def _readiness(
    *,
    service: RecognitionService,
    holder: GalleryHolder,
    watcher: GalleryWatcher,
    outbox: Outbox,
    publisher: Publisher,
    tally_sender: TallySender,
    enrolment: EnrolmentService,
) -> Readiness:
    checks = {
        "gallery": _while(watcher.healthy, "the dataset is not watched any more"),
        "outbox": outbox.check,
        "delivery": _while(publisher.healthy, "deliveries have stopped"),
        "tallies": _while(tally_sender.healthy, "faces without a name are not told of any more"),
        "profiles": _while(enrolment.healthy, "the logger is not told of enrolled people any more"),
        "engine": service.check,
    }
    return Readiness(checks, partial(_described, service, holder))


def _while(healthy: Callable[[], bool], otherwise: str) -> Callable[[], Awaitable[None]]:
    async def check() -> None:
        if not healthy():
            raise NotReady(otherwise)

    return check


def _described(service: RecognitionService, holder: GalleryHolder) -> dict[str, str]:
    return {
        "engine": service.engine,
        "gallery": holder.current.fingerprint,
        "people": str(len(holder.current.people)),
        "photos_not_used": str(len(holder.report.unused)),
        "threshold": str(service.policy.threshold),
        "margin": str(service.policy.margin),
        "threshold_from": service.threshold_from,
    }


@asynccontextmanager
async def _running(work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    task = asyncio.create_task(work)
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def _in(executor: Executor, work: Callable[[], Any]) -> Any:
    return await asyncio.get_running_loop().run_in_executor(executor, work)
