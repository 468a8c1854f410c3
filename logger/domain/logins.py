"""Logins: what a browser, a program or a device holds after it has shown who it is."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from logger.domain.accounts import Account

NEVER = datetime.max.replace(tzinfo=UTC)


class LoginKind(StrEnum):
    BROWSER = "browser"  # a cookie
    PROGRAM = "program"  # a bearer token
    DEVICE = "device"  # a kiosk's key, which ends when it is withdrawn


LIFETIME = {LoginKind.BROWSER: timedelta(days=7), LoginKind.PROGRAM: timedelta(days=90)}
IDLE = timedelta(hours=12)  # after which a browser has to sign in again
SEEN_EVERY = timedelta(minutes=5)  # how exactly the last use is kept


@dataclass(frozen=True, slots=True)
class Login:
    """The secret itself is known to its holder alone."""

    digest: str = field(repr=False)  # SHA-256 of the secret, hex
    account_id: str
    kind: LoginKind
    label: str  # what the holder calls it
    created_at: datetime
    seen_at: datetime
    expires_at: datetime
    password_id: str | None  # of the password it was opened with: another password ends it

    @property
    def login_id(self) -> str:
        """What it is called where its owner sees it."""
        return self.digest[:12]

    def is_open(self, account: Account, now: datetime) -> bool:
        if not account.active or now >= self.expires_at or self.password_id != _password_id(account):
            return False
        return self.kind is not LoginKind.BROWSER or now - self.seen_at < IDLE


def open_login(account: Account, digest: str, kind: LoginKind, label: str, now: datetime) -> Login:
    lifetime = LIFETIME.get(kind)
    return Login(
        digest=digest,
        account_id=account.account_id,
        kind=kind,
        label=label,
        created_at=now,
        seen_at=now,
        expires_at=now + lifetime if lifetime else NEVER,
        password_id=_password_id(account),
    )


def _password_id(account: Account) -> str | None:
    return account.password.password_id if account.password else None


@dataclass(frozen=True, slots=True)
class Attempts:
    """Failures to sign in to one account from one address, since the last success there."""

    key: str  # a digest: neither the name nor the address can be read from it
    failures: tuple[datetime, ...]  # at least one, in the order they came
