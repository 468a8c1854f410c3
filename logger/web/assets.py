"""The files that pages load: few, small, and known by what is in them."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parent / "static"

_MEDIA_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}


@dataclass(frozen=True, slots=True)
class Asset:
    body: bytes
    media_type: str
    version: str  # of the body: 64 bits of its SHA-256

    @property
    def etag(self) -> str:
        return f'"{self.version}"'


@cache
def assets() -> Mapping[str, Asset]:
    """Every file there is, by name: a name that is not in here is never looked for on the disk."""
    files = (file for file in FOLDER.iterdir() if file.suffix in _MEDIA_TYPES)
    return {file.name: _read(file) for file in files}


def address_of(name: str) -> str:
    """Where a page loads it from. Changes with the content, so that browsers may keep it for ever."""
    return f"/static/{name}?v={assets()[name].version}"


def _read(file: Path) -> Asset:
    body = file.read_bytes()
    return Asset(body, _MEDIA_TYPES[file.suffix], hashlib.sha256(body).hexdigest()[:16])
