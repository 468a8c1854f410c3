"""DeepFace's detectors through our adapter, on photographs; RetinaFace on a made-up network that sees white squares."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from recognizer.engine.base import Box, Detection, Detector, Frame
from recognizer.engine.loader import load_detector
from recognizer.errors import EngineFailed

EILEEN_COLLINS = Box(172, 58, 104, 130)  # by eye
GRACE_HOPPER = Box(165, 100, 185, 230)

packaged = pytest.mark.parametrize("name", ["opencv", "dlib"])


def load(folder: Path, name: str, min_face_px: int = 40) -> Detector:
    return load_detector(name, models_dir=folder, state_dir=folder, min_face_px=min_face_px)


def overlap(one: Box, other: Box) -> float:
    """Intersection over union."""
    width = min(one.x + one.width, other.x + other.width) - max(one.x, other.x)
    height = min(one.y + one.height, other.y + other.height) - max(one.y, other.y)
    shared = max(0.0, width) * max(0.0, height)
    return shared / (one.width * one.height + other.width * other.height - shared)


def best(detector: Detector, frame: Frame) -> Detection:
    return detector.detect(frame)[0]


@packaged
def test_a_face_is_found_where_it_is(tmp_path: Path, eileen_collins: Frame, grace_hopper: Frame, name: str) -> None:
    detector = load(tmp_path, name)

    assert overlap(best(detector, eileen_collins).box, EILEEN_COLLINS) > 0.5
    assert overlap(best(detector, grace_hopper).box, GRACE_HOPPER) > 0.4


@packaged
def test_landmarks_are_in_our_order(tmp_path: Path, grace_hopper: Frame, name: str) -> None:
    left_eye, right_eye, nose, left_mouth, right_mouth = best(load(tmp_path, name), grace_hopper).landmarks

    assert left_eye[0] < nose[0] < right_eye[0]
    assert left_mouth[0] < nose[0] < right_mouth[0]
    assert max(left_eye[1], right_eye[1]) < nose[1] < min(left_mouth[1], right_mouth[1])


@packaged
def test_landmarks_turn_with_the_face(tmp_path: Path, eileen_collins: Frame, name: str) -> None:
    """Dlib and the cascades find the eyes of a mirrored picture at mirrored places."""
    detector = load(tmp_path, name)
    mirrored = np.ascontiguousarray(eileen_collins[:, ::-1])

    (one, two), (other_two, other_one) = (best(detector, each).landmarks[:2] for each in (eileen_collins, mirrored))

    np.testing.assert_allclose([one[0], two[0]], [511 - other_one[0], 511 - other_two[0]], atol=6)
    np.testing.assert_allclose([one[1], two[1]], [other_one[1], other_two[1]], atol=6)


@packaged
def test_scores_are_shares_and_the_best_comes_first(
    tmp_path: Path, eileen_collins: Frame, grace_hopper: Frame, name: str
) -> None:
    both = np.concatenate([eileen_collins, grace_hopper[:512]], axis=1)

    scores = [detection.score for detection in load(tmp_path, name).detect(both)]

    assert len(scores) >= 2
    assert all(0 <= score <= 1 for score in scores)
    assert scores == sorted(scores, reverse=True)


@packaged
def test_nothing_is_found_where_there_is_no_face(tmp_path: Path, name: str) -> None:
    assert load(tmp_path, name).detect(np.full((240, 320, 3), 90, np.uint8)) == []


@packaged
def test_small_faces_are_left_out(tmp_path: Path, eileen_collins: Frame, name: str) -> None:
    assert load(tmp_path, name, min_face_px=400).detect(eileen_collins) == []


@packaged
def test_many_threads_find_what_one_finds(
    tmp_path: Path, eileen_collins: Frame, grace_hopper: Frame, name: str
) -> None:
    detector = load(tmp_path, name)
    frames = [eileen_collins, grace_hopper[:300, :400].copy()] * 3

    with ThreadPoolExecutor(4) as threads:
        together = list(threads.map(detector.detect, frames))

    assert [[each.box for each in found] for found in together] == [
        [each.box for each in detector.detect(frame)] for frame in frames
    ]


CELL_PX = 32
LANDMARKS = [(-0.2, -0.2), (0.2, -0.2), (0.0, 0.0), (-0.1, 0.2), (0.1, 0.2)]  # from the anchor's middle, in its widths


def white_squares(file: Path) -> None:
    """RetinaFace's nine outputs, for strides of 32, 16 and 8. Where a cell of 32 pixels is white, its first anchor is a
    face with a box as large as the anchor and with these landmarks; nothing else is."""
    nodes = [helper.make_node("Transpose", ["pixels"], ["planes"], perm=[0, 3, 1, 2])]
    constants, outputs = [], []
    for stride in (32, 16, 8):
        window = [stride] * 2
        nodes.append(
            helper.make_node("AveragePool", ["planes"], [f"mean{stride}"], kernel_shape=window, strides=window)
        )
        for kind, channels in (("face", 4), ("box", 8), ("landmarks", 20)):
            name, weights, bias = f"{kind}{stride}", np.zeros((channels, 3, 1, 1)), np.zeros(channels)
            if name == "face32":
                weights[2, 0] = 0.95 / 255
            if kind == "landmarks":
                bias[:10] = np.ravel(LANDMARKS)
            constants += [
                numpy_helper.from_array(weights.astype(np.float32), f"{name}.weights"),
                numpy_helper.from_array(bias.astype(np.float32), f"{name}.bias"),
            ]
            inputs = [f"mean{stride}", f"{name}.weights", f"{name}.bias"]
            nodes.append(helper.make_node("Conv", inputs, [f"{name}.planes"]))
            nodes.append(helper.make_node("Transpose", [f"{name}.planes"], [name], perm=[0, 2, 3, 1]))
            outputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", "h", "w", channels]))
    pixels = helper.make_tensor_value_info("pixels", TensorProto.FLOAT, ["n", "height", "width", 3])
    graph = helper.make_graph(nodes, "white_squares", [pixels], outputs, constants)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), file)


@pytest.fixture
def retinaface(tmp_path: Path) -> Detector:
    white_squares(tmp_path / "retinaface.onnx")
    return load(tmp_path, "retinaface")


def test_retinaface_keeps_its_own_five_landmarks(retinaface: Detector) -> None:
    frame = np.zeros((1024, 1024, 3), np.uint8)  # the size it brings other frames to
    row, column = 14, 18
    frame[row * CELL_PX :, column * CELL_PX :][:CELL_PX, :CELL_PX] = 255

    (found,) = retinaface.detect(frame)

    side = found.box.width
    middle = np.array([found.box.x, found.box.y]) + side / 2
    assert (found.box.height, round(found.score, 2)) == (side, 0.95)
    np.testing.assert_allclose(middle, [column * CELL_PX + 7.5, row * CELL_PX + 7.5], atol=1)
    np.testing.assert_allclose(found.landmarks, middle + np.array(LANDMARKS) * side, atol=1.5)


def test_a_frame_that_the_network_cannot_take_is_a_failure(retinaface: Detector) -> None:
    with pytest.raises(EngineFailed, match="retinaface"):
        retinaface.detect(np.zeros((0, 0, 3), np.uint8))
