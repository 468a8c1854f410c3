import asyncio
import shutil
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from threading import Barrier
from typing import TypeAlias

import numpy as np
import pytest
from watchfiles import Change

from recognizer.engine.base import Embedder
from recognizer.gallery.builder import BuiltGallery, build
from recognizer.gallery.cache import TemplateCache
from recognizer.gallery.dataset import scan
from recognizer.gallery.snapshot import GallerySnapshot
from recognizer.gallery.watcher import GalleryHolder, GalleryWatcher
from recognizer.vision.faces import FaceFinder

Enrol = Callable[..., Path]
Rebuild: TypeAlias = Callable[[], BuiltGallery]
PATIENCE_S = 20  # a bound for a broken watcher, not something that is waited for


class Watched:
    """A running watcher and what it told."""

    def __init__(self, root: Path, rebuild: Rebuild, executor: ThreadPoolExecutor, *, force_polling: bool) -> None:
        self.holder = GalleryHolder(rebuild())
        self.told: asyncio.Queue[BuiltGallery | None] = asyncio.Queue()
        self.watcher = GalleryWatcher(
            root,
            self.holder,
            rebuild,
            executor,
            force_polling=force_polling,
            quiet_s=0.01,
            retry_s=0.05,
            on_rebuild=self.told.put_nowait,
        )

    def labels(self) -> list[str]:
        return [person.label for person in self.holder.current.people]

    async def next(self) -> BuiltGallery | None:
        async with asyncio.timeout(PATIENCE_S):
            return await self.told.get()

    async def until(self, *labels: str) -> None:
        while self.labels() != list(labels):
            await self.next()


Watch: TypeAlias = Callable[..., AbstractAsyncContextManager[Watched]]


@pytest.fixture
def rebuild(root: Path, cache: TemplateCache, finder: FaceFinder, embedder: Embedder) -> Rebuild:
    return lambda: build(scan(root), cache, finder, embedder, workers=1)


@pytest.fixture
def watch(root: Path) -> Watch:
    @asynccontextmanager
    async def watching(rebuild: Rebuild, *, force_polling: bool = False) -> AsyncIterator[Watched]:
        with ThreadPoolExecutor(1) as executor:
            watched = Watched(root, rebuild, executor, force_polling=force_polling)
            task = asyncio.create_task(watched.watcher.run())
            try:
                yield watched
            finally:
                task.cancel()
                await asyncio.wait([task])

    return watching


@pytest.mark.parametrize("force_polling", [False, True], ids=["notices", "polling"])
async def test_people_come_change_and_go_without_a_restart(
    enrol: Enrol, root: Path, rebuild: Rebuild, watch: Watch, force_polling: bool
) -> None:
    enrol("Alice_101")
    async with watch(rebuild, force_polling=force_polling) as watched:
        await watched.next()
        enrol("Bob_102", 2)
        await watched.until("Alice 101", "Bob 102")
        (root / "Bob_102").rename(root / "Robert_102")
        await watched.until("Alice 101", "Robert 102")
        shutil.rmtree(root / "Alice_101")
        await watched.until("Robert 102")
        assert watched.watcher.healthy()


async def test_a_photo_replaced_by_garbage_keeps_the_others(enrol: Enrol, rebuild: Rebuild, watch: Watch) -> None:
    photo = enrol("Alice_101") / "0.png"
    enrol("Bob_102")
    async with watch(rebuild) as watched:
        await watched.next()
        photo.write_bytes(b"garbage")
        await watched.until("Bob 102")
        assert [unused.path for unused in watched.holder.report.unused] == ["Alice_101/0.png"]


async def test_a_folder_that_comes_later_is_picked_up_again_and_again(
    enrol: Enrol, root: Path, rebuild: Rebuild, watch: Watch
) -> None:
    async with watch(rebuild) as watched:
        assert watched.labels() == []
        enrol("Alice_101")
        await watched.until("Alice 101")
        shutil.rmtree(root)
        await watched.until()
        enrol("Bob_102")
        await watched.until("Bob 102")
        assert watched.watcher.healthy()


async def test_what_changed_before_the_watch_began_is_not_missed(
    enrol: Enrol, root: Path, rebuild: Rebuild, watch: Watch
) -> None:
    root.mkdir()
    async with watch(rebuild) as watched:
        enrol("Alice_101")  # the task has not run yet
        await watched.until("Alice 101")


async def test_a_failing_rebuild_keeps_the_old_gallery_and_is_tried_again(
    enrol: Enrol, rebuild: Rebuild, watch: Watch
) -> None:
    enrol("Alice_101")
    broken = False

    def sometimes() -> BuiltGallery:
        if broken:
            raise OSError("the volume is away")
        return rebuild()

    async with watch(sometimes) as watched:
        await watched.next()
        broken = True
        enrol("Bob_102")
        while await watched.next() is not None:
            pass
        assert watched.labels() == ["Alice 101"]
        assert watched.watcher.healthy()
        broken = False
        await watched.until("Alice 101", "Bob 102")


async def test_readiness_follows_the_task(enrol: Enrol, rebuild: Rebuild, watch: Watch) -> None:
    enrol("Alice_101")
    async with watch(rebuild) as watched:
        assert not watched.watcher.healthy()
        await watched.next()
        assert watched.watcher.healthy()
    assert not watched.watcher.healthy()


async def test_a_task_that_dies_is_seen(enrol: Enrol, root: Path, rebuild: Rebuild) -> None:
    enrol("Alice_101")

    def fail(_: BuiltGallery | None) -> None:
        raise RuntimeError("a listener that breaks")

    with ThreadPoolExecutor(1) as executor:
        watcher = GalleryWatcher(
            root, GalleryHolder(rebuild()), rebuild, executor, quiet_s=0.01, retry_s=0.05, on_rebuild=fail
        )
        async with asyncio.timeout(PATIENCE_S):
            with pytest.raises(RuntimeError, match="a listener that breaks"):
                await watcher.run()
    assert not watcher.healthy()


def test_a_swap_in_the_middle_of_a_search_mixes_nothing(enrol: Enrol, root: Path, rebuild: Rebuild) -> None:
    enrol("Alice_101", 2)
    small = rebuild()
    enrol("Bob_102", 3)
    enrol("Aaron_100")
    large = rebuild()
    holder = GalleryHolder(small)
    probes = np.repeat(small.snapshot.centres[:1], 50, axis=0)
    together = Barrier(2)

    def search() -> set[tuple[str, int]]:
        together.wait()
        found = set()
        for _ in range(300):
            snapshot: GallerySnapshot = holder.current
            for match in snapshot.match(probes):
                assert match.best is not None
                found.add((match.best.person.label, len(snapshot.people)))
        return found

    def swap() -> None:
        together.wait()
        for round_ in range(3_000):
            holder.swap(large if round_ % 2 else small)

    with ThreadPoolExecutor(2) as pool:
        searched, swapped = pool.submit(search), pool.submit(swap)
        swapped.result()
        assert searched.result() <= {("Alice 101", 1), ("Alice 101", 3)}


async def test_what_is_hidden_is_no_change(enrol: Enrol, root: Path, rebuild: Rebuild, watch: Watch) -> None:
    enrol("Alice_101")
    async with watch(rebuild) as watched:
        await watched.next()
        (root / ".changes").write_bytes(b"\0\0")
        (root / ".coming-1").mkdir()
        (root / ".coming-1" / "x.jpg").write_bytes(b"half of a photo")
        enrol("Bob_102")
        await watched.until("Alice 101", "Bob 102")
        seen = [watched.watcher._is_seen(Change.added, str(path)) for path in sorted(root.iterdir())]
        assert dict(zip(sorted(path.name for path in root.iterdir()), seen, strict=True)) == {
            ".changes": False,
            ".coming-1": False,
            "Alice_101": True,
            "Bob_102": True,
        }
        assert watched.watcher._is_seen(Change.deleted, str(root))
