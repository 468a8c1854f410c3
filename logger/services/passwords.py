"""Passwords: argon2id, worked out in threads of their own, never on the event loop."""

import asyncio
import base64
import secrets
import unicodedata
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Protocol, TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError
from argon2.low_level import Type, hash_secret_raw

from logger.errors import InvalidPassword, SignInBusy

Value = TypeVar("Value")

MIN_CHARACTERS, MAX_CHARACTERS = 10, 200
MAX_WAITING = 32  # at about 50 ms each: whoever comes after them would wait too long
_SALT_BYTES, _HASH_BYTES = 16, 32
_MADE_FROM = "abcdefghjkmnpqrstuvwxyz23456789"  # none that is read as another


@dataclass(frozen=True, slots=True)
class Cost:
    """OWASP's Password Storage Cheat Sheet, argon2id: 19 MiB, two passes, one lane."""

    memory_kib: int = 19 * 1024
    passes: int = 2
    lanes: int = 1


class Passwords(Protocol):
    async def hash(self, password: str) -> str: ...

    async def matches(self, password: str, hashed: str | None) -> bool:
        """False for None, after the same work: the time does not tell whether there is such an account."""
        ...

    async def digest(self, secret: str, *, salt: bytes) -> str:
        """Always the same for the same secret, so that it can be looked up by; as slow as a hash."""
        ...

    def is_outdated(self, hashed: str) -> bool:
        """Whether it was made at another cost than the present one."""
        ...


class Argon2Passwords:
    def __init__(self, cost: Cost | None = None, *, workers: int = 2) -> None:
        cost = cost or Cost()
        self._hasher = PasswordHasher(
            time_cost=cost.passes,
            memory_cost=cost.memory_kib,
            parallelism=cost.lanes,
            hash_len=_HASH_BYTES,
            salt_len=_SALT_BYTES,
        )
        self._nobodys = _hash_of_nothing(cost)
        self._executor = ThreadPoolExecutor(workers, thread_name_prefix="passwords")
        self._waiting = 0

    async def hash(self, password: str) -> str:
        """Raises SignInBusy."""
        return await self._work(lambda: self._hasher.hash(_normal(password)))

    async def matches(self, password: str, hashed: str | None) -> bool:
        """Raises SignInBusy."""
        return await self._work(lambda: self._verify(password, hashed or self._nobodys))

    async def digest(self, secret: str, *, salt: bytes) -> str:
        """At a cost that never changes: what was kept is found by it. Raises SignInBusy."""
        return await self._work(lambda: _digest(secret, salt))

    def is_outdated(self, hashed: str) -> bool:
        return self._hasher.check_needs_rehash(hashed)

    def close(self) -> None:
        self._executor.shutdown(wait=True, cancel_futures=True)

    def _verify(self, password: str, hashed: str) -> bool:
        try:
            return self._hasher.verify(hashed, _normal(password))
        except VerifyMismatchError:
            return False

    async def _work(self, work: Callable[[], Value]) -> Value:
        if self._waiting >= MAX_WAITING:
            raise SignInBusy("Many are signing in at this moment; try again")
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._executor, work)
        finally:
            self._waiting -= 1


def check_password(password: str, account_id: str) -> None:
    """Length is what counts (NIST SP 800-63B, 5.1.1.2). Raises InvalidPassword."""
    if not MIN_CHARACTERS <= len(password) <= MAX_CHARACTERS:
        raise InvalidPassword(f"A password has {MIN_CHARACTERS} to {MAX_CHARACTERS} characters")
    if password.casefold() == account_id or len(set(password)) < 4:
        raise InvalidPassword("This password is too easy to guess")


def new_password() -> str:
    """Sixteen characters that can be read out and typed: 79 bits."""
    return "-".join("".join(secrets.choice(_MADE_FROM) for _ in range(4)) for _ in range(4))


def _normal(password: str) -> bytes:
    """NFC, so that every keyboard types the same (RFC 8265, 4.2). What is no text at all matches nothing."""
    return unicodedata.normalize("NFC", password).encode("utf-8", "surrogatepass")


def _digest(secret: str, salt: bytes) -> str:
    cost = Cost()
    raw = hash_secret_raw(
        _normal(secret), salt, cost.passes, cost.memory_kib, cost.lanes, hash_len=_HASH_BYTES, type=Type.ID
    )
    return raw.hex()


def _hash_of_nothing(cost: Cost) -> str:
    """Takes as long to compare with as any other, and no password is known that matches it."""
    salt, tag = (base64.b64encode(secrets.token_bytes(n)).decode().rstrip("=") for n in (_SALT_BYTES, _HASH_BYTES))
    return f"$argon2id$v=19$m={cost.memory_kib},t={cost.passes},p={cost.lanes}${salt}${tag}"
