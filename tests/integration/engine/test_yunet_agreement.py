"""Our YuNet against OpenCV's `FaceDetectorYN`, which reads the same file.

The file is no part of the packages. Where neither `make models MODEL=yunet` has fetched it nor a development copy is at
hand, nothing here is collected; the rest of the engine's tests do not depend on it.
"""

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from recognizer.engine.base import Frame
from recognizer.engine.weights import verify
from recognizer.engine.yunet import YuNet

_ROOT = Path(__file__).parents[3]
_NAME = "face_detection_yunet_2023mar.onnx"
_FOLDERS = (_ROOT / "models", _ROOT.parent / "shared" / "weights")
_FILES = [file for folder in _FOLDERS if (file := folder / _NAME).is_file()]
_SHA256 = "8f2383e4dd3cfbb4553ea8718107fc0423210dc964f9f4280604804ed2552fa4"
_LANDMARKS = slice(4, 14)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    metafunc.parametrize("file", _FILES[:1], ids=lambda file: file.stem)


def test_faces_are_those_of_opencv(file: Path, photos: Any, faces_dir: Path | None) -> None:
    verify(file, _SHA256)
    ours = YuNet(file, min_face_px=10)
    frames = [photos.collins, photos.hopper, photos.two_people, photos.nobody]
    if faces_dir is not None:
        frames += [_read(scene) for scene in sorted((faces_dir / "scenes").glob("*.jpg"))]
    for frame in map(_at_most_640, frames):
        expected = _opencv(file, frame)
        found = ours.detect(frame)
        assert len(found) == len(expected)
        for face, row in zip(found, expected, strict=True):
            assert np.allclose([face.box.x, face.box.y, face.box.width, face.box.height], row[:4], atol=0.5)
            assert np.allclose(face.landmarks.ravel(), row[_LANDMARKS], atol=0.5)
            assert abs(face.score - row[14]) < 0.01


def test_a_large_frame_is_answered_in_its_own_pixels(file: Path, photos: Any) -> None:
    detector = YuNet(file)
    (small,) = detector.detect(photos.collins)
    (large,) = detector.detect(np.asarray(cv2.resize(photos.collins, None, fx=2, fy=2), np.uint8))
    assert np.abs(large.landmarks - 2 * small.landmarks).max() < 12


def test_faces_below_the_smallest_size_are_left_out(file: Path, photos: Any) -> None:
    (face,) = YuNet(file).detect(photos.collins)
    larger = int(max(face.box.width, face.box.height)) + 2
    assert YuNet(file, min_face_px=larger).detect(photos.collins) == []


def _opencv(file: Path, frame: Frame) -> list[NDArray[np.float32]]:
    """What OpenCV finds on the square that the graph takes; left to itself it would pad to a multiple of 32 pixels
    only, which moves faces at the far edges."""
    below, beside = 640 - frame.shape[0], 640 - frame.shape[1]
    square = cv2.copyMakeBorder(frame[..., ::-1], 0, below, 0, beside, cv2.BORDER_CONSTANT)
    detector = cv2.FaceDetectorYN.create(str(file), "", (640, 640), 0.8, 0.3, 5000)
    rows: Any = detector.detect(square)[1]  # None where there is no face
    return [] if rows is None else sorted(rows, key=lambda row: -float(row[14]))


def _at_most_640(frame: Frame) -> Frame:
    scale = min(1.0, 640 / max(frame.shape[:2]))
    return np.asarray(cv2.resize(frame, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8)


def _read(file: Path) -> Frame:
    bgr = cv2.imread(str(file))
    assert bgr is not None
    return np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB), np.uint8)
