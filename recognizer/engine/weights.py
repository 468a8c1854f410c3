"""The manifest of weights: where each file comes from, what it must hash to, and under which licence."""

import hashlib
import importlib.util
from dataclasses import dataclass
from pathlib import Path

from recognizer.errors import WeightsMissing

_BLOCK = 1 << 20


@dataclass(frozen=True, slots=True)
class PackagedWeights:
    """A file inside an installed distribution, found by path: the package itself is never imported."""

    package: str
    path: str
    sha256: str
    licence: str

    def locate(self) -> Path:
        """The verified file. Raises WeightsMissing when the package is absent or the file is not the one we know."""
        spec = importlib.util.find_spec(self.package)
        if spec is None or not spec.submodule_search_locations:
            raise WeightsMissing(f"the package {self.package} is not installed: run `make install`")
        file = Path(spec.submodule_search_locations[0]) / self.path
        verify(file, self.sha256)
        return file


def sha256_of(file: Path) -> str:
    digest = hashlib.sha256()
    with file.open("rb") as stream:
        while block := stream.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()


def verify(file: Path, sha256: str) -> None:
    """Raises WeightsMissing unless the file exists and has this SHA-256."""
    if not file.is_file():
        raise WeightsMissing(f"{file} is missing")
    found = sha256_of(file)
    if found != sha256:
        raise WeightsMissing(f"{file} is not the file it should be: SHA-256 {found}, expected {sha256}")


DLIB_RESNET = PackagedWeights(
    package="face_recognition_models",
    path="models/dlib_face_recognition_resnet_model_v1.dat",
    sha256="55533b28a95800a551ba546ba62fe69625c7e95a7061c338adffead08719da30",
    licence="CC0-1.0 (public domain)",
)
MTCNN_PNET = PackagedWeights(
    package="mtcnn",
    path="assets/weights/pnet.lz4",
    sha256="ea6b0c3e685ebee3165326ad6484acc95f2ef78f1c94fbf40a55704fa989f7b5",
    licence="MIT",
)
MTCNN_RNET = PackagedWeights(
    package="mtcnn",
    path="assets/weights/rnet.lz4",
    sha256="cb00e6460f3c98b0bfafaba3c0a0ded4bdf6e62cee7174d969e8670d7e757fee",
    licence="MIT",
)
MTCNN_ONET = PackagedWeights(
    package="mtcnn",
    path="assets/weights/onet.lz4",
    sha256="94f6ea2f4cf985275ee958cdd762d17b6009348a4fb9d8c6be39ba73ffd22ca3",
    licence="MIT",
)
