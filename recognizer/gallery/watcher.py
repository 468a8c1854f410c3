"""Keeps the gallery like the folder: a change builds a whole new snapshot, and one assignment puts it in place."""

import asyncio
import os
from collections.abc import AsyncGenerator, Callable
from concurrent.futures import Executor
from contextlib import aclosing, suppress
from pathlib import Path
from threading import Lock

from watchfiles import Change, awatch
from watchfiles.main import FileChange

from recognizer.gallery.builder import BuiltGallery
from recognizer.gallery.report import GalleryReport
from recognizer.gallery.snapshot import GallerySnapshot
from shared.logs import get_logger

log = get_logger(__name__)

_LONGEST_WAIT = 20  # quiet times; then a change is taken up although more keep coming


class GalleryHolder:
    """The gallery in use. There is never a moment without one; a reader keeps what it has taken."""

    def __init__(self, gallery: BuiltGallery) -> None:
        self._gallery = gallery
        self._swapping = Lock()

    @property
    def built(self) -> BuiltGallery:
        return self._gallery

    @property
    def current(self) -> GallerySnapshot:
        return self._gallery.snapshot

    @property
    def report(self) -> GalleryReport:
        return self._gallery.report

    def swap(self, gallery: BuiltGallery) -> None:
        with self._swapping:
            self._gallery = gallery

    def replace(self, base: BuiltGallery, gallery: BuiltGallery) -> bool:
        """Puts in place what was made from `base`, unless something else has come between."""
        with self._swapping:
            is_base = self._gallery is base
            if is_base:
                self._gallery = gallery
        return is_base


class GalleryWatcher:
    """Owned by the application: it runs `run` as a task, cancels it to stop, and asks `healthy` for its readiness.

    `rebuild` blocks and runs in `executor`: it scans the folder and builds what is there. When it fails the gallery
    stays as it was, and it is called again within `retry_s`. A folder that is not there is waited for.
    """

    def __init__(
        self,
        root: Path,
        holder: GalleryHolder,
        rebuild: Callable[[], BuiltGallery],
        executor: Executor,
        *,
        force_polling: bool = False,  # for network volumes and bind mounts, which send no notices of change
        quiet_s: float = 0.3,  # so long nothing must change before a change is taken up
        retry_s: float = 5.0,
        on_rebuild: Callable[[BuiltGallery | None], None] | None = None,
    ) -> None:
        """`on_rebuild` is told of every attempt, in the event loop: what is now in use, or None when it failed."""
        self._root = root.absolute()
        self._holder = holder
        self._rebuild = rebuild
        self._executor = executor
        self._force_polling = force_polling
        self._quiet_s = quiet_s
        self._retry_s = retry_s
        self._on_rebuild = on_rebuild
        self._running = False

    def healthy(self) -> bool:
        """False before `run` and after its end, however it ended. A failed rebuild is not the end."""
        return self._running

    async def run(self) -> None:
        self._running = True
        try:
            while True:
                with suppress(FileNotFoundError):  # removed between two looks at it
                    await self._follow_folder()
                await asyncio.sleep(self._retry_s)
        except Exception as error:
            log.exception("the dataset is no longer watched", exc_info=error)
            raise
        finally:
            self._running = False

    async def _follow_folder(self) -> None:
        """Until the folder is removed or replaced, which ends the notices of change without a word."""
        watched = await asyncio.to_thread(_identity, self._root)
        if watched is None:
            if self._holder.current.people:
                await self._refresh()
            return
        up_to_date = False  # something may have changed before the notices began
        async with aclosing(self._notices()) as notices:
            async for changes in notices:
                if changes or not up_to_date:
                    up_to_date = await self._refresh()
                # A new folder may get the number of the one that was removed, so its removal is looked for as well.
                if (Change.deleted, str(self._root)) in changes:
                    return
                if await asyncio.to_thread(_identity, self._root) != watched:
                    return

    def _notices(self) -> AsyncGenerator[set[FileChange], None]:
        """What changed; nothing once the watch has begun, and then at least every `retry_s`."""
        return awatch(
            self._root,
            watch_filter=self._is_seen,
            step=_ms(self._quiet_s),
            debounce=_ms(_LONGEST_WAIT * self._quiet_s),
            rust_timeout=_ms(self._retry_s),
            yield_on_timeout=True,
            force_polling=self._force_polling,
        )

    def _is_seen(self, _: Change, path: str) -> bool:
        """Hidden names are passed over, as by `scan`: an enrolment makes several on its way."""
        name = path.removeprefix(f"{self._root}{os.sep}")
        return name == path or not name.startswith(".")

    async def _refresh(self) -> bool:
        try:
            gallery = await asyncio.get_running_loop().run_in_executor(self._executor, self._rebuild)
        except Exception as error:  # whatever it was, the old gallery is better than none
            log.exception("the gallery could not be rebuilt, keeping the old one", exc_info=error)
            self._tell(None)
            return False
        if gallery.snapshot.fingerprint != self._holder.current.fingerprint:
            log.info("gallery changed", people=gallery.report.people, photos=gallery.report.photos)
        self._holder.swap(gallery)
        self._tell(gallery)
        return True

    def _tell(self, gallery: BuiltGallery | None) -> None:
        if self._on_rebuild is not None:
            self._on_rebuild(gallery)


def _identity(folder: Path) -> tuple[int, int] | None:
    try:
        status = folder.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _ms(seconds: float) -> int:
    return max(1, round(seconds * 1_000))
