"""What the recognizer asks of a detector and of an embedding network: arrays in, arrays out, synchronous.

Implementations must be safe to call from several threads at once.
"""

from dataclasses import dataclass
from typing import Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

Frame: TypeAlias = NDArray[np.uint8]  # (h, w, 3), RGB
Chip: TypeAlias = NDArray[np.uint8]  # (s, s, 3), RGB, one aligned face
Chips: TypeAlias = NDArray[np.uint8]  # (n, s, s, 3), RGB, aligned faces of one size
Landmarks: TypeAlias = NDArray[np.float32]  # (5, 2), x and y: eyes, nose tip, mouth corners; viewer's left before right
Cutouts: TypeAlias = NDArray[np.uint8]  # (n, s, s, 3), RGB, upright squares with a face and some of what is around it
Shares: TypeAlias = NDArray[np.float32]  # (n,), 0 to 1
Embeddings: TypeAlias = NDArray[np.float32]  # (n, d), rows of unit length


@dataclass(frozen=True, slots=True)
class Box:
    """Pixels of the frame it was found in; may reach past the frame's edges."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True, eq=False)
class Detection:
    box: Box
    landmarks: Landmarks
    score: float  # 0 to 1, the detector's own confidence


@dataclass(frozen=True, slots=True, eq=False)
class LandmarkTemplate:
    """Where the five landmarks should lie in a chip of `size` x `size` pixels."""

    size: int
    points: Landmarks
    weights: tuple[float, float, float, float, float] = (1, 1, 1, 1, 1)  # how much each counts where not all can fit


@dataclass(frozen=True, slots=True)
class EyeLevelBox:
    """DeepFace's way: turn the face until the eyes are level, cut the detector's box, letterbox it to the chip."""

    size: int


Alignment: TypeAlias = LandmarkTemplate | EyeLevelBox


@dataclass(frozen=True, slots=True)
class MatchDefaults:
    """Where an engine draws the line when the operator has not said otherwise. Cosine distances."""

    threshold: float
    margin: float
    source: str  # how the figures were found


class Detector(Protocol):
    name: str  # DeepFace's name for it
    version: str  # changes whenever the same frame could give another box

    def detect(self, frame: Frame) -> list[Detection]:
        """Faces, best score first; an empty list when there is none."""
        ...


class Embedder(Protocol):
    name: str  # DeepFace's name for it
    version: str  # changes whenever the same chip could give another embedding
    dimension: int
    alignment: Alignment
    defaults: MatchDefaults

    def embed(self, chips: Chips) -> Embeddings:
        """Unit rows, one for each chip. Raises EngineFailed when the network returns anything not finite."""
        ...


class LivenessNet(Protocol):
    name: str
    version: str  # changes whenever the same cutout could give another answer
    cutout_px: int  # the side of what it takes
    reach: float  # the side of a cutout, in longer sides of the detector's box

    def p_live(self, cutouts: Cutouts) -> Shares:
        """How surely each face is a person and no picture of one. Raises EngineFailed when an answer is not finite."""
        ...
