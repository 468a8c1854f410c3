"""`python -m logger users`."""

import argparse
import getpass
import sys

from logger.domain.accounts import HUMAN, Account, PasswordOrigin, Role, account_id_from
from logger.errors import StartError
from logger.services.accounts import FIRST_ADMIN, AccountFields, AccountsService, Made
from logger.services.audit import AuditService
from logger.services.logins import LoginsService
from logger.services.passwords import Argon2Passwords
from logger.settings import LoggerSettings, load_settings
from logger.store.base import Store
from shared.clock import SystemClock

CONSOLE = "console"  # whose deed it is: whoever has this machine may do everything
ROLES = (*sorted(HUMAN), Role.DEVICE)

Commands = argparse._SubParsersAction  # noqa: SLF001 - argparse gives it no public name


def add_users(commands: "Commands[argparse.ArgumentParser]") -> None:
    add = commands.add_parser("add", help="make an account; a password or key that is made is shown this once")
    add.add_argument("--role", type=Role, choices=ROLES, required=True)
    add.add_argument("--name", help="as it is shown; the sign-in name when not given")
    add.add_argument("--room", help="of a device")
    add.set_defaults(run=_add)
    passwd = commands.add_parser("passwd", help="give a new password, or a device its second key; ends every sign-in")
    passwd.set_defaults(run=_passwd)
    for command in (add, passwd):
        command.add_argument("--ask", action="store_true", help="ask for the password instead of making one")
    disable = commands.add_parser("disable", help="sign out and keep out; nothing of the account is lost")
    disable.set_defaults(run=_disable)
    enable = commands.add_parser("enable", help="let in again")
    enable.set_defaults(run=_enable)
    for command in (add, passwd, disable, enable):
        command.add_argument("username")
    commands.add_parser("list", help="all accounts").set_defaults(run=_list)
    first = commands.add_parser("first", help="make sure that there is an administrator, and say how to sign in")
    first.set_defaults(run=_first)


def accounts_of(store: Store) -> AccountsService:
    clock = SystemClock()
    return AccountsService(store, LoginsService(store, clock), Argon2Passwords(), AuditService(store, clock), clock)


async def ensure_admin(store: Store, settings: LoggerSettings) -> Made:
    """Raises InvalidPassword for a LOGGER_ADMIN_PASSWORD that cannot be one."""
    given = settings.admin_password
    return await accounts_of(store).ensure_admin(None if given is None else given.get_secret_value())


def how_to_sign_in(made: Made) -> str:
    """Beginning with the name; with the password only where it was made just now."""
    if made.secret is not None:
        return f"{FIRST_ADMIN}, password {made.secret}   (made now and shown this once)"
    return f"{FIRST_ADMIN}, with the password {_where_it_was_set(made.account)}"


def _where_it_was_set(account: Account) -> str:
    password = account.password
    if password is None:
        return "that `python -m logger users passwd admin` gives"
    day = f"{password.set_at:%Y-%m-%d}"
    match password.origin:
        case PasswordOrigin.FIRST_START:
            return f"shown at the first start, on {day}; lost it? python -m logger users passwd {FIRST_ADMIN}"
        case PasswordOrigin.SETTING:
            return f"that was in LOGGER_ADMIN_PASSWORD at the first start, on {day}"
        case PasswordOrigin.ADMINISTRATOR:
            return f"that an administrator gave it on {day}"
        case PasswordOrigin.OWNER:
            return f"that it was changed to on {day}"


async def _first(store: Store, _: argparse.Namespace) -> int:
    _say(how_to_sign_in(await ensure_admin(store, load_settings())))
    return 0


async def _add(store: Store, given: argparse.Namespace) -> int:
    fields = AccountFields(given.name or given.username, given.role, given.room)
    made = await accounts_of(store).add(given.username, fields, password=_asked(given), by=CONSOLE)
    _say_made(made)
    return 0


async def _passwd(store: Store, given: argparse.Namespace) -> int:
    accounts = accounts_of(store)
    account = await accounts.get(account_id_from(given.username))
    if account.role is Role.DEVICE:
        made = await accounts.add_device_key(account.account_id, "second key", by=CONSOLE)
    else:
        made = await accounts.set_password(account.account_id, _asked(given), by=CONSOLE)
    _say_made(made)
    return 0


async def _disable(store: Store, given: argparse.Namespace) -> int:
    return await _set_active(store, given.username, active=False)


async def _enable(store: Store, given: argparse.Namespace) -> int:
    return await _set_active(store, given.username, active=True)


async def _set_active(store: Store, username: str, *, active: bool) -> int:
    accounts = accounts_of(store)
    account = await accounts.get(account_id_from(username))
    fields = AccountFields(account.name, account.role, account.room, active)
    await accounts.change(account.account_id, fields, by=CONSOLE)
    _say(f"{account.account_id} is {'enabled' if active else 'disabled'}")
    return 0


async def _list(store: Store, _: argparse.Namespace) -> int:
    for account in await accounts_of(store).all():
        state = "active" if account.active else "disabled"
        room = f"  room {account.room}" if account.room else ""
        _say(f"{account.account_id}  {account.role}  {state}  {account.name}{room}")
    return 0


def _asked(given: argparse.Namespace) -> str | None:
    """Raises StartError when the two that were typed differ."""
    if not given.ask:
        return None
    first, second = getpass.getpass("Password: "), getpass.getpass("Once more: ")
    if first != second:
        raise StartError("the two passwords differ")
    return first


def _say_made(made: Made) -> None:
    kind = "key" if made.account.role is Role.DEVICE else "password"
    shown = "" if made.secret is None else f", {kind} {made.secret}   (shown this once)"
    _say(f"{made.account.account_id}{shown}")


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
