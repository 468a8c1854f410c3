"""The cookie that a browser is signed in by."""

from fastapi import Request, Response

from logger.deps import cookie_name, same_origin
from logger.services.logins import Opened
from shared.web.errors import Forbidden


def set_login(request: Request, response: Response, opened: Opened) -> None:
    """Out of reach of scripts, sent by no other site's forms, and over https alone when it came that way."""
    response.set_cookie(
        cookie_name(request),
        opened.secret,
        max_age=int((opened.login.expires_at - opened.login.created_at).total_seconds()),
        path="/",
        secure=request.url.scheme == "https",
        httponly=True,
        samesite="lax",
    )


def clear_login(request: Request, response: Response) -> None:
    response.delete_cookie(
        cookie_name(request), path="/", secure=request.url.scheme == "https", httponly=True, samesite="lax"
    )


async def require_this_site(request: Request) -> None:
    """Raises Forbidden."""
    if not same_origin(request):
        raise Forbidden("Sign in on this site's own page")
