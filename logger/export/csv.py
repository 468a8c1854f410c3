"""Tables as CSV: RFC 4180 in UTF-8, with the mark by which spreadsheets recognize it."""

import csv
import io
from collections.abc import Iterator, Sequence
from datetime import date

from logger.export.tables import Cell, Table, inert

MEDIA_TYPE = "text/csv; charset=utf-8"


def csv_lines(table: Table) -> Iterator[bytes]:
    """The file, one row at a time. Every text is inert; numbers are numbers, days and instants ISO 8601."""
    yield csv_header(table.columns)
    yield from map(csv_line, table.rows)


def csv_header(columns: Sequence[str]) -> bytes:
    return "\ufeff".encode() + csv_line(columns)


def csv_line(row: Sequence[Cell]) -> bytes:
    line = io.StringIO(newline="")
    csv.writer(line, lineterminator="\r\n").writerow([_text(cell) for cell in row])
    return line.getvalue().encode(errors="replace")


def _text(cell: Cell) -> str | int | float:
    match cell:
        case None:
            return ""
        case bool():
            return "yes" if cell else "no"
        case str():
            return inert(cell)
        case date():
            return cell.isoformat()
        case _:
            return cell
