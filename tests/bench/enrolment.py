"""How fast photos become templates with all cores, beside the bare models on the same photos."""

import os
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import numpy as np

from recognizer.engine.loader import Engine
from recognizer.opening.engine import face_finder, open_engine
from recognizer.opening.gallery import build_gallery
from recognizer.settings import RecognizerSettings
from recognizer.stopwatch import Stopwatch
from tests.bench.arithmetic import median_ratio
from tests.bench.frames import write_photos
from tests.bench.rows import Plan, Row

CORES = os.cpu_count() or 1
PHOTOS_A_PERSON = 3


def measure(plan: Plan) -> list[Row]:
    people = plan.of(40, 10)
    with TemporaryDirectory() as folder:
        place = Path(folder)
        dataset = write_photos(place / "dataset", people, PHOTOS_A_PERSON)
        settings = RecognizerSettings(dataset_dir=dataset, state_dir=place / "state")
        engine = open_engine(settings)
        bare: list[float] = []
        enrolled: list[float] = []
        for _ in range(plan.of(5, 2)):
            bare.append(_bare_rate(engine, settings))
            enrolled.append(_enrolment_rate(engine, settings))
    note = f"{people * PHOTOS_A_PERSON} photos of 640 × 480, {len(bare)} rounds"
    return [
        Row("bare on those photos, all cores", median(bare), "photos/s", note=note),
        Row("enrolment", median(enrolled), "photos/s", median_ratio(enrolled, bare), note, "≥ 0.8"),
    ]


def _bare_rate(engine: Engine, settings: RecognizerSettings) -> float:
    finder = face_finder(engine, settings)

    def look(photo: Path) -> None:
        faces = finder.find(photo.read_bytes(), Stopwatch()).faces
        engine.enroller.embed(np.stack([face.chip for face in faces]))

    photos = sorted(settings.dataset_dir.glob("*/*.jpg"))
    started = time.perf_counter()
    with ThreadPoolExecutor(CORES) as pool:
        list(pool.map(look, photos))
    return len(photos) / (time.perf_counter() - started)


def _enrolment_rate(engine: Engine, settings: RecognizerSettings) -> float:
    (settings.state_dir / "templates.db").unlink(missing_ok=True)
    started = time.perf_counter()
    built = build_gallery(settings, face_finder(engine, settings), engine.enroller, workers=CORES)
    took_s = time.perf_counter() - started
    photos = len(list(settings.dataset_dir.glob("*/*.jpg")))
    if built.report.looked_at != photos or built.report.photos != photos:
        raise RuntimeError("not every photo was looked at and used")
    return photos / took_s
