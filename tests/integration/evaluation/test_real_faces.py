"""The default engine on labelled photos: those that installed packages carry, and more where they are at hand."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from recognizer.engine.base import Frame
from recognizer.engine.loader import Engine, load_engine
from recognizer.evaluation.choices import FaceChoice
from recognizer.evaluation.photos import LabelledPhoto, Observer, Sample, look_at_all, numbered, probes_of
from recognizer.vision.decode import DecodeLimits
from recognizer.vision.faces import FaceFinder
from recognizer.vision.quality import QualityPolicy

Look = Callable[[list[LabelledPhoto]], list[Sample]]


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Engine:
    folder = tmp_path_factory.mktemp("engine")
    return load_engine(model="Dlib", detector="mtcnn", models_dir=folder, state_dir=folder, enroll_views="scaled")


@pytest.fixture(scope="module")
def look(engine: Engine) -> Look:
    finder = FaceFinder(engine.detector, engine.embedder.alignment, DecodeLimits(), QualityPolicy())
    observer = Observer(finder, engine.embedder, engine.enroller, FaceChoice.CENTRE)
    return lambda photos: look_at_all(photos, observer.look_at, workers=2)


@pytest.fixture
def photo_files(photos: Any, tmp_path: Path) -> list[LabelledPhoto]:
    found = []
    for person, frames in {
        "Eileen Collins": (photos.collins, photos.collins_again),
        "Grace Hopper": (photos.hopper, photos.hopper_again),
    }.items():
        for number, frame in enumerate(frames):
            file = tmp_path / person / f"{number}.png"
            file.parent.mkdir(exist_ok=True)
            file.write_bytes(_png(frame))
            found.append(LabelledPhoto(file, person))
    return found


def test_what_is_enrolled_and_what_is_looked_for_may_have_other_views(
    look: Look, engine: Engine, photo_files: list[LabelledPhoto]
) -> None:
    samples = look(photo_files)
    assert numbered(samples).tolist() == [0, 0, 1, 1]
    threshold = engine.embedder.defaults.threshold
    for sample in samples:
        assert sample.look is not None
        assert 0 < 1 - float(sample.look.template @ sample.look.probe) < threshold / 2
    rows = probes_of(samples, engine.embedder.dimension)
    distances = 1 - rows @ rows.T
    assert max(distances[0, 1], distances[2, 3]) < threshold < distances[:2, 2:].min()


def test_every_photo_at_hand_is_detected_and_told_apart(
    look: Look, engine: Engine, photo_files: list[LabelledPhoto], faces_dir: Path | None
) -> None:
    more = [] if faces_dir is None else sorted((faces_dir / "lfw_dev" / "known").glob("*/*.jpg"))
    samples = look(photo_files + [LabelledPhoto(file, file.parent.name) for file in more[::6] + more[1::6]])
    assert all(sample.look is not None for sample in samples)
    rows, identity = probes_of(samples, engine.embedder.dimension), numbered(samples)
    similarity = rows @ rows.T - 2 * np.eye(len(rows), dtype=np.float32)
    right = identity[similarity.argmax(axis=1)] == identity
    assert right.mean() >= 0.97


def _png(frame: Frame) -> bytes:
    return cv2.imencode(".png", np.ascontiguousarray(frame[:, :, ::-1]))[1].tobytes()
