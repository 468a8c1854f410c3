"""Tables as CSV: everything readable, nothing calculated."""

import csv
import io
from collections.abc import Iterator
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logger.export.csv import csv_lines
from logger.export.tables import Cell, Table, inert, is_inert

BERLIN = ZoneInfo("Europe/Berlin")


def written(table: Table) -> str:
    return b"".join(csv_lines(table)).decode()


def read_back(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline="")))


def test_a_table_is_written_as_spreadsheets_read_it() -> None:
    seen = datetime(2025, 3, 3, 12, tzinfo=UTC).astimezone(BERLIN)
    row: list[Cell] = ['Zoë "Z", of\nBerlin', 3, 97.5, True, False, None, date(2025, 3, 3), seen]
    assert written(Table("t", ["Name", "n"], [row])) == (
        '\ufeffName,n\r\n"Zoë ""Z"", of\nBerlin",3,97.5,yes,no,,2025-03-03,2025-03-03T13:00:00+01:00\r\n'
    )


def test_rows_are_written_as_they_come() -> None:
    asked: list[int] = []

    def one_by_one() -> Iterator[list[Cell]]:
        for number in range(3):
            asked.append(number)
            yield [number]

    lines = csv_lines(Table("t", ["n"], one_by_one()))
    next(lines)
    assert asked == []
    next(lines)
    assert asked == [0]


@pytest.mark.parametrize(
    "start",
    ["=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠", " =", "\u00a0=", "\ufeff=", "\u200b@", "\x00="],
)
def test_what_a_spreadsheet_would_calculate_gets_an_apostrophe(start: str) -> None:
    assert not is_inert(start + "1+1")
    assert inert(start + "1+1") == "'" + start + "1+1"


@pytest.mark.parametrize("name", ["O'Brien", "李小龍", "Anne-Marie", "مريم", "a=b", "1+1", "", "👩‍🏫"])
def test_names_of_any_script_stay_as_they_are(name: str) -> None:
    assert inert(name) == name


dangerous = st.builds(
    str.__add__, st.sampled_from(["=", "+", "-", "@", "\t", "\r", " =", "\ufeff="]), st.text(max_size=10)
)
cells = st.one_of(dangerous, st.text(max_size=12))


@given(st.lists(st.lists(cells, min_size=1, max_size=4), max_size=4))
def test_no_text_is_ever_a_formula_and_none_is_lost(rows: list[list[str]]) -> None:
    columns = ["=cmd()", "Name"]
    found = read_back(written(Table("t", columns, rows)))
    assert all(is_inert(cell) for row in found for cell in row)
    assert found == [[inert(cell) for cell in row] for row in [columns, *rows]]


def test_a_broken_character_does_not_break_the_file() -> None:
    assert written(Table("t", ["n"], [["a\ud800b"]])).endswith("a?b\r\n")
