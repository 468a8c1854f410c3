"""Files that are not what they should be: tables, calendars, archives. All small; what is large unpacks."""

import io
import struct
import zipfile
from collections.abc import Callable, Iterable, Iterator
from functools import cache

from tests.bad_input.asking import CLEAR, Bad

_CALENDAR = (
    "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\nUID:1\r\nSUMMARY:Physics\r\n"
    "DTSTART;TZID=Europe/Berlin:20250303T090000\r\nDTEND;TZID=Europe/Berlin:20250303T100000\r\n"
    "RRULE:FREQ=WEEKLY;COUNT=10\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
)
_CALENDAR_CHANGES = {
    "a zone that is a path": ("TZID=Europe/Berlin", "TZID=../../etc/passwd"),
    "year 0": ("20250303T0", "00000303T0"),
    "the last day": ("20250303T0", "99991231T2"),
    "the gap in spring": ("20250303T09", "20250330T02"),
    "a count beyond 64 bits": ("COUNT=10", "COUNT=99999999999999999999"),
    "an interval of none": ("COUNT=10", "INTERVAL=0"),
    "every second": ("FREQ=WEEKLY;COUNT=10", "FREQ=SECONDLY"),
    "until before the start": ("COUNT=10", "UNTIL=00010101T000000Z"),
    "no end": ("END:VEVENT\r\nEND:VCALENDAR\r\n", ""),
    "a NUL": ("Physics", "Phy\0sics"),
    "a duration without measure": ("DTEND;TZID=Europe/Berlin:20250303T100000", "DURATION:P99999999999W"),
    "ten thousand parameters": ("SUMMARY", "SUMMARY" + ";A=B" * 10_000),
    "a value that never ends": ("Physics", '"' * 20_000),
}


@cache
def calendars() -> tuple[tuple[str, bytes], ...]:
    changed = ((name, _CALENDAR.replace(*change).encode()) for name, change in _CALENDAR_CHANGES.items())
    nested = "BEGIN:VCALENDAR\r\n" + "BEGIN:VEVENT\r\n" * 20_000
    return (
        *changed,
        ("no calendar", b"<html>"),
        ("nothing", b""),
        ("a calendar not of UTF-8", b"BEGIN:VCALENDAR\r\n\xff\xfe"),
        ("nested 20,000 deep", nested.encode()),
        ("folded 50,000 times", b"BEGIN:VCALENDAR" + b"\r\n x" * 50_000),
    )


@cache
def tables() -> tuple[tuple[str, bytes], ...]:
    return (
        ("nothing", b""),
        ("no header", b"1,Alice\n"),
        ("a table not of UTF-8", b"id,name\n1,\xff\xfe\n"),
        ("a table of half a UTF-16", b"\xff\xfei\0d\0,"),
        ("a NUL", b"id,name\n\0,\0\n"),
        ("a quotation without end", b'id,name\n1,"Alice' + b"\n2,Bob" * 1_000),
        ("10,000 columns", b"id,name" + b",a" * 10_000 + b"\n"),
        ("the same column twice", b"id,id,name\n1,2,Alice\n"),
        ("one cell of 200 KB", b"id,name\n1," + b"A" * 200_000),
        ("formulas", b'id,name\n=1+1,"=HYPERLINK(""http://x"")"\n@a,\t=b\n'),
        ("bidi", "id,name\n\u202e1,\u2066Alice\n".encode()),
        ("operators", b'id,name\n"{""$ne"": null}",$where\na.b,$set\n'),
        ("30,000 rows", b"id,name\n" + b"\n".join(b"%d,A" % number for number in range(30_000))),
        ("a picture", b"\x89PNG\r\n\x1a\n" + bytes(1_000)),
    )


def in_a_form(name: str, contents: Iterable[tuple[str, bytes]]) -> Iterator[Bad]:
    for what, content in contents:
        part = disposition(name, "a.csv") + content
        yield Bad(f"a file of {what}", form(part), FORM_TYPE)
    yield Bad("a file twice", form(disposition(name, "a") + b"id,name", disposition(name, "b") + b"id,name"), FORM_TYPE)
    for what, filename in FILE_NAMES.items():
        yield Bad(f"a file called {what}", form(disposition(name, filename) + b"id,name"), FORM_TYPE)


BOUNDARY = "frame"
FORM_TYPE = f"multipart/form-data; boundary={BOUNDARY}"
FILE_NAMES = {
    "up": "../../etc/passwd",
    "NUL": "a\0b.jpg",
    "4 KB": "x" * 4_096,
    "bidi": "gpj.\u202e.jpg",
    "nothing": "",
    "a device": "CON",
    "quotes": "a\\",
}


def disposition(name: str, filename: str | None = None, content_type: str | None = None) -> bytes:
    """The head of a part."""
    head = f'Content-Disposition: form-data; name="{name}"' + ("" if filename is None else f'; filename="{filename}"')
    return (head + ("" if content_type is None else f"\r\nContent-Type: {content_type}") + "\r\n\r\n").encode()


def form(*parts: bytes) -> bytes:
    begun = b"".join(b"--frame\r\n" + part + b"\r\n" for part in parts)
    return begun + b"--frame--\r\n"


def archive(write: Callable[[zipfile.ZipFile], None]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as writer:
        write(writer)
    return file.getvalue()


def archives(photo: bytes) -> Iterator[Bad]:
    """What may be posted as many people; a photo is there so that an entry beside a bad one can be taken."""
    whole = archive(lambda zip_: zip_.writestr("Carol_7/1.jpg", photo))
    broken = {
        "nothing": b"",
        "no archive": b"no archive at all",
        "cut": whole[:-30],
        "65,535 entries announced": whole[:-14] + struct.pack("<HHLLH", 65_535, 65_535, 10, 10, 0),
        "a table not of UTF-8": archive(lambda zip_: zip_.writestr("people.csv", b"\xff\xfe\0")),
    }
    for name, data in broken.items():
        yield Bad(f"archive, {name}", data, "application/zip", expected=(400,))
    elsewhere = whole[:-6] + struct.pack("<LH", 0xFFFFFFF0, 0)
    yield Bad("archive, a directory elsewhere", elsewhere, "application/zip")
    for name, data in _hostile(photo).items():
        yield Bad(f"archive, {name}", data, "application/zip", expected=CLEAR)
    yield Bad("archive too large", whole, "application/zip", expected=(413,), endless=True)


def _hostile(photo: bytes) -> dict[str, bytes]:
    bomb = bytes(50_000_000)
    return {
        "a bomb": archive(lambda zip_: zip_.writestr("Carol_7/1.jpg", bomb)),
        "a table that is a bomb": archive(lambda zip_: zip_.writestr("people.csv", bomb)),
        "up and away": archive(lambda zip_: zip_.writestr("../../../tmp/Carol_7/1.jpg", photo)),
        "from the root": archive(lambda zip_: zip_.writestr("/etc/Carol_7/1.jpg", photo)),
        "a NUL in a name": archive(lambda zip_: zip_.writestr("Carol_7/1\0.jpg", photo)),
        "a name of 10 KB": archive(lambda zip_: zip_.writestr("C" * 10_000 + "_7/1.jpg", photo)),
        "bidi in a name": archive(lambda zip_: zip_.writestr("Ca\u202erol_7/1.jpg", photo)),
        "a thousand empty people": archive(_thousand),
        "a link": archive(_link),
        "an archive in it": archive(lambda zip_: zip_.writestr("Carol_7/1.zip", archive(_thousand))),
    }


def _thousand(zip_: zipfile.ZipFile) -> None:
    for number in range(1_000):
        zip_.writestr(f"Nobody_{number}/1.jpg", b"")


def _link(zip_: zipfile.ZipFile) -> None:
    entry = zipfile.ZipInfo("Carol_7/1.jpg")
    entry.external_attr = 0o120777 << 16
    zip_.writestr(entry, "/etc/passwd")
