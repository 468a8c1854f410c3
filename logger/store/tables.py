"""What a school keeps beside attendance, each kind in a table of its own.

A row is one domain value, written as JSON by its type alone, under its key, with a version that rises by one at each
change: who saves must name the version that he read, so that two people who edit at once do not undo each other. Beside
the value stand the terms it can be looked up by and its place in the order in which rows are listed.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypeVar

from pydantic import TypeAdapter

Value = TypeVar("Value")

NEW = 0  # the version of what is not there yet
ANY: None = None  # save whatever is there


@dataclass(frozen=True, slots=True, eq=False)
class Table(Generic[Value]):
    """`name`, and the names of terms, are words of ours: they become names of tables and columns."""

    name: str
    adapter: TypeAdapter[Value]
    key: Callable[[Value], str]
    order: Callable[[Value], str]  # rows are listed by this text, then by key
    terms: Mapping[str, Callable[[Value], str | None]] = field(default_factory=dict)
    unique: frozenset[str] = frozenset()  # terms that no two rows share
    unindexed: frozenset[str] = frozenset()  # terms that rows are counted by, but never looked up by

    def write(self, value: Value) -> dict[str, Any]:
        """The value as JSON has it."""
        written: dict[str, Any] = self.adapter.dump_python(value, mode="json")
        return written

    def read(self, written: Mapping[str, Any]) -> Value:
        return self.adapter.validate_python(written)

    def terms_of(self, value: Value) -> dict[str, str | None]:
        return {name: term(value) for name, term in self.terms.items()}


@dataclass(frozen=True, slots=True)
class Row(Generic[Value]):
    value: Value
    version: int


@dataclass(frozen=True, slots=True)
class Place:
    """After which row a page begins."""

    order: str
    key: str


@dataclass(frozen=True, slots=True)
class Selection:
    """Rows whose terms equal these, and whose order lies between `first` and `last`, both included."""

    terms: Mapping[str, str] = field(default_factory=dict)
    first: str | None = None
    last: str | None = None
    after: Place | None = None
    limit: int = 1_000
    descending: bool = False


class RowStore(Protocol):
    """Every method raises StoreUnavailable when the store cannot do it at the moment."""

    async def load(self, table: Table[Value], key: str) -> Row[Value] | None: ...

    async def load_many(self, table: Table[Value], keys: Sequence[str]) -> dict[str, Row[Value]]:
        """Those of the keys that are there."""
        ...

    async def save(self, table: Table[Value], value: Value, version: int | None) -> Row[Value]:
        """Adds (`NEW`), replaces the version that was read, or replaces whatever is there (`ANY`).

        Raises Outdated when another version is there, Taken when a unique term is another row's.
        """
        ...

    async def save_many(self, table: Table[Value], values: Sequence[Value]) -> None:
        """Adds or replaces, whatever is there. Repeating a call that failed half way completes it. Raises Taken."""
        ...

    async def remove(self, table: Table[Value], key: str) -> bool:
        """Whether there was one."""
        ...

    async def remove_many(self, table: Table[Any], keys: Sequence[str]) -> int:
        """How many of the keys were there."""
        ...

    async def select(self, table: Table[Value], selection: Selection) -> list[Row[Value]]: ...

    async def count(self, table: Table[Value], terms: Mapping[str, str]) -> int: ...

    async def tally(self, table: Table[Any], term: str, selection: Selection) -> dict[str, int]:
        """How many of the selected rows have each value of the term; rows without it are left out. Neither `after`
        nor `limit` of the selection is looked at."""
        ...
