"""The store: whether it can be trusted with what it is given, and who can get in."""

import asyncio
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from logger.app import build_store
from logger.domain.accounts import Account, PasswordOrigin, Role
from logger.errors import StartError, StoreUnavailable
from logger.services.rows import every_row
from logger.settings import LoggerSettings
from logger.store.base import EventFilter, Store, StoredKey
from logger.store.kinds import ACCOUNTS
from logger.store.tables import Selection
from shared.doctor.findings import Finding, fault, ok, warning
from shared.doctor.network import is_local
from shared.security import ApiKey, Scope

if TYPE_CHECKING:
    from logger.store.mongo_topology import Topology

UNCHANGED_FOR = timedelta(days=7)
KEY_AGE = timedelta(days=365)
AHEAD = timedelta(minutes=5)
MADE_FOR = {PasswordOrigin.FIRST_START, PasswordOrigin.SETTING}  # and shown on a terminal, or written into a file


async def by_store(settings: LoggerSettings, now: datetime) -> list[Finding]:
    """Makes nothing where there is nothing yet."""
    path = settings.sqlite_path
    if path is not None and not path.exists():
        fix = "start the service, or `python -m logger users first`"
        return [warning("store", f"there is no {path} yet", fix)]
    try:
        store = build_store(settings)
    except StartError as error:
        return [fault("store", str(error), "correct LOGGER_STORE_URL")]
    try:
        await store.prepare()
        kind = await asyncio.to_thread(lambda: list(_kind(settings)))
        return [*kind, *await _held(store, settings.fixed_keys, now)]
    except StoreUnavailable as error:
        return [fault("store", f"{error}", "start it, or correct LOGGER_STORE_URL; recognitions wait meanwhile")]
    finally:
        await store.close()


async def _held(store: Store, fixed: tuple[ApiKey, ...] | None, now: datetime) -> list[Finding]:
    accounts = [row.value async for row in every_row(store, ACCOUNTS, Selection())]
    newest = (await store.events_page(EventFilter(), after=None, limit=1)).items
    keys = judged_keys(await store.keys(), now) if fixed is None else judged_fixed_keys(fixed)
    captured_at = max((one.sighting.captured_at for one in newest), default=now)
    return [*judged_admins(accounts, now), *keys, judged_clock(captured_at, now)]


def _kind(settings: LoggerSettings) -> Iterator[Finding]:
    if settings.sqlite_path is not None:
        yield ok("store", f"SQLite in {settings.sqlite_path}, every commit synced")
        return
    from logger.store.mongo_topology import read_topology  # noqa: PLC0415 - the embedded store needs no driver

    url = settings.store_url.get_secret_value()
    parts = urlsplit(url)
    if "@" not in parts.netloc and not is_local(parts.netloc.rpartition(":")[0]):
        what = "whoever reaches MongoDB may read and change everything: its address names no user"
        yield fault("store", what, "turn its authentication on and name a user in LOGGER_STORE_URL")
    yield judged_topology(read_topology(url))


def judged_topology(found: "Topology") -> Finding:
    asked = "every write is asked for with w=majority, j=true"
    if found.sharded:
        return ok("store", f"a sharded MongoDB; {asked}")
    if found.replica_set is None:
        what = f"MongoDB stands alone; {asked}, and a majority of one is its own disk"
        return warning("store", what, "make it a replica set, as docker-compose.yml does")
    if not found.writable:
        return fault("store", f"replica set {found.replica_set} has no primary here", "see `rs.status()`")
    return ok("store", f"replica set {found.replica_set}, members {found.members}; {asked}")


def judged_admins(accounts: Iterable[Account], now: datetime) -> Iterator[Finding]:
    admins = [account for account in accounts if account.role is Role.ADMIN and account.active]
    if not admins:
        yield fault("accounts", "nobody can administer", "`python -m logger users first`")
    for account in admins:
        password = account.password
        if password is None or password.origin not in MADE_FOR or now - password.set_at < UNCHANGED_FOR:
            yield ok("accounts", f"{account.account_id}: {_since(account)}")
            continue
        what = f"{account.account_id} still has the password of the first start, on {password.set_at:%Y-%m-%d}"
        fix = f"`python -m logger users passwd {account.account_id} --ask`, or the account's own page"
        yield warning("accounts", what, fix)


def _since(account: Account) -> str:
    return "no password" if account.password is None else f"password of {account.password.set_at:%Y-%m-%d}"


def judged_keys(stored: Iterable[StoredKey], now: datetime) -> Iterator[Finding]:
    usable = [one for one in stored if one.revoked_at is None]
    yield from _writers(one.key for one in usable)
    for one in usable:
        if now - one.created_at > KEY_AGE:
            what = f"key {one.key.key_id} is of {one.created_at:%Y-%m-%d}"
            yield warning("keys", what, f"`python -m logger keys rotate {one.key.key_id}`")


def judged_fixed_keys(fixed: tuple[ApiKey, ...]) -> Iterator[Finding]:
    """The settings say nothing of their age."""
    yield from _writers(fixed)


def _writers(keys: Iterable[ApiKey]) -> Iterator[Finding]:
    known = list(keys)
    if any(Scope.EVENTS_WRITE in key.scopes for key in known):
        yield ok("keys", f"{len(known)} in use")
    else:
        fix = f"`python -m logger keys add --scope {Scope.EVENTS_WRITE} --label recognizer`"
        yield warning("keys", "no recognizer can deliver: no key may write events", fix)


def judged_clock(captured_at: datetime, now: datetime) -> Finding:
    if captured_at - now > AHEAD:
        what = f"the newest recognition is of {captured_at:%F %T} UTC, and here it is {now:%F %T}"
        return warning("clock", what, "let this machine and the recognizers' keep time by NTP")
    return ok("clock", f"{now:%F %T} UTC, and no recognition is of a later time")
