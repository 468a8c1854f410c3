"""The few files that pages load."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path

from shared.web.assets import Asset, read_assets

FOLDER = Path(__file__).parent / "static"


@cache
def assets() -> Mapping[str, Asset]:
    return read_assets(FOLDER)


def address_of(name: str) -> str:
    """Where a page loads it from. Changes with the content, so that browsers may keep it for ever."""
    return f"/static/{name}?v={assets()[name].version}"
