"""Whatever bytes or text they are given, the readers either read them or say in their own way that they cannot."""

import asyncio
import io
import json
from collections.abc import AsyncIterator
from contextlib import suppress
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from logger.domain.calendar_import import read_calendar
from logger.domain.icalendar import NotACalendar
from logger.domain.people_import import UnreadableImport, decode_csv, read_people_csv
from recognizer.enrolment.bulk import read_plan
from recognizer.enrolment.bulk_sources import UnreadableEntry, ZipSource
from recognizer.form import read_form
from recognizer.vision.decode import DecodeLimits, decode, decode_data_url
from shared.web.errors import ServiceError
from shared.web.strict_json import InvalidJson, parse_strict_json
from tests.bad_input.files import BOUNDARY, archive, calendars, disposition, form, tables
from tests.bad_input.scene import face

SITE = ZoneInfo("Europe/Berlin")
LIMITS = DecodeLimits(max_pixels=1_000_000)
PHOTOS = [face("Alice_101", suffix=suffix) for suffix in (".jpg", ".png", ".webp")]
ARCHIVE = archive(lambda zip_: zip_.writestr("Carol_7/1.jpg", PHOTOS[0][:500]))
FORM = form(disposition("source") + b"a", disposition("image", "a.jpg", "image/jpeg") + b"\xff\xd8\xff")


@st.composite
def damaged(draw: st.DrawFn, originals: list[bytes]) -> bytes:
    """With a few bytes changed, taken away or put in."""
    data = bytearray(draw(st.sampled_from(originals)))
    for _ in range(draw(st.integers(0, 4))):
        start = draw(st.integers(0, max(0, len(data) - 1)))
        end = min(len(data), start + draw(st.sampled_from([0, 1, 2, 4, 50])))
        data[start:end] = draw(st.binary(max_size=8))
    return bytes(data[: draw(st.integers(0, len(data)))]) if draw(st.booleans()) else bytes(data)


@given(st.one_of(st.binary(max_size=200), damaged(PHOTOS)))
def test_a_picture_is_decoded_within_its_limits_or_refused(data: bytes) -> None:
    with suppress(ServiceError):
        image = decode(data, LIMITS)
        assert image.width * image.height <= LIMITS.max_pixels
        assert image.frame.shape[2:] == (3,)


@given(
    st.one_of(st.text(max_size=300), st.binary(max_size=100).map(lambda data: f"data:image/png;base64,{data.hex()}"))
)
def test_a_data_url_is_bytes_or_refused(text: str) -> None:
    with suppress(ServiceError):
        assert 0 < len(decode_data_url(text, 100)) <= 100


@given(damaged([FORM]), st.integers(1, 200))
def test_a_form_is_the_same_however_it_is_cut_into_chunks(data: bytes, size: int) -> None:
    assert _read_form(data, size) == _read_form(data, len(data) or 1)


def _read_form(data: bytes, size: int) -> object:
    async def chunks() -> AsyncIterator[bytes]:
        for start in range(0, len(data), size):
            yield data[start : start + size]

    async def read() -> object:
        parts = await read_form(f"multipart/form-data; boundary={BOUNDARY}", chunks(), max_file_bytes=10_000)
        return [(part.name, part.is_file, part.filename, bytes(part.data)) for part in parts]

    try:
        return asyncio.run(read())
    except ServiceError as error:
        return error.status


@given(st.one_of(st.binary(max_size=100), damaged([b'{"a": [1, 2.5e3, "b", null, true], "c": {"d": "\\ud800"}}'])))
def test_json_is_what_the_library_reads_too_or_refused(data: bytes) -> None:
    with suppress(InvalidJson):
        assert parse_strict_json(data) == json.loads(data)


@given(damaged([content for _, content in tables() if len(content) < 10_000] + ["id;name\n1;Zoë\n".encode()]))
def test_a_table_of_people_is_read_or_refused(data: bytes) -> None:
    with suppress(UnreadableImport):
        preview = read_people_csv(decode_csv(data), {})
        assert all(person.person_id and person.name for person in preview.profiles)


@given(damaged([content for _, content in calendars() if len(content) < 2_000]))
def test_a_calendar_is_read_or_refused(data: bytes) -> None:
    with suppress(NotACalendar):
        read_calendar(data.decode("utf-8", "replace"), SITE)


@given(damaged([ARCHIVE]))
def test_an_archive_is_read_within_its_limits_or_refused(data: bytes) -> None:
    with suppress(ServiceError):
        source = ZipSource(io.BytesIO(data))
        read_plan(source)
        for path in source.paths():
            with suppress(UnreadableEntry):
                assert len(source.read(path, 1_000)) <= 1_000
