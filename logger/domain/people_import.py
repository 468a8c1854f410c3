"""People from a CSV file. Reading one changes nothing: it says what applying it would do."""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from unicodedata import normalize

from logger.domain.people import InvalidProfile, PersonProfile, ProfileField, read_profile

MAX_CHARACTERS = 5_000_000
MAX_ROWS = 20_000
MAX_COLUMNS = 100
DELIMITERS = ",;\t|"

_HEADERS: Mapping[str, ProfileField] = {
    word: field
    for field, words in {
        ProfileField.PERSON_ID: (
            "id personid studentid employeeid studentnumber studentno rollno rollnumber roll rollnr "
            "matriculationnumber admissionno registrationnumber regno enrolmentno enrollmentno"
        ),
        ProfileField.NAME: "name fullname studentname personname employeename displayname",
        ProfileField.DEPARTMENT: "department dept branch course programme program faculty section",
        ProfileField.YEAR: "year yearofstudy grade semester level",
        ProfileField.EMAIL: "email mail emailaddress emailid",
        ProfileField.PHONE: "phone phoneno phonenumber mobile mobileno mobilenumber telephone tel contact contactno",
        ProfileField.ACTIVE: "active isactive enabled enrolled",
    }.items()
    for word in words.split()
}


class UnreadableImport(ValueError):
    """Nothing of the file can be used; the message says what to do about it."""


@dataclass(frozen=True, slots=True)
class BadRow:
    line: int  # where the row begins; the header's is 1 unless blank lines stand above it
    field: ProfileField | None
    sentence: str


@dataclass(frozen=True, slots=True)
class ProfileChange:
    before: PersonProfile
    after: PersonProfile


@dataclass(frozen=True, slots=True)
class ImportPreview:
    to_add: tuple[PersonProfile, ...]
    to_change: tuple[ProfileChange, ...]
    unchanged: tuple[PersonProfile, ...]
    bad: tuple[BadRow, ...]
    ignored_columns: tuple[str, ...]

    @property
    def profiles(self) -> tuple[PersonProfile, ...]:
        """What to store when the preview is accepted."""
        return self.to_add + tuple(change.after for change in self.to_change)


@dataclass(frozen=True, slots=True)
class _Row:
    line: int
    cells: Sequence[str]


def decode_csv(data: bytes) -> str:
    """UTF-8, or UTF-16 with its mark. Raises UnreadableImport: guessing another encoding would misspell names."""
    encoding = "utf-16" if data[:2] in {b"\xff\xfe", b"\xfe\xff"} else "utf-8-sig"
    try:
        return data.decode(encoding)
    except UnicodeDecodeError:
        raise UnreadableImport("The file is not UTF-8. In a spreadsheet, save it as “CSV UTF-8”.") from None


def read_people_csv(text: str, known: Mapping[str, PersonProfile]) -> ImportPreview:
    """What applying this file to the `known` people, by id, would do. Columns that the file does not have stay as
    they are; an empty cell empties its field. Raises UnreadableImport."""
    text = text.removeprefix("\ufeff")
    if len(text) > MAX_CHARACTERS:
        raise UnreadableImport(f"The file is longer than {MAX_CHARACTERS:,} characters. Split it.")
    delimiter = _delimiter(text)
    rows = _rows(text, delimiter)
    header = _header(rows)
    columns, ignored = _columns(header)
    reading = _Reading(columns, len(header), known)
    for count, row in enumerate(rows):
        if count == MAX_ROWS:
            raise UnreadableImport(f"The file has more than {MAX_ROWS:,} rows. Split it.")
        reading.take(row)
    return reading.preview(ignored)


class _Reading:
    """The rows so far, sorted by what they would do."""

    def __init__(self, columns: Mapping[int, ProfileField], width: int, known: Mapping[str, PersonProfile]) -> None:
        self._columns = columns
        self._width = width
        self._known = known
        self._line_of: dict[str, int] = {}
        self._add: list[PersonProfile] = []
        self._change: list[ProfileChange] = []
        self._unchanged: list[PersonProfile] = []
        self._bad: list[BadRow] = []

    def take(self, row: _Row | BadRow) -> None:
        if isinstance(row, BadRow):
            self._bad.append(row)
        elif len(row.cells) > self._width and any(cell.strip() for cell in row.cells[self._width :]):
            self._bad.append(BadRow(row.line, None, "has more cells than the header has columns"))
        else:
            self._take_cells(row)

    def _take_cells(self, row: _Row) -> None:
        fields = {field: _cell(row.cells, column) for column, field in self._columns.items()}
        before = self._known.get(normalize("NFC", fields[ProfileField.PERSON_ID]))
        try:
            after = read_profile(fields, before)
        except InvalidProfile as invalid:
            self._bad.extend(BadRow(row.line, problem.field, problem.sentence) for problem in invalid.problems)
            return
        self._file(row.line, before, after)

    def _file(self, line: int, before: PersonProfile | None, after: PersonProfile) -> None:
        first = self._line_of.setdefault(after.person_id, line)
        if first != line:
            self._bad.append(BadRow(line, ProfileField.PERSON_ID, f"is also on line {first}; that row is used"))
        elif before is None:
            self._add.append(after)
        elif before == after:
            self._unchanged.append(after)
        else:
            self._change.append(ProfileChange(before, after))

    def preview(self, ignored: tuple[str, ...]) -> ImportPreview:
        return ImportPreview(tuple(self._add), tuple(self._change), tuple(self._unchanged), tuple(self._bad), ignored)


def _delimiter(text: str) -> str:
    """The one by which most of the header's cells are columns that we know."""

    def known_headers(delimiter: str) -> int:
        first = next(_rows(text, delimiter), None)
        return sum(_word(cell) in _HEADERS for cell in first.cells) if isinstance(first, _Row) else 0

    return max(DELIMITERS, key=known_headers)


def _rows(text: str, delimiter: str) -> Iterator[_Row | BadRow]:
    """The rows that are not blank, each with the line it begins on: a quoted cell may hold line ends."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True, skipinitialspace=True)
    line = 1
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield _Row(line, cells)
            line = reader.line_num + 1
    except csv.Error:
        yield BadRow(line, None, "cannot be read, nor what follows: a quotation mark is not closed or not doubled")


def _header(rows: Iterator[_Row | BadRow]) -> Sequence[str]:
    first = next(rows, None)
    if not isinstance(first, _Row):
        raise UnreadableImport(
            "The file has no header. Its first row must name the columns, such as: roll number, name."
        )
    if len(first.cells) > MAX_COLUMNS:
        raise UnreadableImport(f"The file has more than {MAX_COLUMNS} columns.")
    return first.cells


def _columns(header: Sequence[str]) -> tuple[dict[int, ProfileField], tuple[str, ...]]:
    """Raises UnreadableImport when a column is missing or there twice."""
    columns = {index: _HEADERS[_word(cell)] for index, cell in enumerate(header) if _word(cell) in _HEADERS}
    found = list(columns.values())
    for field, example in ((ProfileField.PERSON_ID, "roll number"), (ProfileField.NAME, "name")):
        if field not in found:
            raise UnreadableImport(f"The file has no column “{example}”. Its first row must name the columns.")
    for field in ProfileField:
        if found.count(field) > 1:
            raise UnreadableImport(f"Several columns mean {field.value}. Keep one of them.")
    return columns, tuple(cell.strip() for index, cell in enumerate(header) if index not in columns and cell.strip())


def _word(cell: str) -> str:
    return "".join(character for character in cell.casefold() if character.isalnum())


def _cell(cells: Sequence[str], column: int) -> str:
    """The text of a cell; the apostrophe by which our exports keep a spreadsheet from calculating comes off."""
    text = cells[column].strip() if column < len(cells) else ""
    return text[1:] if text[:1] == "'" and text[1:2] in set("=+-@＝＋－＠") else text
