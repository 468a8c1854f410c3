"""Pictures made in the test: coloured quadrants, so that a turn, a swap of channels or a negative cannot go unseen."""

import io
import struct
import zlib
from collections.abc import Callable
from typing import TypeAlias

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

Encode: TypeAlias = Callable[..., bytes]


@pytest.fixture(scope="session")
def quadrants() -> NDArray[np.uint8]:
    """96 × 64 RGB: red, green, blue and white corners, so that each of the eight orientations looks different."""
    picture = np.zeros((64, 96, 3), np.uint8)
    picture[:32, :48], picture[:32, 48:] = (220, 20, 20), (20, 200, 20)
    picture[32:, :48], picture[32:, 48:] = (20, 20, 220), (240, 240, 240)
    return picture


@pytest.fixture(scope="session")
def encode(quadrants: NDArray[np.uint8]) -> Encode:
    """The quadrants in a format and a mode of Pillow's, with its options for that format."""

    def encode_as(kind: str, mode: str = "RGB", **options: object) -> bytes:
        stream = io.BytesIO()
        picture = Image.fromarray(quadrants)
        (picture.quantize(16) if mode == "P" else picture.convert(mode)).save(stream, kind, **options)
        return stream.getvalue()

    return encode_as


@pytest.fixture(scope="session")
def png_chunk() -> Callable[[bytes, bytes], bytes]:
    def chunk(tag: bytes, payload: bytes) -> bytes:
        return struct.pack(">I", len(payload)) + tag + payload + struct.pack(">I", zlib.crc32(tag + payload))

    return chunk


@pytest.fixture(scope="session")
def exif() -> Callable[[int, str], bytes]:
    """A TIFF block holding the orientation tag alone, in either byte order."""

    def block(orientation: int, order: str = ">") -> bytes:
        magic = b"MM\0*" if order == ">" else b"II*\0"
        return magic + struct.pack(order + "IHHHIHHI", 8, 1, 0x0112, 3, 1, orientation, 0, 0)

    return block


@pytest.fixture(scope="session")
def with_app1() -> Callable[[bytes, bytes], bytes]:
    def insert(jpeg: bytes, payload: bytes) -> bytes:
        return jpeg[:2] + b"\xff\xe1" + struct.pack(">H", len(payload) + 2) + payload + jpeg[2:]

    return insert


@pytest.fixture(scope="session")
def large_jpeg() -> bytes:
    """3,000 × 2,000 pixels of gentle gradient."""
    across, down = np.meshgrid(np.linspace(0, 255, 3_000), np.linspace(0, 255, 2_000))
    picture = np.dstack([across, down, 255 - across]).astype(np.uint8)
    return cv2.imencode(".jpg", picture)[1].tobytes()
