"""The few files that pages load, for everybody."""

from fastapi import APIRouter, Request, Response

from logger.errors import NotFound
from logger.web.assets import assets
from shared.web.assets import ASK_AGAIN, FOR_EVER, asset_response

router = APIRouter(include_in_schema=False)


@router.get("/static/{name}")
async def static(request: Request, name: str, v: str | None = None) -> Response:
    """Kept for ever under the address with its version; under the plain one, asked for again and mostly not sent."""
    asset = assets().get(name)
    if asset is None:
        raise NotFound("There is no such file")
    return asset_response(request, asset, cache_control=FOR_EVER if v == asset.version else ASK_AGAIN)
