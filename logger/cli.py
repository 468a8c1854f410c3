"""`python -m logger`."""

import argparse
import asyncio
import sys
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import TypeAlias

from logger.app import build_store, create_app
from logger.cli_accounts import CONSOLE, add_users, ensure_admin, how_to_sign_in
from logger.cli_audit import add_verify_audit
from logger.cli_doctor import run_doctor
from logger.cli_reconcile import add_reconcile
from logger.cli_school import add_school
from logger.domain.text import Unfit
from logger.errors import StartError, StoreUnavailable
from logger.services.audit import AuditService
from logger.services.keys import KeyAdministration
from logger.settings import LoggerSettings, load_settings
from logger.store.base import Store
from shared.clock import SystemClock
from shared.logs import configure_logs
from shared.security import ApiKey, Scope, write_secret_file
from shared.settings import load_or_exit
from shared.web.errors import ServiceError
from shared.web.server import serve

Command: TypeAlias = Callable[[Store, argparse.Namespace], Awaitable[int]]

DONE, FAILED = 0, 1
SCOPES = tuple(scope for scope in Scope if scope not in {Scope.RECOGNIZE, Scope.ENROLL})


def main(arguments: Sequence[str] | None = None) -> int:
    given = _parser().parse_args(arguments)
    settings = load_or_exit(load_settings, "LOGGER_")
    configure_logs(settings.log_level, settings.log_format)
    try:
        if given.command == "serve":
            return _serve(settings, given)
        if given.command == "doctor":
            return run_doctor(settings)
        return asyncio.run(_with_store(build_store(settings), given))
    except (StartError, Unfit) as error:
        sys.stderr.write(f"{error}\n")
    except ServiceError as error:
        sys.stderr.write(f"{error}: {error.__cause__}\n" if error.__cause__ else f"{error}\n")
    return FAILED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m logger", description="Recognitions in, attendance out.")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("serve", help="answer requests until SIGTERM").set_defaults(run=_make_first_admin)
    add_reconcile(
        commands.add_parser(
            "reconcile", help="compare attendance with events and repair it; exit status 3 when something was repaired"
        )
    )
    commands.add_parser("doctor", help="what should be put right, and how; exit status 1 when there is a fault")
    add_school(commands)
    add_verify_audit(
        commands.add_parser("verify-audit", help="whether the audit is what was written; exit status 1 if not")
    )
    _add_keys(commands.add_parser("keys", help="API keys").add_subparsers(dest="keys", required=True))
    add_users(commands.add_parser("users", help="accounts").add_subparsers(dest="users", required=True))
    return parser


def _add_keys(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    add = commands.add_parser("add", help="make a key; its secret is shown this once")
    add.add_argument("--file", type=Path, help="write the secret here, for its owner only, instead of printing it")
    add.set_defaults(run=_add_key)
    ensure = commands.add_parser("ensure", help="make sure that the key in a file is known; make it when there is none")
    ensure.add_argument("--file", type=Path, required=True)
    ensure.set_defaults(run=_ensure_key)
    for command in (add, ensure):
        command.add_argument("--scope", type=Scope, choices=SCOPES, action="append", required=True)
        command.add_argument("--label", required=True)
    commands.add_parser("list", help="all keys, without their secrets").set_defaults(run=_list_keys)
    revoke = commands.add_parser("revoke", help="withdraw a key; running services notice within seconds")
    revoke.set_defaults(run=_revoke_key)
    rotate = commands.add_parser("rotate", help="make a second key like this one, to replace it")
    rotate.add_argument("--file", type=Path, help="write the secret here instead of printing it")
    rotate.set_defaults(run=_rotate_key)
    for command in (revoke, rotate):
        command.add_argument("key_id", metavar="ID")


def _serve(settings: LoggerSettings, given: argparse.Namespace) -> int:
    """A store that is away does not stop the start; then the first administrator is made by a later one."""
    try:
        asyncio.run(_with_store(build_store(settings), given))
    except StoreUnavailable as error:
        sys.stderr.write(f"{error}: no administrator was looked for; `python -m logger users first` does it\n")
    serve(create_app(settings), settings)
    return DONE


async def _make_first_admin(store: Store, _: argparse.Namespace) -> int:
    made = await ensure_admin(store, load_settings())
    if made.secret is not None:
        print(f"Sign in as {how_to_sign_in(made)}", flush=True)
    return DONE


async def _with_store(store: Store, given: argparse.Namespace) -> int:
    command: Command = given.run
    try:
        await store.prepare()
        return await command(store, given)
    finally:
        await store.close()


def _keys(store: Store) -> KeyAdministration:
    clock = SystemClock()
    return KeyAdministration(store, clock, AuditService(store, clock))


async def _add_key(store: Store, given: argparse.Namespace) -> int:
    if given.file is not None and given.file.exists():
        raise StartError(f"{given.file} exists; choose another file, or use `keys ensure`")
    secret, key = await _keys(store).add(given.scope, given.label, by=CONSOLE)
    _show(secret, key, given.file)
    return DONE


async def _rotate_key(store: Store, given: argparse.Namespace) -> int:
    if given.file is not None and given.file.exists():
        raise StartError(f"{given.file} exists; choose another file, and bring it to its place afterwards")
    secret, key = await _keys(store).rotate(given.key_id, by=CONSOLE)
    _show(secret, key, given.file)
    return DONE


def _show(secret: str, key: ApiKey, file: Path | None) -> None:
    if file is None:
        print(secret)
    else:
        write_secret_file(file, secret)
        print(f"key {key.key_id} in {file}")


async def _ensure_key(store: Store, given: argparse.Namespace) -> int:
    key = await _keys(store).ensure(given.file, given.scope, given.label, by=CONSOLE)
    print(f"key {key.key_id} in {given.file}")
    return DONE


async def _list_keys(store: Store, _: argparse.Namespace) -> int:
    for stored in await _keys(store).list_keys():
        state = "in use" if stored.revoked_at is None else f"revoked {stored.revoked_at:%Y-%m-%d %H:%M}Z"
        scopes = "+".join(sorted(stored.key.scopes))
        print(f"{stored.key.key_id}  {stored.created_at:%Y-%m-%d %H:%M}Z  {state}  {scopes}  {stored.key.label}")
    return DONE


async def _revoke_key(store: Store, given: argparse.Namespace) -> int:
    revoked = await _keys(store).revoke(given.key_id, by=CONSOLE)
    print(f"key {revoked.key.key_id} is revoked")
    return DONE
