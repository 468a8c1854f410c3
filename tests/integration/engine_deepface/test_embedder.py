"""The adapter's own promises, on small networks in place of real ones."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from deepface.commons import weight_utils
from deepface.modules.preprocessing import resize_image

from recognizer.engine.base import Chips, Embedder
from recognizer.engine.loader import load_embedder
from recognizer.engine.weights import Backend, OptionalWeights, Role, WeightsFile
from recognizer.errors import EngineFailed, StartError, WeightsMissing

WriteNetwork = Callable[..., None]


def load(folder: Path, name: str = "Facenet") -> Embedder:
    return load_embedder(name, models_dir=folder, state_dir=folder)


@pytest.fixture
def facenet(tmp_path: Path, write_network: WriteNetwork) -> Embedder:
    write_network(tmp_path / "facenet_weights.onnx")
    return load(tmp_path)


def test_rows_have_unit_length(facenet: Embedder, chips: Chips) -> None:
    rows = facenet.embed(chips)

    assert rows.shape == (3, 128)
    assert rows.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-6)


def test_no_chips_give_no_rows(facenet: Embedder, chips: Chips) -> None:
    assert facenet.embed(chips[:0]).shape == (0, 128)


def test_a_row_that_is_not_finite_is_a_failure_and_not_an_embedding(facenet: Embedder, chips: Chips) -> None:
    black = np.zeros_like(chips[:1])

    with pytest.raises(EngineFailed):
        facenet.embed(np.concatenate([chips, black]))


def test_a_row_of_zeros_has_no_direction(facenet: Embedder, chips: Chips) -> None:
    white = np.full_like(chips[:1], 255)

    with pytest.raises(EngineFailed, match="not finite"):
        facenet.embed(white)


def test_a_network_for_one_face_at_a_time_gets_them_one_by_one(
    tmp_path: Path, write_network: WriteNetwork, facenet: Embedder, chips: Chips
) -> None:
    single = tmp_path / "single"
    single.mkdir()
    write_network(single / "facenet_weights.onnx", batch=1)

    np.testing.assert_allclose(load(single).embed(chips), facenet.embed(chips), atol=1e-4)


def test_chips_for_a_network_that_is_not_square_are_letterboxed_by_deepface(
    tmp_path: Path, write_network: WriteNetwork, chips: Chips
) -> None:
    write_network(tmp_path / "deepid_weights.onnx", dimension=160, side_px="side")
    embedder = load(tmp_path, "DeepID")
    boxed = [resize_image(chip[..., ::-1], (55, 47)) for chip in chips]
    mix = np.random.default_rng(9).normal(size=(3, 160))
    expected = np.log(np.concatenate(boxed).mean(axis=(1, 2), dtype=np.float64)) @ mix

    np.testing.assert_allclose(
        embedder.embed(chips), expected / np.linalg.norm(expected, axis=1, keepdims=True), atol=1e-5
    )


def test_weights_of_another_model_under_this_name_stop_the_start(tmp_path: Path, write_network: WriteNetwork) -> None:
    write_network(tmp_path / "facenet512_weights.onnx", dimension=128)

    with pytest.raises(StartError, match="128 numbers a face, not 512"):
        load(tmp_path, "Facenet512")


@pytest.mark.parametrize("content", [b"", b"<html>", bytes(1000)])
def test_a_file_that_is_no_network_stops_the_start(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "facenet_weights.onnx").write_bytes(content)

    with pytest.raises(StartError, match="Facenet"):
        load(tmp_path)


def test_deepface_can_no_longer_download(facenet: Embedder) -> None:
    with pytest.raises(WeightsMissing, match=r"arcface_weights\.onnx"):
        weight_utils.download_weights_if_necessary("arcface_weights.onnx", "http://127.0.0.1:9/arcface_weights.onnx")


def test_the_version_changes_with_the_weights(tmp_path: Path, write_network: WriteNetwork, facenet: Embedder) -> None:
    write_network(tmp_path / "facenet_weights.onnx", batch="others")

    assert load(tmp_path).version != facenet.version


def test_one_process_has_one_backend(facenet: Embedder, tmp_path: Path) -> None:
    (tmp_path / "facenet_weights.h5").write_bytes(b"weights")
    file = WeightsFile("facenet_weights.h5", ("http://127.0.0.1:9/",))
    catalogue = (OptionalWeights(Role.MODEL, "Facenet", (Backend.TENSORFLOW,), (file,), "MIT"),)

    with pytest.raises(StartError, match="already runs on onnx"):
        load_embedder("Facenet", models_dir=tmp_path, state_dir=tmp_path, backend="tensorflow", catalogue=catalogue)
