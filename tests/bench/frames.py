"""The frames that everybody is given: two portraits that installed packages carry, as a camera of 640 x 480 sends
them."""

import importlib.util
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

WIDTH, HEIGHT = 640, 480
_QUALITY = 90
PORTRAITS = (
    ("Eileen_Collins_bench1", "skimage", "data/astronaut.png"),
    ("Grace_Hopper_bench2", "matplotlib", "mpl-data/sample_data/grace_hopper.jpg"),
)
_ENROLLED_SIDES_PX = (480, 440, 400)  # three photos a person, as a site would have


def camera_frames() -> list[bytes]:
    """One JPEG for each portrait, the person in the middle of a grey room."""
    return [_jpeg(_in_a_room(portrait(package, path))) for _, package, path in PORTRAITS]


def write_dataset(folder: Path) -> Path:
    """The same two people, three photos each."""
    for name, package, path in PORTRAITS:
        (folder / name).mkdir(parents=True, exist_ok=True)
        for side_px in _ENROLLED_SIDES_PX:
            photo = _jpeg(_scaled(portrait(package, path), side_px))
            (folder / name / f"{side_px}.jpg").write_bytes(photo)
    return folder


def write_photos(folder: Path, people: int, photos: int) -> Path:
    """Different bytes for each of `people` x `photos` files, so that no cache knows any of them."""
    portraits = [_in_a_room(portrait(package, path)) for _, package, path in PORTRAITS]
    for person in range(people):
        one = folder / f"Person_{person:04}"
        one.mkdir(parents=True, exist_ok=True)
        for photo in range(photos):
            marked = portraits[person % len(portraits)].copy()
            marked[-1, 2 * photo : 2 * photo + 2] = person % 256
            marked[-2, -1] = person // 256
            (one / f"{photo}.jpg").write_bytes(_jpeg(marked) + bytes([person % 256, person // 256, photo]))
    return folder


def portrait(package: str, path: str) -> NDArray[np.uint8]:
    spec = importlib.util.find_spec(package)
    assert spec is not None
    assert spec.submodule_search_locations
    picture = cv2.imread(str(Path(spec.submodule_search_locations[0]) / path))
    assert picture is not None
    return np.asarray(picture, np.uint8)


def _scaled(picture: NDArray[np.uint8], height: int) -> NDArray[np.uint8]:
    width = round(picture.shape[1] * height / picture.shape[0])
    return np.asarray(cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA), np.uint8)


def _in_a_room(portrait: NDArray[np.uint8]) -> NDArray[np.uint8]:
    frame = np.full((HEIGHT, WIDTH, 3), 90, np.uint8)
    person = _scaled(portrait, HEIGHT)
    left = (WIDTH - person.shape[1]) // 2
    frame[:, left : left + person.shape[1]] = person
    return frame


def _jpeg(picture: NDArray[np.uint8]) -> bytes:
    written, data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    assert written
    return data.tobytes()
