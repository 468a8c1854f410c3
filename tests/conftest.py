"""Real faces for every test, from photographs that installed packages carry."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cv2
import matplotlib as mpl
import numpy as np
import pytest
import skimage
from hypothesis import settings
from numpy.typing import NDArray

# Property tests say what is true, not how soon: on a busy machine any example may take its time.
settings.register_profile("in its own time", deadline=None)
settings.load_profile("in its own time")

Pixels = NDArray[np.uint8]  # (h, w, 3), RGB


@dataclass(frozen=True)
class Photos:
    """RGB pictures. `*_again` is the same person in other light, framing and resolution."""

    collins: Pixels
    hopper: Pixels

    @property
    def collins_again(self) -> Pixels:
        return _another_photo(self.collins)

    @property
    def hopper_again(self) -> Pixels:
        return _another_photo(self.hopper)

    @property
    def two_people(self) -> Pixels:
        height = self.collins.shape[0]
        scale = height / self.hopper.shape[0]
        beside = cv2.resize(self.hopper, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        return np.hstack([self.collins, beside]).astype(np.uint8)

    @property
    def nobody(self) -> Pixels:
        ramp = np.linspace(0, 255, 640, dtype=np.uint8)
        return np.broadcast_to(ramp[np.newaxis, :, np.newaxis], (480, 640, 3)).copy()


def _another_photo(pixels: Pixels) -> Pixels:
    mirrored = pixels[:, ::-1]
    smaller = cv2.resize(mirrored, None, fx=0.8, fy=0.8, interpolation=cv2.INTER_AREA)
    darker: Pixels = np.clip(smaller.astype(np.float32) * 0.85 + 12, 0, 255).astype(np.uint8)
    return darker


@pytest.fixture(scope="session")
def photos() -> Photos:
    return Photos(collins=_read(collins_file()), hopper=_read(hopper_file()))


def collins_file() -> Path:
    return Path(skimage.__file__).parent / "data" / "astronaut.png"


def hopper_file() -> Path:
    return Path(mpl.get_data_path()) / "sample_data" / "grace_hopper.jpg"


def _read(file: Path) -> Pixels:
    bgr = cv2.imread(str(file), cv2.IMREAD_COLOR)
    assert bgr is not None
    return np.ascontiguousarray(bgr[:, :, ::-1], dtype=np.uint8)


@pytest.fixture(scope="session")
def jpeg() -> Callable[[Pixels], bytes]:
    """Encodes RGB pixels as a camera page does."""

    def encode(pixels: Pixels) -> bytes:
        ok, data = cv2.imencode(".jpg", np.ascontiguousarray(pixels[:, :, ::-1]), [cv2.IMWRITE_JPEG_QUALITY, 90])
        assert ok
        return data.tobytes()

    return encode


@pytest.fixture(scope="session")
def demo_dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A dataset of one person: Grace Hopper, with the id demo1. Everybody else is a stranger."""
    folder = tmp_path_factory.mktemp("people") / "Grace_Hopper_demo1"
    folder.mkdir()
    (folder / "portrait.jpg").write_bytes(hopper_file().read_bytes())
    return folder.parent


@pytest.fixture(scope="session")
def graphs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the converted networks are kept, so that one test run converts them once."""
    return tmp_path_factory.mktemp("graphs")


@pytest.fixture(scope="session")
def faces_dir() -> Path | None:
    """The research photos for development, where they are at hand."""
    folder = Path(__file__).parents[2] / "shared" / "faces"
    return folder if folder.is_dir() else None
