"""Every Detector and Embedder, each with pictures that it can make something of. A new one is one entry in a list
below."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeAlias

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from recognizer.engine.base import Chip, Detector, Embedder, Frame
from recognizer.engine.dlib_resnet import DlibResNet
from recognizer.engine.fake import FakeDetector, FakeEmbedder, draw_face
from recognizer.engine.loader import load_detector, load_embedder
from recognizer.engine.mtcnn import Mtcnn
from recognizer.engine.viewed import ViewedEmbedder
from recognizer.engine.views import Views
from recognizer.engine.yunet import YuNet
from recognizer.vision.align import align

_ROOT = Path(__file__).parents[3]
_YUNET = "face_detection_yunet_2023mar.onnx"
_YUNET_FILES = [
    file for folder in (_ROOT / "models", _ROOT.parent / "shared" / "weights") if (file := folder / _YUNET).is_file()
]


class Photos(Protocol):
    """The part of the shared fixture that these tests use."""

    collins: Frame
    hopper: Frame


Pictures: TypeAlias = Callable[[Photos], tuple[Frame, Frame]]  # two people, one face each, upright


@dataclass(frozen=True, slots=True)
class DetectorCase:
    name: str
    open: Callable[[Path], Detector]  # given a folder for converted graphs
    pictures: Pictures


@dataclass(frozen=True, slots=True)
class EmbedderCase:
    name: str
    open: Callable[[Path], Embedder]
    detector: Callable[[Path], Detector]  # finds the faces to align for it
    pictures: Pictures


def _photos(photos: Photos) -> tuple[Frame, Frame]:
    return photos.collins, photos.hopper


def _drawings(_: Photos) -> tuple[Frame, Frame]:
    frames = np.full((2, 300, 340, 3), 90, np.uint8)
    for frame, person in zip(frames, ("first", "second"), strict=True):
        draw_face(frame, person, x=120, y=60, size=140)
    return frames[0], frames[1]


def _opening(file: Path) -> Callable[[Path], Detector]:
    return lambda _: YuNet(file)


def _by_deepface(folder: Path) -> Embedder:
    """DeepFace's Facenet with a graph of ours in its place: how brightness rises from left to right, at 8 by 16 places
    in the middle of the chip."""
    edge = np.repeat([-1.0, 1.0], 4) * np.ones((1, 3, 8, 8))
    constants = {
        "top left": np.array([48, 46]),
        "bottom right": np.array([112, 114]),
        "rows and columns": np.array([2, 3]),
        "edge": edge.astype(np.float32),
        "never zero": np.array([1e-3], np.float32),
    }
    nodes = [
        helper.make_node("Transpose", ["pixels"], ["planes"], perm=[0, 3, 1, 2]),
        helper.make_node("Slice", ["planes", "top left", "bottom right", "rows and columns"], ["middle"]),
        helper.make_node("Conv", ["middle", "edge"], ["rises"], strides=[8, 4]),
        helper.make_node("Flatten", ["rises"], ["values"]),
        helper.make_node("Add", ["values", "never zero"], ["rows"]),
    ]
    graph = helper.make_graph(
        nodes,
        "rises",
        [helper.make_tensor_value_info("pixels", TensorProto.FLOAT, ["n", 160, 160, 3])],
        [helper.make_tensor_value_info("rows", TensorProto.FLOAT, ["n", 128])],
        [numpy_helper.from_array(values, name) for name, values in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.save(model, folder / "facenet_weights.onnx")
    return load_embedder("Facenet", models_dir=folder, state_dir=folder)


# YuNet's file is no part of the packages: its case exists where the file does (`make models MODEL=yunet`).
DETECTORS = [
    DetectorCase("fake", lambda _: FakeDetector(), _drawings),
    DetectorCase("mtcnn", Mtcnn, _photos),
    DetectorCase("deepface", lambda folder: load_detector("opencv", models_dir=folder, state_dir=folder), _photos),
    *(DetectorCase("yunet", _opening(file), _photos) for file in _YUNET_FILES[:1]),
]
EMBEDDERS = [
    EmbedderCase("fake", lambda _: FakeEmbedder(), lambda _: FakeDetector(), _drawings),
    EmbedderCase("dlib", DlibResNet, Mtcnn, _photos),
    EmbedderCase("deepface", _by_deepface, Mtcnn, _photos),
    EmbedderCase("mirrored", lambda graphs: ViewedEmbedder(DlibResNet(graphs), Views.MIRRORED), Mtcnn, _photos),
    EmbedderCase("scaled", lambda graphs: ViewedEmbedder(DlibResNet(graphs), Views.SCALED), Mtcnn, _photos),
]


@pytest.fixture(scope="session", params=DETECTORS, ids=lambda case: case.name)
def detector_case(request: pytest.FixtureRequest) -> DetectorCase:
    case = request.param
    assert isinstance(case, DetectorCase)
    return case


@pytest.fixture(scope="session")
def detector(detector_case: DetectorCase, graphs: Path) -> Detector:
    return detector_case.open(graphs)


@pytest.fixture(scope="session")
def portrait(detector_case: DetectorCase, photos: Photos) -> Frame:
    return detector_case.pictures(photos)[0]


@pytest.fixture(scope="session", params=EMBEDDERS, ids=lambda case: case.name)
def embedder_case(request: pytest.FixtureRequest) -> EmbedderCase:
    case = request.param
    assert isinstance(case, EmbedderCase)
    return case


@pytest.fixture(scope="session")
def embedder(embedder_case: EmbedderCase, graphs: Path) -> Embedder:
    return embedder_case.open(graphs)


@pytest.fixture(scope="session")
def chips(embedder_case: EmbedderCase, embedder: Embedder, graphs: Path, photos: Photos) -> list[Chip]:
    """One of each of two people."""
    detector = embedder_case.detector(graphs)
    frames = embedder_case.pictures(photos)
    return [align(frame, detector.detect(frame)[0], embedder.alignment) for frame in frames]
