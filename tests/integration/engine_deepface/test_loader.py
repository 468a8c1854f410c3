from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from recognizer.engine.base import Frame
from recognizer.engine.loader import load_detector, load_embedder, load_engine
from recognizer.errors import StartError, WeightsMissing

YUNET = "face_detection_yunet_2023mar.onnx"
KNOWN_YUNET = Path(__file__).parents[4] / "shared" / "weights" / YUNET

REFUSED = """
import json, sys
from pathlib import Path
from recognizer.engine.loader import load_engine
from recognizer.errors import StartError
folder = Path(sys.argv[1])
try:
    load_engine(model=sys.argv[2], detector=sys.argv[3], models_dir=folder, state_dir=folder, backend=sys.argv[4])
except StartError as error:
    print(json.dumps([type(error).__name__, str(error), sorted(sys.modules)]))
"""
LOADED = """
import json, sys
from pathlib import Path
from recognizer.engine.loader import load_engine
folder = Path(sys.argv[1])
load_engine(model="Dlib", detector="mtcnn", models_dir=folder, state_dir=folder)
print(json.dumps(sorted(sys.modules)))
"""
HEAVY = {"deepface", "tensorflow", "keras", "onnx", "onnxruntime", "cv2"}


@pytest.mark.parametrize(
    ("choice", "file", "name"),
    [
        (("Facenet512", "mtcnn", "onnx"), "facenet512_weights.onnx", "Facenet512"),
        (("Facenet", "mtcnn", "tensorflow"), "facenet_weights.h5", "Facenet"),
        (("Dlib", "retinaface", "onnx"), "retinaface.onnx", "retinaface"),
        (("Dlib", "yunet", "onnx"), YUNET, "yunet"),
    ],
)
def test_missing_weights_stop_the_start_before_anything_heavy_is_imported(
    tmp_path: Path, in_new_process: Callable[..., Any], choice: tuple[str, str, str], file: str, name: str
) -> None:
    kind, message, modules = in_new_process(REFUSED, tmp_path, *choice)

    assert kind == "WeightsMissing"
    assert str(tmp_path / file) in message
    assert "https://github.com/" in message
    assert f"`make models MODEL={name}`" in message
    assert HEAVY.isdisjoint(modules)


def test_truncated_weights_stop_the_start_before_anything_heavy_is_imported(
    tmp_path: Path, in_new_process: Callable[..., Any]
) -> None:
    (tmp_path / "facenet512.h5").write_bytes(b"\x89HDF\r\n\x1a\n")

    kind, message, modules = in_new_process(REFUSED, tmp_path, "Facenet512", "mtcnn", "tensorflow")

    assert (kind, "truncated" in message) == ("WeightsMissing", True)
    assert HEAVY.isdisjoint(modules)


def test_the_default_engine_imports_none_of_what_it_does_not_use(
    tmp_path: Path, in_new_process: Callable[..., Any]
) -> None:
    in_new_process(LOADED, tmp_path)  # converts the packaged weights

    assert {"deepface", "tensorflow", "keras", "onnx", "mtcnn", "dlib"}.isdisjoint(in_new_process(LOADED, tmp_path))


@pytest.mark.parametrize("name", ["facenet512", "Facenet-512", "", "../Facenet"])
def test_an_unknown_model_is_answered_with_the_names_there_are(tmp_path: Path, name: str) -> None:
    with pytest.raises(StartError, match=r"there are: Dlib, Facenet, Facenet512, ArcFace, .*SFace"):
        load_embedder(name, models_dir=tmp_path, state_dir=tmp_path)


def test_an_unknown_detector_is_answered_with_the_names_there_are(tmp_path: Path) -> None:
    with pytest.raises(StartError, match=r"there are: mtcnn, yunet, retinaface, .*opencv"):
        load_detector("MTCNN", models_dir=tmp_path, state_dir=tmp_path)


def test_an_unknown_backend_is_answered_with_the_backends_there_are(tmp_path: Path) -> None:
    with pytest.raises(StartError, match="there are: onnx, tensorflow"):
        load_embedder("Facenet", models_dir=tmp_path, state_dir=tmp_path, backend="pytorch")


def test_weights_in_the_form_of_the_other_backend_are_pointed_out(tmp_path: Path) -> None:
    (tmp_path / "facenet512.h5").write_bytes(b"weights")

    with pytest.raises(WeightsMissing, match="RECOGNIZER_BACKEND=tensorflow are there"):
        load_embedder("Facenet512", models_dir=tmp_path, state_dir=tmp_path)


def test_a_detector_of_eyes_alone_does_not_go_with_a_model_that_needs_five_landmarks(tmp_path: Path) -> None:
    with pytest.raises(StartError, match="choose one of mtcnn, yunet, retinaface"):
        load_engine(model="Dlib", detector="opencv", models_dir=tmp_path, state_dir=tmp_path)


def test_the_default_names_give_our_own_engines(tmp_path: Path) -> None:
    engine = load_engine(model="Dlib", detector="mtcnn", models_dir=tmp_path, state_dir=tmp_path)

    assert (engine.embedder.name, engine.detector.name) == ("Dlib", "mtcnn")


def test_a_model_by_deepface_goes_with_a_detector_of_ours(
    tmp_path: Path, write_network: Callable[..., None], eileen_collins: Frame
) -> None:
    write_network(tmp_path / "facenet_weights.onnx")

    engine = load_engine(model="Facenet", detector="mtcnn", models_dir=tmp_path, state_dir=tmp_path)

    assert engine.embedder.version.startswith("deepface")
    assert len(engine.detector.detect(eileen_collins)) == 1


def test_yunet_runs_on_the_file_in_the_models_folder_and_on_no_other(tmp_path: Path, eileen_collins: Frame) -> None:
    with pytest.raises(WeightsMissing, match=YUNET):
        load_detector("yunet", models_dir=tmp_path, state_dir=tmp_path)
    if not KNOWN_YUNET.is_file():
        return
    content = KNOWN_YUNET.read_bytes()
    (tmp_path / YUNET).write_bytes(content[:-1])
    with pytest.raises(WeightsMissing, match="truncated"):
        load_detector("yunet", models_dir=tmp_path, state_dir=tmp_path)
    (tmp_path / YUNET).write_bytes(content)

    assert len(load_detector("yunet", models_dir=tmp_path, state_dir=tmp_path).detect(eileen_collins)) == 1


def test_the_fake_engine_is_there_by_name(tmp_path: Path) -> None:
    engine = load_engine(model="fake", detector="fake", models_dir=tmp_path, state_dir=tmp_path)

    assert (engine.embedder.name, engine.detector.name) == ("fake", "fake")
