"""The manifest of weights: where each file comes from, what it must hash to, and under which licence."""

import hashlib
import importlib.util
import json
import os
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path

from recognizer.errors import StartError, WeightsMissing
from shared.logs import get_logger

log = get_logger(__name__)

CHECKSUMS_FILE = "checksums.json"

_BLOCK = 1 << 20
_DEEPFACE_FOLDER = Path(".deepface") / "weights"


class Backend(StrEnum):
    """What runs DeepFace's networks."""

    ONNX = "onnx"
    TENSORFLOW = "tensorflow"


class Role(StrEnum):
    MODEL = "model"
    DETECTOR = "detector"
    LIVENESS = "liveness network"  # ours: DeepFace has none on ONNX Runtime


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


@dataclass(frozen=True, slots=True)
class Checksum:
    sha256: str
    size_bytes: int


@dataclass(frozen=True, slots=True)
class LocatedFile:
    """A file whose content was verified, or could not be because nobody published or recorded its checksum."""

    name: str  # the one DeepFace asks for
    path: Path
    sha256: str


@dataclass(frozen=True, slots=True)
class WeightsFile:
    """A file that is fetched by command into the models folder, or put there by hand."""

    name: str  # DeepFace's own
    urls: tuple[str, ...]  # tried in this order
    sha256: str | None = None  # as published; None where nobody published one
    size_bytes: int | None = None
    aliases: tuple[str, ...] = ()  # other names under which people keep it

    def find(self, models_dir: Path) -> Path | None:
        """The first that exists: DeepFace's name, an alias, then DeepFace's own folder layout."""
        places = [models_dir / name for name in (self.name, *self.aliases)]
        places.append(models_dir / _DEEPFACE_FOLDER / self.name)
        return next((place for place in places if place.is_file()), None)

    def expected_sha256(self, models_dir: Path) -> str | None:
        """What the operator recorded goes before what upstream published."""
        recorded = recorded_checksums(models_dir).get(self.name)
        return recorded.sha256 if recorded else self.sha256


@dataclass(frozen=True, slots=True)
class OptionalWeights:
    """What a DeepFace model or detector needs before it can be loaded on one of the backends."""

    role: Role
    name: str  # DeepFace's
    backends: tuple[Backend, ...]
    files: tuple[WeightsFile, ...]
    licence: str
    needs: tuple[str, ...] = ()  # packages that DeepFace imports for it
    packaged: tuple[PackagedWeights, ...] = ()  # files that come with a package of ours
    restricted: bool = False  # a licence that forbids or burdens commercial use: only by explicit name
    five_landmarks: bool = False  # finds nose and mouth corners too, not the eyes alone

    @property
    def command(self) -> str:
        return f"make models MODEL={self.name}"

    def locate(self, models_dir: Path) -> tuple[LocatedFile, ...]:
        """The verified files. Imports nothing heavy.

        Raises WeightsMissing naming file, source and command, and StartError when a package is not installed.
        """
        self._require_packages()
        if self.restricted:
            log.warning("weights with a restrictive licence", weights=self.name, licence=self.licence)
        packaged = [weights.locate() for weights in self.packaged]
        fetched = tuple(self._locate(file, models_dir) for file in self.files)
        return fetched + tuple(
            LocatedFile(file.name, file, weights.sha256) for file, weights in zip(packaged, self.packaged, strict=True)
        )

    def _require_packages(self) -> None:
        absent = [package for package in self.needs if importlib.util.find_spec(package) is None]
        if absent:
            raise StartError(f"{self.name} needs packages that are not installed: {', '.join(absent)}")

    def _locate(self, file: WeightsFile, models_dir: Path) -> LocatedFile:
        path = file.find(models_dir)
        if path is None:
            raise WeightsMissing(
                f"{self.name} needs {models_dir / file.name}, which is missing. It comes from {file.urls[0]}: "
                f"fetch it with `{self.command}`"
            )
        found, expected = sha256_of(path), file.expected_sha256(models_dir)
        if expected is None:
            log.warning("weights nobody published a checksum for, taken as they are", file=path.name, sha256=found)
        elif found != expected:
            raise WeightsMissing(
                f"{path} is truncated or another file: SHA-256 {found}, expected {expected}. Remove it and fetch it "
                f"from {file.urls[0]} with `{self.command}`, or, if it is your own, run "
                f"`python -m recognizer models trust {self.name}`"
            )
        return LocatedFile(file.name, path, found)


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


def recorded_checksums(models_dir: Path) -> dict[str, Checksum]:
    """Checksums of files in the models folder for which upstream publishes none. Raises StartError when unreadable."""
    file = models_dir / CHECKSUMS_FILE
    if not file.is_file():
        return {}
    try:
        return {name: Checksum(**entry) for name, entry in json.loads(file.read_text("utf-8")).items()}
    except (ValueError, TypeError, AttributeError) as error:
        raise StartError(f"{file} is not a table of checksums: correct it or remove it") from error


def record_checksum(models_dir: Path, name: str, checksum: Checksum) -> None:
    """Holds the file `name` to this checksum from now on."""
    checksums = {**recorded_checksums(models_dir), name: checksum}
    table = {each: asdict(checksums[each]) for each in sorted(checksums)}
    temporary = models_dir / f".{CHECKSUMS_FILE}.{os.getpid()}"
    temporary.write_text(json.dumps(table, indent=2) + "\n", "utf-8")
    temporary.replace(models_dir / CHECKSUMS_FILE)


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
DLIB_LANDMARKS = PackagedWeights(
    package="face_recognition_models",
    path="models/shape_predictor_5_face_landmarks.dat",
    sha256="c4b1e9804792707d3a405c2c16a80a20269e6675021f64a41d30fffafbc41888",
    licence="CC0-1.0 (public domain)",
)
