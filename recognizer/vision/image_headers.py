"""What the bytes of a picture say before any pixel is decoded: kind, size, orientation, and whether all of it is there.

The decoder is given only what was walked here, so that it cannot see another size, another frame or another
orientation than this module did. Sources: ITU-T T.81 (JPEG), the PNG specification (third edition), RFC 9649 (WebP),
CIPA DC-008 (Exif).
"""

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from recognizer.errors import InvalidImage, MissingImage, UnsupportedImage

_JPEG_MAGIC = b"\xff\xd8\xff"
_PNG_MAGIC = b"\x89PNG\r\n\x1a\n"

# As libjpeg looks for the next marker: stuffed zeros, fill bytes and restarts are passed over.
_JPEG_MARKER = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")
_JPEG_WITHOUT_LENGTH = {0x01}
_JPEG_FRAMES = set(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}  # C4, C8 and CC are tables and an extension
_JPEG_HUFFMAN_DCT = {0xC0, 0xC1, 0xC2}  # baseline, extended, progressive
_JPEG_SOI, _JPEG_EOI, _JPEG_SCAN, _JPEG_APP1 = 0xD8, 0xD9, 0xDA, 0xE1

# Each scan of a progressive picture visits every block, and costs a few bytes to ask for. Encoders write about ten.
_MAX_JPEG_SCANS = 64
_MAX_PARTS = 16_384  # segments or chunks; no encoder comes near

# The only chunks that make pixels. The rest may hold a zip bomb (iCCP, zTXt) or a second orientation (eXIf).
_PNG_PIXELS = {b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND"}
_PNG_COLOURS_WITH_ALPHA = {4, 6}

_WEBP_ANIMATED = 0x02
_EXIF_ORIENTATION, _EXIF_SHORT = 0x0112, 3
_UPRIGHT = 1


class ImageKind(StrEnum):
    JPEG = "jpeg"
    PNG = "png"
    WEBP = "webp"


@dataclass(frozen=True, slots=True)
class ImageHeader:
    """Sizes in pixels as stored, before the orientation is applied."""

    kind: ImageKind
    width: int
    height: int
    orientation: int  # Exif, 1 to 8; 1 where the file says nothing or nonsense
    has_alpha: bool
    pixels: bytes  # the file without what the decoder has no need to see


def sniff(data: bytes) -> ImageKind | None:
    """The kind by magic bytes; None for anything that is not on the list. Names and content types count for nothing."""
    if data.startswith(_JPEG_MAGIC):
        return ImageKind.JPEG
    if data.startswith(_PNG_MAGIC):
        return ImageKind.PNG
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return ImageKind.WEBP
    return None


def read_header(data: bytes) -> ImageHeader:
    """Walks the file from end to end without decoding it.

    Raises MissingImage for no bytes, UnsupportedImage for a kind we do not take (animations among them) and
    InvalidImage for a file that is cut short or malformed.
    """
    if not data:
        raise MissingImage("No image file in request")
    match sniff(data):
        case ImageKind.JPEG:
            header = _read_jpeg(data)
        case ImageKind.PNG:
            header = _read_png(data)
        case ImageKind.WEBP:
            header = _read_webp(data)
        case None:
            raise UnsupportedImage("Send a JPEG, PNG or WebP picture")
    if header.width == 0 or header.height == 0:
        raise InvalidImage("The image has no pixels")
    return header


def read_orientation(tiff: bytes) -> int:
    """The orientation tag of an Exif block, 1 to 8. Malformed Exif is common and harmless: it reads as 1."""
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(tiff[:4])
    if order is None:
        return _UPRIGHT
    try:
        (start,) = struct.unpack_from(order + "I", tiff, 4)
        (count,) = struct.unpack_from(order + "H", tiff, start)
        for entry in range(start + 2, min(start + 2 + 12 * count, len(tiff)), 12):
            tag, kind, _, value = struct.unpack_from(order + "HHIH", tiff, entry)
            if tag == _EXIF_ORIENTATION:
                return int(value) if kind == _EXIF_SHORT and 1 <= value <= 8 else _UPRIGHT
    except struct.error:
        return _UPRIGHT
    return _UPRIGHT


@dataclass(frozen=True, slots=True)
class _Part:
    """A JPEG segment (`tag` is one byte) or a PNG or WebP chunk (four bytes), with the place of its payload."""

    tag: bytes
    start: int
    end: int


def _cut_short() -> InvalidImage:
    return InvalidImage("The image is not complete")


def _malformed() -> InvalidImage:
    return InvalidImage("The image is malformed")


def _read_jpeg(data: bytes) -> ImageHeader:
    frame: tuple[int, int] | None = None
    orientation: int | None = None
    scans = 0
    for part in _jpeg_segments(data):
        code = part.tag[0]
        if code in _JPEG_FRAMES:
            if frame is not None:
                raise _malformed()
            frame = _jpeg_frame(data, part)
        elif code == _JPEG_SCAN:
            scans += 1
        elif code == _JPEG_APP1 and orientation is None and data.startswith(b"Exif\0", part.start):
            orientation = read_orientation(data[part.start + 6 : part.end])
    if frame is None or not 1 <= scans <= _MAX_JPEG_SCANS:
        raise _malformed()
    width, height = frame
    return ImageHeader(ImageKind.JPEG, width, height, orientation or _UPRIGHT, has_alpha=False, pixels=data)


def _jpeg_segments(data: bytes) -> Iterator[_Part]:
    """Every segment up to the end-of-image marker, which must be there; what follows it is not ours."""
    position = 2
    for _ in range(_MAX_PARTS):
        found = _JPEG_MARKER.search(data, position)
        if found is None:
            raise _cut_short()
        tag, position = found.group()[1:], found.end()
        if tag[0] == _JPEG_EOI:
            return
        if tag[0] == _JPEG_SOI:
            raise _malformed()
        if tag[0] in _JPEG_WITHOUT_LENGTH:
            continue
        end = position + int.from_bytes(data[position : position + 2], "big")
        if end > len(data) or position + 2 > len(data):
            raise _cut_short()
        if end < position + 2:
            raise _malformed()
        yield _Part(tag, position + 2, end)
        position = end
    raise _malformed()


def _jpeg_frame(data: bytes, part: _Part) -> tuple[int, int]:
    if part.end - part.start < 6:
        raise _malformed()
    precision, height, width = struct.unpack_from(">BHH", data, part.start)
    if part.tag[0] not in _JPEG_HUFFMAN_DCT or precision != 8:
        raise UnsupportedImage("Lossless, arithmetic-coded and 12-bit JPEG are not taken")
    return width, height


def _read_png(data: bytes) -> ImageHeader:
    parts = list(_png_chunks(data))
    first = parts[0]
    if first.tag != b"IHDR" or first.end - first.start != 13:
        raise _malformed()
    if any(part.tag == b"acTL" for part in parts):
        raise UnsupportedImage("Animated pictures are not taken")
    width, height, _, colour = struct.unpack_from(">IIBB", data, first.start)
    exif = next((data[part.start : part.end] for part in parts if part.tag == b"eXIf"), b"")
    kept = [part for part in parts if part.tag in _PNG_PIXELS]
    return ImageHeader(
        ImageKind.PNG,
        width,
        height,
        read_orientation(exif),
        has_alpha=colour in _PNG_COLOURS_WITH_ALPHA or any(part.tag == b"tRNS" for part in parts),
        pixels=_PNG_MAGIC + b"".join(data[part.start - 8 : part.end + 4] for part in kept),
    )


def _png_chunks(data: bytes) -> Iterator[_Part]:
    """Every chunk up to IEND, each with its payload and checksum whole."""
    position = len(_PNG_MAGIC)
    for _ in range(_MAX_PARTS):
        if position + 12 > len(data):
            raise _cut_short()
        length, tag = struct.unpack_from(">I4s", data, position)
        part = _Part(tag, position + 8, position + 8 + length)
        if part.end + 4 > len(data):
            raise _cut_short()
        yield part
        if tag == b"IEND":
            return
        position = part.end + 4
    raise _malformed()


def _read_webp(data: bytes) -> ImageHeader:
    end = 8 + int.from_bytes(data[4:8], "little")
    if end > len(data):
        raise _cut_short()
    chunks = {part.tag: part for part in _webp_chunks(data, end)}
    canvas = _webp_canvas(data, chunks.get(b"VP8X"))
    width, height, has_alpha = _webp_bitstream(data, chunks)
    if canvas is not None and canvas != (width, height):
        raise _malformed()
    exif = chunks.get(b"EXIF")
    tiff = b"" if exif is None else data[exif.start : exif.end].removeprefix(b"Exif\0\0")
    return ImageHeader(ImageKind.WEBP, width, height, read_orientation(tiff), has_alpha, data[:end])


def _webp_chunks(data: bytes, end: int) -> Iterator[_Part]:
    position = 12
    for _ in range(_MAX_PARTS):
        if position + 8 > end:
            return
        tag, length = struct.unpack_from("<4sI", data, position)
        part = _Part(tag, position + 8, position + 8 + length)
        if part.end > end:
            raise _cut_short()
        yield part
        position = part.end + length % 2
    raise _malformed()


def _webp_canvas(data: bytes, part: _Part | None) -> tuple[int, int] | None:
    """The size that an extended file announces; None for a simple one."""
    if part is None:
        return None
    if part.end - part.start < 10:
        raise _malformed()
    if data[part.start] & _WEBP_ANIMATED:
        raise UnsupportedImage("Animated pictures are not taken")
    width = int.from_bytes(data[part.start + 4 : part.start + 7], "little") + 1
    height = int.from_bytes(data[part.start + 7 : part.start + 10], "little") + 1
    return width, height


def _webp_bitstream(data: bytes, chunks: dict[bytes, _Part]) -> tuple[int, int, bool]:
    """Width, height and whether there is an alpha channel, from the coded picture itself."""
    if (lossy := chunks.get(b"VP8 ")) is not None:
        if lossy.end - lossy.start < 10 or data[lossy.start + 3 : lossy.start + 6] != b"\x9d\x01\x2a":
            raise _malformed()
        width, height = struct.unpack_from("<HH", data, lossy.start + 6)
        return width & 0x3FFF, height & 0x3FFF, b"ALPH" in chunks
    if (lossless := chunks.get(b"VP8L")) is not None:
        if lossless.end - lossless.start < 5 or data[lossless.start] != 0x2F:
            raise _malformed()
        (bits,) = struct.unpack_from("<I", data, lossless.start + 1)
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1, bool(bits >> 28 & 1)
    raise _malformed()
