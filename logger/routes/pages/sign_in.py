"""Signing in and out with a browser."""

from fastapi import APIRouter, Depends, Request, Response

from logger.deps import CallerDep
from logger.domain.logins import LoginKind
from logger.errors import SignInBusy, TooManyAttempts, WrongPassword
from logger.routes.auth import address_of
from logger.routes.cookies import clear_login, require_this_site, set_login
from logger.routes.pages.forms import FormDep
from logger.routes.pages.frame import SIGN_IN, PageRoute, StateDep, alone, go, local_address

router = APIRouter(include_in_schema=False, route_class=PageRoute)


@router.get(SIGN_IN)
async def ask(request: Request, next: str = "/") -> Response:  # noqa: A002 - in the address
    return alone(request, "sign_in.html", problem=None, name="", next=local_address(next))


@router.post(SIGN_IN, dependencies=[Depends(require_this_site)])
async def sign_in(request: Request, state: StateDep, form: FormDep) -> Response:
    name, where = form.text("name"), local_address(form.text("next"))
    try:
        signed_in = await state.sign_in.sign_in(
            name, form.text("password"), address=address_of(request), kind=LoginKind.BROWSER, label="browser"
        )
    except (WrongPassword, TooManyAttempts, SignInBusy) as problem:
        return alone(request, "sign_in.html", status=problem.status, problem=problem.detail, name=name, next=where)
    response = go(where)
    set_login(request, response, signed_in.opened)
    return response


@router.post("/sign-out")
async def sign_out(request: Request, state: StateDep, caller: CallerDep) -> Response:
    if caller.login is not None:
        await state.logins.close(caller.login)
    response = go(SIGN_IN)
    clear_login(request, response)
    return response
