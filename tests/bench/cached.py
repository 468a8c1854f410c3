"""What ten thousand people cost whose templates lie in the cache: a second start, and each enrolment among them."""

import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import numpy as np

from recognizer.gallery.builder import BuiltGallery, build, engine_key
from recognizer.gallery.cache import TemplateCache
from recognizer.gallery.changes import ChangeMarks
from recognizer.gallery.dataset import scan
from recognizer.gallery.following import FollowedGallery, TakeUpChanges
from recognizer.gallery.watcher import GalleryHolder
from recognizer.opening.engine import face_finder, open_engine
from recognizer.settings import RecognizerSettings
from tests.bench.rows import Plan, Row

PEOPLE = 10_000
LOOKS = 2_000


def measure(plan: Plan) -> list[Row]:
    with TemporaryDirectory() as folder:
        school = _school(Path(folder))
        return [_from_cache(school, plan.of(7, 2)), *_taking_up(school, plan.of(25, 5))]


@dataclass(frozen=True, slots=True, eq=False)
class _School:
    dataset: Path
    build: Callable[[], BuiltGallery]
    taking_up: TakeUpChanges
    add: Callable[[int], str]  # a person with this number, whose template is known; returns their folder


def _school(place: Path) -> _School:
    settings = RecognizerSettings(dataset_dir=place / "dataset", state_dir=place / "state")
    engine = open_engine(settings)
    finder, embedder = face_finder(engine, settings), engine.enroller
    cache = TemplateCache(settings.state_dir / "templates.db")
    random = np.random.default_rng(0)

    def remember(wanted: Callable[[str], bool]) -> None:
        photos = [photo for person in scan(settings.dataset_dir, wanted).people for photo in person.photos]
        digests = {photo: hashlib.sha256(photo.path.read_bytes()).digest() for photo in photos}
        templates = random.normal(size=(len(photos), embedder.dimension)).astype(np.float32)
        templates /= np.linalg.norm(templates, axis=1, keepdims=True)
        cache.store(engine_key(finder, embedder), dict(zip(digests.values(), templates, strict=True)), digests)

    def build_anew() -> BuiltGallery:
        position = ChangeMarks(settings.dataset_dir).position()
        return build(scan(settings.dataset_dir), cache, finder, embedder, workers=settings.workers, position=position)

    def add(number: int) -> str:
        folder = _write(settings.dataset_dir, number)
        remember(lambda name: name == folder)
        return folder

    for number in range(PEOPLE):
        _write(settings.dataset_dir, number)
    remember(lambda _: True)
    taking_up = TakeUpChanges(settings.dataset_dir, cache, finder, embedder, build_anew)
    return _School(settings.dataset_dir, build_anew, taking_up, add)


def _from_cache(school: _School, times: int) -> Row:
    took_s = []
    for _ in range(times):
        started_s = time.perf_counter()
        built = school.build()
        took_s.append(time.perf_counter() - started_s)
        if (built.report.people, built.report.looked_at) != (PEOPLE, 0):
            raise RuntimeError("the gallery did not come from the cache")
    note = f"folder listed, cache read, gallery made; n = {times}, slowest {max(took_s):.2f} s"
    return Row(f"{PEOPLE:,} people from the cache", median(took_s), "s", note=note, target="≤ 2")


def _taking_up(school: _School, times: int) -> list[Row]:
    marks, holder = ChangeMarks(school.dataset), GalleryHolder(school.build())
    gallery = FollowedGallery(holder, marks, school.taking_up)
    took_s = []
    for number in range(PEOPLE, PEOPLE + times):
        marks.note(school.add(number))
        started_s = time.perf_counter()
        gallery.current()
        took_s.append(time.perf_counter() - started_s)
        if len(holder.current.people) != number + 1:
            raise RuntimeError("the enrolment was not taken up")
    return [
        Row(
            f"an enrolment among {PEOPLE:,} people taken up",
            median(took_s) * 1e3,
            "ms",
            note=f"the folder that changed is looked at; n = {times}, slowest {max(took_s) * 1e3:.0f} ms",
        ),
        Row("the look for changes before a match", _look_us(gallery), "µs", note=f"mean of {LOOKS:,}"),
    ]


def _look_us(gallery: FollowedGallery) -> float:
    started_s = time.perf_counter()
    for _ in range(LOOKS):
        gallery.current()
    return (time.perf_counter() - started_s) / LOOKS * 1e6


def _write(dataset: Path, number: int) -> str:
    """Files that differ: nobody opens them, because their templates are known."""
    folder = f"Person_{number:05}"
    (dataset / folder).mkdir(parents=True)
    (dataset / folder / "1.jpg").write_bytes(number.to_bytes(4))
    return folder
