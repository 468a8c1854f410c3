"""The converted network against dlib's own runner: the packaged photos, and more faces where they are at hand."""

from itertools import islice
from pathlib import Path
from typing import Any

import cv2
import dlib
import numpy as np
import pytest
from numpy.typing import NDArray

from recognizer.engine.base import Chips, Frame
from recognizer.engine.dlib_resnet import DLIB_GRAPH, DlibResNet
from recognizer.engine.mtcnn import Mtcnn
from recognizer.engine.viewed import ViewedEmbedder
from recognizer.engine.views import Views
from recognizer.engine.weights import DLIB_RESNET
from recognizer.vision.align import align


@pytest.fixture(scope="module")
def chips(photos: Any, faces_dir: Path | None, graphs: Path) -> Chips:
    frames = [photos.collins, photos.hopper, photos.collins_again, photos.hopper_again]
    if faces_dir is not None:
        frames += [_read(file) for file in islice(sorted((faces_dir / "lfw_dev").glob("**/*.jpg")), 0, None, 40)]
    detector = Mtcnn(graphs)
    return np.stack([align(frame, detector.detect(frame)[0], DlibResNet.alignment) for frame in frames])


@pytest.fixture(scope="module")
def dlib_rows(chips: Chips) -> NDArray[np.float64]:
    network = dlib.face_recognition_model_v1(str(DLIB_RESNET.locate()))
    return np.array([network.compute_face_descriptor(chip) for chip in chips])


def test_the_graph_gives_dlibs_descriptors(chips: Chips, dlib_rows: NDArray[np.float64], graphs: Path) -> None:
    (rows,) = DLIB_GRAPH.open(graphs).run(chips)
    assert np.abs(rows - dlib_rows).max() < 1e-5


def test_embeddings_are_dlibs_descriptors_at_unit_length(
    chips: Chips, dlib_rows: NDArray[np.float64], graphs: Path
) -> None:
    rows = DlibResNet(graphs).embed(chips)
    assert np.abs(rows - dlib_rows / np.linalg.norm(dlib_rows, axis=1, keepdims=True)).max() < 1e-5


@pytest.mark.parametrize("views", [Views.MIRRORED, Views.SCALED])
def test_with_mirrored_views_a_chip_and_its_mirror_image_are_answered_alike(
    chips: Chips, graphs: Path, views: Views
) -> None:
    engine = ViewedEmbedder(DlibResNet(graphs), views)
    assert np.abs(engine.embed(chips) - engine.embed(chips[:, :, ::-1])).max() < 1e-5


def test_each_choice_of_views_has_a_version_of_its_own(graphs: Path) -> None:
    engine = DlibResNet(graphs)
    assert len({engine.version, *(ViewedEmbedder(engine, views).version for views in Views)}) == 1 + len(Views)


def test_another_photo_of_a_person_is_nearer_than_another_person(photos: Any, graphs: Path) -> None:
    detector, engine = Mtcnn(graphs), DlibResNet(graphs)
    frames = [photos.collins, photos.collins_again, photos.hopper, photos.hopper_again]
    rows = engine.embed(np.stack([align(frame, detector.detect(frame)[0], engine.alignment) for frame in frames]))
    distances = 1 - rows @ rows.T
    assert max(distances[0, 1], distances[2, 3]) < engine.defaults.threshold
    assert distances[:2, 2:].min() > engine.defaults.threshold + engine.defaults.margin


def _read(file: Path) -> Frame:
    bgr = cv2.imread(str(file))
    assert bgr is not None
    return np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB), np.uint8)
