"""The few files that pages load, for everybody."""

from fastapi import APIRouter, Request, Response

from logger.errors import NotFound
from logger.web.assets import assets

router = APIRouter(include_in_schema=False)

_FOR_EVER = "public, max-age=31536000, immutable"
_ASK_AGAIN = "no-cache"


@router.get("/static/{name}")
async def static(request: Request, name: str, v: str | None = None) -> Response:
    """Kept for ever under the address with its version; under the plain one, asked for again and mostly not sent."""
    asset = assets().get(name)
    if asset is None:
        raise NotFound("There is no such file")
    headers = {"ETag": asset.etag, "Cache-Control": _FOR_EVER if v == asset.version else _ASK_AGAIN}
    offered = {tag.strip().removeprefix("W/") for tag in request.headers.get("if-none-match", "").split(",")}
    if offered & {asset.etag, "*"}:
        return Response(status_code=304, headers=headers)
    return Response(asset.body, media_type=asset.media_type, headers=headers)
