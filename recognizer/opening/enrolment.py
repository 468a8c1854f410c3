"""Enrolment as the settings have it, for one person and for many."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from pathlib import Path

from recognizer.at_rest.vault import open_vault
from recognizer.client import LoggerClient
from recognizer.enrolment.bulk import BulkEnrolment
from recognizer.enrolment.filing import Filing
from recognizer.enrolment.journal import Journal
from recognizer.enrolment.looking import PhotoReader
from recognizer.enrolment.photo_store import PhotoStore
from recognizer.enrolment.register import Register
from recognizer.enrolment.registrar import ConsentRule, Registrar
from recognizer.enrolment.service import EnrolmentService
from recognizer.gallery.changes import ChangeMarks
from recognizer.opening.engine import Networks, enrolment_finder
from recognizer.opening.gallery import OpenGallery, template_cache
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
    networks: Networks,
    gallery: OpenGallery,
    outbox: Outbox,
    logger: LoggerClient,
    clock: Clock,
) -> EnrolmentService:
    """Raises JournalUnavailable."""
    store, reader = photo_store(settings), photo_reader(settings, networks)
    files = stack.enter_context(ThreadPoolExecutor(1, thread_name_prefix="enrolment"))
    await asyncio.get_running_loop().run_in_executor(files, _clean, store)
    journal = Journal(journal_file(settings), clock=clock)
    stack.callback(journal.close)
    registrar = Registrar(logger, journal, rule=ConsentRule(settings.consent), budget_s=settings.delivery_budget_s)
    registrar.start()
    stack.push_async_callback(registrar.close)
    return EnrolmentService(
        filing=Filing(store, reader, gallery.followed, networks.chosen.policy),
        reader=reader,
        register=Register(store, gallery.followed),
        registrar=registrar,
        journal=journal,
        outbox=outbox,
        models=networks.threads,
        files=files,
        clock=clock,
    )


def open_bulk(settings: RecognizerSettings, service: EnrolmentService) -> BulkEnrolment:
    return BulkEnrolment(service, max_photo_bytes=settings.max_bytes, max_person_bytes=settings.enroll_max_bytes)


def photo_store(settings: RecognizerSettings) -> PhotoStore:
    """Blocks. Raises StartError, as `template_cache` does."""
    dataset = settings.dataset_dir
    return PhotoStore(dataset, ChangeMarks(dataset), open_vault(settings.vault_key_file, dataset))


def photo_reader(settings: RecognizerSettings, networks: Networks) -> PhotoReader:
    finder = enrolment_finder(networks.finder, settings)
    return PhotoReader(finder, networks.engine.enroller, template_cache(settings))


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
