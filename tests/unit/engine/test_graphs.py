from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from recognizer.engine.graph_writer import GraphWriter
from recognizer.engine.graphs import ConvertedGraph
from recognizer.engine.session import Graph
from recognizer.engine.weights import MTCNN_PNET, PackagedWeights
from recognizer.errors import EngineFailed, WeightsMissing

ABSENT = PackagedWeights("no_such_package", "weights.bin", "0" * 64, "none")


def brightness_graph() -> bytes:
    """A network of no depth: the mean of each channel."""
    writer = GraphWriter("brightness", 2, 2, whole=True)
    return writer.serialized({writer.mean_over_pixels(writer.pixels()): ["n", 3]})


class Builder:
    """Builds the same graph each time and counts how often."""

    def __init__(self, build: Callable[[], bytes] = brightness_graph) -> None:
        self.built = 0
        self._build = build

    def __call__(self, weights: Path) -> bytes:
        assert weights.is_file()
        self.built += 1
        return self._build()


def test_a_graph_is_built_once_and_opened_from_its_file_afterwards(tmp_path: Path) -> None:
    builder = Builder()
    graph = ConvertedGraph("brightness", 1, MTCNN_PNET, builder)
    pixels = np.arange(12, dtype=np.uint8).reshape(1, 2, 2, 3)
    for _ in range(3):
        (means,) = graph.open(tmp_path / "graphs").run(pixels)
        assert means.tolist() == [[4.5, 5.5, 6.5]]
    assert builder.built == 1


def test_a_stored_graph_needs_its_weights_no_more(tmp_path: Path) -> None:
    graph = ConvertedGraph("brightness", 1, MTCNN_PNET, Builder())
    graph.open(tmp_path)
    unpackaged = replace(ABSENT, sha256=MTCNN_PNET.sha256)
    ConvertedGraph("brightness", 1, unpackaged, Builder()).open(tmp_path)


def test_without_graph_and_weights_the_start_says_what_is_missing(tmp_path: Path) -> None:
    builder = Builder()
    with pytest.raises(WeightsMissing, match="no_such_package"):
        ConvertedGraph("brightness", 1, ABSENT, builder).open(tmp_path)
    assert builder.built == 0


def test_another_converter_or_other_weights_build_another_file(tmp_path: Path) -> None:
    builder = Builder()
    first = ConvertedGraph("brightness", 1, MTCNN_PNET, builder)
    first.open(tmp_path)
    replace(first, converter=2).open(tmp_path)
    assert builder.built == 2
    assert len(list(tmp_path.glob("*.onnx"))) == 2
    assert first.version != replace(first, converter=2).version
    assert first.version != replace(first, weights=ABSENT).version


@pytest.mark.parametrize("damage", [b"", b"not a graph", None])
def test_a_damaged_graph_is_built_again(tmp_path: Path, damage: bytes | None) -> None:
    builder = Builder()
    graph = ConvertedGraph("brightness", 1, MTCNN_PNET, builder)
    graph.open(tmp_path)
    file = tmp_path / graph.file_name
    whole = bytearray(file.read_bytes())
    whole[len(whole) // 2] ^= 1
    file.write_bytes(bytes(whole) if damage is None else damage)
    graph.open(tmp_path)
    assert builder.built == 2
    assert file.read_bytes() == brightness_graph()


def test_nothing_but_the_graph_and_its_checksum_stays_in_the_folder(tmp_path: Path) -> None:
    graph = ConvertedGraph("brightness", 1, MTCNN_PNET, Builder())
    graph.open(tmp_path)
    assert {file.suffix for file in tmp_path.iterdir()} == {".onnx", ".sha256"}


def test_a_graph_that_cannot_run_is_an_engine_that_failed(tmp_path: Path) -> None:
    with pytest.raises(EngineFailed):
        ConvertedGraph("nonsense", 1, MTCNN_PNET, Builder(lambda: b"nonsense")).open(tmp_path)


def test_a_file_that_is_not_there_is_missing_weights(tmp_path: Path) -> None:
    with pytest.raises(WeightsMissing):
        Graph(tmp_path / "absent.onnx")


def test_input_of_another_shape_is_an_engine_that_failed() -> None:
    with pytest.raises(EngineFailed):
        Graph(brightness_graph()).run(np.zeros((1, 3, 3, 3), np.uint8))


@pytest.mark.parametrize("most", [1, 2, 5, 100])
def test_batches_give_what_all_rows_at_once_give(most: int) -> None:
    graph = Graph(brightness_graph())
    pixels = np.random.default_rng(1).integers(0, 256, (5, 2, 2, 3), np.uint8)
    assert np.array_equal(graph.run_in_batches(pixels, most), graph.run(pixels)[0])
