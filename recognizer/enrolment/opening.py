"""Enrolment as the settings have it."""

import asyncio
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import AsyncExitStack
from pathlib import Path

import httpx

from recognizer.decision import MatchPolicy
from recognizer.enrolment.filing import Filing
from recognizer.enrolment.journal import Journal
from recognizer.enrolment.looking import PhotoReader
from recognizer.enrolment.photo_store import PhotoStore
from recognizer.enrolment.register import Register
from recognizer.enrolment.registrar import ConsentRule, Registrar
from recognizer.enrolment.service import EnrolmentService
from recognizer.gallery.following import FollowedGallery
from recognizer.outbox import Outbox
from recognizer.settings import RecognizerSettings
from shared.clock import Clock
from shared.logs import get_logger
from shared.web.errors import ServiceError

log = get_logger(__name__)


async def open_enrolment(
    stack: AsyncExitStack,
    settings: RecognizerSettings,
    *,
    store: PhotoStore,
    reader: PhotoReader,
    gallery: FollowedGallery,
    policy: MatchPolicy,
    outbox: Outbox,
    logger: httpx.AsyncClient,
    models: Executor,
    clock: Clock,
) -> EnrolmentService:
    """Raises JournalUnavailable."""
    files = stack.enter_context(ThreadPoolExecutor(1, thread_name_prefix="enrolment"))
    await asyncio.get_running_loop().run_in_executor(files, _clean, store)
    journal = Journal(journal_file(settings), clock=clock)
    stack.callback(journal.close)
    registrar = Registrar(logger, journal, rule=ConsentRule(settings.consent), budget_s=settings.delivery_budget_s)
    registrar.start()
    stack.push_async_callback(registrar.close)
    return EnrolmentService(
        filing=Filing(store, reader, gallery, policy),
        reader=reader,
        register=Register(store, gallery),
        registrar=registrar,
        journal=journal,
        outbox=outbox,
        models=models,
        files=files,
        clock=clock,
    )


def journal_file(settings: RecognizerSettings) -> Path:
    return settings.state_dir / "enrolment.db"


def _clean(store: PhotoStore) -> None:
    """Never in the way of a start: who only reads the dataset can recognize all the same."""
    try:
        if store.left_over():
            with store.exclusive():
                store.clean()
    except ServiceError as error:
        log.warning("what an enrolment left half done cannot be removed", reason=error.detail)
