"""Tables as XLSX: one sheet each. The one file that imports xlsxwriter."""

import re
from collections.abc import Iterable, Sequence
from datetime import date, datetime, time
from typing import IO

from xlsxwriter import Workbook
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from logger.export.tables import Cell, Table, is_inert

MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
MAX_ROWS = 1_048_576  # of a sheet, the header among them
MAX_CELL_CHARACTERS = 32_767
MAX_TITLE_CHARACTERS = 31
FIRST_YEAR = 1900  # before it, and from 15 digits on, a cell cannot hold the value: it becomes text
EXACT = 10**15

_NOT_IN_TITLES = re.compile(r"[\[\]:*?/\\\x00-\x1f]")
_SURROGATES = re.compile("[\ud800-\udfff]")


class TooManyRows(ValueError):
    """A sheet cannot hold the table."""


def write_xlsx(target: IO[bytes], tables: Iterable[Table], made_at: datetime, *, max_rows: int = MAX_ROWS) -> None:
    """Writes the file row by row. Texts are cells of text, whatever they begin with: nothing in them is calculated or
    becomes a link. The same tables and `made_at` give the same bytes. Raises TooManyRows."""
    plain = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with Workbook(target, {"constant_memory": True, **plain}) as book:
        book.set_properties({"created": made_at.replace(tzinfo=None)})
        looks = _Looks(book)
        titles = ["History"]  # which Excel keeps for itself
        for table in tables:
            titles.append(_sheet_title(table.title, titles))
            _write_sheet(book.add_worksheet(titles[-1]), table, looks, max_rows)


class _Looks:
    def __init__(self, book: Workbook) -> None:
        self.header: Format = book.add_format({"bold": True})
        self.day: Format = book.add_format({"num_format": "yyyy-mm-dd"})
        self.quoted: Format = book.add_format({"quote_prefix": True})  # stays text also when somebody edits it
        self.instant: Format = book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})


def _write_sheet(sheet: Worksheet, table: Table, looks: _Looks, max_rows: int) -> None:
    sheet.freeze_panes(1, 0)
    for column, title in enumerate(table.columns):
        sheet.write_string(0, column, _text(title), looks.header)
    for number, row in enumerate(table.rows, start=1):
        if number == max_rows:
            raise TooManyRows(f"a sheet holds at most {max_rows - 1:,} rows")
        _write_row(sheet, number, row, looks)


def _write_row(sheet: Worksheet, number: int, row: Sequence[Cell], looks: _Looks) -> None:
    for column, cell in enumerate(row):
        match cell:
            case None:
                continue
            case bool():
                sheet.write_boolean(number, column, cell)
            case datetime() if cell.year >= FIRST_YEAR:
                sheet.write_datetime(number, column, cell.replace(tzinfo=None), looks.instant)
            case date() if cell.year >= FIRST_YEAR:
                sheet.write_datetime(number, column, datetime.combine(cell, time()), looks.day)
            case int() | float() if abs(cell) < EXACT:
                sheet.write_number(number, column, cell)
            case _:
                text = _text(str(cell))
                sheet.write_string(number, column, text, None if is_inert(text) else looks.quoted)


def _text(text: str) -> str:
    """What XML can hold of it, as much as a cell can hold."""
    return _SURROGATES.sub("\ufffd", text)[:MAX_CELL_CHARACTERS]


def _sheet_title(title: str, taken: Sequence[str]) -> str:
    """As spreadsheets allow it: no []:*?/\\, no apostrophe at its ends, 31 characters, no two alike."""
    clean = _NOT_IN_TITLES.sub(" ", _text(title)).strip(" '")[:MAX_TITLE_CHARACTERS].strip(" '") or "Sheet"
    candidate, number = clean, 1
    while candidate.casefold() in {other.casefold() for other in taken}:
        number += 1
        candidate = f"{clean[: MAX_TITLE_CHARACTERS - len(str(number)) - 1]} {number}"
    return candidate
