"""Tables as XLSX, read back from the XML itself."""

import io
import re
import zipfile
from collections.abc import Sequence
from datetime import UTC, date, datetime
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from logger.export.tables import Cell, Table
from logger.export.xlsx import TooManyRows, write_xlsx

MADE_AT = datetime(2025, 3, 3, 12, tzinfo=UTC)
MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_ESCAPE = re.compile(r"_x([0-9A-F]{4})_")


def file_of(*tables: Table) -> bytes:
    target = io.BytesIO()
    write_xlsx(target, tables, MADE_AT)
    return target.getvalue()


def sheet_of(data: bytes, number: int = 1) -> ET.Element:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return ET.fromstring(archive.read(f"xl/worksheets/sheet{number}.xml"))  # noqa: S314


def texts_of(sheet: ET.Element) -> list[str]:
    """Every text, as a spreadsheet shows it."""
    found = []
    for cell in sheet.iter(f"{MAIN}c"):
        if cell.get("t") == "inlineStr":
            text = "".join(part.text or "" for part in cell.iter(f"{MAIN}t"))
            found.append(_ESCAPE.sub(lambda match: chr(int(match[1], 16)), text))
    return found


def titles_of(data: bytes) -> list[str]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        book = ET.fromstring(archive.read("xl/workbook.xml"))  # noqa: S314
    return [sheet.get("name", "") for sheet in book.iter(f"{MAIN}sheet")]


def table(*rows: Sequence[Cell], title: str = "Attendance") -> Table:
    return Table(title, ["Name"], rows)


def test_each_kind_of_cell_keeps_its_kind() -> None:
    sheet = sheet_of(file_of(table(["Zoë", 3, 97.5, True, None, date(2025, 3, 3), MADE_AT])))
    second = list(sheet.iter(f"{MAIN}row"))[1]
    kinds = [(cell.get("r"), cell.get("t"), cell.findtext(f"{MAIN}v")) for cell in second]
    assert kinds == [
        ("A2", "inlineStr", None),
        ("B2", None, "3"),
        ("C2", None, "97.5"),
        ("D2", "b", "1"),
        ("F2", None, "45719"),
        ("G2", None, "45719.5"),
    ]
    assert texts_of(sheet) == ["Name", "Zoë"]


def test_what_a_cell_cannot_hold_becomes_text() -> None:
    sheet = sheet_of(file_of(table([10**16, float("nan"), float("-inf"), date(1850, 1, 1), "x" * 40_000, "\ud800"])))
    assert texts_of(sheet)[1:] == [str(10**16), "nan", "-inf", "1850-01-01", "x" * 32_767, "\ufffd"]


def test_the_same_tables_give_the_same_bytes() -> None:
    assert file_of(table(["a", 1])) == file_of(table(["a", 1]))


def test_sheets_have_titles_that_spreadsheets_allow_and_no_two_alike() -> None:
    titles = ["a/b:c", "A b c", "", "history", "x" * 40, "x" * 35, "'q'"]
    assert titles_of(file_of(*(table(title=title) for title in titles))) == [
        "a b c", "A b c 2", "Sheet", "history 2", "x" * 31, "x" * 29 + " 2", "q"
    ]  # fmt: skip


def test_a_sheet_that_would_be_cut_is_refused() -> None:
    full = io.BytesIO()
    write_xlsx(full, [table(["a"], ["b"])], MADE_AT, max_rows=3)
    assert texts_of(sheet_of(full.getvalue())) == ["Name", "a", "b"]
    with pytest.raises(TooManyRows, match="2 rows"):
        write_xlsx(io.BytesIO(), [table(["a"], ["b"], ["c"])], MADE_AT, max_rows=3)


dangerous = st.builds(
    str.__add__,
    st.sampled_from(["=", "{=", "+", "-", "@", "\t=", "\r=", "http://", "mailto:a@", "internal:", " "]),
    st.text(max_size=10),
)
readable = st.text(st.characters(exclude_categories=["Cs", "Cc", "Cn", "Co"]), max_size=12).filter(
    lambda text: "_x" not in text
)


@given(st.lists(st.lists(st.one_of(dangerous, st.text(max_size=10)), min_size=1, max_size=4), max_size=4))
@settings(max_examples=40)
def test_no_cell_is_ever_a_formula_or_a_link(rows: list[list[str]]) -> None:
    sheet = sheet_of(file_of(Table("t", ["=cmd()"], rows)))
    assert list(sheet.iter(f"{MAIN}f")) == []
    assert list(sheet.iter(f"{MAIN}hyperlink")) == []
    assert {cell.get("t") for cell in sheet.iter(f"{MAIN}c") if len(cell)} == {"inlineStr"}


@given(st.lists(readable.filter(bool), max_size=4))
@settings(max_examples=40)
def test_names_of_any_script_are_kept(names: list[str]) -> None:
    assert texts_of(sheet_of(file_of(Table("t", ["Name"], [[name] for name in names]))))[1:] == names
