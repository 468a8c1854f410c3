"""The recognizer, wired. Here and in `recognizer.opening` alone concrete classes meet."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx
from fastapi import FastAPI
from prometheus_client import CollectorRegistry

from recognizer.app_state import State
from recognizer.deps import known_key_id
from recognizer.metrics import RecognitionMetrics
from recognizer.opening.compat import open_compat
from recognizer.opening.delivery import open_delivery, open_logger
from recognizer.opening.engine import Networks, open_networks
from recognizer.opening.enrolment import open_bulk, open_enrolment
from recognizer.opening.gallery import OpenGallery, open_gallery
from recognizer.opening.live import open_live
from recognizer.opening.readiness import readiness_of
from recognizer.opening.recognition import open_recognition
from recognizer.routes import bulk, compat, detect, live, pages, people, recognize
from recognizer.settings import RecognizerSettings, load_settings
from shared.clock import Clock, SystemClock
from shared.logs import get_logger
from shared.web.app import build_app
from shared.web.health import Readiness
from shared.web.hosts import host_rule
from shared.web.limits import Rates
from shared.web.middleware import BodyLimit

log = get_logger(__name__)

VERSION = "0.1.0"
ENROL_TIMEOUT_S = 120.0  # for the photos of one request, over a slow line
BULK_TIMEOUT_S = 1_800.0  # for an archive

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
            "/people/bulk": BodyLimit(settings.bulk_max_bytes, BULK_TIMEOUT_S, in_memory=False),
        },
        rates=Rates(settings.rate_per_s, settings.key_rate_per_s),
        key_of=known_key_id,
        hosts=host_rule(settings),
    )
    for module in (recognize, bulk, people, detect, live, compat, pages):
        app.include_router(module.router)
    return app


@dataclass(frozen=True, slots=True)
class _Wiring:
    """Opens everything in the order of dependence; the stack closes it in reverse."""

    settings: RecognizerSettings
    clock: Clock
    logger_transport: httpx.AsyncBaseTransport | None
    metrics: RecognitionMetrics

    @asynccontextmanager
    async def lifespan(self, app: FastAPI) -> AsyncIterator[dict[str, Any]]:
        async with AsyncExitStack() as stack:
            state, readiness = await self._open(stack)
            app.state.before_stop = state.live.close
            yield {"recognizer": state, "readiness": readiness}

    async def _open(self, stack: AsyncExitStack) -> tuple[State, Readiness]:
        settings, clock, metrics = self.settings, self.clock, self.metrics
        networks = await open_networks(stack, settings)
        gallery = await open_gallery(stack, settings, networks)
        logger = await open_logger(stack, settings, self.logger_transport)
        delivery = open_delivery(stack, settings, logger=logger, metrics=metrics, clock=clock)
        service = await open_recognition(
            stack, settings, networks=networks, gallery=gallery, delivery=delivery, metrics=metrics, clock=clock
        )
        enrolment = await open_enrolment(
            stack, settings, networks=networks, gallery=gallery, outbox=delivery.outbox, logger=logger, clock=clock
        )
        compat_services = open_compat(
            settings, networks=networks, recognition=service, enrolment=enrolment, logger=logger, clock=clock
        )
        state = State(
            settings=settings,
            service=service,
            enrolment=enrolment,
            bulk=open_bulk(settings, enrolment),
            live=open_live(service, settings, metrics.observe_live),
            compat=compat_services,
            executor=networks.threads,
            api_keys=settings.keys,
        )
        metrics.watch(delivery.outbox, gallery.holder)
        metrics.watch_live(lambda: state.live.connections)
        _log_ready(networks, gallery)
        return state, readiness_of(service, gallery, delivery, enrolment)


def _log_ready(networks: Networks, gallery: OpenGallery) -> None:
    log.info(
        "ready",
        engine=networks.name,
        people=len(gallery.holder.current.people),
        threshold=networks.chosen.policy.threshold,
        margin=networks.chosen.policy.margin,
        threshold_from=networks.chosen.source,
    )
