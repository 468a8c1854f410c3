"""Facenet and Facenet512 with generated weights: what our adapter says against what DeepFace says of the same chips."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from recognizer.engine.base import Chips, Embedder, EyeLevelBox
from recognizer.engine.loader import load_embedder

SIZES = {"Facenet": 128, "Facenet512": 512}
THRESHOLDS = {"Facenet": 0.40, "Facenet512": 0.30}  # as DeepFace publishes them
ALIASES = {"Facenet": "facenet.h5", "Facenet512": "facenet512.h5"}

both = pytest.mark.parametrize("name", list(SIZES))

REPRESENT = """
import json, os, sys
import numpy as np
os.environ.update(DEEPFACE_BACKEND_ENGINE="onnx", DEEPFACE_HOME=sys.argv[1])
from deepface import DeepFace
rows = [
    DeepFace.represent(img_path=chip[..., ::-1], model_name=sys.argv[3], detector_backend="skip")[0]["embedding"]
    for chip in np.load(sys.argv[2])
]
print(json.dumps(rows))
"""


def rows(folder: Path, name: str, made_by: str) -> NDArray[np.float32]:
    return unit_length(np.load(folder / f"{name}-{made_by}.npy"))


def unit_length(found: NDArray[np.float32]) -> NDArray[np.float32]:
    unit: NDArray[np.float32] = found / np.linalg.norm(found, axis=1, keepdims=True)
    return unit


def report(folder: Path, name: str) -> dict[str, Any]:
    entry: dict[str, Any] = json.loads((folder / "report.json").read_text())[name]
    return entry


def on_onnx(generated: Path, name: str) -> Embedder:
    return load_embedder(name, models_dir=generated / "onnx", state_dir=generated, backend="onnx")


@both
def test_tensorflow_embeds_as_deepface_does(generated: Path, name: str) -> None:
    np.testing.assert_allclose(rows(generated, name, "ours"), rows(generated, name, "deepface"), rtol=0, atol=1e-5)


@both
def test_tensorflow_embeds_the_same_alone_as_in_a_batch_and_from_many_threads(generated: Path, name: str) -> None:
    np.testing.assert_allclose(rows(generated, name, "alone"), rows(generated, name, "ours"), rtol=0, atol=1e-5)


@both
def test_weights_are_taken_from_the_files_people_already_have(generated: Path, name: str) -> None:
    found = report(generated, name)

    assert found["file"] == ALIASES[name]
    assert found["version"] == f"deepface 0.0.103 tensorflow {name} {found['sha256'][:16]}"
    assert (found["dimension"], found["chip_px"], found["threshold"]) == (SIZES[name], 160, THRESHOLDS[name])


@both
def test_weights_that_are_not_the_published_ones_are_refused_until_they_are_trusted(generated: Path, name: str) -> None:
    refusal = report(generated, name)["refusal"]

    assert ALIASES[name] in refusal
    assert f"models trust {name}" in refusal


@both
def test_onnx_embeds_as_deepface_does(
    generated: Path, tmp_path: Path, chips: Chips, in_new_process: Callable[..., Any], name: str
) -> None:
    weights = tmp_path / ".deepface" / "weights"
    weights.mkdir(parents=True)
    (weights / f"{name.lower()}_weights.onnx").hardlink_to(generated / "onnx" / f"{name.lower()}_weights.onnx")

    theirs = in_new_process(REPRESENT, tmp_path, generated / "chips.npy", name)

    ours = on_onnx(generated, name).embed(chips)
    np.testing.assert_allclose(ours, unit_length(np.array(theirs, np.float32)), rtol=0, atol=1e-5)


@both
def test_both_backends_and_the_bare_layers_agree(generated: Path, chips: Chips, name: str) -> None:
    ours = on_onnx(generated, name).embed(chips)

    np.testing.assert_allclose(ours, rows(generated, name, "ours"), rtol=0, atol=1e-5)
    np.testing.assert_allclose(ours, rows(generated, name, "keras"), rtol=0, atol=1e-5)


@both
def test_chips_of_swapped_colours_would_have_been_noticed(generated: Path, chips: Chips, name: str) -> None:
    swapped = np.ascontiguousarray(chips[..., ::-1])

    assert np.abs(on_onnx(generated, name).embed(swapped) - rows(generated, name, "deepface")).max(axis=1).min() > 1e-3


def test_onnx_embeds_the_same_alone_as_in_a_batch_and_from_many_threads(generated: Path, chips: Chips) -> None:
    embedder = on_onnx(generated, "Facenet")

    with ThreadPoolExecutor(4) as threads:
        alone = np.concatenate(list(threads.map(embedder.embed, chips[[0, 1, 2, 0, 1, 2], None])))

    np.testing.assert_allclose(alone, embedder.embed(chips[[0, 1, 2, 0, 1, 2]]), rtol=0, atol=1e-5)


def test_an_embedder_says_how_faces_are_to_be_aligned_and_told_apart(generated: Path) -> None:
    embedder = on_onnx(generated, "Facenet512")

    assert embedder.alignment == EyeLevelBox(160)
    assert embedder.defaults.threshold == THRESHOLDS["Facenet512"]
    assert 0 < embedder.defaults.margin < embedder.defaults.threshold
    assert "DeepFace 0.0.103" in embedder.defaults.source
