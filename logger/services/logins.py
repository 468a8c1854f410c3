"""Logins: opened after somebody has shown who they are, found by their secret, closed by their owner."""

import secrets
from dataclasses import dataclass, replace
from datetime import datetime

from logger.domain.accounts import Account
from logger.domain.logins import SEEN_EVERY, Login, LoginKind, open_login
from logger.errors import Outdated
from logger.store.kinds import ACCOUNTS, LOGINS
from logger.store.tables import NEW, Row, RowStore, Selection
from shared.clock import Clock
from shared.security import digest_of

LOGIN_PREFIX = "rollcall-login_"  # not an API key's, so that it is known where to look
_SWEPT_AT_ONCE = 20  # expired logins that each new one clears away


@dataclass(frozen=True, slots=True)
class Found:
    account: Account
    login: Login


@dataclass(frozen=True, slots=True)
class Opened:
    """The secret, which nobody can ask for again, and what is kept of it."""

    secret: str
    login: Login


class LoginsService:
    """Every method raises StoreUnavailable."""

    def __init__(self, store: RowStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def open(self, account: Account, kind: LoginKind, label: str) -> Opened:
        """Always a new secret: one that was planted before signing in is worth nothing afterwards."""
        now = self._clock.now()
        await self._sweep(now)
        secret = LOGIN_PREFIX + secrets.token_urlsafe(32)
        login = open_login(account, digest_of(secret), kind, label, now)
        await self._store.save(LOGINS, login, NEW)
        return Opened(secret, login)

    async def find(self, secret: str) -> Found | None:
        """The open login with this secret, and its account as it is now."""
        row = await self._store.load(LOGINS, digest_of(secret))
        account = None if row is None else await self._store.load(ACCOUNTS, row.value.account_id)
        now = self._clock.now()
        if row is None or account is None or not row.value.is_open(account.value, now):
            return None
        await self._note_use(row, now)
        return Found(account.value, row.value)

    async def of_account(self, account_id: str) -> list[Login]:
        """Those that are open, the last used first."""
        account = await self._store.load(ACCOUNTS, account_id)
        rows = await self._store.select(LOGINS, Selection(terms={"account": account_id}))
        now = self._clock.now()
        logins = [row.value for row in rows if account is not None and row.value.is_open(account.value, now)]
        return sorted(logins, key=lambda login: login.seen_at, reverse=True)

    async def close(self, login: Login) -> None:
        """Closing twice is harmless."""
        await self._store.remove(LOGINS, login.digest)

    async def _note_use(self, row: Row[Login], now: datetime) -> None:
        if now - row.value.seen_at < SEEN_EVERY:
            return
        try:
            await self._store.save(LOGINS, replace(row.value, seen_at=now), row.version)
        except Outdated:
            return  # another request noted it, or the login was closed at this moment

    async def _sweep(self, now: datetime) -> None:
        for row in await self._store.select(LOGINS, Selection(last=now.isoformat(), limit=_SWEPT_AT_ONCE)):
            await self._store.remove(LOGINS, row.value.digest)
