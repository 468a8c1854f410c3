"""The catalogue is written by hand, so that reading it imports nothing; here it is held to the installed package."""

from importlib.metadata import distribution

import pytest
from deepface.config.threshold import thresholds
from deepface.modules.modeling import AVAILABLE_MODELS

from recognizer.engine.catalogue import CATALOGUE, names
from recognizer.engine.weights import Backend, Role

# Ours under DeepFace's names; and a network that DeepFace cannot build with any TensorFlow we support.
OURS = {Role.MODEL: {"Dlib"}, Role.DETECTOR: {"mtcnn"}}
IMPOSSIBLE = {("DeepFace", Backend.TENSORFLOW)}
TASKS = {Role.MODEL: "facial_recognition", Role.DETECTOR: "face_detector"}


def sources(*distributions: str) -> str:
    """All the Python text of these distributions."""
    files = [file for each in distributions for file in distribution(each).files or [] if file.suffix == ".py"]
    return "\n".join(file.read_text("utf-8") for file in files)


@pytest.mark.parametrize("role", list(TASKS))
def test_every_name_of_deepface_is_offered_and_no_other(role: Role) -> None:
    theirs = set(AVAILABLE_MODELS[TASKS[role]])

    assert set(names(CATALOGUE, role)) == theirs - OURS[role]


def test_every_backend_of_every_model_is_offered() -> None:
    ours = {(each.name, backend) for each in CATALOGUE if each.role is Role.MODEL for backend in each.backends}
    theirs = {
        (name, backend)
        for name, implementations in AVAILABLE_MODELS["facial_recognition"].items()
        for backend in Backend
        if backend in implementations or "any" in implementations
    }

    assert ours == {pair for pair in theirs if pair[0] not in OURS[Role.MODEL]} - IMPOSSIBLE


def test_every_address_and_file_name_is_deepfaces_own() -> None:
    text = sources("deepface", "retina-face")
    files = [file for each in CATALOGUE if each.role in TASKS for file in each.files]

    assert [url for file in files for url in file.urls if url not in text] == []
    assert [file.name for file in files if file.name.rpartition("/")[2] not in text] == []


def test_deepface_publishes_a_threshold_for_every_model() -> None:
    assert all("cosine" in thresholds[name] for name in names(CATALOGUE, Role.MODEL))
