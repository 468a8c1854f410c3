"""Signing in with a name and a password, and how long a guesser waits."""

import hashlib
from dataclasses import dataclass, replace

from logger.domain.accounts import Account, LockOut, account_id_from
from logger.domain.logins import LoginKind
from logger.domain.text import Unfit
from logger.errors import Outdated, WrongPassword
from logger.services.guessing import GuessLimit
from logger.services.logins import LoginsService, Opened
from logger.services.passwords import MAX_CHARACTERS, Passwords
from logger.store.kinds import ACCOUNTS
from logger.store.tables import Row, RowStore
from shared.clock import Clock


@dataclass(frozen=True, slots=True)
class SignedIn:
    account: Account
    opened: Opened


class SignInService:
    """Every method raises StoreUnavailable."""

    def __init__(self, store: RowStore, logins: LoginsService, passwords: Passwords, clock: Clock) -> None:
        self._store = store
        self._logins = logins
        self._passwords = passwords
        self._limit = GuessLimit(store, clock, LockOut())

    async def sign_in(self, name: str, password: str, *, address: str, kind: LoginKind, label: str) -> SignedIn:
        """Raises WrongPassword, the same for a name that there is and one that there is not; TooManyAttempts;
        SignInBusy."""
        account = await self.check(name, password, address=address)
        return SignedIn(account, await self._logins.open(account, kind, label))

    async def check(self, name: str, password: str, *, address: str) -> Account:
        """The account with this name and password; the failures before are forgotten."""
        key = _attempts_key(name, address)
        await self._limit.count(key)
        row = await self._account(name)
        kept = row.value.password if row is not None and row.value.active else None
        if not await self._passwords.matches(password[: MAX_CHARACTERS + 1], kept.hash if kept else None):
            raise WrongPassword("The name or the password is wrong")
        assert row is not None  # noqa: S101 - nothing matches where there is no hash
        await self._limit.forget(key)
        return await self._renewed(row, password)

    async def _account(self, name: str) -> Row[Account] | None:
        try:
            return await self._store.load(ACCOUNTS, account_id_from(name))
        except Unfit:
            return None

    async def _renewed(self, row: Row[Account], password: str) -> Account:
        """With its hash at the present cost. The same password: its logins stay open."""
        kept = row.value.password
        if kept is None or not self._passwords.is_outdated(kept.hash):
            return row.value
        renewed = replace(kept, hash=await self._passwords.hash(password))
        try:
            return (await self._store.save(ACCOUNTS, replace(row.value, password=renewed), row.version)).value
        except Outdated:
            return row.value  # the next time will do


def _attempts_key(name: str, address: str) -> str:
    """By account and address, so that a stranger elsewhere does not lock the owner out."""
    try:
        account_id = account_id_from(name)
    except Unfit:
        account_id = ""
    return hashlib.sha256(f"{account_id}\0{address}".encode()).hexdigest()
