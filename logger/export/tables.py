"""Tables on their way into a file, and what keeps a spreadsheet from taking a name for a formula."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TypeAlias

Cell: TypeAlias = str | int | float | bool | date | datetime | None  # an instant stands in the zone that readers expect

# How Excel, LibreOffice and Sheets let a formula begin, the wide forms of East Asian keyboards among them.
FORMULA_STARTS = frozenset("=+-@＝＋－＠")
BREAKS = frozenset("\t\r\n")  # some programs drop them and look at what follows


@dataclass(frozen=True, slots=True)
class Table:
    title: str
    columns: Sequence[str]
    rows: Iterable[Sequence[Cell]]  # read once, as they are written


def is_inert(text: str) -> bool:
    """Whether no program reads a formula out of this cell: neither at its beginning nor behind what nobody sees."""
    visible = next((character for character in text if character.isprintable() and character != " "), "")
    return text[:1] not in BREAKS and visible not in FORMULA_STARTS


def inert(text: str) -> str:
    """The text, with an apostrophe before it where it could be taken for a formula."""
    return text if is_inert(text) else f"'{text}"
