"""Whoever is measured without HTTP, each in a process of its own that stays warm between rounds.

`python -m tests.bench.contenders NAME FOLDER` loads and warms what NAME says, writes a line, and then answers each line
it reads, `{"frames": …, "threads": …}`, with `{"ms": …, "wall_s": …,
"processor_s": …}`: the time of each frame, and of all.
"""

import json
import os
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import cycle, islice
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from recognizer.engine.weights import DLIB_LANDMARKS, DLIB_RESNET
from tests.bench.frames import camera_frames

# ruff: noqa: PLC0415  each contender imports its own libraries and nobody else's

Look = Callable[[bytes], object]  # a frame's bytes to whoever is in it

PEOPLE, PHOTOS = 40, 3  # of the gallery that is compared with
_DLIB_FILES = {"dlib_face_recognition_resnet_model_v1.dat": DLIB_RESNET}


def bare(state_dir: Path, *, min_face_px: int) -> Look:
    """Our decoding, networks and matching in a row, without a service around them."""
    from recognizer.opening.engine import face_finder, open_engine
    from recognizer.settings import RecognizerSettings
    from recognizer.stopwatch import Stopwatch

    settings = RecognizerSettings(state_dir=state_dir, min_face_px=min_face_px)
    engine = open_engine(settings)
    finder = face_finder(engine, settings)
    centres = _unit_rows(PEOPLE, engine.embedder.dimension)

    def look(frame: bytes) -> object:
        faces = finder.find(frame, Stopwatch()).faces
        assert faces
        return (engine.embedder.embed(np.stack([face.chip for face in faces])) @ centres.T).argmax()

    return look


def deepface(_: Path, *, compared: bool) -> Look:
    """DeepFace's `represent` with the same detector and network; `compared` adds its cosine distance to each template
    of a gallery, held against its threshold. Only packaged weights are opened: its downloads are replaced first."""
    os.environ.update(DEEPFACE_BACKEND_ENGINE="tensorflow", TF_CPP_MIN_LOG_LEVEL="3", TF_USE_LEGACY_KERAS="0")
    from deepface.commons import weight_utils
    from deepface.modules import representation, verification

    weight_utils.download_weights_if_necessary = _packaged
    templates = [row.tolist() for row in _unit_rows(PEOPLE * PHOTOS, 128)]

    def look(frame: bytes) -> object:
        picture = cv2.imdecode(np.frombuffer(frame, np.uint8), cv2.IMREAD_COLOR)
        faces: Any = representation.represent(picture, model_name="Dlib", detector_backend="mtcnn")
        if not compared:
            return faces
        distances = [verification.find_cosine_distance(faces[0]["embedding"], each) for each in templates]
        nearest = int(np.argmin(distances))
        return nearest if distances[nearest] <= verification.find_threshold("Dlib", "cosine") else None

    return look


def dlib(_: Path) -> Look:
    """dlib's own runner as the `face_recognition` package calls it: HOG detector with one upsampling, five points,
    descriptor."""
    import dlib as library

    detector = library.get_frontal_face_detector()
    points = library.shape_predictor(str(DLIB_LANDMARKS.locate()))
    network = library.face_recognition_model_v1(str(DLIB_RESNET.locate()))

    def look(frame: bytes) -> object:
        picture = cv2.imdecode(np.frombuffer(frame, np.uint8), cv2.IMREAD_COLOR_RGB)
        boxes = detector(picture, 1)
        assert boxes
        return [np.array(network.compute_face_descriptor(picture, points(picture, box))) for box in boxes]

    return look


CONTENDERS: dict[str, Callable[[Path], Look]] = {
    "bare": partial(bare, min_face_px=40),
    "bare-20px": partial(bare, min_face_px=20),  # as small as DeepFace looks for
    "deepface": partial(deepface, compared=False),
    "deepface-compared": partial(deepface, compared=True),
    "dlib": dlib,
}


def _packaged(file_name: str, *_: object, **__: object) -> str:
    return str(_DLIB_FILES[file_name].locate())


def _unit_rows(count: int, dimension: int) -> NDArray[np.float32]:
    rows = np.random.default_rng(1).standard_normal((count, dimension), np.float32)
    unit: NDArray[np.float32] = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return unit


def _timed(look: Look, frame: bytes) -> float:
    started = time.perf_counter()
    look(frame)
    return (time.perf_counter() - started) * 1e3


def _round(look: Look, frames: Sequence[bytes], pool: ThreadPoolExecutor, order: SimpleNamespace) -> dict[str, Any]:
    given = list(islice(cycle(frames), order.frames))
    started, spent = time.perf_counter(), time.process_time()
    run = map if order.threads == 1 else pool.map
    each_ms = list(run(partial(_timed, look), given))
    return {"ms": each_ms, "wall_s": time.perf_counter() - started, "processor_s": time.process_time() - spent}


def main(name: str, folder: str) -> None:
    look, frames = CONTENDERS[name](Path(folder)), camera_frames()
    for frame in frames:
        look(frame)
    _write({"ready": name})
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for line in sys.stdin:
            _write(_round(look, frames, pool, SimpleNamespace(**json.loads(line))))


def _write(answer: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
