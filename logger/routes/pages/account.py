"""One's own account: the password, and where one is signed in."""

from fastapi import APIRouter, Request, Response

from logger.deps import caller_of
from logger.errors import InvalidRequest, WrongPassword
from logger.routes.auth import address_of
from logger.routes.cookies import clear_login
from logger.routes.pages.forms import FormDep
from logger.routes.pages.frame import SIGN_IN, PageRoute, StateDep, go, page
from logger.routes.pages.rights import OwnsAccount

router = APIRouter(include_in_schema=False, route_class=PageRoute)


@router.get("/account")
async def account(request: Request, state: StateDep, actor: OwnsAccount) -> Response:
    login = caller_of(request).login
    return page(
        request,
        "account.html",
        here="account",
        account=await state.accounts.get(actor.account_id),
        logins=await state.logins.of_account(actor.account_id),
        current=login.login_id if login else None,
    )


@router.post("/account/password")
async def change_password(
    request: Request,
    state: StateDep,
    actor: OwnsAccount,
    form: FormDep,
) -> Response:
    """Ends every sign-in, this one too."""
    if form.text("password") != form.text("again"):
        raise InvalidRequest("The two new passwords differ.")
    try:
        await state.sign_in.check(actor.account_id, form.text("present"), address=address_of(request))
    except WrongPassword:
        raise InvalidRequest("The present password is wrong.") from None
    await state.accounts.set_password(actor.account_id, form.text("password"), by=actor.account_id)
    response = go(SIGN_IN)
    clear_login(request, response)
    return response


@router.post("/account/logins/close")
async def close_login(state: StateDep, actor: OwnsAccount, form: FormDep) -> Response:
    await state.accounts.close_login(actor.account_id, form.text("login_id"), by=actor.account_id)
    return go("/account", "Signed out there.")
