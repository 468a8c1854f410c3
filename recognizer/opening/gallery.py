"""The gallery of the dataset, built once and followed from then on."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from functools import partial
from typing import Any

from tqdm import tqdm

from recognizer.at_rest.vault import open_vault
from recognizer.engine.base import Embedder
from recognizer.gallery.builder import BuiltGallery, build
from recognizer.gallery.cache import TemplateCache
from recognizer.gallery.changes import ChangeMarks
from recognizer.gallery.dataset import scan
from recognizer.gallery.following import FollowedGallery, TakeUpChanges
from recognizer.gallery.watcher import GalleryHolder, GalleryWatcher
from recognizer.opening.engine import Networks, enrolment_finder
from recognizer.settings import RecognizerSettings
from recognizer.vision.faces import FaceFinder
from shared.logs import get_logger

log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class OpenGallery:
    holder: GalleryHolder
    watcher: GalleryWatcher
    followed: FollowedGallery


async def open_gallery(stack: AsyncExitStack, settings: RecognizerSettings, networks: Networks) -> OpenGallery:
    """Built, and watched by a task and a thread of its own."""
    finder, embedder = networks.finder, networks.engine.enroller
    executor = stack.enter_context(ThreadPoolExecutor(1, thread_name_prefix="gallery"))
    rebuild = partial(build_gallery, settings, finder, embedder)
    first = partial(rebuild, workers=settings.workers)
    holder = GalleryHolder(await asyncio.get_running_loop().run_in_executor(executor, first))
    for line in holder.report.lines()[1:]:
        log.debug("not used for recognition", what=line)
    beside = partial(rebuild, workers=1)  # recognition goes on meanwhile
    watcher = GalleryWatcher(settings.dataset_dir, holder, beside, executor, force_polling=settings.dataset_polling)
    await stack.enter_async_context(_running(watcher.run()))
    taking_up = TakeUpChanges(
        settings.dataset_dir, template_cache(settings), enrolment_finder(finder, settings), embedder, beside
    )
    return OpenGallery(holder, watcher, FollowedGallery(holder, ChangeMarks(settings.dataset_dir), taking_up))


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
    """Blocks. Raises StartError when the key for what is sealed is missing or the wrong one."""
    return TemplateCache(settings.state_dir / "templates.db", open_vault(settings.vault_key_file, settings.dataset_dir))


@asynccontextmanager
async def _running(work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    task = asyncio.create_task(work)
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
