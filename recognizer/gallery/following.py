"""The gallery as the dataset has it now: an enrolment is taken up by the first frame that comes after it."""

from collections.abc import Callable
from pathlib import Path
from threading import Lock

from recognizer.engine.base import Embedder
from recognizer.gallery.builder import BuiltGallery, update
from recognizer.gallery.cache import TemplateCache
from recognizer.gallery.changes import ChangeMarks, Changes
from recognizer.gallery.dataset import FolderIssue, scan
from recognizer.gallery.snapshot import GallerySnapshot
from recognizer.gallery.watcher import GalleryHolder
from recognizer.vision.faces import FaceFinder
from shared.logs import get_logger

log = get_logger(__name__)

TakeUp = Callable[[BuiltGallery, Changes], BuiltGallery]


class FollowedGallery:
    """Compares the number of changes before each use: a few microseconds where there was none. What there is of them
    is taken up by one thread, for which the others wait. It looks at a file: nothing for the event loop."""

    def __init__(self, holder: GalleryHolder, marks: ChangeMarks, take_up: TakeUp) -> None:
        self._holder = holder
        self._marks = marks
        self._take_up = take_up
        self._one_at_a_time = Lock()

    def current(self) -> GallerySnapshot:
        """With every change in it that was noted before the call. When that fails, as it was: an old gallery is better
        than none."""
        return self.built().snapshot

    def built(self) -> BuiltGallery:
        try:
            if self._marks.position() != self._holder.built.position:
                with self._one_at_a_time:
                    self._follow()
        except Exception as error:  # whatever it was, frames go on being answered
            log.exception("changes of the dataset could not be taken up", exc_info=error)
        return self._holder.built

    def _follow(self) -> None:
        while True:
            base = self._holder.built
            changes = self._marks.since(base.position)
            if changes.position == base.position:
                return
            self._holder.replace(base, self._take_up(base, changes))


class TakeUpChanges:
    """Looks at the changed folders alone where that is enough, and at all of them by `rebuild` where it is not."""

    def __init__(
        self,
        root: Path,
        cache: TemplateCache,
        finder: FaceFinder,
        embedder: Embedder,
        rebuild: Callable[[], BuiltGallery],
    ) -> None:
        self._root = root
        self._cache = cache
        self._finder = finder
        self._embedder = embedder
        self._rebuild = rebuild

    def __call__(self, base: BuiltGallery, changes: Changes) -> BuiltGallery:
        if changes.marks is None or _has_duplicates(base):
            return self._rebuild()
        listing = scan(self._root, changes.concern)
        others = {person.person_id for person in base.snapshot.people if not changes.concern(person.folder)}
        if not listing.present or any(folder.person.person_id in others for folder in listing.people):
            return self._rebuild()
        return update(base, changes, listing, cache=self._cache, finder=self._finder, embedder=self._embedder)


def _has_duplicates(gallery: BuiltGallery) -> bool:
    return any(problem.issue is FolderIssue.DUPLICATE_ID for problem in gallery.report.problems)
