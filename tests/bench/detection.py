"""How many faces the detector finds in altered photos, looking once and looking twice, and what frames without a face
cost. Needs photos with a face in the middle; without `../shared/faces` only the cost is measured."""

import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import cv2
import numpy as np
from numpy.typing import NDArray
from skimage import data

from recognizer.engine.base import Detection, Detector, Frame
from recognizer.engine.mtcnn import Mtcnn
from recognizer.vision.decode import DecodeLimits, decode
from tests.bench.rows import Plan, Row

FACES = Path("../shared/faces/lfw_dev")
SIZE_PX = (640, 480)

Alteration = Callable[[Frame], Frame]


def measure(plan: Plan) -> list[Row]:
    cv2.setNumThreads(1)
    with TemporaryDirectory() as folder:
        once, twice = Mtcnn(Path(folder), second_look=None), Mtcnn(Path(folder))
        return [*_found(once, twice, plan), *_cost(once, twice, plan.of(30, 5))]


def _found(once: Detector, twice: Detector, plan: Plan) -> Iterator[Row]:
    limits = DecodeLimits()
    photos = [decode(path.read_bytes(), limits).frame for path in sorted(FACES.rglob("*.jpg"))[:: plan.of(2, 14)]]
    for name, alter in ALTERATIONS.items() if photos else ():
        altered = [alter(photo) for photo in photos]
        first = sum(_is_found(once.detect(frame), frame) for frame in altered)
        both = sum(_is_found(twice.detect(frame), frame) for frame in altered)
        yield Row(f"found, {name}", both, "photos", both / len(photos), f"of {len(photos)}; {first} at the first look")


def _cost(once: Detector, twice: Detector, rounds: int) -> Iterator[Row]:
    for name, frame in _without_faces().items():
        first: list[float] = []
        both: list[float] = []
        for _ in range(rounds):
            first.append(_timed_ms(once, frame))
            both.append(_timed_ms(twice, frame))
        ratio = median(two / one for one, two in zip(first, both, strict=True))
        found = len(twice.detect(frame))
        yield Row(f"no face, {name}", median(both), "ms", ratio, f"to one look; {found} found where there is none")


def _is_found(detections: list[Detection], frame: Frame) -> bool:
    """A box whose middle lies within a fifth of the frame from the frame's middle."""
    height, width = frame.shape[:2]
    return any(
        abs(each.box.x + each.box.width / 2 - width / 2) < width / 5
        and abs(each.box.y + each.box.height / 2 - height / 2) < height / 5
        for each in detections
    )


def _timed_ms(detector: Detector, frame: Frame) -> float:
    started = time.perf_counter()
    detector.detect(frame)
    return (time.perf_counter() - started) * 1e3


def _without_faces() -> Mapping[str, Frame]:
    noise = np.random.default_rng(0).integers(0, 256, (*SIZE_PX[::-1], 3), np.uint8)
    brick = np.repeat(data.brick()[..., None], 3, axis=2)  # type: ignore[no-untyped-call]
    return {
        "a wall": np.full((*SIZE_PX[::-1], 3), 128, np.uint8),
        "noise": noise,
        "bricks": _resized(brick),
        "a cup": _resized(data.coffee()),  # type: ignore[no-untyped-call]
        "a cat": _resized(data.chelsea()),  # type: ignore[no-untyped-call]
    }


def _resized(picture: NDArray[np.uint8]) -> Frame:
    return np.asarray(cv2.resize(picture, SIZE_PX), np.uint8)


def _warped(a: float, b: float, c: float) -> Alteration:
    """(x, y) → (a·x + b·y + c, y), the surroundings mirrored at the edges."""

    def alter(frame: Frame) -> Frame:
        matrix = np.array([[a, b, c], [0, 1, 0]], np.float32)
        size = (frame.shape[1], frame.shape[0])
        return np.asarray(cv2.warpAffine(frame, matrix, size, borderMode=cv2.BORDER_REFLECT), np.uint8)

    return alter


def _turned(degrees: float) -> Alteration:
    def alter(frame: Frame) -> Frame:
        height, width = frame.shape[:2]
        matrix = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1)
        return np.asarray(cv2.warpAffine(frame, matrix, (width, height), borderMode=cv2.BORDER_REFLECT), np.uint8)

    return alter


def _noisy(frame: Frame) -> Frame:
    noise = np.random.default_rng(0).normal(0, 40, frame.shape)
    return np.asarray(np.clip(frame + noise, 0, 255), np.uint8)


def _half_covered(frame: Frame) -> Frame:
    covered = frame.copy()
    covered[:, frame.shape[1] // 2 :] = 60
    return covered


ALTERATIONS: Mapping[str, Alteration] = {
    "as it is": lambda frame: frame,
    "turned by 35 degrees": _turned(35),
    "a seventh of its light": lambda frame: np.asarray(frame * 0.15, np.uint8),
    "noise of 40 levels": _noisy,
    "blurred by 3 pixels": lambda frame: np.asarray(cv2.GaussianBlur(frame, (0, 0), 3), np.uint8),
    "0.55 of its width": _warped(0.55, 0, 56),
    "right half covered": _half_covered,
}
