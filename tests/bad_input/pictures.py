"""Pictures that are none, or not whole, or too large, and the forms and JSON that carry them."""

import base64
import io
import json
import struct
import zlib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cache

import numpy as np
from PIL import Image

from tests.bad_input.asking import REFUSED, Bad
from tests.bad_input.files import BOUNDARY, FILE_NAMES, FORM_TYPE, disposition, form
from tests.bad_input.scene import MAX_IMAGE_BYTES, face
from tests.bad_input.texts import DEEP, JSON, OPERATORS, TEN_KB, broken_json

BOMB_SIDE_PX = 20_000


@dataclass(frozen=True, slots=True)
class Picture:
    data: bytes
    status: int


@cache
def pictures() -> Mapping[str, Picture]:
    """What is refused wherever a picture is taken."""
    others = {name: Picture(data, 415) for name, data in _other_kinds().items()}
    jpeg, png, webp = (face("Alice_101", suffix=suffix) for suffix in (".jpg", ".png", ".webp"))
    cut = {
        "a JPEG cut at 64 bytes": jpeg[:64],
        "half a JPEG": jpeg[: len(jpeg) // 2],
        "a JPEG without its last two bytes": jpeg[:-2],
        "half a PNG": png[: len(png) // 2],
        "a PNG without its end": png[:-12],
        "half a WebP": webp[: len(webp) // 2],
        "magic bytes of JPEG": b"\xff\xd8\xff",
        "magic bytes of PNG": b"\x89PNG\r\n\x1a\n",
        "magic bytes of WebP": b"RIFF\x04\0\0\0WEBP",
        "a PNG of no pixels": one_bit_png(0, 0),
        "a PNG whose pixels are missing": _without_pixels(png),
    }
    return {
        **others,
        **{name: Picture(data, 400) for name, data in cut.items()},
        "one bit a pixel, 20,000 × 20,000": Picture(bomb(), 413),
        "1 × 1": Picture(_encoded(1, 1), 422),
        "20,000 × 1": Picture(_encoded(20_000, 1), 413),
        "too many bytes": Picture(jpeg + bytes(MAX_IMAGE_BYTES), 413),
    }


def _other_kinds() -> dict[str, bytes]:
    return {
        "text": b"hello, this is no picture",
        "HTML": b"<!doctype html><img src=x onerror=alert(1)>",
        "SVG": b'<svg xmlns="http://www.w3.org/2000/svg"><image href="file:///etc/passwd"/></svg>',
        "PDF": b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n",
        "ZIP": b"PK\x03\x04" + bytes(100),
        "MP4": b"\0\0\0\x20ftypisom" + bytes(100),
        "AVIF": b"\0\0\0\x20ftypavif" + bytes(100),
        "GIF": _encoded(64, 64, "GIF"),
        "BMP": _encoded(64, 64, "BMP"),
        "TIFF": _encoded(64, 64, "TIFF"),
        "noise": np.random.default_rng(1).bytes(5_000),
        "a leading space": b" " + _encoded(64, 64),
    }


def _encoded(width: int, height: int, kind: str = "PNG") -> bytes:
    stream = io.BytesIO()
    Image.new("RGB", (width, height)).save(stream, kind)
    return stream.getvalue()


@cache
def bomb() -> bytes:
    return one_bit_png(BOMB_SIDE_PX, BOMB_SIDE_PX)


def one_bit_png(width: int, height: int) -> bytes:
    """All black."""
    packer = zlib.compressobj(9)
    row = bytes(1 + (width + 7) // 8)
    packed = b"".join(packer.compress(row) for _ in range(height)) + packer.flush()
    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + _chunk(b"IDAT", packed) + _chunk(b"IEND", b"")


def _chunk(tag: bytes, payload: bytes) -> bytes:
    return struct.pack(">I", len(payload)) + tag + payload + struct.pack(">I", zlib.crc32(tag + payload))


def _without_pixels(png: bytes) -> bytes:
    place = png.index(b"IDAT") - 4
    return png[:place] + _chunk(b"IEND", b"")


def picture_forms(part: str = "image", *, several: int = 422, only: Collection[int] | None = None) -> Iterator[Bad]:
    """`several`: what two pictures are answered. `only`: what any refusal is answered, for a route of its own words."""
    for name, picture in pictures().items():
        for announced, filename in (("image/jpeg", "frame.jpg"), ("text/html", "a.html")):
            content = form(disposition(part, filename, announced) + picture.data)
            yield Bad(f"{name} as {announced}", content, FORM_TYPE, expected=only or (picture.status,))
    photo = face("Nobody_9")
    yield Bad("an empty part", form(disposition(part, "a.jpg")), FORM_TYPE, expected=only or (400,))
    yield Bad("a picture that is no file", form(disposition(part) + photo), FORM_TYPE, expected=only or (400,))
    twice = form(disposition(part, "a.jpg") + photo, disposition(part, "b.jpg") + photo)
    yield Bad("two pictures", twice, FORM_TYPE, expected=(several,))
    for name, (content_type, content) in _broken_forms(part, photo).items():
        yield Bad(name, content, content_type, expected=only or (400, 413))
    for name, filename in FILE_NAMES.items():
        yield Bad(f"a file called {name}", form(disposition(part, filename) + photo), FORM_TYPE)


def _broken_forms(part: str, photo: bytes) -> dict[str, tuple[str, bytes]]:
    whole = form(disposition(part, "a.jpg") + photo)
    return {
        "no parts": (FORM_TYPE, form()),
        "an empty body": (FORM_TYPE, b""),
        "no boundary": ("multipart/form-data", whole),
        "an empty boundary": ("multipart/form-data; boundary=", whole),
        "a boundary of 10 KB": (f"multipart/form-data; boundary={TEN_KB}", whole),
        "wrong boundary": ("multipart/form-data; boundary=other", whole),
        "no close": (FORM_TYPE, whole.removesuffix(f"--{BOUNDARY}--\r\n".encode())),
        "a thousand parts": (FORM_TYPE, form(*[disposition("a") + b"1"] * 1_000)),
        "a part header of 1 MB": (FORM_TYPE, form(disposition(part, "f" * 1_000_000) + photo)),
        "a thousand part headers": (FORM_TYPE, form(b"X-A: b\r\n" * 1_000 + disposition(part, "a.jpg") + photo)),
        "a part without a name": (FORM_TYPE, form(b"Content-Disposition: form-data\r\n\r\n" + photo)),
        "a field of 10 KB": (FORM_TYPE, form(disposition("source") + TEN_KB.encode(), disposition(part, "a") + photo)),
        "noise": (FORM_TYPE, np.random.default_rng(2).bytes(5_000)),
        "another kind": ("text/plain", whole),
        "an encoded form": ("application/x-www-form-urlencoded", b"image=a"),
        "no kind": ("", whole),
    }


def form_of(fields: Mapping[str, str], part: str = "image", photo: bytes | None = None) -> bytes:
    written = (disposition(name) + text.encode("utf-8", "surrogateescape") for name, text in fields.items())
    return form(*written, disposition(part, "a.jpg") + (photo or face("Alice_101")))


NOT_PICTURES = {
    "a URL": "https://example.org/face.jpg",
    "a file URL": "file:///etc/passwd",
    "a path": "/etc/passwd",
    "a path up": "../../etc/passwd",
    "a data URL of HTML": "data:text/html;base64,PGI+",
    "a data URL of no kind": "data:;base64,aGVsbG8=",
    "a data URL without base64": "data:image/png,hello",
    "a gopher URL": "gopher://127.0.0.1:6379/_FLUSHALL",
    "nothing": "",
    "no base64": "*" * 100,
    "base64 of nothing": "====",
    "base64 of text": "aGVsbG8=",
    "a prefix of 10 KB": "data:image/" + TEN_KB + ";base64,aGVsbG8=",
    "a surrogate": "\ud800",
}


def picture_json(
    name: str = "image", others: Mapping[str, object] | None = None, *, only: Collection[int] | None = None
) -> Iterator[Bad]:
    """JSON whose text `name` should be a picture, beside the `others`."""
    yield from broken_json(only or (400, 422))
    for what, text in NOT_PICTURES.items():
        yield _posted(f"{name}: {what}", {**(others or {}), name: text}, only or (422,))
    for what, value in OPERATORS.items():
        yield _posted(f"{name}: {what}", {**(others or {}), name: value}, only or (422,))
    for what, picture in pictures().items():
        url = "data:image/jpeg;base64," + base64.b64encode(picture.data).decode()
        yield _posted(f"{name}: {what}", {**(others or {}), name: url}, only or (picture.status,))
    yield Bad(f"{name}: deep", b'{"%s": %s}' % (name.encode(), DEEP), JSON, expected=only or (400,))
    yield _posted("no picture", dict(others or {}), only or (400, 422))


def _posted(name: str, body: Mapping[str, object], expected: Collection[int]) -> Bad:
    return Bad(name, json.dumps(body).encode(), JSON, expected=expected)


def endless(content_type: str, first: bytes = b"") -> Bad:
    return Bad(
        f"an endless body of {content_type}", first + b"x" * 65_536, content_type, expected=REFUSED, endless=True
    )


RECOGNIZE_FIELDS: Mapping[str, tuple[str, ...]] = {
    "faces": ("some", "", "ONE"),
    "record": ("perhaps", ""),
    "event_id": ("1", '{"$ne": null}', "0" * 400),
    "captured_at": (
        "2026-01-01T00:00:00",
        "0000-01-01T00:00:00Z",
        "1999-01-01T00:00:00Z",
        "2999-01-01T00:00:00Z",
        "9999-12-31T23:59:59-23:00",
        "0001-01-01T00:00:00+14:00",
        "1735689600",
        "tomorrow",
        "2025-02-30T00:00:00Z",
    ),
    "source": ("a\u202eb", "x" * 101, "a\0b", "\t"),
    "recrod": ("false",),
    "$set": ("1",),
}


def bad_fields() -> Iterator[Bad]:
    """Beside a picture of somebody who is known."""
    for field, texts in RECOGNIZE_FIELDS.items():
        for text in texts:
            yield Bad(f"{field}={text[:20]!r}", form_of({field: text}), FORM_TYPE, expected=(422,))
    twice = form(
        disposition("source") + b"a", disposition("source") + b"b", disposition("image", "a") + face("Alice_101")
    )
    yield Bad("a field twice", twice, FORM_TYPE, expected=(422,))
    yield Bad("a field not of UTF-8", form_of({"source": "\udcff\udcfe"}), FORM_TYPE, expected=(400,))
