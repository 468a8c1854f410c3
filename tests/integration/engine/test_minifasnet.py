"""The network on photographs of people and of pictures of people.

The file is no part of the packages. Where neither `make models MODEL=MiniFASNet` has fetched it nor a development copy
is at hand, nothing here is collected; the decisions that follow from it are tested with the fake network.
"""

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from recognizer.engine.base import Cutouts, Frame
from recognizer.engine.catalogue import MINIFASNET
from recognizer.engine.minifasnet import MiniFasNet
from recognizer.engine.mtcnn import Mtcnn
from recognizer.liveness.passive import FaceInFrame, p_live

_ROOT = Path(__file__).parents[3]
_FOLDERS = (_ROOT / "models", _ROOT.parent / "shared" / "weights")
_FOUND = [folder for folder in _FOLDERS if (folder / MINIFASNET.files[0].name).is_file()]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    metafunc.parametrize("models_dir", _FOUND[:1], ids=lambda folder: folder.name)


def test_photographs_of_people_are_live(models_dir: Path, photos: Any, graphs: Path) -> None:
    net = _opened(models_dir)
    assert [_p_live(net, frame, graphs) > 0.9 for frame in (photos.collins, photos.hopper)] == [True, True]


def test_pictures_held_to_the_camera_are_not(models_dir: Path, graphs: Path, faces_dir: Path | None) -> None:
    if faces_dir is None:
        return
    net = _opened(models_dir)
    found = {file.stem: _p_live(net, _read(file), graphs) for file in sorted((faces_dir / "spoof").glob("*.jpg"))}

    assert found["image_T1"] > 0.9
    assert found["image_F1"] < 0.1
    assert found["image_F2"] < 0.1


def test_a_face_is_judged_alike_alone_and_among_others(models_dir: Path) -> None:
    net = _opened(models_dir)
    cutouts: Cutouts = np.random.default_rng(3).integers(0, 255, (11, 128, 128, 3), np.uint8)

    together = net.p_live(cutouts)
    alone = np.concatenate([net.p_live(cutouts[place : place + 1]) for place in range(len(cutouts))])

    assert together.shape == (11,)
    assert ((together >= 0) & (together <= 1)).all()
    np.testing.assert_allclose(together, alone, atol=1e-5)


def _opened(models_dir: Path) -> MiniFasNet:
    return MiniFasNet(MINIFASNET.locate(models_dir)[0].path)


def _p_live(net: MiniFasNet, frame: Frame, graphs: Path) -> float:
    face = max(Mtcnn(graphs).detect(frame), key=lambda face: face.box.width)
    return p_live(net, [FaceInFrame(frame, face.box)])[0]


def _read(file: Path) -> Frame:
    bgr = cv2.imread(str(file), cv2.IMREAD_COLOR)
    assert bgr is not None
    return np.ascontiguousarray(bgr[:, :, ::-1], np.uint8)
