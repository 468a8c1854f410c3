"""People from a CSV file, shown before anything is changed."""

import csv
import io
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logger.domain import people_import
from logger.domain.people import PersonProfile, ProfileField
from logger.domain.people_import import BadRow, ProfileChange, UnreadableImport, decode_csv, read_people_csv
from logger.export.csv import csv_lines
from logger.export.tables import Table

ALICE = PersonProfile("101", "Alice", email="alice@example.org")


def test_rows_are_sorted_by_what_they_would_do() -> None:
    known = {person.person_id: person for person in (ALICE, PersonProfile("102", "Bob"), PersonProfile("103", "Cem"))}
    preview = read_people_csv("roll no,name\n101,Alice\n102,Robert\n104,Dora\n,Nobody\n", known)
    assert preview.to_add == (PersonProfile("104", "Dora"),)
    assert preview.to_change == (ProfileChange(PersonProfile("102", "Bob"), PersonProfile("102", "Robert")),)
    assert preview.unchanged == (ALICE,)
    assert preview.bad == (BadRow(5, ProfileField.PERSON_ID, "must not be blank"),)
    assert preview.profiles == (PersonProfile("104", "Dora"), PersonProfile("102", "Robert"))


@pytest.mark.parametrize("header", ["roll no", "Roll_Number", "STUDENT ID", "student-id", " Id ", "Roll No.", "regNo"])
def test_columns_go_by_many_names(header: str) -> None:
    assert read_people_csv(f"{header},Full Name\n7,Zoë\n", {}).to_add == (PersonProfile("7", "Zoë"),)


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_delimiter_line_end_and_mark_are_found_out(delimiter: str, line_end: str, mark: str) -> None:
    rows = [["Name", "Roll No", "Dept"], ["Lee, Ann; or so", "7", "a|b"]]
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter, lineterminator=line_end).writerows(rows)
    preview = read_people_csv(mark + text.getvalue(), {})
    assert preview.to_add == (PersonProfile("7", "Lee, Ann; or so", "a|b"),)


def test_a_quoted_line_end_does_not_move_the_line_numbers() -> None:
    preview = read_people_csv('id,name,remark\n\n1,"A","two\nlines"\n2,,x\n', {})
    assert preview.to_add == (PersonProfile("1", "A"),)
    assert preview.bad == (BadRow(5, ProfileField.NAME, "must not be blank"),)
    assert preview.ignored_columns == ("remark",)


def test_the_second_row_of_one_person_is_bad() -> None:
    preview = read_people_csv("id,name\n1,A\n 1 ,B\n", {})
    assert preview.to_add == (PersonProfile("1", "A"),)
    assert preview.bad == (BadRow(3, ProfileField.PERSON_ID, "is also on line 2; that row is used"),)


def test_a_row_with_too_many_cells_is_bad_and_a_short_one_has_empty_cells() -> None:
    preview = read_people_csv("id,name,email\n1,A,a@b.de,more\n2,B\n3,C,,\n", {})
    assert preview.bad == (BadRow(2, None, "has more cells than the header has columns"),)
    assert [person.person_id for person in preview.to_add] == ["2", "3"]


def test_an_open_quotation_mark_is_told_with_its_line() -> None:
    preview = read_people_csv('id,name\n1,A\n2,"B\n3,C\n', {})
    assert [person.person_id for person in preview.to_add] == ["1"]
    assert [(row.line, row.field) for row in preview.bad] == [(3, None)]


def test_a_known_person_is_found_however_the_id_is_composed() -> None:
    known = {"\u00e91": PersonProfile("\u00e91", "Old")}
    assert len(read_people_csv("id,name\ne\u03011,New\n", known).to_change) == 1


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "no header"),
        ("\n\n", "no header"),
        ("name,mail\nA,a@b.de\n", "roll number"),
        ("id\n1\n", "“name”"),
        ("id,roll no,name\n1,1,A\n", "Several columns mean person_id"),
        ("id,name" + ",x" * 99, "more than 100 columns"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_with_a_sentence(text: str, sentence: str) -> None:
    with pytest.raises(UnreadableImport, match=sentence):
        read_people_csv(text, {})


def test_files_beyond_the_limits_are_refused() -> None:
    with pytest.raises(UnreadableImport, match="20,000 rows"):
        read_people_csv("id,name\n" + "1,A\n" * (people_import.MAX_ROWS + 1), {})
    with pytest.raises(UnreadableImport, match="characters"):
        read_people_csv("x" * (people_import.MAX_CHARACTERS + 1), {})


def test_spreadsheets_encodings_are_read_and_others_refused() -> None:
    text = "id,name\n1,Zoë\n"
    assert (
        decode_csv(text.encode()) == decode_csv(text.encode("utf-8-sig")) == decode_csv(text.encode("utf-16")) == text
    )
    with pytest.raises(UnreadableImport, match="CSV UTF-8"):
        decode_csv(text.encode("latin-1"))


@given(st.text(max_size=300))
def test_any_rows_give_a_preview_in_which_every_row_counts_once(text: str) -> None:
    preview = read_people_csv("id,name\n" + text, {"1": ALICE})
    used = [*preview.profiles, *preview.unchanged]
    assert len({person.person_id for person in used}) == len(used)
    assert all(row.line >= 2 for row in preview.bad)


NAMES = st.text(st.characters(categories=["L", "P", "S", "Nd"]), min_size=1, max_size=20).filter(
    lambda name: name[0] != "'"
)


@given(st.dictionaries(st.from_regex(r"[A-Za-z0-9]{1,8}", fullmatch=True), NAMES, min_size=1, max_size=5))
def test_our_own_export_reads_back_as_no_change(people: dict[str, str]) -> None:
    table = Table("People", ["Roll number", "Name", "Phone"], [[key, name, "+49 30 1"] for key, name in people.items()])
    text = decode_csv(b"".join(csv_lines(table)))
    first = read_people_csv(text, {})
    known = {person.person_id: person for person in first.to_add}
    assert first.bad == ()
    assert all(person.phone == "+49 30 1" for person in first.to_add)
    again = read_people_csv(text, known)
    assert again.unchanged == tuple(known.values())
    assert read_people_csv(text, {key: replace(one, phone=None) for key, one in known.items()}).to_change
