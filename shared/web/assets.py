"""The few files that pages load: small, read once, and known by what is in them."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from fastapi import Request, Response

FOR_EVER = "public, max-age=31536000, immutable"
ASK_AGAIN = "no-cache"

_MEDIA_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
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


def read_assets(folder: Path) -> Mapping[str, Asset]:
    """Every file there is, by name: a name that is not in here is never looked for on the disk."""
    return {file.name: _read(file) for file in folder.iterdir() if file.suffix in _MEDIA_TYPES}


def asset_response(
    request: Request, asset: Asset, *, cache_control: str = ASK_AGAIN, headers: Mapping[str, str] | None = None
) -> Response:
    """Without its body for whoever has it already."""
    all_headers = {"ETag": asset.etag, "Cache-Control": cache_control, **(headers or {})}
    offered = {tag.strip().removeprefix("W/") for tag in request.headers.get("if-none-match", "").split(",")}
    if offered & {asset.etag, "*"}:
        return Response(status_code=304, headers=all_headers)
    return Response(asset.body, media_type=asset.media_type, headers=all_headers)


def _read(file: Path) -> Asset:
    body = file.read_bytes()
    return Asset(body, _MEDIA_TYPES[file.suffix], hashlib.sha256(body).hexdigest()[:16])
