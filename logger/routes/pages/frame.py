"""What every page has: its frame, its headers, its messages, and answers to errors that people can read."""

import base64
import binascii
import json
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import Depends, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, RedirectResponse
from fastapi.routing import APIRoute

from logger.app_state import State
from logger.deps import caller_of, parts_of, state_of
from logger.domain.accounts import Action, reach_of
from shared.web.errors import ServiceError, Unauthenticated

FLASH_COOKIE = "rollcall_flash"
FLASH_SECONDS = 60
MAX_FLASH_CHARACTERS = 400
SIGN_IN = "/sign-in"

HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
    "Cache-Control": "no-store",
}


@dataclass(frozen=True, slots=True)
class MenuItem:
    name: str
    title: str
    address: str
    action: Action


MENU = (
    MenuItem("today", "Today", "/", Action.SEE_TODAY),
    MenuItem("people", "People", "/people", Action.SEE_PEOPLE),
    MenuItem("classes", "Classes", "/classes", Action.SEE_CLASS),
    MenuItem("schedule", "Schedule", "/schedule", Action.SEE_CLASS),
    MenuItem("reports", "Reports", "/reports", Action.SEE_REPORTS),
    MenuItem("audit", "Audit", "/audit", Action.SEE_AUDIT),
    MenuItem("settings", "Settings", "/settings", Action.EDIT_SETTINGS),
    MenuItem("account", "Account", "/account", Action.EDIT_OWN_ACCOUNT),
)


async def _state(request: Request) -> State:
    return state_of(request)


StateDep = Annotated[State, Depends(_state)]  # a page is made of several services


@dataclass(frozen=True, slots=True)
class Flash:
    """One sentence on the next page."""

    text: str
    problem: bool = False


def page(request: Request, template: str, *, here: str, status: int = 200, **context: Any) -> HTMLResponse:
    """The page of whoever asks; the route has let them in before."""
    caller = caller_of(request)
    body = state_of(request).pages.render(
        template,
        caller=caller,
        csrf=caller.csrf or "",
        menu=[item for item in MENU if reach_of(caller.actor, item.action)],
        here=here,
        flash=_read_flash(request),
        live=context.pop("live", None),
        **context,
    )
    response = HTMLResponse(body, status, HEADERS)
    if FLASH_COOKIE in request.cookies:
        response.delete_cookie(FLASH_COOKIE)
    return response


def alone(request: Request, template: str, *, status: int = 200, **context: object) -> HTMLResponse:
    """A page for nobody in particular."""
    return HTMLResponse(state_of(request).pages.render(template, **context), status, HEADERS)


def go(address: str, said: str | None = None, *, problem: bool = False) -> RedirectResponse:
    """After a form: the browser asks for the page anew, so that reloading sends nothing twice."""
    response = RedirectResponse(address, 303)
    if said is not None:
        response.set_cookie(
            FLASH_COOKIE, _write_flash(Flash(said, problem)), max_age=FLASH_SECONDS, httponly=True, samesite="lax"
        )
    return response


Handler = Callable[[Request], Coroutine[Any, Any, Response]]


class PageRoute(APIRoute):
    """Errors for people: who is not signed in is sent to sign in, a form that failed goes back with the reason, and
    anything else is a page that says what happened."""

    def get_route_handler(self) -> Handler:
        handle = super().get_route_handler()

        async def answer(request: Request) -> Response:
            try:
                return await handle(request)
            except Unauthenticated:
                return go(f"{SIGN_IN}?next={quote(_local(request), safe='')}")
            except ServiceError as error:
                return _problem(request, error.status, error.title, error.detail)
            except RequestValidationError:
                return _problem(request, 422, "This address cannot be read", "A part of it is missing or not valid.")
            finally:
                await request.close()  # and with it the files of a form

        return answer


def local_address(text: str) -> str:
    """The address when it is one of ours, otherwise Today: a link must not lead elsewhere after signing in."""
    parts = parts_of(text)
    fine = text.startswith("/") and not text.startswith(("//", "/\\")) and not parts.scheme and not parts.netloc
    return text if fine and text.isprintable() and "\\" not in text else "/"


def _local(request: Request) -> str:
    """Where somebody was going; a form that was sent is not sent again."""
    if request.method != "GET":
        return "/"
    return f"{request.url.path}?{request.url.query}" if request.url.query else request.url.path


def _problem(request: Request, status: int, title: str, detail: str) -> Response:
    came_from = _came_from(request)
    if request.method == "POST" and status < 500 and came_from is not None:
        return go(came_from, detail, problem=True)
    return alone(request, "problem.html", status=status, title=title, detail=detail)


def _came_from(request: Request) -> str | None:
    referer = parts_of(request.headers.get("referer", ""))
    if referer.netloc != request.url.netloc or not referer.path:
        return None
    return local_address(f"{referer.path}?{referer.query}" if referer.query else referer.path)


def _write_flash(flash: Flash) -> str:
    text = json.dumps([flash.text[:MAX_FLASH_CHARACTERS], flash.problem])
    return base64.urlsafe_b64encode(text.encode()).decode()


def _read_flash(request: Request) -> Flash | None:
    """None also for what we have not written."""
    try:
        text, problem = json.loads(base64.urlsafe_b64decode(request.cookies.get(FLASH_COOKIE, "")))
    except (binascii.Error, ValueError, TypeError):
        return None
    return Flash(str(text)[:MAX_FLASH_CHARACTERS], bool(problem))
