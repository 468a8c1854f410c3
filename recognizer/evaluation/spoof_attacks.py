"""Videos of simple attacks, made from photographs: a sheet of paper with a face on it, held before a wall.

The sheet is drawn as a camera with a usual angle of view sees it. Nothing is added that printing or a screen would add
(dots, reflections, a moiré), so that these videos say what movement betrays, and nothing about texture.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import cv2
import numpy as np

from recognizer.engine.base import Frame
from recognizer.errors import StartError
from recognizer.gallery.dataset import PHOTO_SUFFIXES

FPS: Final = 8
_SECONDS = 6
_WIDTH, _HEIGHT = 480, 480
_FOCAL_PX = 480.0
_SHEET_AT = 2.2  # its distance, in its own heights
_WALL = 150


@dataclass(frozen=True, slots=True)
class Pose:
    """Of the sheet: radians, and shifts in its own heights."""

    yaw: float = 0.0
    pitch: float = 0.0
    roll: float = 0.0
    right: float = 0.0
    nearer: float = 0.0


def held_still(at: float, rng: np.random.Generator) -> Pose:
    """With the shake of a hand, at the time `at` in seconds."""
    shake = rng.normal(0, 0.01, 4)
    sway = 0.05 * math.sin(1.7 * at)
    return Pose(sway + shake[0], 0.04 * math.sin(1.1 * at) + shake[1], 0.5 * shake[2], 0.02 * math.sin(0.9 * at))


def panned(at: float, rng: np.random.Generator) -> Pose:
    """Turned to one side and the other, tilted, and brought nearer, as who hopes to look alive would do."""
    share = at / _SECONDS
    return Pose(
        yaw=0.9 * math.sin(2 * math.pi * 2 * share) + rng.normal(0, 0.01),
        pitch=0.7 * math.sin(2 * math.pi * 3 * share) * (share > 0.5),
        nearer=0.9 * max(0.0, math.sin(2 * math.pi * share)),
    )


def looped(at: float, rng: np.random.Generator) -> Pose:
    """Two seconds of coming nearer and swaying, again and again, with the jump where it begins anew."""
    share = (at % 2) / 2
    return Pose(yaw=0.3 * math.sin(math.pi * share), roll=0.15 * share + rng.normal(0, 0.003), nearer=0.8 * share)


ATTACKS: Final[dict[str, Callable[[float, np.random.Generator], Pose]]] = {
    "still": held_still,
    "panned": panned,
    "looped": looped,
}


def make_attacks(photos: Path, folder: Path) -> list[Path]:
    """One video of each kind for each photo under `photos`, in a subfolder named for the kind. Raises StartError where
    there are no photos, or the videos cannot be written."""
    files = sorted(path for path in photos.rglob("*") if path.name.lower().endswith(PHOTO_SUFFIXES))
    if not files:
        raise StartError(f"{photos} holds no photos")
    return [_made(file, kind, folder / kind) for kind in ATTACKS for file in files]


def frames_of(photo: Frame, kind: str, *, seed: int = 0) -> Iterator[Frame]:
    """What the camera sees of this attack."""
    rng = np.random.default_rng(seed)
    for number in range(FPS * _SECONDS):
        yield _seen(photo, ATTACKS[kind](number / FPS, rng))


def _made(file: Path, kind: str, folder: Path) -> Path:
    photo = cv2.imread(str(file), cv2.IMREAD_COLOR)
    if photo is None:
        raise StartError(f"{file} cannot be read")
    target = folder / f"{file.stem}.avi"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StartError(f"{folder} cannot be made: {error.strerror}") from error
    writer = cv2.VideoWriter(str(target), cv2.VideoWriter.fourcc(*"MJPG"), FPS, (_WIDTH, _HEIGHT))
    if not writer.isOpened():
        raise StartError(f"{target} cannot be written")
    for frame in frames_of(np.asarray(photo, np.uint8), kind):
        writer.write(frame)
    writer.release()
    return target


def _seen(photo: Frame, pose: Pose) -> Frame:
    height, width = photo.shape[:2]
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    warp = cv2.getPerspectiveTransform(corners, _projected(width / height, pose))
    wall = (_WALL, _WALL, _WALL)
    seen = cv2.warpPerspective(photo, warp, (_WIDTH, _HEIGHT), borderMode=cv2.BORDER_CONSTANT, borderValue=wall)
    return np.asarray(seen, np.uint8)


def _projected(aspect: float, pose: Pose) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    """Where the corners of the sheet, one high and `aspect` wide, lie in the picture. (4, 2)"""
    half = np.array([[-aspect, -1, 0], [aspect, -1, 0], [aspect, 1, 0], [-aspect, 1, 0]]) / 2
    turned = half @ (_about_z(pose.roll) @ _about_x(pose.pitch) @ _about_y(pose.yaw))
    depth = _SHEET_AT - pose.nearer + turned[:, 2]
    spread = 2 * _FOCAL_PX / depth
    across = _WIDTH / 2 + (turned[:, 0] + pose.right) * spread
    down = _HEIGHT / 2 + turned[:, 1] * spread
    return np.stack([across, down], axis=1).astype(np.float32)


def _about_x(angle: float) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    c, s = math.cos(angle), math.sin(angle)
    return np.array([[1, 0, 0], [0, c, -s], [0, s, c]])


def _about_y(angle: float) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    c, s = math.cos(angle), math.sin(angle)
    return np.array([[c, 0, s], [0, 1, 0], [-s, 0, c]])


def _about_z(angle: float) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    c, s = math.cos(angle), math.sin(angle)
    return np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]])
