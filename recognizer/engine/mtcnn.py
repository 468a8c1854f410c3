"""MTCNN: three networks, each refining the faces that the one before proposes.

Zhang, Zhang, Li, Qiao: Joint Face Detection and Alignment Using Multitask Cascaded Convolutional Networks (2016). The
weights and the arithmetic around them are those of the `mtcnn` package 1.0, so that its boxes are ours.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias, TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from recognizer.engine.base import Box, Detection, Frame
from recognizer.engine.graphs import ConvertedGraph
from recognizer.engine.weights import MTCNN_ONET, MTCNN_PNET, MTCNN_RNET

Pixels: TypeAlias = NDArray[np.float32]  # (…, 3) RGB, 0 to 255
Candidates: TypeAlias = NDArray[np.float32]  # (n, 5 or 15): left, top, right, bottom, logit; five x and five y

_Sum = TypeVar("_Sum", np.int32, np.float32)
_Samples: TypeAlias = tuple[NDArray[np.intp], NDArray[np.float32], NDArray[np.bool_]]

_WINDOW_PX = 12  # what P-net looks at
_STRIDE_PX = 2
_PYRAMID_STEP = 0.709  # about √½: each level has half the pixels of the one before
_RNET_PX, _ONET_PX = 24, 48
_GREY = np.float32(127.5)  # what lies outside the frame; zero to the networks
_SAME_LEVEL_OVERLAP, _OVERLAP = 0.5, 0.7

# How many candidates each step passes on, the best first, whatever the frame shows: noise must not buy unbounded time.
# A photo of forty people stays far below.
_MAX_WINDOWS_OF_LEVEL, _MAX_PROPOSALS, _MAX_REFINED = 500, 600, 200
_BATCH = 16  # crops given to a network at once; more would leave the cache


def _build_pnet(weights: Path) -> bytes:
    from recognizer.engine import mtcnn_convert  # noqa: PLC0415 (imports onnx, needed only here)

    return mtcnn_convert.build_pnet(weights)


def _build_rnet(weights: Path) -> bytes:
    from recognizer.engine import mtcnn_convert  # noqa: PLC0415

    return mtcnn_convert.build_rnet(weights)


def _build_onet(weights: Path) -> bytes:
    from recognizer.engine import mtcnn_convert  # noqa: PLC0415

    return mtcnn_convert.build_onet(weights)


_PNET = ConvertedGraph("mtcnn-pnet", 1, MTCNN_PNET, _build_pnet)
_RNET = ConvertedGraph("mtcnn-rnet", 1, MTCNN_RNET, _build_rnet)
_ONET = ConvertedGraph("mtcnn-onet", 1, MTCNN_ONET, _build_onet)


@dataclass(frozen=True, slots=True)
class Thresholds:
    """The least probability of a face that each network lets through."""

    pnet: float = 0.6
    rnet: float = 0.7
    onet: float = 0.8


@dataclass(frozen=True, slots=True, eq=False)
class Level:
    """P-net's answers for the frame at one scale."""

    windows: NDArray[np.float32]  # (5, rows, columns): four offsets, logit
    scale: float


SECOND_LOOK = Thresholds(pnet=0.5, rnet=0.5, onet=0.6)


class Mtcnn:
    """A Detector. Faces smaller than about `min_face_px` are not looked for: the time it takes grows with its inverse
    square.

    Where nothing is found it looks once more, at what P-net found less likely: of faces in the dark, in noise or half
    covered that finds a good part of those that were missed, and only frames without a face pay (docs/accuracy.md).
    """

    name = "mtcnn"

    def __init__(
        self,
        graph_dir: Path,
        *,
        min_face_px: int = 40,
        thresholds: Thresholds | None = None,
        second_look: Thresholds | None = SECOND_LOOK,
        threads: int = 1,
    ) -> None:
        """Opens the networks, converting the packaged weights into `graph_dir` first where they are not there yet.

        Raises WeightsMissing or EngineFailed.
        """
        self._min_face_px = min_face_px
        first = thresholds or Thresholds()
        self._looks = (first,) if second_look is None else (first, second_look)
        self._pnet = _PNET.open(graph_dir, threads=threads)
        self._rnet = _RNET.open(graph_dir, threads=threads)
        self._onet = _ONET.open(graph_dir, threads=threads)
        networks = "-".join(network.version for network in (_PNET, _RNET, _ONET))
        looks = "-".join(f"{look.pnet:g}-{look.rnet:g}-{look.onet:g}" for look in self._looks)
        self.version = f"{networks}-{min_face_px}px-{looks}"

    def detect(self, frame: Frame) -> list[Detection]:
        """Faces, best score first. Boxes may reach past the frame's edges. Raises EngineFailed."""
        levels = self._windows(frame)
        for look in self._looks:
            refined = self._refine(frame, _proposals(levels, look.pnet), look.rnet)
            if len(faces := self._finish(frame, refined, look.onet)):
                return [_detection(face) for face in faces]
        return []

    def _windows(self, frame: Frame) -> list[Level]:
        return [Level(self._pnet.run(level[None])[0][0], scale) for level, scale in _pyramid(frame, self._min_face_px)]

    def _refine(self, frame: Frame, proposals: Candidates, threshold: float) -> Candidates:
        if not len(proposals):
            return _EMPTY
        answers = self._rnet.run_in_batches(_crops(frame, proposals, _RNET_PX), _BATCH)
        kept = answers[:, 4] > _logit(threshold)
        refined = _moved(proposals[kept], answers[kept])
        return _squared(_suppress(refined, _OVERLAP)[:_MAX_REFINED])

    def _finish(self, frame: Frame, refined: Candidates, threshold: float) -> Candidates:
        if not len(refined):
            return _EMPTY
        answers = self._onet.run_in_batches(_crops(frame, refined, _ONET_PX), _BATCH)
        kept = answers[:, 14] > _logit(threshold)
        boxes, answers = refined[kept], answers[kept]
        landmarks = _landmarks(boxes, answers[:, 4:14])
        moved = _moved(boxes, answers[:, [0, 1, 2, 3, 14]])
        return _suppress(np.concatenate([moved, landmarks], axis=1), _OVERLAP, of_smaller=True)


_EMPTY: Candidates = np.empty((0, 5), np.float32)


def _proposals(levels: Sequence[Level], threshold: float) -> Candidates:
    found = (_suppress(_windows_above(level, _logit(threshold)), _SAME_LEVEL_OVERLAP) for level in levels)
    return _squared(_suppress(np.concatenate([_EMPTY, *found]), _OVERLAP)[:_MAX_PROPOSALS])


def _detection(face: Candidates) -> Detection:
    left, top, right, bottom, logit = (float(value) for value in face[:5])
    landmarks = np.ascontiguousarray(face[5:].reshape(2, 5).T)
    return Detection(Box(left, top, right - left, bottom - top), landmarks, 1 / (1 + math.exp(-logit)))


def _logit(probability: float) -> float:
    return math.log(probability / (1 - probability))


def _pyramid(frame: Frame, min_face_px: int) -> Iterator[tuple[Pixels, float]]:
    """The frame at every scale where a face of some size fills a window, largest first."""
    height, width = frame.shape[:2]
    sums = np.asarray(cv2.integral(frame, sdepth=cv2.CV_32S), np.int32)
    scale = _WINDOW_PX / min_face_px
    while min(height, width) * scale >= _WINDOW_PX:
        yield _area_average(sums, int(height * scale), int(width * scale)), scale
        scale *= _PYRAMID_STEP


def _area_average(sums: NDArray[np.int32], height: int, width: int) -> Pixels:
    """The frame at another size, each pixel the mean of what it covers, from the frame's integral image (Crow 1984):
    its cost does not depend on how much it shrinks, and all levels share one integral.

    Sums are whole numbers, so that a band of rows is exact, and differences of sums that overflowed are right too.
    """
    area = (sums.shape[0] - 1) / height * (sums.shape[1] - 1) / width
    above, row, fraction = _edges(sums, height, axis=0)
    bands = np.diff(above, axis=0).astype(np.float32)
    bands += np.diff(row * fraction, axis=0)
    left, column, fraction = _edges(bands, width, axis=1)
    column *= fraction  # in place: at this size, new arrays cost more than sums
    left += column
    return np.diff(left, axis=1) / np.float32(area)


def _edges(sums: NDArray[_Sum], parts: int, *, axis: int) -> tuple[NDArray[_Sum], Pixels, NDArray[np.float32]]:
    """The edges of `parts` equal parts of an axis of three, which fall between running sums: the sum before each, what
    the next one adds, and which fraction of that lies before the edge."""
    last = sums.shape[axis] - 1
    edges = np.linspace(0, last, parts + 1)
    below = np.minimum(edges.astype(np.intp), last - 1)
    fraction = (edges - below).astype(np.float32).reshape(-1, *[1] * (2 - axis))
    before: NDArray[_Sum] = np.take(sums, below, axis)
    added = np.take(sums, below + 1, axis)
    added -= before
    return before, added.astype(np.float32, copy=False), fraction


def _windows_above(level: Level, threshold: float) -> Candidates:
    """P-net's answers for one level as candidates in the frame's pixels; the best of them when many."""
    rows, columns = np.nonzero(level.windows[4] > threshold)
    offsets = level.windows[:, rows, columns].T
    if len(offsets) > _MAX_WINDOWS_OF_LEVEL:
        best = np.argpartition(-offsets[:, 4], _MAX_WINDOWS_OF_LEVEL)[:_MAX_WINDOWS_OF_LEVEL]
        rows, columns, offsets = rows[best], columns[best], offsets[best]
    corners = np.stack([columns, rows, columns, rows], axis=1) * _STRIDE_PX + (1, 1, _WINDOW_PX, _WINDOW_PX)
    boxes = (corners + offsets[:, :4] * (_WINDOW_PX - 1)) / level.scale
    return np.concatenate([boxes, offsets[:, 4:]], axis=1).astype(np.float32)


def _suppress(candidates: Candidates, threshold: float, *, of_smaller: bool = False) -> Candidates:
    """Without those that a better one overlaps by more than `threshold` of their union, or of the smaller of the two;
    the best first. A candidate counts even when it was itself suppressed (Fast NMS: Bolya, Zhou, Xiao, Lee 2019,
    section 3.4)."""
    ordered = candidates[np.argsort(-candidates[:, 4], kind="stable")]
    corners = ordered[:, None, :4]
    near, far = np.maximum(corners[..., :2], ordered[:, :2]), np.minimum(corners[..., 2:], ordered[:, 2:4])
    overlap = np.prod(np.maximum(far - near, 0), axis=2)
    areas = np.prod(ordered[:, 2:4] - ordered[:, :2], axis=1)
    whole = np.minimum(areas[:, None], areas) if of_smaller else areas[:, None] + areas - overlap
    beaten = np.triu(overlap > threshold * whole, k=1).any(axis=0)
    kept: Candidates = ordered[~beaten]
    return kept


def _squared(candidates: Candidates) -> Candidates:
    """The smallest squares of the same centres that hold the boxes."""
    sizes = candidates[:, 2:4] - candidates[:, :2]
    middles = (candidates[:, :2] + candidates[:, 2:4]) / 2
    half = sizes.max(axis=1, keepdims=True) / 2
    return np.concatenate([middles - half, middles + half, candidates[:, 4:]], axis=1)


def _sides(candidates: Candidates) -> Candidates:
    """Widths and heights as the networks' answers count them: in whole pixels, both ends included. (n, 2)"""
    return candidates[:, 2:4] - candidates[:, :2] + 1


def _moved(candidates: Candidates, answers: Candidates) -> Candidates:
    """Boxes moved by a network's offsets, which are fractions of their sides, with its logits."""
    boxes = candidates[:, :4] + answers[:, :4] * np.tile(_sides(candidates), 2)
    return np.concatenate([boxes, answers[:, 4:5]], axis=1)


def _landmarks(candidates: Candidates, fractions: NDArray[np.float32]) -> NDArray[np.float32]:
    """Five x and five y in the frame's pixels, from fractions of the sides. (n, 10)"""
    return fractions * np.repeat(_sides(candidates), 5, axis=1) + np.repeat(candidates[:, :2], 5, axis=1) - 1


def _crops(frame: Frame, candidates: Candidates, size: int) -> Pixels:
    """The boxes, each drawn at `size` by `size` pixels, bilinear, grey outside the frame. (n, size, size, 3)

    TensorFlow's `crop_and_resize`, which the package uses: coordinates shrink by (side − 1) / side. In floating point,
    as the package has it: OpenCV's `remap` counts positions in 32nds of a pixel, which is enough to change which of
    several almost equal candidates is the best.
    """
    height, width = frame.shape[:2]
    rows, below, inside_rows = _samples(candidates[:, 1], candidates[:, 3], height, size)
    columns, beside, inside_columns = _samples(candidates[:, 0], candidates[:, 2], width, size)
    # A pixel of four bytes is one number to look up.
    pixels = np.asarray(cv2.cvtColor(frame, cv2.COLOR_RGB2RGBA), np.uint8).view(np.uint32).reshape(-1)
    at = rows[:, :, None] * width + columns[:, None, :]
    down, right = below[:, :, None, None], beside[:, None, :, None]
    upper = _mixed(_looked_up(pixels, at), _looked_up(pixels, at + 1), right)
    lower = _mixed(_looked_up(pixels, at + width), _looked_up(pixels, at + width + 1), right)
    drawn = _mixed(upper, lower, down)
    drawn[~(inside_rows[:, :, None] & inside_columns[:, None, :])] = _GREY
    return np.ascontiguousarray(drawn[..., :3])


def _looked_up(pixels: NDArray[np.uint32], at: NDArray[np.intp]) -> NDArray[np.float32]:
    """Four numbers a pixel: leaving out the fourth here would cost more than it saves later."""
    return np.take(pixels, at).view(np.uint8).reshape(*at.shape, 4).astype(np.float32)


def _mixed(
    first: NDArray[np.float32], second: NDArray[np.float32], share_of_second: NDArray[np.float32]
) -> NDArray[np.float32]:
    """In the place of `second`."""
    second -= first
    second *= share_of_second
    second += first
    return second


def _samples(near: NDArray[np.float32], far: NDArray[np.float32], side: int, size: int) -> _Samples:
    """Where each crop looks along one axis: the pixel before, how far past it, and whether that is in the frame. (n,
    size) each"""
    shrink = (side - 1) / side
    steps = np.linspace(0, 1, size)
    places = (near[:, None] + (far - near)[:, None] * steps) * shrink
    inside = (places >= 0) & (places <= side - 1)
    before = np.clip(np.floor(places).astype(np.intp), 0, side - 2)
    return before, (places - before).astype(np.float32), inside
