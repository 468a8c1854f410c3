"""The two pages for people: the kiosk at `/` and enrolment at `/enroll`, with the few files they load.

Their addresses are relative, so that they work under any path of a proxy and through a tunnel.
"""

from collections.abc import Mapping
from functools import cache
from pathlib import Path

from fastapi import APIRouter, Request, Response
from starlette.exceptions import HTTPException

from shared.web.assets import Asset, asset_response, read_assets

router = APIRouter(include_in_schema=False)

FOLDER = Path(__file__).parents[1] / "web"

_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; "
        "form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(self), microphone=(), geolocation=(), fullscreen=(self), screen-wake-lock=(self)",
}


@cache
def _assets() -> Mapping[str, Asset]:
    return read_assets(FOLDER)


@router.get("/")
async def kiosk(request: Request) -> Response:
    return asset_response(request, _assets()["kiosk.html"], headers=_HEADERS)


@router.get("/enroll")
async def enroll(request: Request) -> Response:
    return asset_response(request, _assets()["enroll.html"], headers=_HEADERS)


@router.get("/static/{name}")
async def static(request: Request, name: str) -> Response:
    """Asked for again each time and mostly not sent: the modules name each other without a version."""
    asset = _assets().get(name)
    if asset is None or name.endswith(".html"):
        raise HTTPException(404, "There is no such file")
    return asset_response(request, asset)
