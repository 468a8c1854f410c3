"""Faces that one look misses, on the packaged photo made hard."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from recognizer.engine.base import Frame
from recognizer.engine.mtcnn import Mtcnn


def _in_the_dark(frame: Frame) -> Frame:
    return np.asarray(frame * 0.09, np.uint8)


def _seen_from_the_side(frame: Frame) -> Frame:
    return np.asarray(cv2.resize(frame, (frame.shape[1] * 35 // 100, frame.shape[0])), np.uint8)


@pytest.mark.parametrize("alter", [_in_the_dark, _seen_from_the_side])
def test_a_second_look_finds_what_the_first_one_missed(
    alter: Callable[[Frame], Frame], photos: Any, tmp_path: Path
) -> None:
    hard = alter(photos.collins)
    assert Mtcnn(tmp_path, second_look=None).detect(hard) == []
    (found,) = Mtcnn(tmp_path).detect(hard)
    (known,) = Mtcnn(tmp_path).detect(photos.collins)
    width = hard.shape[1] / photos.collins.shape[1]
    assert np.abs(found.landmarks - known.landmarks * (width, 1)).max() < known.box.width / 5


def test_where_the_first_look_finds_somebody_nobody_is_added(photos: Any, tmp_path: Path) -> None:
    once, twice = Mtcnn(tmp_path, second_look=None), Mtcnn(tmp_path)
    for frame in (photos.collins, photos.hopper, photos.two_people):
        assert [face.box for face in twice.detect(frame)] == [face.box for face in once.detect(frame)]


def test_detectors_that_look_differently_often_are_different_versions(tmp_path: Path) -> None:
    assert Mtcnn(tmp_path, second_look=None).version != Mtcnn(tmp_path).version
