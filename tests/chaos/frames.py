"""The people in front of the cameras: patterns that the fake engine takes for faces."""

import random
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from recognizer.engine.fake import draw_face

PEOPLE = tuple(f"P{number:03}" for number in range(40))
_WIDTH, _HEIGHT = 320, 240


def draw(person_id: str, *, x: int, y: int, size: int, shade: int = 128) -> bytes:
    """A JPEG."""
    frame = np.full((_HEIGHT, _WIDTH, 3), shade, np.uint8)
    draw_face(frame, person_id, x=x, y=y, size=size)
    ok, data = cv2.imencode(".jpg", np.ascontiguousarray(frame[:, :, ::-1]))
    assert ok
    return data.tobytes()


def fill_dataset(folder: Path) -> None:
    """One photo of each person."""
    for person_id in PEOPLE:
        photo = photo_of(folder, person_id)
        photo.parent.mkdir(parents=True)
        photo.write_bytes(draw(person_id, x=80, y=40, size=150))


def photo_of(folder: Path, person_id: str) -> Path:
    return folder / f"Somebody_{person_id}" / "1.jpg"


@dataclass(frozen=True, slots=True)
class Camera:
    """Pictures of people as they come by; no two are the same bytes."""

    chance: random.Random

    def picture(self, person_id: str) -> bytes:
        size = self.chance.randint(120, 160)
        x, y = self.chance.randint(0, _WIDTH - size), self.chance.randint(0, _HEIGHT - size)
        return draw(person_id, x=x, y=y, size=size, shade=self.chance.randint(100, 150))
