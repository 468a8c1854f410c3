"""From the names in the settings to a detector and an embedder.

Names and weights are checked first, so that a wrong setting stops the start at once; what is heavy is imported only by
the branch that needs it.
"""

# ruff: noqa: PLC0415  each branch imports its own engine and no other

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from recognizer.engine.base import Detector, Embedder, LandmarkTemplate, LivenessNet
from recognizer.engine.catalogue import CATALOGUE, Catalogue, backend_named, find_weights, names
from recognizer.engine.views import Views
from recognizer.engine.weights import Backend, LocatedFile, Role
from recognizer.errors import StartError, WeightsMissing

# Engines of ours, by DeepFace's names for the same networks.
_OURS: Final = {Role.MODEL: ("Dlib",), Role.DETECTOR: ("mtcnn",), Role.LIVENESS: ()}
_FAKE: Final = "fake"
_USUAL_VIEWS: Final = {"Dlib": Views.MIRRORED}  # other networks look once unless the operator says otherwise


@dataclass(frozen=True, slots=True)
class Engine:
    detector: Detector
    embedder: Embedder  # for the faces before the camera
    enroller: Embedder  # for the photos in dataset/: the same network, and at least as many views


def load_engine(
    *,
    model: str,
    detector: str,
    models_dir: Path,
    state_dir: Path,
    backend: str = Backend.ONNX,
    min_face_px: int = 40,
    threads: int = 1,
    views: str | None = None,
    enroll_views: str | None = None,
    catalogue: Catalogue = CATALOGUE,
) -> Engine:
    """Both halves, once the weights of both are known to be there. `views` are what is embedded of a face before the
    camera, None for what is usual with this model; `enroll_views` of a photo in dataset/, None for as many and no fewer
    than usual.

    Raises StartError for an unknown name and for two that do not go together, WeightsMissing for files that are not
    there or not right.
    """
    chosen = backend_named(backend)
    model_files = _locate(Role.MODEL, model, chosen, models_dir, catalogue)
    detector_files = _locate(Role.DETECTOR, detector, chosen, models_dir, catalogue)
    embedder = _embedder(model, model_files, state_dir=state_dir, backend=chosen, threads=threads)
    _require_landmarks(detector, embedder, chosen, catalogue)
    found = _detector(
        detector, detector_files, state_dir=state_dir, backend=chosen, min_face_px=min_face_px, threads=threads
    )
    usual = _USUAL_VIEWS.get(model, Views.PLAIN)
    probed = Views(views) if views else usual
    enrolled = Views(enroll_views) if enroll_views else max(probed, usual, key=list(Views).index)
    return Engine(found, _viewed(embedder, probed), _viewed(embedder, enrolled))


def _viewed(embedder: Embedder, views: Views) -> Embedder:
    from recognizer.engine.viewed import ViewedEmbedder

    return embedder if views is Views.PLAIN else ViewedEmbedder(embedder, views)


def check_engine(
    *, model: str, detector: str, models_dir: Path, backend: str = Backend.ONNX, catalogue: Catalogue = CATALOGUE
) -> None:
    """Looks at names and files alone, in well under a second. Raises what `load_engine` would raise for them."""
    chosen = backend_named(backend)
    _locate(Role.MODEL, model, chosen, models_dir, catalogue)
    _locate(Role.DETECTOR, detector, chosen, models_dir, catalogue)


def load_detector(
    name: str,
    *,
    models_dir: Path,
    state_dir: Path,
    backend: str = Backend.ONNX,
    min_face_px: int = 40,
    threads: int = 1,
    catalogue: Catalogue = CATALOGUE,
) -> Detector:
    """Raises StartError for an unknown name, WeightsMissing for files that are not there or not right."""
    chosen = backend_named(backend)
    files = _locate(Role.DETECTOR, name, chosen, models_dir, catalogue)
    return _detector(name, files, state_dir=state_dir, backend=chosen, min_face_px=min_face_px, threads=threads)


def load_embedder(
    name: str,
    *,
    models_dir: Path,
    state_dir: Path,
    backend: str = Backend.ONNX,
    threads: int = 1,
    catalogue: Catalogue = CATALOGUE,
) -> Embedder:
    """Raises StartError for an unknown name, WeightsMissing for files that are not there or not right."""
    chosen = backend_named(backend)
    files = _locate(Role.MODEL, name, chosen, models_dir, catalogue)
    return _embedder(name, files, state_dir=state_dir, backend=chosen, threads=threads)


def load_liveness(name: str, *, models_dir: Path, threads: int = 1, catalogue: Catalogue = CATALOGUE) -> LivenessNet:
    """Raises StartError for an unknown name, WeightsMissing for a file that is not there or not right."""
    files = _locate(Role.LIVENESS, name, Backend.ONNX, models_dir, catalogue)
    if name == _FAKE:
        from recognizer.engine.fake import FakeLiveness

        return FakeLiveness()
    from recognizer.engine.minifasnet import MiniFasNet

    return MiniFasNet(files[0].path, threads=threads)


def check_liveness(name: str, *, models_dir: Path, catalogue: Catalogue = CATALOGUE) -> None:
    """Looks at the name and the file alone. Raises what `load_liveness` would raise for them."""
    _locate(Role.LIVENESS, name, Backend.ONNX, models_dir, catalogue)


def _locate(role: Role, name: str, backend: Backend, models_dir: Path, catalogue: Catalogue) -> tuple[LocatedFile, ...]:
    if name in {*_OURS[role], _FAKE}:
        return ()
    known = [*_OURS[role], *names(catalogue, role)]
    if name not in known:
        raise StartError(f"there is no {role} named {name!r}; there are: {', '.join(known)}")
    try:
        return find_weights(catalogue, role, name, backend).locate(models_dir)
    except WeightsMissing as missing:
        raise WeightsMissing(f"{missing}{_other_form(role, name, backend, models_dir, catalogue)}") from missing


def _other_form(role: Role, name: str, backend: Backend, models_dir: Path, catalogue: Catalogue) -> str:
    """Half a sentence for those who have the weights in the form of the other backend."""
    others = [
        entry for entry in catalogue if (entry.role, entry.name) == (role, name) and backend not in entry.backends
    ]
    for entry in others:
        if entry.files and all(file.find(models_dir) for file in entry.files):
            return f"; the files for RECOGNIZER_BACKEND={entry.backends[0]} are there"
    return ""


def _embedder(
    name: str, files: tuple[LocatedFile, ...], *, state_dir: Path, backend: Backend, threads: int
) -> Embedder:
    match name:
        case "Dlib":
            from recognizer.engine.dlib_resnet import DlibResNet

            return DlibResNet(_graphs(state_dir), threads=threads)
        case "fake":
            from recognizer.engine.fake import FakeEmbedder

            return FakeEmbedder()
        case _:
            from recognizer.engine.deepface import DeepFaceEmbedder

            return DeepFaceEmbedder(name, files, backend=backend, home=state_dir, threads=threads)


def _detector(
    name: str, files: tuple[LocatedFile, ...], *, state_dir: Path, backend: Backend, min_face_px: int, threads: int
) -> Detector:
    match name:
        case "mtcnn":
            from recognizer.engine.mtcnn import Mtcnn

            return Mtcnn(_graphs(state_dir), min_face_px=min_face_px, threads=threads)
        case "yunet":
            from recognizer.engine.yunet import YuNet

            return YuNet(files[0].path, min_face_px=min_face_px, threads=threads)
        case "fake":
            from recognizer.engine.fake import FakeDetector

            return FakeDetector(min_face_px=min_face_px)
        case _:
            from recognizer.engine.deepface import DeepFaceDetector

            return DeepFaceDetector(
                name, files, backend=backend, home=state_dir, min_face_px=min_face_px, threads=threads
            )


def _graphs(state_dir: Path) -> Path:
    return state_dir / "graphs"


def _require_landmarks(detector: str, embedder: Embedder, backend: Backend, catalogue: Catalogue) -> None:
    """Raises StartError when the embedder is aligned by five landmarks and the detector finds the eyes alone."""
    if detector in {*_OURS[Role.DETECTOR], _FAKE} or not isinstance(embedder.alignment, LandmarkTemplate):
        return
    if find_weights(catalogue, Role.DETECTOR, detector, backend).five_landmarks:
        return
    able = [entry.name for entry in catalogue if entry.five_landmarks and backend in entry.backends]
    raise StartError(
        f"{embedder.name} aligns faces by eyes, nose and mouth, and the detector {detector} finds no nose or mouth; "
        f"choose one of {', '.join([*_OURS[Role.DETECTOR], *able])}, or another model"
    )
