"""Reading rows that may be many: as a page of those that a condition keeps, or all, part by part."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

from logger.store.tables import Place, Row, RowStore, Selection, Table

Value = TypeVar("Value")

PART = 1_000  # rows read at once


@dataclass(frozen=True, slots=True)
class RowPage(Generic[Value]):
    rows: tuple[Row[Value], ...]
    next: Place | None  # where the next page begins, when there is one

    @property
    def values(self) -> tuple[Value, ...]:
        return tuple(row.value for row in self.rows)


async def every_row(
    store: RowStore, table: Table[Value], selection: Selection | None = None, *, part_rows: int = PART
) -> AsyncIterator[Row[Value]]:
    """All rows of the selection, whatever its limit, in its order, read in parts that grow from `part_rows`: who stops
    early has read little, who reads on asks seldom. Raises StoreUnavailable."""
    wanted = replace(selection or Selection(), limit=part_rows)
    while part := await store.select(table, wanted):
        for row in part:
            yield row
        if len(part) < wanted.limit:
            return
        wanted = replace(wanted, after=_place(table, part[-1].value), limit=min(2 * wanted.limit, PART))


async def page_where(
    store: RowStore, table: Table[Value], selection: Selection, keep: Callable[[Value], bool]
) -> RowPage[Value]:
    """The first `limit` rows of the selection that the condition keeps. Raises StoreUnavailable."""
    kept: list[Row[Value]] = []
    async for row in every_row(store, table, selection, part_rows=selection.limit + 1):
        if not keep(row.value):
            continue
        if len(kept) == selection.limit:
            return RowPage(tuple(kept), _place(table, kept[-1].value))
        kept.append(row)
    return RowPage(tuple(kept), None)


def _place(table: Table[Value], value: Value) -> Place:
    return Place(table.order(value), table.key(value))
