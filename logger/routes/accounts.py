"""`/v1/account`: one's own. `/v1/accounts`: everybody's, for administrators."""

from typing import Annotated, Self

from fastapi import APIRouter, Depends, Request, Response

from logger.deps import AccountsDep, CallerDep, LoginsDep, SignInDep, allowed, own_subject, read_json
from logger.domain.accounts import Account, Action, Actor, PasswordOrigin, Role
from logger.domain.logins import NEVER, Login, LoginKind
from logger.errors import (
    Conflict,
    InvalidAccount,
    InvalidJson,
    InvalidPassword,
    NotFound,
    Outdated,
    StoreUnavailable,
    Taken,
    TooManyAttempts,
    WrongPassword,
)
from logger.routes.auth import address_of
from logger.routes.cookies import clear_login
from logger.services.accounts import AccountFields
from shared.contracts.base import Instant, Name, Source, WireModel
from shared.web.errors import Forbidden, Unauthenticated, problems

router = APIRouter(prefix="/v1", tags=["accounts"])

Administrator = Annotated[Actor, allowed(Action.EDIT_ACCOUNTS)]
Owner = Annotated[Actor, allowed(Action.EDIT_OWN_ACCOUNT, subject=own_subject)]

_READ = problems(Unauthenticated, Forbidden, NotFound, StoreUnavailable)
_CHANGE = _READ | problems(InvalidJson, InvalidAccount, InvalidPassword, Conflict, Outdated, Taken)


class AccountView(WireModel):
    account_id: str
    name: str
    role: Role
    room: str | None
    active: bool
    password_set_at: Instant | None
    password_origin: PasswordOrigin | None

    @classmethod
    def of(cls, account: Account) -> Self:
        password = account.password
        return cls(
            account_id=account.account_id,
            name=account.name,
            role=account.role,
            room=account.room,
            active=account.active,
            password_set_at=password.set_at if password else None,
            password_origin=password.origin if password else None,
        )


class LoginView(WireModel):
    login_id: str
    kind: LoginKind
    label: str
    created_at: Instant
    seen_at: Instant
    expires_at: Instant | None
    current: bool  # the one that asks

    @classmethod
    def of(cls, login: Login, current: Login | None = None) -> Self:
        return cls(
            login_id=login.login_id,
            kind=login.kind,
            label=login.label,
            created_at=login.created_at,
            seen_at=login.seen_at,
            expires_at=None if login.expires_at == NEVER else login.expires_at,
            current=current is not None and login.digest == current.digest,
        )


class OwnAccount(WireModel):
    account: AccountView
    logins: list[LoginView]


class Accounts(WireModel):
    items: list[AccountView]


class Logins(WireModel):
    items: list[LoginView]


class AccountWithSecret(WireModel):
    account: AccountView
    secret: str | None  # a password or a key that was made: shown this once


class AccountChange(WireModel):
    name: Name
    role: Role
    room: Source | None = None
    active: bool = True

    @property
    def fields(self) -> AccountFields:
        return AccountFields(self.name, self.role, self.room, self.active)


class NewAccount(AccountChange):
    username: Name
    password: str | None = None


class NewPassword(WireModel):
    password: str | None = None  # None: one is made


class PasswordChange(WireModel):
    present: str
    password: str


class KeyRequest(WireModel):
    label: Name


async def read_account(request: Request) -> NewAccount:
    return await read_json(request, NewAccount)


async def read_change(request: Request) -> AccountChange:
    return await read_json(request, AccountChange)


async def read_new_password(request: Request) -> NewPassword:
    return await read_json(request, NewPassword)


async def read_password_change(request: Request) -> PasswordChange:
    return await read_json(request, PasswordChange)


async def read_key_request(request: Request) -> KeyRequest:
    return await read_json(request, KeyRequest)


@router.get("/account", responses=_READ)
async def own_account(actor: Owner, caller: CallerDep, accounts: AccountsDep, logins: LoginsDep) -> OwnAccount:
    """Who one is signed in as, and where else."""
    account = await accounts.get(actor.account_id)
    opened = await logins.of_account(actor.account_id)
    return OwnAccount(account=AccountView.of(account), logins=[LoginView.of(one, caller.login) for one in opened])


@router.post("/account/password", status_code=204, responses=_CHANGE | problems(WrongPassword, TooManyAttempts))
async def change_own_password(
    actor: Owner,
    change: Annotated[PasswordChange, Depends(read_password_change)],
    accounts: AccountsDep,
    sign_in: SignInDep,
    request: Request,
) -> Response:
    """Ends every sign-in, this one too. The present password is asked for, with the same waits as at the sign-in."""
    await sign_in.check(actor.account_id, change.present, address=address_of(request))
    await accounts.set_password(actor.account_id, change.password, by=actor.account_id)
    response = Response(status_code=204)
    clear_login(request, response)
    return response


@router.delete("/account/logins/{login_id}", status_code=204, responses=_READ)
async def close_own_login(actor: Owner, login_id: str, accounts: AccountsDep) -> None:
    await accounts.close_login(actor.account_id, login_id, by=actor.account_id)


@router.get("/accounts", responses=_READ)
async def list_accounts(_: Administrator, accounts: AccountsDep) -> Accounts:
    return Accounts(items=[AccountView.of(one) for one in await accounts.all()])


@router.post("/accounts", status_code=201, responses=_CHANGE)
async def add_account(
    actor: Administrator, given: Annotated[NewAccount, Depends(read_account)], accounts: AccountsDep
) -> AccountWithSecret:
    """With a password that is made when none is given, or a device's first key."""
    made = await accounts.add(given.username, given.fields, password=given.password, by=actor.account_id)
    return AccountWithSecret(account=AccountView.of(made.account), secret=made.secret)


@router.put("/accounts/{account_id}", responses=_CHANGE)
async def change_account(
    actor: Administrator,
    account_id: str,
    given: Annotated[AccountChange, Depends(read_change)],
    accounts: AccountsDep,
) -> AccountView:
    """An account that is not active is signed out at once."""
    return AccountView.of(await accounts.change(account_id, given.fields, by=actor.account_id))


@router.post("/accounts/{account_id}/password", responses=_CHANGE)
async def set_password(
    actor: Administrator,
    account_id: str,
    given: Annotated[NewPassword, Depends(read_new_password)],
    accounts: AccountsDep,
) -> AccountWithSecret:
    """Ends every sign-in of the account."""
    made = await accounts.set_password(account_id, given.password, by=actor.account_id)
    return AccountWithSecret(account=AccountView.of(made.account), secret=made.secret)


@router.get("/accounts/{account_id}/logins", responses=_READ)
async def list_logins(_: Administrator, account_id: str, logins: LoginsDep) -> Logins:
    return Logins(items=[LoginView.of(one) for one in await logins.of_account(account_id)])


@router.delete("/accounts/{account_id}/logins/{login_id}", status_code=204, responses=_READ)
async def close_login(actor: Administrator, account_id: str, login_id: str, accounts: AccountsDep) -> None:
    await accounts.close_login(account_id, login_id, by=actor.account_id)


@router.post("/accounts/{account_id}/keys", status_code=201, responses=_CHANGE)
async def add_device_key(
    actor: Administrator,
    account_id: str,
    given: Annotated[KeyRequest, Depends(read_key_request)],
    accounts: AccountsDep,
) -> AccountWithSecret:
    """A device's second key, to be brought there before the first is withdrawn."""
    made = await accounts.add_device_key(account_id, given.label, by=actor.account_id)
    return AccountWithSecret(account=AccountView.of(made.account), secret=made.secret)
