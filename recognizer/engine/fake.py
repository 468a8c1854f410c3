"""An engine without weights, for tests and demonstrations: its "faces" are patterns in a green frame, drawn by
`draw_face`.

It answers from the pixels alone, as a real one does: a picture survives JPEG, scaling and moving about; two pictures of
one pattern match and two patterns do not. It finds no face in a photograph and must never guard a door.
"""

import zlib

import cv2
import numpy as np
from numpy.typing import NDArray

from recognizer.engine.base import (
    Alignment,
    Box,
    Chips,
    Cutouts,
    Detection,
    Embeddings,
    Frame,
    LandmarkTemplate,
    MatchDefaults,
    Shares,
)
from recognizer.engine.unit_rows import unit_rows

_CELLS = 8  # the pattern is 8 by 8 cells, dark or light
_BORDER = 1 / (_CELLS + 2)  # of the whole, on each side: as wide as a cell
_GREENER_BY = 64  # than red and blue, to be part of a frame
_LEAST_FILL = 0.9  # of the rectangle around a frame that its outline must enclose
_CHIP_PX = 64
_DARK, _LIGHT, _GREEN = 60, 200, (0, 220, 0)

# Within the pattern, which is the square inside the frame.
_LANDMARKS = np.array([[0.3, 0.35], [0.7, 0.35], [0.5, 0.6], [0.35, 0.8], [0.65, 0.8]], np.float32)


def draw_face(frame: Frame, person: str, *, x: int, y: int, size: int) -> None:
    """Draws this person's pattern and its green frame into a square of the picture, in place."""
    bits = np.random.default_rng(zlib.crc32(person.encode())).permutation(_CELLS * _CELLS) % 2
    pattern = np.where(bits, _LIGHT, _DARK).reshape(_CELLS, _CELLS).astype(np.uint8)
    square = np.empty((_CELLS + 2, _CELLS + 2, 3), np.uint8)
    square[:] = _GREEN
    square[1:-1, 1:-1] = pattern[:, :, None]
    frame[y : y + size, x : x + size] = cv2.resize(square, (size, size), interpolation=cv2.INTER_NEAREST)


class FakeDetector:
    """A Detector of green frames. The score is how much of its surrounding rectangle a frame encloses."""

    name = "fake"
    version = "1"

    def __init__(self, *, min_face_px: int = 40) -> None:
        self._min_face_px = min_face_px

    def detect(self, frame: Frame) -> list[Detection]:
        """Frames of at least `min_face_px`, best score first; of equal ones the larger first."""
        red, green, blue = (frame[..., channel].astype(np.int16) for channel in range(3))
        mask = (green - np.maximum(red, blue) > _GREENER_BY).astype(np.uint8)
        outlines, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
        found = [face for outline in outlines if (face := self._face(np.asarray(outline))) is not None]
        return sorted(found, key=lambda face: (-face.score, -face.box.width, face.box.x, face.box.y))

    def _face(self, outline: NDArray[np.int32]) -> Detection | None:
        x, y, width, height = cv2.boundingRect(outline)
        enclosed = cv2.contourArea(outline) / max(1, (width - 1) * (height - 1))
        if min(width, height) < self._min_face_px or enclosed < _LEAST_FILL:
            return None
        corner, sides = np.array([x, y]), np.array([width, height])
        landmarks = corner + sides * (_BORDER + (1 - 2 * _BORDER) * _LANDMARKS) - 0.5
        return Detection(Box(x, y, width, height), landmarks.astype(np.float32), min(1.0, enclosed))


class FakeEmbedder:
    """An Embedder: the chip's brightness in 8 by 8 cells, less its mean. The last number is the same for all chips, so
    that a blank one has a direction too."""

    name = "fake"
    version = "1"
    dimension = _CELLS * _CELLS + 1
    alignment: Alignment = LandmarkTemplate(_CHIP_PX, _LANDMARKS * _CHIP_PX - np.float32(0.5))
    defaults = MatchDefaults(threshold=0.25, margin=0.05, source="patterns are either equal or far apart")

    def embed(self, chips: Chips) -> Embeddings:
        """Unit rows, one for each chip."""
        cell_px = chips.shape[1] // _CELLS
        cells = chips.reshape(len(chips), _CELLS, cell_px, _CELLS, cell_px, 3).mean(axis=(2, 4, 5))
        rows = cells.reshape(len(chips), _CELLS * _CELLS)
        centred = rows - rows.mean(axis=1, keepdims=True)
        return unit_rows(np.concatenate([centred, np.ones((len(chips), 1))], axis=1))


class FakeLiveness:
    """A LivenessNet: a face is as live as what is around it is not red, the colour in which the fake world holds up
    its pictures."""

    name = "fake"
    version = "1"
    cutout_px = 64
    reach = 1.5

    def p_live(self, cutouts: Cutouts) -> Shares:
        red, green, blue = (cutouts[..., channel].astype(np.int16) for channel in range(3))
        edge = np.ones(cutouts.shape[1:3], bool)
        margin = round(self.cutout_px * (1 - 1 / self.reach) / 2)
        edge[margin:-margin, margin:-margin] = False
        reddish = red - np.maximum(green, blue) > _GREENER_BY
        return np.asarray(1 - reddish[:, edge].mean(axis=1), np.float32)
