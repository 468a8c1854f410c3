import io
import struct
import tracemalloc
import zlib
from collections.abc import Callable
from contextlib import suppress

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from recognizer.errors import ImageTooLarge, ImageTooSmall, InvalidImage, MissingImage, UnsupportedImage
from recognizer.vision.decode import DecodeLimits, decode
from recognizer.vision.image_headers import read_orientation
from shared.web.errors import ServiceError

LIMITS = DecodeLimits()
Encode = Callable[..., bytes]
Chunk = Callable[[bytes, bytes], bytes]
Exif = Callable[..., bytes]
Insert = Callable[[bytes, bytes], bytes]

FORMATS = [
    pytest.param("JPEG", {"quality": 95}, id="baseline jpeg"),
    pytest.param("JPEG", {"quality": 95, "progressive": True}, id="progressive jpeg"),
    pytest.param("PNG", {}, id="png"),
    pytest.param("WEBP", {"lossless": True}, id="lossless webp"),
    pytest.param("WEBP", {"quality": 95}, id="lossy webp"),
]


def assert_alike(frame: NDArray[np.uint8], expected: NDArray[np.uint8], tolerance: float = 10) -> None:
    """Compares the middle of each sixteenth, away from the edges that lossy formats smear."""
    assert frame.shape == expected.shape
    assert frame.dtype == np.uint8
    height, width = frame.shape[:2]
    rows = [(2 * row + 1) * height // 8 for row in range(4)]
    columns = [(2 * column + 1) * width // 8 for column in range(4)]
    here, there = (array[np.ix_(rows, columns)].astype(int) for array in (frame, expected))
    assert np.abs(here - there).max() <= tolerance


@pytest.mark.parametrize(("kind", "options"), FORMATS)
def test_a_picture_becomes_contiguous_rgb(
    encode: Encode, quadrants: NDArray[np.uint8], kind: str, options: dict[str, object]
) -> None:
    image = decode(encode(kind, **options), LIMITS)
    assert_alike(image.frame, quadrants)
    assert image.frame.flags.c_contiguous
    assert (image.width, image.height, image.scale) == (96, 64, 1.0)


@pytest.mark.parametrize(
    ("kind", "mode", "options"),
    [
        ("JPEG", "CMYK", {"quality": 95}),
        ("PNG", "RGBA", {}),
        ("PNG", "P", {}),
        ("WEBP", "RGBA", {"lossless": True}),
    ],
)
def test_every_colour_model_looks_the_same(
    encode: Encode, quadrants: NDArray[np.uint8], kind: str, mode: str, options: dict[str, object]
) -> None:
    assert_alike(decode(encode(kind, mode, **options), LIMITS).frame, quadrants, tolerance=15)


@pytest.mark.parametrize(("kind", "mode"), [("JPEG", "L"), ("PNG", "L"), ("PNG", "LA"), ("PNG", "1")])
def test_grey_pictures_become_three_equal_channels(encode: Encode, kind: str, mode: str) -> None:
    frame = decode(encode(kind, mode), LIMITS).frame
    assert frame.shape == (64, 96, 3)
    assert (frame == frame[..., :1]).all()
    assert frame[32:, 48:].mean() > frame[:32, :48].mean() + 50  # white stays lighter than red


@pytest.mark.parametrize("colour", [2, 6], ids=["rgb", "rgba"])
def test_sixteen_bits_become_eight(png_chunk: Chunk, colour: int) -> None:
    channels = {2: 3, 6: 4}[colour]
    pixel = struct.pack(f">{channels}H", *(0x4000, 0x8000, 0xC000, 0xFFFF)[:channels])
    data = raw_png(png_chunk, 32, 32, depth=16, colour=colour, rows=(b"\0" + pixel * 32) * 32)
    frame = decode(data, LIMITS).frame
    assert np.abs(frame.astype(int) - (0x40, 0x80, 0xC0)).max() <= 1


def test_transparency_shows_white_and_not_what_is_stored_under_it(png_chunk: Chunk) -> None:
    clear, half, solid = b"\xff\0\0\x00", b"\0\0\0\x80", b"\x10\x20\x30\xff"
    rows = b"".join(b"\0" + pixel * 32 for pixel in (clear, half, solid) for _ in range(16))
    frame = decode(raw_png(png_chunk, 32, 48, colour=6, rows=rows), LIMITS).frame
    assert [tuple(frame[row, 0]) for row in (8, 24, 40)] == [(255, 255, 255), (127, 127, 127), (0x10, 0x20, 0x30)]


@pytest.mark.parametrize("options", [{"quality": 90}, {"lossless": True}], ids=["lossy", "lossless"])
def test_a_transparent_webp_shows_white_too(options: dict[str, object]) -> None:
    cut_out = np.zeros((64, 64, 4), np.uint8)
    cut_out[:, :32] = (200, 30, 30, 255)
    stream = io.BytesIO()
    Image.fromarray(cut_out).save(stream, "WEBP", exact=True, **options)
    frame = decode(stream.getvalue(), LIMITS).frame
    assert np.abs(frame[32, 8].astype(int) - (200, 30, 30)).max() <= 10
    assert tuple(frame[32, 56]) == (255, 255, 255)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("order", [">", "<"], ids=["big endian", "little endian"])
def test_the_exif_orientation_of_a_jpeg_is_applied_once(
    encode: Encode, quadrants: NDArray[np.uint8], exif: Exif, with_app1: Insert, *, orientation: int, order: str
) -> None:
    data = with_app1(encode("JPEG", quality=95), b"Exif\0\0" + exif(orientation, order))
    assert_upright(data, quadrants, orientation)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_the_exif_orientation_of_png_and_webp_is_applied_once(
    encode: Encode, quadrants: NDArray[np.uint8], exif: Exif, kind: str, orientation: int
) -> None:
    assert_upright(encode(kind, lossless=True, exif=exif(orientation)), quadrants, orientation)


def assert_upright(data: bytes, quadrants: NDArray[np.uint8], orientation: int) -> None:
    """Against the eight pictures of the Exif standard: where the stored top left corner belongs."""
    turned = {
        1: quadrants,
        2: np.fliplr(quadrants),
        3: np.rot90(quadrants, 2),
        4: np.flipud(quadrants),
        5: quadrants.transpose(1, 0, 2),
        6: np.rot90(quadrants, -1),
        7: np.rot90(quadrants, 2).transpose(1, 0, 2),
        8: np.rot90(quadrants, 1),
    }[orientation]
    image = decode(data, LIMITS)
    assert_alike(image.frame, np.ascontiguousarray(turned))
    assert (image.height, image.width) == turned.shape[:2]
    assert image.frame.flags.c_contiguous


@pytest.mark.parametrize(
    "tiff",
    [
        b"",
        b"MM\0*",
        b"MM\0*\xff\xff\xff\xff",
        b"II*\0\x08\0\0\0\xff\xff",
        b"MM\0*" + struct.pack(">IHHHIHHI", 8, 1, 0x0112, 3, 1, 9, 0, 0),
        b"MM\0*" + struct.pack(">IHHHIHHI", 8, 1, 0x0112, 2, 1, 6, 0, 0),
        b"XX\0*" + struct.pack(">IHHHIHHI", 8, 1, 0x0112, 3, 1, 6, 0, 0),
    ],
)
def test_malformed_exif_is_ignored(encode: Encode, with_app1: Insert, tiff: bytes) -> None:
    assert read_orientation(tiff) == 1
    assert decode(with_app1(encode("JPEG"), b"Exif\0\0" + tiff), LIMITS).frame.shape == (64, 96, 3)


def test_a_large_picture_is_shrunk_and_knows_its_way_back(large_jpeg: bytes) -> None:
    image = decode(large_jpeg, LIMITS)
    assert image.frame.shape == (853, 1280, 3)
    assert (image.width, image.height) == (3_000, 2_000)
    assert image.scale == pytest.approx(3_000 / 1_280)


def test_decoding_at_a_reduced_scale_changes_next_to_nothing(large_jpeg: bytes) -> None:
    reduced = decode(large_jpeg, DecodeLimits(longest_side=600)).frame.astype(int)
    whole = decode(large_jpeg, DecodeLimits(longest_side=1_501)).frame  # just too large for half scale
    assert whole.shape == (1001, 1501, 3)
    assert np.abs(reduced.mean(axis=(0, 1)) - whole.mean(axis=(0, 1))).max() < 1
    assert np.abs(reduced[200, 300] - whole[500, 750]).max() <= 3


def test_the_longest_side_is_kept_as_it_is_when_it_fits(encode: Encode) -> None:
    assert decode(encode("PNG"), DecodeLimits(longest_side=96)).frame.shape == (64, 96, 3)


OTHERS = {
    "gif": b"GIF89a" + bytes(32),
    "bmp": b"BM" + bytes(64),
    "tiff": b"II*\0" + bytes(64),
    "avif": b"\0\0\0\x1cftypavif" + bytes(64),
    "heic": b"\0\0\0\x1cftypheic" + bytes(64),
    "mp4": b"\0\0\0\x18ftypmp42" + bytes(64),
    "svg": b"<svg xmlns='http://www.w3.org/2000/svg'/>",
    "html": b"<!doctype html><img src=x>",
    "pdf": b"%PDF-1.7\n",
    "zip": b"PK\x03\x04" + bytes(32),
    "wave": b"RIFF\x24\0\0\0WAVEfmt ",
    "text": b"a picture, honestly",
    "two bytes of jpeg": b"\xff\xd8",
}


@pytest.mark.parametrize("data", OTHERS.values(), ids=OTHERS.keys())
def test_anything_but_jpeg_png_and_webp_is_not_taken(data: bytes) -> None:
    with pytest.raises(UnsupportedImage):
        decode(data, LIMITS)


def test_nothing_at_all_is_a_missing_image() -> None:
    with pytest.raises(MissingImage):
        decode(b"", LIMITS)


def test_animations_are_not_taken(encode: Encode, png_chunk: Chunk) -> None:
    png = encode("PNG")
    animated_png = png[:33] + png_chunk(b"acTL", struct.pack(">II", 2, 0)) + png[33:]
    flags = struct.pack("<4sIB3x3s3s", b"VP8X", 10, 0x02, b"\x5f\0\0", b"\x3f\0\0")
    webp = encode("WEBP")
    animated_webp = b"RIFF" + struct.pack("<I", len(webp) - 8 + len(flags)) + b"WEBP" + flags + webp[12:]
    for data in (animated_png, animated_webp):
        with pytest.raises(UnsupportedImage, match="Animated"):
            decode(data, LIMITS)


@pytest.mark.parametrize(
    ("frame", "precision"), [(0xC3, 8), (0xC9, 8), (0xC1, 12)], ids=["lossless", "arithmetic", "12 bits"]
)
def test_kinds_of_jpeg_that_decoders_disagree_on_are_not_taken(encode: Encode, frame: int, precision: int) -> None:
    data = bytearray(encode("JPEG"))
    at = data.index(b"\xff\xc0")
    data[at + 1], data[at + 4] = frame, precision
    with pytest.raises(UnsupportedImage):
        decode(bytes(data), LIMITS)


def raw_png(chunk: Chunk, width: int, height: int, *, depth: int = 8, colour: int = 2, rows: bytes = b"") -> bytes:
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    body = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


def test_a_bomb_is_refused_from_its_header(png_chunk: Chunk) -> None:
    bomb = raw_png(png_chunk, 20_000, 20_000, depth=1, colour=0, rows=bytes(2_501 * 20_000))
    assert len(bomb) < 60_000
    tracemalloc.start()
    try:
        with pytest.raises(ImageTooLarge):
            decode(bomb, LIMITS)
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    ("width", "height", "error"),
    [
        (20_000, 1, ImageTooLarge),
        (1, 20_000, ImageTooLarge),
        (16_385, 100, ImageTooLarge),
        (5_001, 5_000, ImageTooLarge),
        (0xFFFFFFFF, 0xFFFFFFFF, ImageTooLarge),
        (1, 1, ImageTooSmall),
        (15, 500, ImageTooSmall),
        (0, 500, InvalidImage),
        (5_000, 5_000, InvalidImage),  # within the limits, but there are no pixels in it
    ],
)
def test_sizes_are_judged_by_the_png_header(
    png_chunk: Chunk, width: int, height: int, error: type[ServiceError]
) -> None:
    with pytest.raises(error):
        decode(raw_png(png_chunk, width, height), LIMITS)


def test_sizes_are_judged_by_the_jpeg_frame_and_not_by_an_embedded_thumbnail(encode: Encode, with_app1: Insert) -> None:
    huge = bytearray(encode("JPEG"))
    at = huge.index(b"\xff\xc0")
    huge[at + 5 : at + 9] = struct.pack(">HH", 6_000, 6_000)
    with pytest.raises(ImageTooLarge):
        decode(with_app1(bytes(huge), b"Exif\0\0" + encode("JPEG")), LIMITS)


def test_sizes_are_judged_by_the_webp_bitstream_and_its_canvas(encode: Encode) -> None:
    lossy = bytearray(encode("WEBP"))
    at = lossy.index(b"\x9d\x01\x2a")
    lossy[at + 3 : at + 7] = struct.pack("<HH", 16_000, 16_000)
    with pytest.raises(ImageTooLarge):
        decode(bytes(lossy), LIMITS)
    flags = struct.pack("<4sIB3x3s3s", b"VP8X", 10, 0, b"\xff\xff\0", b"\xff\xff\0")
    webp = encode("WEBP")
    with pytest.raises(InvalidImage):
        decode(b"RIFF" + struct.pack("<I", len(webp) - 8 + len(flags)) + b"WEBP" + flags + webp[12:], LIMITS)


@pytest.mark.parametrize(("kind", "options"), FORMATS)
@pytest.mark.parametrize("keep", [lambda _: 64, lambda size: size // 2, lambda size: size - 2, lambda size: size - 1])
def test_a_picture_that_is_cut_short_is_refused(
    encode: Encode, kind: str, options: dict[str, object], keep: Callable[[int], int]
) -> None:
    data = encode(kind, **options)
    with pytest.raises(InvalidImage):
        decode(data[: keep(len(data))], LIMITS)


def test_a_whole_thumbnail_does_not_hide_that_its_picture_is_cut(encode: Encode, with_app1: Insert) -> None:
    data = with_app1(encode("JPEG", quality=95), b"Exif\0\0" + bytes(8) + encode("JPEG", quality=50))
    assert decode(data, LIMITS).width == 96
    with pytest.raises(InvalidImage):
        decode(data[:-2], LIMITS)


@pytest.mark.parametrize(("kind", "options"), FORMATS)
def test_bytes_after_the_end_are_nobodys_business(encode: Encode, kind: str, options: dict[str, object]) -> None:
    data = encode(kind, **options)
    assert (decode(data + b"\xff\xd8\xffmore" * 50, LIMITS).frame == decode(data, LIMITS).frame).all()


def test_a_progressive_picture_may_not_ask_for_scans_without_end(encode: Encode) -> None:
    data = encode("JPEG", progressive=True)
    last_scan = data[data.rindex(b"\xff\xda") : -2]
    with pytest.raises(InvalidImage):
        decode(data[:-2] + last_scan * 64 + data[-2:], LIMITS)


def test_a_zip_bomb_in_a_colour_profile_is_never_opened(encode: Encode, png_chunk: Chunk) -> None:
    png = encode("PNG")
    profile = png_chunk(b"iCCP", b"bomb\0\0" + zlib.compress(bytes(50_000_000)))
    comment = png_chunk(b"zTXt", b"bomb\0\0" + zlib.compress(bytes(50_000_000)))
    assert (decode(png[:33] + profile + comment + png[33:], LIMITS).frame == decode(png, LIMITS).frame).all()


@pytest.mark.parametrize(
    "filler", [b"\xff" * 200_000, b"\xff\xd0" * 100_000, b"\xff\x00" * 100_000, b"\xff\xe0\0\x02" * 50_000]
)
def test_endless_markers_end(filler: bytes) -> None:
    with pytest.raises(InvalidImage):
        decode(b"\xff\xd8" + filler, LIMITS)


@pytest.mark.parametrize(("kind", "options"), FORMATS)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_mutated_picture_gives_a_frame_or_a_fact(
    encode: Encode, kind: str, options: dict[str, object], data: st.DataObject
) -> None:
    picture = bytearray(encode(kind, **options))
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, len(picture) - 1))
        match data.draw(st.sampled_from(["set", "cut", "insert"])):
            case "set":
                picture[at] = data.draw(st.integers(0, 255))
            case "cut":
                del picture[at : at + data.draw(st.integers(1, 9))]
            case _:
                picture[at:at] = data.draw(st.binary(min_size=1, max_size=9))
        picture = picture or bytearray(1)
    limits = DecodeLimits(max_pixels=1_000_000)
    with suppress(InvalidImage, ImageTooLarge, ImageTooSmall, UnsupportedImage):
        image = decode(bytes(picture), limits)
        assert image.frame.dtype == np.uint8
        assert image.frame.ndim == 3
        assert max(image.frame.shape) <= limits.longest_side
        assert min(image.width, image.height) >= limits.min_side


@settings(max_examples=200, deadline=None)
@given(st.sampled_from([b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"RIFF\x40\0\0\0WEBP"]), st.binary(max_size=200))
def test_noise_after_a_magic_number_gives_a_fact(magic: bytes, noise: bytes) -> None:
    with pytest.raises(ServiceError):
        decode(magic + noise, DecodeLimits(max_pixels=1_000_000))
