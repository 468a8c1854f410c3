"""A picture of a whole class in one request: how long it takes, by picture and by face, beside the bare models."""

import os
import time
from collections.abc import Sequence
from itertools import cycle, islice
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

import cv2
import httpx
import numpy as np
from numpy.typing import NDArray

from recognizer.opening.engine import crowd_finder, face_finder, open_engine
from recognizer.settings import RecognizerSettings
from recognizer.stopwatch import Stopwatch
from tests.bench.arithmetic import median_ratio
from tests.bench.frames import PORTRAITS, portrait
from tests.bench.processes import Service
from tests.bench.rows import Plan, Row
from tests.bench.service import recognizer_and_logger

Pixels = NDArray[np.uint8]  # (h, w, 3)

PEOPLE, COLUMNS = 20, 5
WIDTH, HEIGHT = 4_032, 3_024  # a phone's 12 megapixels
SEAT_PX = 160  # of a head with what is around it; the face is about 60 pixels wide
CORES = os.cpu_count() or 1
_HEADS = ((115, 10, 215), (53, 9, 424))  # left, top and side of the squares around the heads of PORTRAITS


def measure(plan: Plan) -> list[Row]:
    picture = _jpeg(class_picture(list(islice(cycle(_variants()), PEOPLE))))
    with TemporaryDirectory() as folder:
        place = Path(folder)
        with recognizer_and_logger(place) as recognizer:
            bare = _Bare(RecognizerSettings(state_dir=place / "state"))
            served_ms, bare_ms = [_served_ms(recognizer, picture)], [bare.ms(picture)]  # the first of each is a warm-up
            for _ in range(plan.of(15, 3)):
                served_ms.append(_served_ms(recognizer, picture))
                bare_ms.append(bare.ms(picture))
    del served_ms[0], bare_ms[0]
    note = f"{PEOPLE} faces about 60 pixels wide in {WIDTH} × {HEIGHT}, {len(served_ms)} rounds, {CORES} cores"
    return [
        Row("bare on that picture, one thread", median(bare_ms), "ms", note=note),
        Row("faces=all", median(served_ms), "ms", median_ratio(served_ms, bare_ms), note, "≤ 1.2"),
        Row("faces=all, by face", median(served_ms) / PEOPLE, "ms"),
    ]


def class_picture(
    heads: Sequence[Pixels], *, seat_px: int = SEAT_PX, width: int = WIDTH, height: int = HEIGHT
) -> Pixels:
    """Squares with a head each, in rows of five, in a grey room."""
    room = np.full((height, width, 3), 110, np.uint8)
    rows = -(-len(heads) // COLUMNS)
    for index, head in enumerate(heads):
        row, column = divmod(index, COLUMNS)
        x = round((column + 0.5) * width / COLUMNS - seat_px / 2)
        y = round((row + 0.5) * height / rows - seat_px / 2)
        how = cv2.INTER_AREA if seat_px < head.shape[0] else cv2.INTER_CUBIC
        room[y : y + seat_px, x : x + seat_px] = cv2.resize(head, (seat_px, seat_px), interpolation=how)
    return room


def heads() -> list[Pixels]:
    """Of the two people whose portraits installed packages carry."""
    return [
        portrait(package, path)[top : top + side, left : left + side]
        for (_, package, path), (left, top, side) in zip(PORTRAITS, _HEADS, strict=True)
    ]


def _variants() -> list[Pixels]:
    """Ten of each, no two alike: mirrored or not, and brighter or darker."""
    return [
        np.ascontiguousarray(cv2.convertScaleAbs(head, alpha=light)[:, ::way], dtype=np.uint8)
        for light in (0.8, 0.9, 1.0, 1.1, 1.2)
        for way in (1, -1)
        for head in heads()
    ]


class _Bare:
    """The same networks on the same frame, with no service around them."""

    def __init__(self, settings: RecognizerSettings) -> None:
        self._engine = open_engine(settings)
        self._finder = crowd_finder(face_finder(self._engine, settings))

    def ms(self, picture: bytes) -> float:
        started_s = time.perf_counter()
        faces = self._finder.find(picture, Stopwatch()).faces
        self._engine.embedder.embed(np.stack([face.chip for face in faces]))
        return (time.perf_counter() - started_s) * 1e3


def _served_ms(to: Service, picture: bytes) -> float:
    started_s = time.perf_counter()
    response = httpx.post(
        f"{to.url}/recognize",
        files={"image": ("class.jpg", picture, "image/jpeg")},
        data={"faces": "all"},
        timeout=60,
        trust_env=False,
    )
    took_ms = (time.perf_counter() - started_s) * 1e3
    answer: dict[str, Any] = response.raise_for_status().json()
    if len(answer["faces"]) < PEOPLE:
        raise RuntimeError(f"only {len(answer['faces'])} of {PEOPLE} faces were found")
    return took_ms


def _jpeg(picture: Pixels) -> bytes:
    done, data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 88])
    assert done
    return data.tobytes()
