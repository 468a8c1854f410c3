"""Folders of drawn people, and the fake engine that sees them: real files, a real cache, real notices of change."""

from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import cv2
import numpy as np
import pytest

from recognizer.engine.base import Chips, Embeddings
from recognizer.engine.fake import FakeDetector, FakeEmbedder, draw_face
from recognizer.errors import EngineFailed
from recognizer.gallery.cache import TemplateCache
from recognizer.vision.decode import DecodeLimits
from recognizer.vision.faces import FaceFinder
from recognizer.vision.quality import QualityPolicy

Picture: TypeAlias = Callable[..., bytes]
Enrol: TypeAlias = Callable[..., Path]


class CountingEmbedder(FakeEmbedder):
    """Remembers what it was asked, and breaks on batches of more than `breaks_above` chips, or on every one."""

    def __init__(self) -> None:
        self.batches: list[int] = []
        self.breaks_above: int | None = None

    def embed(self, chips: Chips) -> Embeddings:
        self.batches.append(len(chips))
        if self.breaks_above is not None and len(chips) > self.breaks_above:
            raise EngineFailed("the network returned nonsense")
        return super().embed(chips)


@pytest.fixture
def embedder() -> CountingEmbedder:
    return CountingEmbedder()


@pytest.fixture
def finder(embedder: CountingEmbedder) -> FaceFinder:
    return FaceFinder(FakeDetector(), embedder.alignment, DecodeLimits(), QualityPolicy())


@pytest.fixture
def cache(tmp_path: Path) -> TemplateCache:
    return TemplateCache(tmp_path / "state" / "templates.sqlite3")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "dataset"


@pytest.fixture
def picture() -> Picture:
    """A PNG of drawn people; each is a name and the size of its square in pixels."""

    def draw(*faces: tuple[str, int], grey: int = 127) -> bytes:
        frame = np.full((240, 120 + sum(size for _, size in faces) + 20 * len(faces), 3), grey, np.uint8)
        x = 20
        for who, size in faces:
            draw_face(frame, who, x=x, y=20, size=size)
            x += size + 20
        return cv2.imencode(".png", cv2.cvtColor(frame, cv2.COLOR_RGB2BGR))[1].tobytes()

    return draw


@pytest.fixture
def enrol(root: Path, picture: Picture) -> Enrol:
    """Writes photos of a person, each on another background, into their folder."""

    def write(folder: str, photos: int = 1) -> Path:
        (root / folder).mkdir(parents=True, exist_ok=True)
        for number in range(photos):
            (root / folder / f"{number}.png").write_bytes(picture((folder, 120), grey=100 + number))
        return root / folder

    return write
