"""YuNet: one small network, one pass, five landmarks.

Wu, Peng, Yu: YuNet: A Tiny Millisecond-level Face Detector (2023). The file is OpenCV Zoo's
`face_detection_yunet_2023mar.onnx`, read as OpenCV's own `FaceDetectorYN` reads it
(`modules/objdetect/src/face_detect.cpp`); on ONNX Runtime it takes half the time, and any number of threads may share
it, which `FaceDetectorYN` does not allow.
"""

from itertools import product
from pathlib import Path
from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from recognizer.engine.base import Box, Detection, Frame
from recognizer.engine.session import Graph
from recognizer.engine.weights import sha256_of

Answers: TypeAlias = NDArray[np.float32]  # (n, 15): x, y, width, height, five times x and y, score

_INPUT_PX = 640  # the graph takes no other size
_STRIDES_PX = (8, 16, 32)
_OVERLAP = 0.3
_MAX_FACES = 500


class YuNet:
    """A Detector. Frames longer than 640 px on a side are looked at in that size."""

    name = "yunet"

    def __init__(self, file: Path, *, min_face_px: int = 40, threshold: float = 0.8, threads: int = 1) -> None:
        """`file` has been verified by whoever located it. Raises WeightsMissing or EngineFailed."""
        self._graph = Graph(file, threads=threads)
        self._min_face_px = min_face_px
        self._threshold = threshold
        self._cells = np.concatenate([_cells(stride) for stride in _STRIDES_PX])
        self.version = f"1-{sha256_of(file)[:8]}-{min_face_px}px-{threshold:g}"

    def detect(self, frame: Frame) -> list[Detection]:
        """Faces, best score first. Raises EngineFailed."""
        scale = min(1.0, _INPUT_PX / max(frame.shape[:2]))
        faces = self._faces(self._graph.run(_network_input(frame, scale)))
        faces[:, :14] /= scale
        large_enough = faces[:, 2:4].max(axis=1) >= self._min_face_px
        return [_detection(face) for face in faces[large_enough]]

    def _faces(self, outputs: list[NDArray[np.float32]]) -> Answers:
        """Best first, none overlapping a better one, in pixels of the network's input."""
        classes, objects, boxes, points = (np.concatenate(outputs[at : at + 3], axis=1)[0] for at in range(0, 12, 3))
        scores = np.sqrt(np.clip(classes[:, 0], 0, 1) * np.clip(objects[:, 0], 0, 1))
        above = np.flatnonzero(scores > self._threshold)
        best = above[np.argsort(-scores[above], kind="stable")][:_MAX_FACES]
        faces = _decoded(self._cells[best], boxes[best], points[best], scores[best])
        kept = cv2.dnn.NMSBoxes(faces[:, :4].tolist(), faces[:, 14].tolist(), self._threshold, _OVERLAP)
        return faces[np.asarray(kept, np.intp).reshape(-1)]


def _cells(stride: int) -> NDArray[np.float32]:
    """Column, row and stride of each cell of one grid, in the order of the network's answers. (n, 3)"""
    side = _INPUT_PX // stride
    return np.array([(column, row, stride) for row, column in product(range(side), repeat=2)], np.float32)


def _network_input(frame: Frame, scale: float) -> NDArray[np.float32]:
    """(1, 3, 640, 640) BGR, the frame in the upper left corner, black elsewhere."""
    if scale < 1:
        height, width = (max(1, round(side * scale)) for side in frame.shape[:2])
        frame = np.asarray(cv2.resize(frame, (width, height), interpolation=cv2.INTER_AREA), np.uint8)
    below, beside = _INPUT_PX - frame.shape[0], _INPUT_PX - frame.shape[1]
    square = cv2.copyMakeBorder(frame, 0, below, 0, beside, cv2.BORDER_CONSTANT)
    return np.asarray(cv2.dnn.blobFromImage(square, swapRB=True), np.float32)


def _decoded(cells: NDArray[np.float32], boxes: Answers, points: Answers, scores: NDArray[np.float32]) -> Answers:
    """Offsets from cells, counted in strides, and logarithms of sizes, as pixels."""
    origins, strides = cells[:, :2], cells[:, 2:]
    centres = (origins + boxes[:, :2]) * strides
    sizes = np.exp(boxes[:, 2:4]) * strides
    landmarks = (np.tile(origins, 5) + points) * strides
    return np.concatenate([centres - sizes / 2, sizes, landmarks, scores[:, None]], axis=1)


def _detection(face: Answers) -> Detection:
    x, y, width, height = (float(value) for value in face[:4])
    return Detection(Box(x, y, width, height), np.ascontiguousarray(face[4:14].reshape(5, 2)), float(face[14]))
