"""Tables that are read part by part while they are written."""

import io
import zipfile
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest

from logger.export.streams import Part, TableStream, csv_parts, write_xlsx_stream
from logger.export.xlsx import TooManyRows

AT = datetime(2025, 3, 3, tzinfo=UTC)


class Away(Exception):
    """What a store may raise in the middle."""


async def parts(*, fails: bool = False) -> AsyncIterator[Part]:
    yield [("101", "Ada"), ("102", "=1+1")]
    if fails:
        raise Away
    yield [("103", None)]


def stream(**how: bool) -> TableStream:
    return TableStream("People", ("Number", "Name"), parts(**how))


async def test_a_csv_leaves_part_by_part_with_its_header_first() -> None:
    assert [part async for part in csv_parts(stream())] == [
        "\ufeffNumber,Name\r\n".encode(),
        b"101,Ada\r\n102,'=1+1\r\n",
        b"103,\r\n",
    ]


async def test_a_workbook_has_all_the_parts() -> None:
    file = io.BytesIO()
    await write_xlsx_stream(file, stream(), AT)
    with zipfile.ZipFile(file) as book:
        sheet = book.read("xl/worksheets/sheet1.xml").decode()
    assert sheet.count("<row ") == 4
    assert "=1+1" in sheet


async def test_what_fails_in_the_middle_fails_the_file() -> None:
    with pytest.raises(Away):
        await write_xlsx_stream(io.BytesIO(), stream(fails=True), AT)
    with pytest.raises(Away):
        _ = [part async for part in csv_parts(stream(fails=True))]


async def test_a_sheet_that_is_full_says_so() -> None:
    with pytest.raises(TooManyRows):
        await write_xlsx_stream(io.BytesIO(), stream(), AT, max_rows=3)
