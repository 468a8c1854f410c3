"""Files that are not what a converter expects are refused, whatever is wrong with them."""

from collections.abc import Callable
from pathlib import Path

import lz4.frame
import pytest

from recognizer.engine import dlib_convert, mtcnn_convert
from recognizer.engine.graphs import NotTheNetworkExpected
from recognizer.engine.weights import DLIB_RESNET, MTCNN_ONET, MTCNN_PNET, MTCNN_RNET, PackagedWeights

Build = Callable[[Path], bytes]
MTCNN: list[tuple[PackagedWeights, Build]] = [
    (MTCNN_PNET, mtcnn_convert.build_pnet),
    (MTCNN_RNET, mtcnn_convert.build_rnet),
    (MTCNN_ONET, mtcnn_convert.build_onet),
]


@pytest.mark.parametrize(("weights", "build"), [*MTCNN, (DLIB_RESNET, dlib_convert.build)])
def test_a_converter_writes_the_same_bytes_each_time(weights: PackagedWeights, build: Build) -> None:
    file = weights.locate()
    assert build(file) == build(file)


@pytest.mark.parametrize(("weights", "build"), MTCNN)
@pytest.mark.parametrize(
    "change",
    [
        lambda stream: stream[: len(stream) // 2],
        lambda stream: stream[:-2],
        lambda stream: stream + b".",
        lambda stream: stream[:1] + bytes(600) + stream[1:],
        lambda stream: stream.replace(b"\xff\xff\xff", b"\xff\x00\xff", 1).replace(
            b"K\x10ub\x09\xff", b"K\x10ub\x09\x00"
        ),
        lambda _: b"",
    ],
    ids=["half", "no end", "more", "gap", "other padding", "empty"],
)
def test_changed_mtcnn_weights_are_refused(
    weights: PackagedWeights, build: Build, change: Callable[[bytes], bytes], tmp_path: Path
) -> None:
    file = tmp_path / "weights.lz4"
    file.write_bytes(lz4.frame.compress(change(lz4.frame.decompress(weights.locate().read_bytes()))))
    with pytest.raises(NotTheNetworkExpected):
        build(file)


def test_the_weights_of_another_mtcnn_network_are_refused() -> None:
    with pytest.raises(NotTheNetworkExpected):
        mtcnn_convert.build_onet(MTCNN_RNET.locate())


def test_a_file_that_is_no_lz4_frame_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "weights.lz4"
    file.write_bytes(b"\x80\x04not a frame")
    with pytest.raises(NotTheNetworkExpected):
        mtcnn_convert.build_pnet(file)


@pytest.mark.parametrize("kept", [0, 400, 50_000, 22_000_000])
def test_cut_dlib_weights_are_refused(kept: int, tmp_path: Path) -> None:
    file = tmp_path / "weights.dat"
    file.write_bytes(DLIB_RESNET.locate().read_bytes()[:kept])
    with pytest.raises(NotTheNetworkExpected):
        dlib_convert.build(file)
