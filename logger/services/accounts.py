"""Accounts: who may sign in, as what."""

import secrets
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace

from logger.domain.accounts import HUMAN, Account, Password, PasswordOrigin, Role, account_id_from
from logger.domain.audit import AuditAction
from logger.domain.logins import Login, LoginKind
from logger.domain.text import Unfit, clean_name, clean_source
from logger.errors import Conflict, InvalidAccount, NotFound, Outdated, Taken
from logger.services.logins import LoginsService
from logger.services.passwords import Passwords, check_password, new_password
from logger.services.trail import AuditTrail, Doing
from logger.store.kinds import ACCOUNTS
from logger.store.tables import NEW, Row, RowStore, Selection
from shared.clock import Clock

FIRST_ADMIN = "admin"
MOST_DEVICE_KEYS = 2  # the one in use and the one that replaces it
MOST_LISTED = 10_000
SYSTEM = "system"  # whose deed it is when nobody did it by hand


@dataclass(frozen=True, slots=True)
class AccountFields:
    """What an administrator writes about an account."""

    name: str
    role: Role
    room: str | None = None
    active: bool = True


@dataclass(frozen=True, slots=True)
class Made:
    """An account, and the secret that was made for it: shown once, kept by nobody."""

    account: Account
    secret: str | None = None


class AccountsService:
    """Every method raises StoreUnavailable."""

    def __init__(
        self, store: RowStore, logins: LoginsService, passwords: Passwords, audit: AuditTrail, clock: Clock
    ) -> None:
        self._store = store
        self._logins = logins
        self._passwords = passwords
        self._audit = audit
        self._clock = clock

    async def get(self, account_id: str) -> Account:
        """Raises NotFound."""
        return (await self._row(account_id)).value

    async def all(self) -> list[Account]:
        """By name."""
        return [row.value for row in await self._store.select(ACCOUNTS, Selection(limit=MOST_LISTED))]

    async def add(self, username: str, fields: AccountFields, *, password: str | None, by: str) -> Made:
        """With a made password when none is given; a device gets a key. Raises InvalidAccount, InvalidPassword,
        Taken."""
        account = _account(_clean_id(username), fields)
        if account.role is Role.DEVICE:
            return await self._add_device(account, by)
        chosen = new_password() if password is None else password
        check_password(chosen, account.account_id)
        account = replace(account, password=await self._hashed(chosen, PasswordOrigin.ADMINISTRATOR))
        await self._save_new(account, by)
        return Made(account, chosen if password is None else None)

    async def change(self, account_id: str, fields: AccountFields, *, by: str) -> Account:
        """Takes effect with the account's next request. Raises NotFound, InvalidAccount, Outdated, and Conflict for
        what would leave nobody who can administer."""
        row = await self._row(account_id)
        after = replace(_account(account_id, fields), password=row.value.password)
        if (row.value.role is Role.DEVICE) != (after.role is Role.DEVICE):
            raise InvalidAccount("A device stays a device, and a person a person: make another account")
        if _administers(row.value) and not _administers(after):
            await self._check_another_admin(account_id)
        async with self._saving(by, after, before=row.value):
            await self._store.save(ACCOUNTS, after, row.version)
        return after

    async def set_password(self, account_id: str, password: str | None, *, by: str) -> Made:
        """Ends every sign-in of the account, also the one that asked. Raises NotFound, InvalidPassword, Conflict."""
        chosen = new_password() if password is None else password
        origin = PasswordOrigin.OWNER if by == account_id else PasswordOrigin.ADMINISTRATOR
        account = await self._set_password(await self._row(account_id), chosen, origin, by)
        return Made(account, chosen if password is None else None)

    async def add_device_key(self, account_id: str, label: str, *, by: str) -> Made:
        """A second one, so that it can be brought to the device before the first is withdrawn. Raises NotFound, and
        Conflict when there are two."""
        account = await self.get(account_id)
        if account.role is not Role.DEVICE:
            raise Conflict("Only a device signs in with a key; make an API key for a program")
        if len(await self._logins.of_account(account_id)) >= MOST_DEVICE_KEYS:
            raise Conflict("This device has two keys; withdraw one first")
        async with self._audit.doing(AuditAction.KEY_ADDED, f"account:{account_id}", by=by) as adding:
            opened = await self._logins.open(account, LoginKind.DEVICE, label)
            adding.after = _told_login(opened.login)
        return Made(account, opened.secret)

    async def close_login(self, account_id: str, login_id: str, *, by: str) -> None:
        """Signs out one browser or program, or withdraws a device's key. Raises NotFound."""
        for login in await self._logins.of_account(account_id):
            if login.login_id == login_id:
                await self._close(login, by)
                return
        raise NotFound("There is no such sign-in")

    async def ensure_admin(self, given: str | None) -> Made:
        """The first administrator, with the given password or a made one, when there is no account with that name.
        Repeating it changes nothing. Raises InvalidPassword."""
        found = await self._store.load(ACCOUNTS, FIRST_ADMIN)
        if found is not None:
            return Made(found.value)
        password = given or new_password()
        check_password(password, FIRST_ADMIN)
        origin = PasswordOrigin.SETTING if given else PasswordOrigin.FIRST_START
        account = Account(FIRST_ADMIN, "Administrator", Role.ADMIN, await self._hashed(password, origin))
        try:
            await self._save_new(account, SYSTEM)
        except Taken:  # another process was first
            return Made(await self.get(FIRST_ADMIN))
        return Made(account, None if given else password)

    async def _add_device(self, account: Account, by: str) -> Made:
        await self._save_new(account, by)
        return await self.add_device_key(account.account_id, "first key", by=by)

    async def _row(self, account_id: str) -> Row[Account]:
        row = await self._store.load(ACCOUNTS, account_id)
        if row is None:
            raise NotFound("There is no such account")
        return row

    async def _hashed(self, password: str, origin: PasswordOrigin) -> Password:
        return Password(await self._passwords.hash(password), self._clock.now(), origin, secrets.token_hex(8))

    async def _save_new(self, account: Account, by: str) -> None:
        try:
            async with self._saving(by, account):
                await self._store.save(ACCOUNTS, account, NEW)
        except Outdated:
            raise Taken("There is an account with this name") from None

    async def _close(self, login: Login, by: str) -> None:
        if login.kind is not LoginKind.DEVICE:
            await self._logins.close(login)
            return
        subject = f"account:{login.account_id}"
        async with self._audit.doing(AuditAction.KEY_REVOKED, subject, by=by, before=_told_login(login)):
            await self._logins.close(login)

    async def _set_password(self, row: Row[Account], password: str, origin: PasswordOrigin, by: str) -> Account:
        account = row.value
        if account.role not in HUMAN:
            raise Conflict("A device has no password")
        check_password(password, account.account_id)
        changed = replace(account, password=await self._hashed(password, origin))
        async with self._saving(by, changed, before=account):
            await self._store.save(ACCOUNTS, changed, row.version)
        return changed

    async def _check_another_admin(self, account_id: str) -> None:
        others = [one for one in await self.all() if _administers(one) and one.account_id != account_id]
        if not others:
            raise Conflict("This is the only administrator")

    def _saving(self, by: str, after: Account, before: Account | None = None) -> AbstractAsyncContextManager[Doing]:
        told = None if before is None else _told(before)
        subject = f"account:{after.account_id}"
        return self._audit.doing(AuditAction.ACCOUNT_SAVED, subject, by=by, before=told, after=_told(after))


def _administers(account: Account) -> bool:
    return account.role is Role.ADMIN and account.active


def _account(account_id: str, fields: AccountFields) -> Account:
    if fields.role is Role.PROGRAM:
        raise InvalidAccount("A program has an API key, not an account")
    if (fields.role is Role.DEVICE) != (fields.room is not None):
        raise InvalidAccount("A device, and nothing else, belongs to a room")
    try:
        room = None if fields.room is None else clean_source(fields.room)
        return Account(account_id, clean_name(fields.name), fields.role, room=room, active=fields.active)
    except Unfit as error:
        raise InvalidAccount(f"The name {error}") from None


def _clean_id(username: str) -> str:
    try:
        return account_id_from(username)
    except Unfit as error:
        raise InvalidAccount(f"The name to sign in with {error}") from None


def _told(account: Account) -> dict[str, str | bool | None]:
    """Never the hash. The password shows by the instant it was set."""
    return {
        "name": account.name,
        "role": account.role.value,
        "room": account.room,
        "active": account.active,
        "password_set_at": account.password.set_at.isoformat() if account.password else None,
    }


def _told_login(login: Login) -> dict[str, str]:
    return {"key": login.login_id, "label": login.label}
