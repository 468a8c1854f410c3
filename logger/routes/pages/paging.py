"""Where the next page of a list begins, carried in its address."""

from typing import Any

from fastapi import Request

from logger.services.cursor import encode_place
from logger.store.tables import Place, Table

PEOPLE_A_PAGE = 50
CLASSES_A_PAGE = 100


def next_address(request: Request, table: Table[Any], place: Place | None) -> str | None:
    """The same list, from there on; None when there is no more."""
    if place is None:
        return None
    url = request.url.include_query_params(after=encode_place(table, place))
    return f"{url.path}?{url.query}"
