"""The default engine on the two photographs that ship in installed packages: Eileen Collins and Grace Hopper."""

import io
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import cv2
import matplotlib as mpl
import numpy as np
import pytest
import skimage.data
from numpy.typing import NDArray
from PIL import Image

from recognizer.engine.loader import Engine, load_engine
from recognizer.gallery.builder import build, pick_face
from recognizer.gallery.cache import PhotoIssue, PhotoRefusal, TemplateCache
from recognizer.gallery.dataset import scan
from recognizer.gallery.snapshot import GallerySnapshot
from recognizer.stopwatch import Stopwatch
from recognizer.vision.decode import DecodeLimits
from recognizer.vision.faces import FaceFinder
from recognizer.vision.quality import QualityPolicy

Look: TypeAlias = Callable[[bytes], NDArray[np.float32]]

_STORED = {  # what to do to an upright picture so that this orientation turns it back
    1: None,
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}


@pytest.fixture(scope="session")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Engine:
    folder = tmp_path_factory.mktemp("engine")
    return load_engine(model="Dlib", detector="mtcnn", models_dir=folder, state_dir=folder)


@pytest.fixture(scope="session")
def real_finder(engine: Engine) -> FaceFinder:
    return FaceFinder(engine.detector, engine.embedder.alignment, DecodeLimits(), QualityPolicy())


@pytest.fixture(scope="session")
def eileen() -> Image.Image:
    return Image.fromarray(skimage.data.astronaut())  # type: ignore[no-untyped-call]


@pytest.fixture(scope="session")
def grace() -> Image.Image:
    return Image.open(Path(mpl.get_data_path()) / "sample_data" / "grace_hopper.jpg").convert("RGB")


@pytest.fixture(scope="session")
def look(engine: Engine, real_finder: FaceFinder) -> Look:
    """The embedding of the one face of a picture."""

    def embed(data: bytes) -> NDArray[np.float32]:
        face = pick_face(real_finder.find(data, Stopwatch()).faces)
        assert not isinstance(face, PhotoRefusal), face
        [row] = engine.embedder.embed(face.chip[np.newaxis])
        return np.asarray(row)

    return embed


def encoded(picture: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    stream = io.BytesIO()
    picture.save(stream, kind, **options)
    return stream.getvalue()


def sixteen_bits(picture: Image.Image) -> bytes:
    wide = np.asarray(picture)[..., ::-1].astype(np.uint16) * 257
    return cv2.imencode(".png", wide)[1].tobytes()


ENCODINGS: dict[str, Callable[[Image.Image], bytes]] = {
    "jpeg": lambda picture: encoded(picture, "JPEG", quality=95),
    "progressive jpeg": lambda picture: encoded(picture, "JPEG", quality=95, progressive=True),
    "cmyk": lambda picture: encoded(picture.convert("CMYK"), "JPEG", quality=95),
    "grey": lambda picture: encoded(picture.convert("L")),
    "sixteen bits": sixteen_bits,
    "rgba": lambda picture: encoded(picture.convert("RGBA")),
    "palette": lambda picture: encoded(picture.quantize(256)),
    "webp": lambda picture: encoded(picture, "WEBP", quality=95),
    "larger than needed": lambda picture: encoded(picture.resize((2_700, 2_700)), "JPEG", quality=95),
}


@pytest.mark.parametrize("encode", ENCODINGS.values(), ids=ENCODINGS.keys())
def test_a_face_stays_the_same_however_it_is_encoded(
    eileen: Image.Image, look: Look, encode: Callable[[Image.Image], bytes]
) -> None:
    assert 1 - float(look(encode(eileen)) @ look(encoded(eileen))) < 0.02


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_face_stays_the_same_however_the_camera_was_held(eileen: Image.Image, look: Look, orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored = _STORED[orientation]
    turned = eileen if stored is None else eileen.transpose(stored)
    data = encoded(turned, "JPEG", quality=95, exif=exif)
    assert 1 - float(look(data) @ look(encoded(eileen))) < 0.02


def test_real_people_are_enrolled_once_and_told_apart(
    engine: Engine, real_finder: FaceFinder, eileen: Image.Image, grace: Image.Image, look: Look, *, tmp_path: Path
) -> None:
    root = tmp_path / "dataset"
    for folder, photo in (("Eileen_Collins_1", eileen), ("Grace_Hopper_2", grace)):
        (root / folder).mkdir(parents=True)
        (root / folder / "portrait.jpg").write_bytes(encoded(photo, "JPEG", quality=90))
    cache = TemplateCache(tmp_path / "templates.sqlite3")

    def enrol() -> tuple[GallerySnapshot, int]:
        built = build(scan(root), cache, real_finder, engine.embedder, workers=2)
        return built.snapshot, built.report.looked_at

    (first, looked_at), (second, looked_at_again) = enrol(), enrol()
    assert (looked_at, looked_at_again) == (2, 0)
    assert first.fingerprint == second.fingerprint
    for photo, label in ((eileen, "Eileen Collins 1"), (grace, "Grace Hopper 2")):
        [match] = second.match(look(encoded(photo.rotate(8), "JPEG", quality=80))[np.newaxis])
        assert match.best is not None
        assert match.runner_up is not None
        assert match.best.person.label == label
        assert match.best.distance < engine.embedder.defaults.threshold < match.runner_up.distance


def test_pictures_without_a_usable_face_are_refused_with_a_reason(real_finder: FaceFinder, eileen: Image.Image) -> None:
    def refusal(picture: NDArray[np.uint8]) -> PhotoIssue | None:
        found = pick_face(real_finder.find(encoded(Image.fromarray(picture)), Stopwatch()).faces)
        return found.issue if isinstance(found, PhotoRefusal) else None

    face = np.asarray(eileen)
    noise = np.random.default_rng(3).integers(0, 256, (480, 640, 3), dtype=np.uint8)
    assert refusal(face) is None
    assert refusal(noise) is PhotoIssue.NO_FACE
    assert refusal(np.zeros_like(noise)) is PhotoIssue.NO_FACE
    assert refusal(cv2.GaussianBlur(face, (0, 0), 8).astype(np.uint8)) is PhotoIssue.LOW_QUALITY
    assert refusal(np.hstack([face, face[:, ::-1]])) is PhotoIssue.SEVERAL_FACES
