"""A face found in a frame, drawn as the upright chip that a network expects."""

import math
from collections.abc import Sequence
from typing import TypeAlias, assert_never

import cv2
import numpy as np
from numpy.typing import NDArray

from recognizer.engine.base import Alignment, Chip, Detection, EyeLevelBox, Frame, Landmarks, LandmarkTemplate
from recognizer.errors import EngineFailed

Placement: TypeAlias = NDArray[np.float64]  # (2, 3), takes x, y, 1 in the frame to x, y in the chip

_LEAST_SPREAD_PX2 = 1e-6


def align(frame: Frame, detection: Detection, alignment: Alignment) -> Chip:
    """The face as `alignment` wants it. What lies outside the frame is black. Raises EngineFailed when the landmarks
    lie on one point: they say neither how large the face is nor how it is turned."""
    match alignment:
        case LandmarkTemplate(size, points, weights):
            return _drawn(frame, similarity(detection.landmarks, points, weights), size, size)
        case EyeLevelBox(size):
            return _letterboxed(frame, detection, size)
        case _:
            assert_never(alignment)


def similarity(found: Landmarks, wanted: Landmarks, weights: Sequence[float] | None = None) -> Placement:
    """The turn, scale and shift, without reflection, that bring `found` closest to `wanted` in the weighted sum of
    squares.

    Umeyama, "Least-squares estimation of transformation parameters between two point patterns" (1991). In the plane,
    with points as complex numbers, it is the line through both means of slope ⟨found, wanted⟩ / ⟨found, found⟩.
    Raises EngineFailed when all points found are one, or are no numbers.
    """
    share = np.ones(len(found)) / len(found) if weights is None else np.asarray(weights) / np.sum(weights)
    source, target = _as_complex(found), _as_complex(wanted)
    source_mean, target_mean = share @ source, share @ target
    centred = source - source_mean
    spread = np.vdot(centred, share * centred).real
    if not spread > _LEAST_SPREAD_PX2:
        raise EngineFailed("a detector put the landmarks on one point")
    slope = np.vdot(centred, share * (target - target_mean)) / spread
    return _placement(complex(slope), complex(target_mean - slope * source_mean))


def _as_complex(points: Landmarks) -> NDArray[np.complex128]:
    return np.asarray(points[:, 0], np.float64) + 1j * np.asarray(points[:, 1], np.float64)


def _placement(slope: complex, shift: complex) -> Placement:
    return np.array([[slope.real, -slope.imag, shift.real], [slope.imag, slope.real, shift.imag]])


def _letterboxed(frame: Frame, detection: Detection, size: int) -> Chip:
    """The detector's box turned about its centre until the eyes are level, scaled to fit, black bars left and right or
    above and below: what DeepFace does in three steps (`deepface/modules/detection.py`, `preprocessing.py`)."""
    box = detection.box
    first_eye, second_eye = _as_complex(detection.landmarks)[:2]
    eye_line = complex(second_eye - first_eye)
    if not (abs(eye_line) > 0 and box.width > 0 and box.height > 0):
        raise EngineFailed("a detector gave an empty box or no eye line")
    scale = min(size / box.width, size / box.height)
    width, height = max(1, int(box.width * scale)), max(1, int(box.height * scale))
    slope = scale * eye_line.conjugate() / abs(eye_line)
    centre = complex(box.x + box.width / 2 - 0.5, box.y + box.height / 2 - 0.5)
    shift = complex((width - 1) / 2, (height - 1) / 2) - slope * centre
    inner = _drawn(frame, _placement(slope, shift), width, height)
    chip = np.zeros((size, size, 3), np.uint8)
    top, left = (size - height) // 2, (size - width) // 2
    chip[top : top + height, left : left + width] = inner
    return chip


def _drawn(frame: Frame, placement: Placement, width: int, height: int) -> Chip:
    """The part of the frame that falls on `width` by `height` pixels. One bilinear pass, which looks at four pixels and
    no more: where more fall on one, their area average is taken first."""
    reduction = int(1 / math.hypot(placement[0, 0], placement[1, 0]))
    if reduction > 1:
        frame, placement = _reduced(frame, placement, width, height, reduction)
    drawn = cv2.warpAffine(frame, placement, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)
    return np.asarray(drawn, np.uint8)


def _reduced(frame: Frame, placement: Placement, width: int, height: int, reduction: int) -> tuple[Frame, Placement]:
    """The neighbourhood of the face, `reduction` times smaller, and where its pixels belong in the chip."""
    corners = np.array([[0, 0], [width, 0], [0, height], [width, height]], np.float64)
    back = cv2.invertAffineTransform(placement)
    seen = corners @ back[:, :2].T + back[:, 2]
    limit = np.array(frame.shape[1::-1])
    near = np.clip(np.floor(seen.min(axis=0)).astype(int) - reduction, 0, limit - 1)
    far = np.clip(np.ceil(seen.max(axis=0)).astype(int) + reduction, near + 1, limit)
    part = frame[near[1] : far[1], near[0] : far[0]]
    size = np.maximum((far - near) // reduction, 1)
    smaller = cv2.resize(part, (int(size[0]), int(size[1])), interpolation=cv2.INTER_AREA)
    # Pixel centres lie at half coordinates: x in the frame = (x in the smaller + ½) · step − ½ + near.
    steps = (far - near) / size
    composed = placement.copy()
    composed[:, :2] = placement[:, :2] * steps
    composed[:, 2] = placement @ np.append(near + steps / 2 - 0.5, 1)
    return np.asarray(smaller, np.uint8), composed
