"""`/auth`: signing in and out. A browser gets a cookie, a program a token."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from logger.deps import CallerDep, LoginsDep, SignInDep, read_json
from logger.domain.accounts import Role
from logger.domain.logins import LoginKind
from logger.errors import InvalidJson, SignInBusy, StoreUnavailable, TooManyAttempts, WrongPassword
from logger.routes.cookies import clear_login, require_this_site, set_login
from logger.services.access import csrf_of
from shared.contracts.base import Instant, Name, WireModel
from shared.web.errors import Forbidden, problems

router = APIRouter(prefix="/auth", tags=["accounts"])

_ERRORS = problems(InvalidJson, WrongPassword, Forbidden, TooManyAttempts, SignInBusy, StoreUnavailable)


class Credentials(WireModel):
    username: str
    password: str


class TokenRequest(Credentials):
    label: Name = "token"


class SignedInAs(WireModel):
    account_id: str
    name: str
    role: Role
    expires_at: Instant
    csrf_token: str  # to repeat as X-CSRF-Token, or as the form field csrf, with whatever changes something


class Token(WireModel):
    token: str  # shown this once
    login_id: str
    expires_at: Instant


async def read_credentials(request: Request) -> Credentials:
    return await read_json(request, Credentials)


async def read_token_request(request: Request) -> TokenRequest:
    return await read_json(request, TokenRequest)


def address_of(request: Request) -> str:
    return request.client.host if request.client else ""


@router.post("/login", dependencies=[Depends(require_this_site)], responses=_ERRORS)
async def login(
    given: Annotated[Credentials, Depends(read_credentials)], service: SignInDep, request: Request, response: Response
) -> SignedInAs:
    """Signs a browser in. Every attempt counts until one succeeds; from the fifth failure on there is a wait."""
    signed_in = await service.sign_in(
        given.username, given.password, address=address_of(request), kind=LoginKind.BROWSER, label="browser"
    )
    set_login(request, response, signed_in.opened)
    account = signed_in.account
    return SignedInAs(
        account_id=account.account_id,
        name=account.name,
        role=account.role,
        expires_at=signed_in.opened.login.expires_at,
        csrf_token=csrf_of(signed_in.opened.secret),
    )


@router.post("/token", status_code=201, dependencies=[Depends(require_this_site)], responses=_ERRORS)
async def token(
    given: Annotated[TokenRequest, Depends(read_token_request)], service: SignInDep, request: Request
) -> Token:
    """A token for a program that acts for somebody: `Authorization: Bearer …`, for 90 days or until it is withdrawn."""
    signed_in = await service.sign_in(
        given.username, given.password, address=address_of(request), kind=LoginKind.PROGRAM, label=given.label
    )
    kept = signed_in.opened.login
    return Token(token=signed_in.opened.secret, login_id=kept.login_id, expires_at=kept.expires_at)


@router.post("/logout", status_code=204, responses=problems(Forbidden, StoreUnavailable))
async def logout(caller: CallerDep, logins: LoginsDep, request: Request, response: Response) -> None:
    """Ends what the request was made with: the browser's sign-in, or the token."""
    if caller.login is not None:
        await logins.close(caller.login)
    clear_login(request, response)
