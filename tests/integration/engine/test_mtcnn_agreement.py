"""Our MTCNN against the `mtcnn` package, on the packaged photos, and on more of them where they are at hand.

Both compute the same to about 1e-3 px up to the proposals. Where two proposals are almost equally good, rounding
decides which of them goes on, and the face's box then comes from the other one: rare, but a photo added here may show
it.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, TypeAlias

import cv2
import numpy as np
import pytest

from recognizer.engine.base import Detection, Frame
from recognizer.engine.mtcnn import Mtcnn

Reference: TypeAlias = dict[str, dict[str, list[list[float]]]]

_SIZES = (20, 40)
_REFERENCE = Path(__file__).with_name("reference_mtcnn.py")


@pytest.fixture(scope="module")
def frames(photos: Any, faces_dir: Path | None) -> dict[str, Frame]:
    frames = {"collins": photos.collins, "hopper": photos.hopper, "both": photos.two_people}
    if faces_dir is not None:
        portraits = sorted(faces_dir.glob("lfw_dev/known/*/*_0001.jpg"))[::8]
        files = [*sorted((faces_dir / "scenes").glob("*.jpg")), *portraits]
        frames |= {file.stem: _read(file) for file in files}
    return frames


@pytest.fixture(scope="module")
def reference(frames: dict[str, Frame], tmp_path_factory: pytest.TempPathFactory) -> Reference:
    file = tmp_path_factory.mktemp("reference") / "frames.npz"
    np.savez(file, **frames)  # type: ignore[arg-type]
    command = [sys.executable, str(_REFERENCE), str(file), *map(str, _SIZES)]
    environment = os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": ""}
    answer = subprocess.run(command, env=environment, check=True, capture_output=True)
    found: Reference = json.loads(answer.stdout)
    return found


@pytest.mark.parametrize("min_face_px", _SIZES)
def test_boxes_and_landmarks_are_those_of_the_package(
    min_face_px: int, frames: dict[str, Frame], reference: Reference, graphs: Path
) -> None:
    detector = Mtcnn(graphs, min_face_px=min_face_px)
    compared = 0
    for name, frame in frames.items():
        expected = reference[str(min_face_px)][name]
        found = detector.detect(frame)
        assert len(found) == len(expected), name
        for face in expected:
            ours = max(found, key=lambda each: _overlap(_corners(each, frame), face))
            assert _overlap(_corners(ours, frame), face) >= 0.9, name
            assert np.abs(ours.landmarks - np.reshape(face[5:], (5, 2))).max() <= 2, name
            assert abs(ours.score - face[4]) < 0.01, name
            compared += 1
    assert compared >= len(frames) - 1


def _corners(face: Detection, frame: Frame) -> tuple[float, float, float, float]:
    """Left, top, right, bottom within the frame, where the package keeps its boxes."""
    last_x, last_y = frame.shape[1] - 1, frame.shape[0] - 1
    box = face.box
    right, bottom = min(box.x + box.width, last_x), min(box.y + box.height, last_y)
    return max(box.x, 0), max(box.y, 0), right, bottom


def _overlap(ours: tuple[float, float, float, float], face: list[float]) -> float:
    """Intersection over union with a row of the reference."""
    left, top, right, bottom = ours
    x, y, width, height = face[:4]
    wide = min(right, x + width) - max(left, x)
    high = min(bottom, y + height) - max(top, y)
    shared = max(wide, 0) * max(high, 0)
    return shared / ((right - left) * (bottom - top) + width * height - shared)


def _read(file: Path) -> Frame:
    """At most 640 px on its longer side, the size of a webcam's frames."""
    bgr = cv2.imread(str(file))
    assert bgr is not None
    scale = min(1.0, 640 / max(bgr.shape[:2]))
    smaller = cv2.resize(bgr, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.cvtColor(smaller, cv2.COLOR_BGR2RGB), np.uint8)
