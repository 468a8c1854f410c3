"""Whole pictures that are odd: one photo in every encoding, and pictures with nobody to record in them."""

import io
from collections.abc import Mapping

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tests.conftest import collins_file, hopper_file

Pixels = NDArray[np.uint8]
_ORIENTATION = 0x0112  # of Exif
_QUALITY = 95


def one_photo_many_ways() -> dict[str, bytes]:
    photo = _half(Image.open(hopper_file()).convert("RGB"))
    modes = {
        "as it is": _encoded(photo, "PNG"),
        "JPEG": _encoded(photo, "JPEG"),
        "WebP": _encoded(photo, "WEBP"),
        "CMYK": _encoded(photo.convert("CMYK"), "JPEG"),
        "grey": _encoded(photo.convert("L"), "JPEG"),
        "16 bits": _sixteen_bits(photo),
        "RGBA": _encoded(photo.convert("RGBA"), "PNG"),
        "palette": _encoded(photo.quantize(256), "PNG"),
    }
    turned = {f"orientation {number}": _turned(photo, number) for number in range(1, 9)}
    return {**modes, **turned}


def _half(photo: Image.Image) -> Image.Image:
    return photo.resize((photo.width // 2, photo.height // 2))


def _encoded(photo: Image.Image, kind: str) -> bytes:
    stream = io.BytesIO()
    photo.save(stream, kind, quality=_QUALITY)
    return stream.getvalue()


def _sixteen_bits(photo: Image.Image) -> bytes:
    return _png((np.asarray(photo)[:, :, ::-1].astype(np.uint16) * 257).astype(np.uint16))


def _png(pixels: NDArray[np.uint16] | Pixels) -> bytes:
    ok, data = cv2.imencode(".png", np.ascontiguousarray(pixels))
    assert ok
    return data.tobytes()


_UNDO = {  # how to store the picture so that this orientation shows it upright
    1: (),
    2: (Image.Transpose.FLIP_LEFT_RIGHT,),
    3: (Image.Transpose.ROTATE_180,),
    4: (Image.Transpose.FLIP_TOP_BOTTOM,),
    5: (Image.Transpose.TRANSPOSE,),
    6: (Image.Transpose.ROTATE_90,),
    7: (Image.Transpose.TRANSVERSE,),
    8: (Image.Transpose.ROTATE_270,),
}


def _turned(photo: Image.Image, orientation: int) -> bytes:
    for turn in _UNDO[orientation]:
        photo = photo.transpose(turn)
    exif = Image.Exif()
    exif[_ORIENTATION] = orientation
    stream = io.BytesIO()
    photo.save(stream, "JPEG", quality=_QUALITY, exif=exif)
    return stream.getvalue()


def nobody_to_record() -> Mapping[str, tuple[bytes, set[str]]]:
    """Each with the decisions that are right. Grace Hopper is known, Eileen Collins is not."""
    hopper, collins = _pixels(hopper_file()), _pixels(collins_file())
    nowhere, blurred = {"no_face"}, cv2.GaussianBlur(hopper, (0, 0), 25).astype(np.uint8)
    return {
        "nobody": (_png(_ramp()), nowhere),
        "a cartoon": (_png(_cartoon()), {*nowhere, "low_quality", "unknown"}),
        "noise": (_png(_noise()), {*nowhere, "low_quality", "unknown"}),
        "a black frame": (_png(np.zeros((480, 640, 3), np.uint8)), nowhere),
        "a face of 20 pixels": (_png(_far_away(hopper)), {*nowhere, "low_quality"}),
        "strong blur": (
            _png(blurred),
            {*nowhere, "low_quality", "unknown"},
        ),
        "two people": (_png(_beside(hopper, collins)), {"multiple_faces"}),
        "forty people": (_png(_crowd(hopper, collins)), {"multiple_faces"}),
        "a stranger": (_png(collins), {"unknown"}),
    }


def _pixels(file: object) -> Pixels:
    bgr = cv2.imread(str(file), cv2.IMREAD_COLOR)
    assert bgr is not None
    return bgr.astype(np.uint8)


def _ramp() -> Pixels:
    return np.broadcast_to(np.linspace(0, 255, 640, dtype=np.uint8)[None, :, None], (480, 640, 3)).copy()


def _noise() -> Pixels:
    return np.random.default_rng(1).integers(0, 256, (480, 640, 3), np.uint8)


def _cartoon() -> Pixels:
    """A circle with dots for eyes and an arc for a mouth."""
    frame = np.full((480, 640, 3), 255, np.uint8)
    cv2.circle(frame, (320, 240), 150, (80, 200, 255), -1)
    for x in (270, 370):
        cv2.circle(frame, (x, 200), 18, (0, 0, 0), -1)
    cv2.ellipse(frame, (320, 270), (70, 50), 0, 20, 160, (0, 0, 200), 8)
    return frame


def _far_away(face: Pixels) -> Pixels:
    frame = np.full((480, 640, 3), 120, np.uint8)
    height = 60  # of the whole photo; the face in it is a third of that
    small = cv2.resize(face, (round(face.shape[1] * height / face.shape[0]), height), interpolation=cv2.INTER_AREA)
    frame[200 : 200 + height, 300 : 300 + small.shape[1]] = small
    return frame


def _beside(one: Pixels, other: Pixels) -> Pixels:
    return np.hstack([_resized(one, 480), _resized(other, 480)])


def _crowd(one: Pixels, other: Pixels) -> Pixels:
    row = np.hstack([_resized(one if place % 2 else other, 240)[:, :190] for place in range(8)])
    return np.vstack([row] * 5)


def _resized(pixels: Pixels, height: int) -> Pixels:
    width = round(pixels.shape[1] * height / pixels.shape[0])
    return cv2.resize(pixels, (width, height), interpolation=cv2.INTER_AREA).astype(np.uint8)
