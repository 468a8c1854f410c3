"""DeepFace's models and detectors behind our Protocols: the one file of ours that imports deepface.

DeepFace keeps its state for the whole process: the backend it runs on, and the modules it patched itself together from.
So a process has one backend, engines are built one at a time, and DeepFace's own cache of models, which has no lock, is
never used. It also downloads what it does not find; here the function that does so is replaced by one that knows only
verified files, and DeepFace never sees a string that could be taken for a picture's path or address.
"""

import importlib
import logging
import os
import sys
import threading
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any, Final, TypeAlias

import numpy as np
from deepface import __version__ as deepface_version
from deepface.commons import backend_utils, weight_utils
from deepface.commons.logger import Logger
from deepface.config.threshold import thresholds
from deepface.modules import modeling
from deepface.modules.preprocessing import resize_image
from numpy.typing import NDArray

from recognizer.engine.base import (
    Alignment,
    Box,
    Chips,
    Detection,
    Embeddings,
    EyeLevelBox,
    Frame,
    Landmarks,
    MatchDefaults,
)
from recognizer.engine.mean_face import Eyes, eyes_in, with_nose_and_mouth
from recognizer.engine.session import Graph
from recognizer.engine.stand_in_session import StandInSession
from recognizer.engine.unit_rows import unit_rows
from recognizer.engine.weights import Backend, LocatedFile
from recognizer.errors import EngineFailed, StartError, WeightsMissing

Batch: TypeAlias = NDArray[np.float32]  # (n, rows, columns, 3), BGR, 0 to 1
Point: TypeAlias = tuple[float, float]

_BUILD_LOCK = threading.Lock()
_verified: dict[str, Path] = {}  # all that DeepFace may open, by the names it asks for

_MARGIN_SHARE: Final = 0.1


class DeepFaceEmbedder:
    """A DeepFace model on DeepFace's ONNX or TensorFlow engine, with the preprocessing DeepFace calls `base`.

    A chip is turned to BGR, letterboxed to the network's shape if it has another, and scaled to 0 to 1 by DeepFace's
    own code; so `embed` equals what DeepFace's `represent` says of the same chip, made a unit row. Thread-safe without
    a lock on both engines: an ONNX Runtime session is, and so is a TensorFlow function that is not traced again; it is
    traced here once, for any number of faces.
    """

    def __init__(
        self, name: str, weights: Sequence[LocatedFile], *, backend: Backend, home: Path, threads: int = 1
    ) -> None:
        """Builds and tries the network. `home` is a folder DeepFace may write to. Raises StartError."""
        with _loading(name, backend):
            client = _build("facial_recognition", name, weights, backend=backend, home=home, threads=threads)
            self._forward = _forward(client)
        columns, rows = client.input_shape
        self.name = name
        self.version = _version(name, weights, backend)
        self.dimension = int(client.output_shape)
        self.alignment: Alignment = EyeLevelBox(max(rows, columns))
        self.defaults = _defaults(name)
        self._shape = (rows, columns)
        self._batches = self._takes_batches()

    def embed(self, chips: Chips) -> Embeddings:
        """Unit rows, one for each chip. Raises EngineFailed when the network fails or a row is not finite."""
        if len(chips) == 0:
            return np.empty((0, self.dimension), np.float32)
        batch = _network_input(chips, self._shape)
        if self._batches:
            return unit_rows(self._run(batch))
        return unit_rows(np.concatenate([self._run(batch[i : i + 1]) for i in range(len(batch))]))

    def _run(self, batch: Batch) -> NDArray[np.float32]:
        try:
            return self._forward(batch)
        except Exception as error:
            raise EngineFailed(f"{self.name} failed") from error

    def _takes_batches(self) -> bool:
        """Some graphs were exported for one face at a time. Raises StartError when even that gives another shape."""
        rows, columns = self._shape
        blank = np.full((2, rows, columns, 3), 0.5, np.float32)
        try:
            if self._run(blank).shape == (2, self.dimension):
                return True
        except EngineFailed:
            pass
        try:
            shape = self._run(blank[:1]).shape
        except EngineFailed as error:
            raise StartError(f"the weights of {self.name} do not run: {error.__cause__}") from error
        if shape != (1, self.dimension):
            raise StartError(f"the weights of {self.name} give {shape[-1]} numbers a face, not {self.dimension}")
        return False


class DeepFaceDetector:
    """A DeepFace detector. Runs under a lock of its own: cascades, OpenCV's networks and dlib's are not thread-safe.

    Only `retinaface` finds five landmarks. The others find the eyes, or leave that to OpenCV's eye cascade as DeepFace
    does, or find none: nose and mouth are then put where a mean frontal face has them below the eyes, and level eyes
    where it has them in the box. That serves EyeLevelBox, which asks for the eyes alone, as DeepFace's own alignment
    does. It says nothing about pose, and does not serve LandmarkTemplate.
    """

    def __init__(
        self,
        name: str,
        weights: Sequence[LocatedFile],
        *,
        backend: Backend,
        home: Path,
        min_face_px: int = 40,
        threads: int = 1,
    ) -> None:
        """`home` is a folder DeepFace may write to. Raises StartError."""
        self.name = name
        self.version = _version(name, weights, backend)
        with _loading(name, backend):
            self._client = _build("face_detector", name, weights, backend=backend, home=home, threads=threads)
            self._eye_finder = _build("face_detector", "opencv", (), backend=backend, home=home, threads=threads)
        self._min_face_px = min_face_px
        self._lock = threading.Lock()

    def detect(self, frame: Frame) -> list[Detection]:
        """Faces whose box is at least `min_face_px` on its shorter side, best score first. Raises EngineFailed."""
        bgr = np.ascontiguousarray(frame[:, :, ::-1])
        try:
            with self._lock:
                areas = [area for area in self._client.detect_faces(bgr) if min(area.w, area.h) >= self._min_face_px]
                found = [self._detection(bgr, area) for area in areas]
        except Exception as error:
            raise EngineFailed(f"{self.name} failed") from error
        return sorted(found, key=lambda detection: detection.score, reverse=True)

    def _detection(self, bgr: Frame, area: Any) -> Detection:
        score = min(1.0, max(0.0, float(area.confidence or 0.0)))
        box = Box(float(area.x), float(area.y), float(area.w), float(area.h))
        return Detection(box, self._landmarks(bgr, area), score)

    def _landmarks(self, bgr: Frame, area: Any) -> Landmarks:
        """DeepFace names sides as the person does: its right eye is the viewer's left."""
        if None not in (area.right_eye, area.left_eye, area.nose, area.mouth_right, area.mouth_left):
            five = [area.right_eye, area.left_eye, area.nose, area.mouth_right, area.mouth_left]
            return np.array(five, np.float32)
        if area.right_eye is not None and area.left_eye is not None:
            return with_nose_and_mouth(np.array([area.right_eye, area.left_eye], np.float32))
        return with_nose_and_mouth(self._eyes_in_box(bgr, area))

    def _eyes_in_box(self, bgr: Frame, area: Any) -> Eyes:
        left, top = max(0, int(area.x)), max(0, int(area.y))
        person_left, person_right = self._eye_finder.find_eyes(bgr[top : area.y + area.h, left : area.x + area.w])
        if person_left is not None and person_right is not None:
            return np.array([person_right, person_left], np.float32) + np.array([left, top], np.float32)
        return eyes_in(Box(float(area.x), float(area.y), float(area.w), float(area.h)))


def _network_input(chips: Chips, shape: tuple[int, int]) -> Batch:
    return np.concatenate([resize_image(np.ascontiguousarray(chip[:, :, ::-1]), shape) for chip in chips])


def _version(name: str, weights: Sequence[LocatedFile], backend: Backend) -> str:
    digests = "+".join(file.sha256[:16] for file in weights)
    return " ".join(["deepface", deepface_version, backend, name, digests]).rstrip()


def _defaults(name: str) -> MatchDefaults:
    """DeepFace publishes no margin. A fixed one would not do: its thresholds reach from 0.015 to 0.68."""
    threshold = float(thresholds[name]["cosine"])
    return MatchDefaults(
        threshold=threshold,
        margin=_MARGIN_SHARE * threshold,
        source=f"DeepFace {deepface_version}'s cosine threshold for {name}, found on pairs of pictures and not for a "
        "gallery; margin: a tenth of it",
    )


def _forward(client: Any) -> Callable[[Batch], NDArray[np.float32]]:
    """The network alone. Keras models are traced: run layer by layer, as DeepFace does, they take six times as long."""
    if ".tf." in type(client).__module__:
        return _traced(client.model)
    return lambda batch: np.atleast_2d(np.asarray(client.forward(batch), np.float32))


def _traced(model: Any) -> Callable[[Batch], NDArray[np.float32]]:
    tf = importlib.import_module("tensorflow")
    signature = tf.TensorSpec((None, *model.input_shape[1:]), tf.float32)
    graph = tf.function(lambda batch: model(batch, training=False)).get_concrete_function(signature)

    def run(batch: Batch) -> NDArray[np.float32]:
        rows: NDArray[np.float32] = graph(tf.constant(batch)).numpy()
        return rows

    return run


@contextmanager
def _loading(name: str, backend: Backend) -> Iterator[None]:
    """One engine at a time. Warning filters that an import sets for the whole process are put back.

    Raises StartError for whatever goes wrong inside.
    """
    with _BUILD_LOCK, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            yield
        except StartError:
            raise
        except Exception as error:
            raise StartError(f"DeepFace cannot load {name} on {backend}: {error}") from error


def _build(task: str, name: str, weights: Sequence[LocatedFile], *, backend: Backend, home: Path, threads: int) -> Any:
    """An instance of DeepFace's class, which opens these files and no others."""
    _prepare(backend, home, threads)
    _verified.update({file.name: file.path for file in weights})
    return _class_of(task, name, threads)()


def _prepare(backend: Backend, home: Path, threads: int) -> None:
    """Sets what DeepFace reads from the environment, then takes its downloads away. Raises StartError."""
    os.environ.update(DEEPFACE_BACKEND_ENGINE=backend, DEEPFACE_HOME=str(home))
    if backend is Backend.TENSORFLOW:
        os.environ.update(_tensorflow_environment(threads))
    Logger().log_level = logging.ERROR
    running = backend_utils.get_backend_engine()
    if running != backend:
        raise StartError(f"DeepFace already runs on {running} in this process and cannot change to {backend}")
    _replace(weight_utils, "download_weights_if_necessary", _only_verified)


def _tensorflow_environment(threads: int) -> dict[str, str]:
    """Read once, when TensorFlow is first imported. DeepFace asks for Keras 2; its models run on Keras 3 as well."""
    return {
        "KERAS_BACKEND": "tensorflow",
        "TF_USE_LEGACY_KERAS": "0",
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "TF_NUM_INTRAOP_THREADS": str(threads),
        "TF_NUM_INTEROP_THREADS": str(threads),
    }


def _only_verified(file_name: str, *_: object, **__: object) -> str:
    """Stands where DeepFace downloads: the verified file of that name. Raises WeightsMissing."""
    if file_name not in _verified:
        raise WeightsMissing(f"DeepFace asks for {file_name}, which is not among the verified weights")
    return str(_verified[file_name])


def _class_of(task: str, name: str, threads: int) -> Any:
    if name == "retinaface":
        _prepare_retinaface(threads)
    found = modeling.get_model_class(task=task, model_name=name)
    module = sys.modules[found.__module__]
    if hasattr(module, "build_session"):
        _replace(module, "build_session", partial(_session, threads=threads))
    return found


def _prepare_retinaface(threads: int) -> None:
    """The package behind DeepFace's class has its own downloads, its own sessions and its own cache."""
    weights = importlib.import_module("retinaface.commons.weight_utils")
    _replace(weights, "download_weights_if_necessary", _only_verified)
    vars(importlib.import_module("retinaface.RetinaFace")).pop("model", None)
    graphs = sys.modules.get("retinaface.model.retinaface_onnx_model")
    if graphs is not None:
        _replace(graphs, "load_weights", partial(_session, "retinaface.onnx", threads=threads))


def _replace(module: ModuleType, function: str, ours: Callable[..., object]) -> None:
    setattr(module, function, ours)


def _session(file_name: str, source_url: object = None, *, threads: int) -> StandInSession:
    """Stands where DeepFace opens ONNX graphs: its own sessions would each take every core."""
    del source_url
    return StandInSession(Graph(Path(_only_verified(file_name)), threads=threads))
