"""Bytes to pixels: refuses what is not a whole picture of a reasonable size before anything is decoded.

Synchronous, and called in the decode executor. OpenCV's own thread pool is global to the process: the application
sets it to one thread (`cv2.setNumThreads(1)`), because the executor already keeps every core busy.
"""

import base64
import binascii
import re
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from recognizer.engine.base import Frame
from recognizer.errors import ImageTooLarge, ImageTooSmall, InvalidField, InvalidImage
from recognizer.vision.image_headers import ImageHeader, ImageKind, read_header, sniff

VERSION = "1"  # changes whenever the same bytes could give other pixels

_Pixels = NDArray[np.uint8] | NDArray[np.uint16]

_PAPER = 255  # what lies behind a transparent picture, as most viewers show it
_REDUCED = {
    8: cv2.IMREAD_REDUCED_COLOR_8,
    4: cv2.IMREAD_REDUCED_COLOR_4,
    2: cv2.IMREAD_REDUCED_COLOR_2,
}
_DATA_URL = re.compile(r"data:image/[a-z0-9.+-]{1,40}(?:;[a-z0-9=._-]{1,40}){0,4};base64,", re.IGNORECASE)
_MAX_DATA_URL_PREFIX = 256
_DATA_URL_ADVICE = "The image must be base64, or a data URL of a JPEG, PNG or WebP picture"


@dataclass(frozen=True, slots=True)
class DecodeLimits:
    max_pixels: int = 25_000_000
    max_side: int = 16_384
    min_side: int = 16
    longest_side: int = 1_280  # of the frame that comes out; larger pictures are shrunk


@dataclass(frozen=True, slots=True, eq=False)
class DecodedImage:
    """A frame ready for a detector, and the way back to the picture that was sent."""

    frame: Frame  # contiguous, upright
    width: int  # of the picture as sent, after its orientation
    height: int
    scale: float  # frame pixels times this are pixels of the picture as sent


def decode(data: bytes, limits: DecodeLimits) -> DecodedImage:
    """JPEG, PNG or still WebP to RGB. The Exif orientation is applied once, here and nowhere else.

    Raises UnsupportedImage (another kind of file), ImageTooLarge and ImageTooSmall (from the header alone) and
    InvalidImage (cut short or damaged).
    """
    header = read_header(data)
    _check_size(header, limits)
    pixels = _shrink(_decode_pixels(header, limits.longest_side), limits.longest_side)
    frame = np.ascontiguousarray(_turn_upright(_to_rgb(pixels), header.orientation))
    sideways = header.orientation >= 5
    width, height = (header.height, header.width) if sideways else (header.width, header.height)
    return DecodedImage(frame, width, height, scale=max(width, height) / max(frame.shape[:2]))


def decode_data_url(text: str, max_bytes: int) -> bytes:
    """The bytes inside `data:image/…;base64,…` or bare base64. Nothing is ever opened: no URL, no path.

    Raises ImageTooLarge before decoding when the result would exceed `max_bytes`, and InvalidField for anything else.
    """
    if len(text) > _MAX_DATA_URL_PREFIX + (max_bytes + 2) // 3 * 4:
        raise ImageTooLarge(f"The image is larger than {max_bytes} bytes")
    prefix = _DATA_URL.match(text)
    payload = text[prefix.end() :] if prefix else text
    try:
        data = base64.b64decode("".join(payload.split()), validate=True)
    except (binascii.Error, ValueError):
        raise InvalidField(_DATA_URL_ADVICE) from None
    # A path can be valid base64 by accident; a picture cannot.
    if not data or (prefix is None and sniff(data) is None):
        raise InvalidField(_DATA_URL_ADVICE)
    if len(data) > max_bytes:
        raise ImageTooLarge(f"The image is larger than {max_bytes} bytes")
    return data


def _check_size(header: ImageHeader, limits: DecodeLimits) -> None:
    longer, shorter = max(header.width, header.height), min(header.width, header.height)
    if longer > limits.max_side or longer * shorter > limits.max_pixels:
        raise ImageTooLarge(
            f"The image is {header.width} × {header.height} pixels; "
            f"at most {limits.max_pixels} pixels and {limits.max_side} on a side are taken"
        )
    if shorter < limits.min_side:
        raise ImageTooSmall(
            f"The image is {header.width} × {header.height} pixels; a side needs at least {limits.min_side}"
        )


def _decode_pixels(header: ImageHeader, longest_side: int) -> _Pixels:
    """Grey, BGR or BGRA, as stored: OpenCV is told to leave the orientation alone."""
    try:
        pixels = cv2.imdecode(np.frombuffer(header.pixels, np.uint8), _read_flags(header, longest_side))
    except cv2.error:
        raise InvalidImage("The image is damaged") from None
    if pixels is None or pixels.size == 0:
        raise InvalidImage("The image is damaged")
    return pixels  # type: ignore[return-value]  # OpenCV's stubs say any integer or float


def _read_flags(header: ImageHeader, longest_side: int) -> int:
    if header.has_alpha:
        return cv2.IMREAD_UNCHANGED
    longest = max(header.width, header.height)
    if header.kind is ImageKind.JPEG:
        for factor, flag in _REDUCED.items():
            if longest >= factor * longest_side:
                return flag | cv2.IMREAD_IGNORE_ORIENTATION
    return cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION


def _shrink(pixels: _Pixels, longest_side: int) -> _Pixels:
    height, width = pixels.shape[:2]
    ratio = longest_side / max(height, width)
    if ratio >= 1:
        return pixels
    size = max(1, round(width * ratio)), max(1, round(height * ratio))
    return cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)  # type: ignore[return-value]


def _to_rgb(pixels: _Pixels) -> Frame:
    """8-bit RGB. Transparent pixels show paper, not the colour that happens to be stored under them."""
    eight_bit = cv2.convertScaleAbs(pixels, alpha=1 / 257) if pixels.dtype == np.uint16 else pixels
    if eight_bit.ndim == 2:
        return cv2.cvtColor(eight_bit, cv2.COLOR_GRAY2RGB)  # type: ignore[return-value]
    if eight_bit.shape[2] == 3:
        return cv2.cvtColor(eight_bit, cv2.COLOR_BGR2RGB)  # type: ignore[return-value]
    colour = cv2.cvtColor(eight_bit, cv2.COLOR_BGRA2RGB).astype(np.uint16)
    opacity = eight_bit[..., 3:].astype(np.uint16)
    return ((colour * opacity + _PAPER * (255 - opacity) + 127) // 255).astype(np.uint8)


def _turn_upright(frame: Frame, orientation: int) -> Frame:
    """Undoes Exif's orientation: 2 and 4 mirror, 3 turns by half, 5 and 7 transpose, 6 and 8 turn by a quarter."""
    mirrored_or_turned = {
        1: frame,
        2: frame[:, ::-1],
        3: frame[::-1, ::-1],
        4: frame[::-1],
        5: frame.swapaxes(0, 1),
        6: frame.swapaxes(0, 1)[:, ::-1],
        7: frame[::-1, ::-1].swapaxes(0, 1),
        8: frame.swapaxes(0, 1)[::-1],
    }
    return mirrored_or_turned[orientation]
