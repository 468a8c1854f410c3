"""How long a second start takes to have everybody: ten thousand people, whose templates lie in the cache."""

import hashlib
import time
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import numpy as np

from recognizer.app import face_finder, open_engine
from recognizer.gallery.builder import build, engine_key
from recognizer.gallery.cache import TemplateCache
from recognizer.gallery.dataset import scan
from recognizer.settings import RecognizerSettings
from tests.bench.rows import Plan, Row

PEOPLE = 10_000


def measure(plan: Plan) -> list[Row]:
    with TemporaryDirectory() as folder:
        place = Path(folder)
        settings = RecognizerSettings(dataset_dir=place / "dataset", state_dir=place / "state")
        engine = open_engine(settings)
        finder = face_finder(engine, settings)
        cache = TemplateCache(settings.state_dir / "templates.db")
        _fill(settings.dataset_dir)
        listing = scan(settings.dataset_dir)
        photos = [photo for person in listing.people for photo in person.photos]
        digests = {photo: hashlib.sha256(photo.path.read_bytes()).digest() for photo in photos}
        templates = np.random.default_rng(0).normal(size=(PEOPLE, engine.enroller.dimension)).astype(np.float32)
        templates /= np.linalg.norm(templates, axis=1, keepdims=True)
        cache.store(engine_key(finder, engine.enroller), dict(zip(digests.values(), templates, strict=True)), digests)
        took_s = []
        for _ in range(plan.of(7, 2)):
            started_s = time.perf_counter()
            built = build(scan(settings.dataset_dir), cache, finder, engine.enroller, workers=settings.workers)
            took_s.append(time.perf_counter() - started_s)
            if (built.report.people, built.report.looked_at) != (PEOPLE, 0):
                raise RuntimeError("the gallery did not come from the cache")
        note = f"folder listed, cache read, gallery made; n = {len(took_s)}, slowest {max(took_s):.2f} s"
        return [Row(f"{PEOPLE:,} people from the cache", median(took_s), "s", note=note, target="≤ 2")]


def _fill(dataset: Path) -> None:
    """Files that differ: nobody opens them, because their templates are known."""
    for number in range(PEOPLE):
        folder = dataset / f"Person_{number:05}"
        folder.mkdir(parents=True)
        (folder / "1.jpg").write_bytes(number.to_bytes(4))
