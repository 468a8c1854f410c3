"""Cursors: a position in a list, opaque to whoever carries it."""

import base64
import binascii
import json
import re
from enum import StrEnum
from typing import Any

from logger.errors import InvalidCursor
from logger.store.base import Position
from logger.store.tables import Place, Table

MAX_CURSOR_CHARACTERS = 200
MAX_PLACE_CHARACTERS = 4_000
_PLAIN = re.compile(r"([ae])(-?\d{1,18}):([0-9a-f-]{1,36})", re.ASCII)


class Listing(StrEnum):
    """A cursor of one list means nothing in the other."""

    ATTENDANCE = "a"
    EVENTS = "e"


def encode_cursor(listing: Listing, position: Position | None) -> str | None:
    if position is None:
        return None
    plain = f"{listing.value}{position.instant_us}:{position.id}"
    return base64.urlsafe_b64encode(plain.encode()).decode().rstrip("=")


def decode_cursor(listing: Listing, cursor: str | None) -> Position | None:
    """Raises InvalidCursor for anything that `encode_cursor` did not make for this list."""
    if cursor is None:
        return None
    try:
        plain = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True).decode("ascii")
    except (binascii.Error, ValueError):
        plain = ""
    found = _PLAIN.fullmatch(plain)
    if found is None or found[1] != listing.value:
        raise InvalidCursor("cursor: must be the next_cursor of an earlier page of this list")
    return Position(int(found[2]), found[3])


def encode_place(table: Table[Any], place: Place | None) -> str | None:
    """The cursor of a list of rows."""
    if place is None:
        return None
    plain = json.dumps([table.name, place.order, place.key])
    return base64.urlsafe_b64encode(plain.encode()).decode().rstrip("=")


def decode_place(table: Table[Any], cursor: str | None) -> Place | None:
    """Raises InvalidCursor for anything that `encode_place` did not make for this table."""
    if cursor is None:
        return None
    try:
        plain = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        name, order, key = json.loads(plain)
        f"{order}{key}".encode()  # half a surrogate pair is no text
    except (binascii.Error, ValueError, TypeError, RecursionError):
        name, order, key = None, None, None
    if name != table.name or not isinstance(order, str) or not isinstance(key, str):
        raise InvalidCursor("cursor: must be the next_cursor of an earlier page of this list")
    return Place(order, key)
