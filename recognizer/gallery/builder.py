"""Photos to a gallery: looks only at what the cache does not know, and reports whatever it could not use."""

import hashlib
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import astuple, dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import TypeVar

import numpy as np

from recognizer.engine.base import Alignment, Chip, Embedder, LandmarkTemplate
from recognizer.errors import CannotUnseal, EngineFailed
from recognizer.gallery.cache import EngineKey, PhotoIssue, PhotoRefusal, PhotoResult, TemplateCache
from recognizer.gallery.changes import Changes
from recognizer.gallery.dataset import DatasetListing, FolderIssue, FolderProblem, Photo, shown
from recognizer.gallery.photo_files import unsealed
from recognizer.gallery.report import GalleryReport, UnusedPhoto
from recognizer.gallery.snapshot import Enrolled, GallerySnapshot, changed_snapshot, snapshot_of
from recognizer.stopwatch import Stopwatch
from recognizer.vision import decode, quality
from recognizer.vision.faces import BACKGROUND_SHARE, Face, FaceFinder, foreground
from shared.logs import get_logger
from shared.web.errors import ServiceError

log = get_logger(__name__)

T = TypeVar("T")
R = TypeVar("R")
Progress = Callable[[int, int], None]  # photos looked at, photos to look at

BATCH = 32
MAX_PHOTO_BYTES = 64 << 20
Found = TypeVar("Found", UnusedPhoto, FolderProblem)


@dataclass(frozen=True, slots=True, eq=False)
class BuiltGallery:
    snapshot: GallerySnapshot
    report: GalleryReport
    photos_of: Mapping[str, int]  # templates of each person, by id
    position: int = 0  # of the last change that is in it


def engine_key(finder: FaceFinder, embedder: Embedder) -> EngineKey:
    """Changes whenever the same photo could give another template or another refusal."""
    preprocessing = (
        f"decode {decode.VERSION} {astuple(finder.limits)}, align {_alignment_text(finder.alignment)}, "
        f"quality {quality.VERSION} {astuple(finder.quality)}, background {BACKGROUND_SHARE}"
    )
    detector = finder.detector
    return EngineKey(
        detector.name, detector.version, embedder.name, embedder.version, preprocessing, embedder.dimension
    )


def pick_face(faces: Sequence[Face]) -> Face | PhotoRefusal:
    """The one face of an enrolment photo, or why there is none to use."""
    if not faces:
        return PhotoRefusal(PhotoIssue.NO_FACE, "no face was found")
    subject, *others = foreground(faces)
    if others:
        return PhotoRefusal(PhotoIssue.SEVERAL_FACES, f"{len(others) + 1} faces were found")
    if subject.quality.issue is not None:
        return PhotoRefusal(PhotoIssue.LOW_QUALITY, f"the face is {subject.quality.issue.replace('_', ' ')}")
    return subject


def build(
    listing: DatasetListing,
    cache: TemplateCache,
    finder: FaceFinder,
    embedder: Embedder,
    *,
    workers: int,
    progress: Progress | None = None,
    position: int = 0,
) -> BuiltGallery:
    """Blocks; call it in an executor. `workers` threads look at photos while this one embeds what they found.
    `position` was that of the changes before the listing was made.

    No photo is fatal. Raises only what the cache and the engine have no name for.
    """
    key = engine_key(finder, embedder)
    photos = [photo for folder in listing.people for photo in folder.photos]
    work = _Enrolment(key, cache, finder, embedder, cache.results(key), cache.digests(photos))
    missing = [photo for photo in photos if not work.is_known(photo)]
    work.look_at(missing, workers, progress or _unwatched)
    if listing.present:  # a volume that is not mounted must not cost the whole cache
        cache.retain(photos, set(work.digests.values()))
    return replace(_gather(listing, work, looked_at=len(missing)), position=position)


def update(
    base: BuiltGallery,
    changes: Changes,
    listing: DatasetListing,
    *,
    cache: TemplateCache,
    finder: FaceFinder,
    embedder: Embedder,
) -> BuiltGallery:
    """Like `build`, where `listing` has those folders alone that the changes concern: nothing else is looked at.

    Of two folders with one id it knows only what it sees; a caller that meets DUPLICATE_ID builds everything.
    """
    key = engine_key(finder, embedder)
    photos = [photo for folder in listing.people for photo in folder.photos]
    digests = cache.digests(photos)
    work = _Enrolment(key, cache, finder, embedder, cache.results(key, set(digests.values())), digests)
    missing = [photo for photo in photos if not work.is_known(photo)]
    work.look_at(missing, 1, _unwatched)
    concerned = [person for person in base.snapshot.people if changes.concern(person.folder)]
    folders = {person.folder for person in concerned} | {folder.person.folder for folder in listing.people}
    cache.forget([listing.root / folder for folder in folders], keeping=photos)
    part = _gather(listing, work, looked_at=len(missing))
    return _joined(base, {person.person_id for person in concerned}, part, changes, engine=str(key))


def _joined(
    base: BuiltGallery, gone: Collection[str], part: BuiltGallery, changes: Changes, *, engine: str
) -> BuiltGallery:
    photos_of = {id_: count for id_, count in base.photos_of.items() if id_ not in gone} | dict(part.photos_of)
    keep = [person.person_id not in gone for person in base.snapshot.people]
    snapshot = changed_snapshot(base.snapshot, keep, part.snapshot, engine=engine, photos=sum(photos_of.values()))
    report = GalleryReport(
        len(snapshot.people),
        snapshot.photos,
        part.report.looked_at,
        (*_elsewhere(base.report.unused, changes), *part.report.unused),
        (*_elsewhere(base.report.problems, changes), *part.report.problems),
    )
    return BuiltGallery(snapshot, report, photos_of, changes.position)


def _elsewhere(found: Iterable[Found], changes: Changes) -> Iterator[Found]:
    return (each for each in found if not changes.concern(each.path.partition("/")[0]))


@dataclass(frozen=True, slots=True, eq=False)
class _Look:
    """What a worker made of a photo."""

    photo: Photo
    digest: bytes | None  # of the file; None where it could not be read
    outcome: Chip | PhotoRefusal | None  # None where the same bytes are known from another file


@dataclass(frozen=True, slots=True, eq=False)
class _Enrolment:
    """One build: what is known of the photos, growing. Only `_look` runs in the workers, and it changes nothing."""

    key: EngineKey
    cache: TemplateCache
    finder: FaceFinder
    embedder: Embedder
    results: dict[bytes, PhotoResult]  # by digest
    digests: dict[Path, bytes]
    passing: dict[Path, PhotoRefusal] = field(default_factory=dict)  # of this build alone: next time may be better

    def result_of(self, photo: Photo) -> PhotoResult:
        return self.passing.get(photo.path) or self.results[self.digests[photo.path]]

    def is_known(self, photo: Photo) -> bool:
        return self.digests.get(photo.path) in self.results

    def look_at(self, photos: Sequence[Photo], workers: int, progress: Progress) -> None:
        with ThreadPoolExecutor(max(1, workers), thread_name_prefix="enrol") as pool:
            looks = _in_order(pool, self._look, photos, ahead=2 * BATCH)
            done = 0
            while batch := list(islice(looks, BATCH)):
                self._finish(batch)
                done += len(batch)
                progress(done, len(photos))

    def _look(self, photo: Photo) -> _Look:
        if photo.size > MAX_PHOTO_BYTES:
            return _Look(photo, None, PhotoRefusal(PhotoIssue.UNREADABLE, f"more than {MAX_PHOTO_BYTES >> 20} MiB"))
        try:
            data = photo.path.read_bytes()
            digest = hashlib.sha256(data).digest()
            if digest in self.results:
                return _Look(photo, digest, None)
            picture = unsealed(photo.path, data, self.cache.vault)
        except OSError as error:
            return _Look(photo, None, PhotoRefusal(PhotoIssue.UNREADABLE, error.strerror or "cannot be read"))
        except CannotUnseal as error:
            return _Look(photo, None, PhotoRefusal(PhotoIssue.UNREADABLE, error.detail))
        return _Look(photo, digest, self._find_face(picture))

    def _find_face(self, data: bytes) -> Chip | PhotoRefusal:
        try:
            picked = pick_face(self.finder.find(data, Stopwatch()).faces)
        except EngineFailed as error:
            return PhotoRefusal(PhotoIssue.ENGINE_FAILED, error.detail)
        except ServiceError as error:
            return PhotoRefusal(PhotoIssue.UNREADABLE, error.detail)
        except Exception as error:
            log.exception("unexpected error while looking at a photo", exc_info=error)
            return PhotoRefusal(PhotoIssue.ENGINE_FAILED, "an unexpected error; the log has it")
        return picked.chip if isinstance(picked, Face) else picked

    def _finish(self, looks: Sequence[_Look]) -> None:
        """Embeds the chips of a batch, and writes all that is final to the cache, so that a stop loses one batch."""
        chips = {look.digest: look.outcome for look in looks if look.digest and isinstance(look.outcome, np.ndarray)}
        made: dict[bytes, PhotoResult] = dict(self._embed(chips))
        made |= {look.digest: look.outcome for look in looks if look.digest and isinstance(look.outcome, PhotoRefusal)}
        final = {digest: result for digest, result in made.items() if not _may_pass(result)}
        hashed = {look.photo: look.digest for look in looks if look.digest}
        self.cache.store(self.key, final, hashed)
        self.results.update(final)
        for look in looks:
            outcome = made.get(look.digest) if look.digest else look.outcome
            if look.digest:
                self.digests[look.photo.path] = look.digest
            if isinstance(outcome, PhotoRefusal) and (look.digest is None or _may_pass(outcome)):
                self.passing[look.photo.path] = outcome

    def _embed(self, chips: Mapping[bytes, Chip]) -> dict[bytes, PhotoResult]:
        """By digest. One chip that breaks the network must not take its batch with it."""
        if not chips:
            return {}
        try:
            return dict(zip(chips, self.embedder.embed(np.stack(list(chips.values()))), strict=True))
        except EngineFailed as error:
            if len(chips) == 1:
                return dict.fromkeys(chips, PhotoRefusal(PhotoIssue.ENGINE_FAILED, error.detail))
        alone = [self._embed({digest: chip}) for digest, chip in chips.items()]
        return {digest: result for each in alone for digest, result in each.items()}


def _may_pass(result: PhotoResult) -> bool:
    """Whether the fault was the engine's and not the photo's."""
    return isinstance(result, PhotoRefusal) and result.issue is PhotoIssue.ENGINE_FAILED


def _gather(listing: DatasetListing, work: _Enrolment, looked_at: int) -> BuiltGallery:
    enrolled: list[Enrolled] = []
    unused: list[UnusedPhoto] = []
    problems = list(listing.problems)
    for folder in listing.people:
        results = [(photo, work.result_of(photo)) for photo in folder.photos]
        templates = [result for _, result in results if not isinstance(result, PhotoRefusal)]
        unused += [
            UnusedPhoto(shown(photo.path, listing.root), result.issue, result.detail)
            for photo, result in results
            if isinstance(result, PhotoRefusal)
        ]
        if templates:
            enrolled.append(Enrolled(folder.person, np.stack(templates)))
        else:
            path = shown(folder.person.folder)
            problems.append(FolderProblem(path, FolderIssue.NO_USABLE_PHOTO, "none of its photos can be used"))
    snapshot = snapshot_of(enrolled, engine=str(work.key), dimension=work.key.dimension)
    report = GalleryReport(len(enrolled), snapshot.photos, looked_at, tuple(unused), tuple(problems))
    return BuiltGallery(snapshot, report, {each.person.person_id: len(each.templates) for each in enrolled})


def _in_order(pool: Executor, work: Callable[[T], R], items: Iterable[T], ahead: int) -> Iterator[R]:
    """Results in the order of the items, with at most `ahead` of them waiting in memory."""
    queue: deque[Future[R]] = deque()
    for item in items:
        queue.append(pool.submit(work, item))
        if len(queue) >= ahead:
            yield queue.popleft().result()
    while queue:
        yield queue.popleft().result()


def _alignment_text(alignment: Alignment) -> str:
    if isinstance(alignment, LandmarkTemplate):
        return f"template {alignment.size} {alignment.points.tolist()}"
    return f"eye level {alignment.size}"


def _unwatched(_done: int, _total: int) -> None:
    """The progress of a build that nobody looks at."""
