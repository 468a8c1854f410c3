"""The logger, wired. The only place where concrete classes meet."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx
from fastapi import FastAPI
from prometheus_client import CollectorRegistry

from logger.app_state import State
from logger.deps import known_key_id
from logger.errors import StartError, StoreUnavailable
from logger.metrics import LoggerMetrics
from logger.routes import (
    accounts,
    attendance,
    audit,
    auth,
    calendars,
    classes,
    compat,
    corrections,
    events,
    exports,
    keys,
    live,
    pages,
    people,
    presence,
    reports,
    retention,
    schedules,
    sessions,
    tallies,
)
from logger.services.access import AccessService
from logger.services.accounts import AccountsService
from logger.services.attendance import AttendanceService
from logger.services.audit import AuditService
from logger.services.backup import BackupService
from logger.services.calendar_links import CalendarLinksService
from logger.services.chores import Chores
from logger.services.classes import ClassesService
from logger.services.exports import ExportsService
from logger.services.ingest import IngestService
from logger.services.keys import FixedKeys, KeyAdministration, KeyRing, StoredKeys
from logger.services.live import LiveFeed
from logger.services.logins import LoginsService
from logger.services.marking import MarkingService
from logger.services.marks import MarksService
from logger.services.passwords import Argon2Passwords, Passwords
from logger.services.people import PeopleService
from logger.services.personal_data import PersonalDataService
from logger.services.placement import Placement
from logger.services.planning import Planner
from logger.services.presence import PresenceService
from logger.services.presence_codes import PresenceCodesService
from logger.services.recognizer import TIMEOUT_S, NoPhotoKeeper, PhotoKeeper, RecognizerPhotos
from logger.services.reports import ReportsService
from logger.services.retention import RetentionPolicy, RetentionService
from logger.services.schedules import SchedulesService
from logger.services.school import School
from logger.services.session_clock import SessionClock
from logger.services.session_moves import SessionMoves
from logger.services.session_views import SessionViews
from logger.services.sessions import SessionsService
from logger.services.sign_in import SignInService
from logger.services.tallies import TalliesService
from logger.services.trail import AuditTrail
from logger.settings import LoggerSettings, load_settings
from logger.store.base import Store
from logger.store.sqlite import SqliteStore
from logger.web.rendering import Pages
from shared.clock import Clock, SystemClock
from shared.logs import get_logger
from shared.web.app import build_app
from shared.web.health import NotReady, Readiness
from shared.web.hosts import host_rule
from shared.web.limits import Rates

log = get_logger(__name__)

CHORES_EVERY_S = 60.0
DESCRIPTION = "Recognitions in, attendance out."
ROUTES = (
    events,
    tallies,
    attendance,
    compat,
    auth,
    accounts,
    keys,
    exports,
    people,
    presence,
    classes,
    schedules,
    calendars,
    sessions,
    corrections,
    live,
    audit,
    reports,
    retention,
    pages,
)


def create_app(
    settings: LoggerSettings | None = None, *, clock: Clock | None = None, store: Store | None = None
) -> FastAPI:
    """The application; nothing is opened before its lifespan starts, and what is opened is closed with it, a given
    `store` too."""
    settings = settings or load_settings()
    clock = clock or SystemClock()
    registry = CollectorRegistry()
    metrics = LoggerMetrics(registry)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[dict[str, Any]]:
        async with AsyncExitStack() as stack:
            opened = store or build_store(settings)
            stack.push_async_callback(opened.close)
            await _prepare(opened)
            passwords = Argon2Passwords()
            stack.callback(passwords.close)
            state = build_state(
                settings, opened, clock, metrics, passwords=passwords, photos=photo_keeper(settings, stack)
            )
            stack.push_async_callback(state.session_clock.stop)
            state.session_clock.start()
            stack.push_async_callback(state.chores.stop)
            state.chores.start()
            app.state.before_stop = state.feed.close
            yield {"logger": state, "readiness": _readiness(settings, opened, metrics, state)}

    app = build_app(
        title="Rollcall logger",
        description=DESCRIPTION,
        version="0.1.0",
        lifespan=lifespan,
        registry=registry,
        cors_origins=settings.cors_origins,
        max_body_bytes=settings.max_body_bytes,
        body_timeout_s=settings.body_timeout_s,
        rates=Rates(settings.rate_per_s, settings.key_rate_per_s),
        key_of=known_key_id,
        hosts=host_rule(settings),
    )
    for routes in ROUTES:
        app.include_router(routes.router)
    return app


def build_store(settings: LoggerSettings) -> Store:
    """Not opened yet. Raises StartError for an address or a driver that is not there."""
    path = settings.sqlite_path
    if path is not None:
        return SqliteStore(path)
    try:
        from logger.store.mongo import MongoStore  # noqa: PLC0415 - the embedded store needs no driver
    except ModuleNotFoundError as error:
        raise StartError(f"MongoDB needs the package {error.name}: install rollcall[logger]") from error
    return MongoStore(settings.store_url.get_secret_value())


def build_state(
    settings: LoggerSettings,
    store: Store,
    clock: Clock,
    metrics: LoggerMetrics,
    *,
    passwords: Passwords,
    photos: PhotoKeeper,
) -> State:
    site = settings.site
    audit, feed, placement = AuditService(store, clock), LiveFeed(), Placement(store, clock)
    marks = MarksService(store, store, audit, feed, site=site, clock=clock)
    moves = SessionMoves(store, marks, placement, audit=audit, feed=feed, clock=clock)
    sessions = SessionsService(store, moves, Planner(store, clock, site=site), placement, clock)
    tallies = TalliesService(store, placement, feed, clock)
    ingest = IngestService(store, placement, marks, feed, site=site, clock=clock, metrics=metrics)
    fixed = settings.fixed_keys
    key_ring: KeyRing = StoredKeys(store, clock) if fixed is None else FixedKeys(fixed)
    logins = LoginsService(store, clock)
    codes = PresenceCodesService(store, passwords, audit, clock)
    school = build_school(settings, store, audit, clock, photos)
    return State(
        ingest=ingest,
        attendance=AttendanceService(store, audit),
        marking=_marking(settings, store, ingest, placement, clock),
        key_administration=KeyAdministration(store, clock, audit) if fixed is None else None,
        accounts=AccountsService(store, logins, passwords, audit, clock),
        sign_in=SignInService(store, logins, passwords, clock),
        logins=logins,
        access=AccessService(store, logins, key_ring),
        audit=audit,
        feed=feed,
        marks=marks,
        presence=PresenceService(store, codes, ingest, clock),
        presence_codes=codes,
        sessions=sessions,
        session_views=SessionViews(store, store, marks, tallies, site=site, clock=clock),
        tallies=tallies,
        session_clock=SessionClock(sessions),
        pages=Pages(site, clock),
        school=school,
        chores=SessionClock(_chores(settings, school, audit, clock), every_s=CHORES_EVERY_S),
    )


def _marking(
    settings: LoggerSettings, store: Store, ingest: IngestService, placement: Placement, clock: Clock
) -> MarkingService:
    return MarkingService(
        store,
        ingest,
        placement,
        site=settings.site,
        clock=clock,
        window=timedelta(seconds=settings.mark_window_s),
        trusted=settings.mark_attendance == "trusted",
    )


def build_school(
    settings: LoggerSettings, store: Store, trail: AuditTrail, clock: Clock, photos: PhotoKeeper
) -> School:
    classes = ClassesService(store, trail, site=settings.site, new_id=_new_id)
    schedules = SchedulesService(store, trail, clock, site=settings.site, new_id=_new_id)
    policy = RetentionPolicy(settings.keep_days)
    return School(
        people=PeopleService(store, trail, clock, consent_required=settings.consent_required),
        classes=classes,
        schedules=schedules,
        calendars=CalendarLinksService(store, schedules, trail, clock),
        reports=ReportsService(store, threshold_percent=settings.warn_below_percent),
        exports=ExportsService(store, trail, clock, site=settings.site),
        personal_data=PersonalDataService(store, classes, photos, trail, clock, new_id=_new_id),
        retention=RetentionService(store, trail, clock, site=settings.site, policy=policy),
    )


def _chores(settings: LoggerSettings, school: School, audit: AuditService, clock: Clock) -> Chores:
    backup = None if settings.backup_dir is None else BackupService(school.exports, settings.backup_dir)
    return Chores(school.retention, audit, backup, clock)


def photo_keeper(settings: LoggerSettings, stack: AsyncExitStack) -> PhotoKeeper:
    if settings.recognizer_url is None:
        return NoPhotoKeeper()
    key = settings.recognizer_key
    headers = {} if key is None else {"Authorization": f"Bearer {key.get_secret_value()}"}
    client = httpx.AsyncClient(base_url=str(settings.recognizer_url), headers=headers, timeout=TIMEOUT_S)
    stack.push_async_callback(client.aclose)
    return RecognizerPhotos(client)


def _new_id() -> str:
    return uuid4().hex


async def _prepare(store: Store) -> None:
    """A store that is away does not stop the start: the service is not ready until it is there."""
    try:
        await store.prepare()
    except StoreUnavailable as error:
        log.warning("started without the store", code=error.code, exc_info=error)


def _readiness(settings: LoggerSettings, store: Store, metrics: LoggerMetrics, state: State) -> Readiness:
    async def check_clock() -> None:
        if not state.session_clock.is_alive:
            raise NotReady("sessions are not started and ended by the clock any more; restart the service")

    async def check_chores() -> None:
        if not state.chores.is_alive:
            raise NotReady("backup and retention have stopped; restart the service")

    async def check_store() -> None:
        up = 0
        try:
            await store.check()
            up = 1
        finally:
            metrics.store_up.set(up)

    kind = "mongodb" if settings.sqlite_path is None else "sqlite"
    checks = {"store": check_store, "session_clock": check_clock, "chores": check_chores}
    return Readiness(checks, info=lambda: {"store": kind, "time_zone": settings.timezone})
