"""What is measured: labelled photos, each looked at once. One without a usable face stays in, as one that failed."""

import math
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from recognizer.at_rest.vault import Vault
from recognizer.engine.base import Embedder, Embeddings
from recognizer.errors import StartError
from recognizer.evaluation.choices import FaceChoice
from recognizer.gallery.dataset import PHOTO_SUFFIXES
from recognizer.gallery.photo_files import read_photo
from recognizer.stopwatch import Stopwatch
from recognizer.vision.faces import Face, FaceFinder, Scene, foreground
from shared.contracts.recognition import DecisionKind
from shared.web.errors import ServiceError


@dataclass(frozen=True, slots=True)
class LabelledPhoto:
    path: Path
    identity: str  # equal for photos of one person
    stranger: bool = False  # never enrolled

    @property
    def label(self) -> str:
        """Tells the file without telling where the folder lies."""
        return f"{self.path.parent.name}/{self.path.name}"


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """One face as it is enrolled and as it is looked for; the two differ where their views do. Unit rows (d,)."""

    template: NDArray[np.float32]
    probe: NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    photo: LabelledPhoto
    look: Look | None  # None where no face was found
    refusal: DecisionKind | None  # what the service answers instead of a match; a refused face can have a look


@dataclass(frozen=True, slots=True)
class Observer:
    """Everything between a file and its embeddings. Safe to use from several threads."""

    finder: FaceFinder
    embedder: Embedder
    enroller: Embedder
    choice: FaceChoice
    vault: Vault | None = None

    def look_at(self, photo: LabelledPhoto) -> Sample:
        try:
            scene = self.finder.find(read_photo(photo.path, self.vault), Stopwatch())
        except ServiceError:
            return Sample(photo, None, DecisionKind.NO_FACE)
        faces = _nearest_centre(scene) if self.choice is FaceChoice.CENTRE else foreground(scene.faces)
        if len(faces) != 1:
            return Sample(photo, None, DecisionKind.MULTIPLE_FACES if faces else DecisionKind.NO_FACE)
        refusal = None if faces[0].quality.issue is None else DecisionKind.LOW_QUALITY
        return Sample(photo, self._embed(faces[0]), refusal)

    def _embed(self, face: Face) -> Look:
        chips = face.chip[np.newaxis]
        probe = self.embedder.embed(chips)[0]
        alike = self.enroller is self.embedder or self.enroller.version == self.embedder.version
        return Look(probe if alike else self.enroller.embed(chips)[0], probe)


def look_at_all(
    photos: Sequence[LabelledPhoto], look_at: Callable[[LabelledPhoto], Sample], *, workers: int
) -> list[Sample]:
    """In the order given, with a progress bar on a terminal."""
    with ThreadPoolExecutor(workers) as pool:
        samples = pool.map(look_at, photos)
        return list(tqdm(samples, desc="Looking at photos", unit="photo", total=len(photos), disable=None, leave=False))


def read_identities(folder: Path) -> list[LabelledPhoto]:
    """One subfolder a person; the whole name of the folder is the identity. Raises StartError when there is none."""
    found = [LabelledPhoto(path, sub.name) for sub in sorted(folder.glob("*/")) for path in _photos_in(sub)]
    if not found:
        raise StartError(f"{folder} holds no folders with photos in them")
    return found


def read_strangers(folder: Path) -> list[LabelledPhoto]:
    """Every photo directly in the folder is another person; photos of one subfolder are one person. Raises StartError
    when there is none."""
    found = [LabelledPhoto(path, f"stranger {path.name}", stranger=True) for path in _photos_in(folder, deep=False)]
    for sub in sorted(folder.glob("*/")):
        found += [LabelledPhoto(path, f"stranger {sub.name}", stranger=True) for path in _photos_in(sub)]
    if not found:
        raise StartError(f"{folder} holds no photos")
    return found


def probes_of(samples: Iterable[Sample], dimension: int) -> Embeddings:
    """(n, d), rows of NaN where there is no look."""
    return _rows((None if sample.look is None else sample.look.probe for sample in samples), dimension)


def templates_of(samples: Iterable[Sample], dimension: int) -> Embeddings:
    """(n, d), rows of NaN where there is no look."""
    return _rows((None if sample.look is None else sample.look.template for sample in samples), dimension)


def numbered(samples: Iterable[Sample]) -> NDArray[np.intp]:
    """(n,) the same number for photos of one person, counted from 0 in the order of their first photos."""
    numbers: dict[str, int] = {}
    return np.array([numbers.setdefault(sample.photo.identity, len(numbers)) for sample in samples], np.intp)


def _rows(rows: Iterable[NDArray[np.float32] | None], dimension: int) -> Embeddings:
    absent = np.full(dimension, np.nan, np.float32)
    return np.array([absent if row is None else row for row in rows], np.float32).reshape(-1, dimension)


def _photos_in(folder: Path, *, deep: bool = True) -> list[Path]:
    paths = folder.rglob("*") if deep else folder.glob("*")
    return sorted(path for path in paths if path.name.lower().endswith(PHOTO_SUFFIXES) and path.is_file())


def _nearest_centre(scene: Scene) -> tuple[Face, ...]:
    height, width = scene.image.frame.shape[:2]

    def distance_px(face: Face) -> float:
        box = face.detection.box
        return math.hypot(box.x + box.width / 2 - width / 2, box.y + box.height / 2 - height / 2)

    return (min(scene.faces, key=distance_px),) if scene.faces else ()
