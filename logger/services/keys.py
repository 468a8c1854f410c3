"""API keys: who may write events and who may read attendance."""

import asyncio
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol

from logger.domain.audit import AuditAction
from logger.errors import Conflict, NotFound, StartError
from logger.services.trail import AuditTrail
from logger.store.base import KeyStore, StoredKey
from shared.clock import Clock
from shared.security import (
    KEY_PREFIX,
    ApiKey,
    Scope,
    digest_of,
    find_key,
    new_key,
    new_secret,
    read_secret_file,
    write_secret_file,
)

LIFETIME = timedelta(seconds=10)  # a revoked key opens nothing after this
MOST_ALIKE = 2  # keys of one program: the one in use and the one that replaces it
MISS_LIFETIME = timedelta(seconds=1)  # a new key opens after this; a guesser costs the store one read a second


class KeyRing(Protocol):
    async def find(self, secret: str) -> ApiKey | None:
        """The key with this secret, when it may still be used."""
        ...


class FixedKeys:
    """The keys of LOGGER_API_KEYS."""

    def __init__(self, keys: Iterable[ApiKey]) -> None:
        self._keys = tuple(keys)

    async def find(self, secret: str) -> ApiKey | None:
        return find_key(secret, self._keys)


class StoredKeys:
    """The keys in the store, remembered for a while: reading them for each delivery would cost as much as the delivery.

    Every lookup compares with all of them, so that its time says nothing about which one it was.
    """

    def __init__(self, store: KeyStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._keys: tuple[ApiKey, ...] = ()
        self._read_at: datetime | None = None
        self._reading: asyncio.Task[None] | None = None

    async def find(self, secret: str) -> ApiKey | None:
        """Raises StoreUnavailable when what is remembered is too old and the store does not answer."""
        found = find_key(secret, await self._keys_of_age(LIFETIME))
        return found or find_key(secret, await self._keys_of_age(MISS_LIFETIME))

    async def _keys_of_age(self, lifetime: timedelta) -> tuple[ApiKey, ...]:
        """Callers who come during a reading share it, and its failure: a store that is away costs one timeout."""
        if self._read_at is None or not timedelta(0) <= self._clock.now() - self._read_at < lifetime:
            if self._reading is None or self._reading.done():
                self._reading = asyncio.create_task(self._read())
            await asyncio.shield(self._reading)
        return self._keys

    async def _read(self) -> None:
        asked_at = self._clock.now()
        stored = await self._store.keys()
        self._keys = tuple(one.key for one in stored if one.revoked_at is None)
        self._read_at = asked_at


class KeyAdministration:
    """Making and withdrawing keys. Every method raises StoreUnavailable."""

    def __init__(self, store: KeyStore, clock: Clock, audit: AuditTrail) -> None:
        self._store = store
        self._clock = clock
        self._audit = audit

    async def add(self, scopes: Iterable[Scope], label: str, *, by: str) -> tuple[str, ApiKey]:
        """The secret, which nobody can ask for again, and the key."""
        secret = new_secret()
        return secret, await self._save(secret, scopes, label, by)

    async def list_keys(self) -> list[StoredKey]:
        return await self._store.keys()

    async def rotate(self, key_id: str, *, by: str) -> tuple[str, ApiKey]:
        """Another key with the same scopes and label, so that it can be brought to its program before the first is
        revoked. Raises NotFound, and Conflict for a key that was revoked or has a successor already."""
        stored = await self._stored(key_id)
        alike = [
            one
            for one in await self._store.keys()
            if one.revoked_at is None and (one.key.label, one.key.scopes) == (stored.key.label, stored.key.scopes)
        ]
        if stored not in alike:
            raise Conflict(f"key {key_id} was revoked; make another")
        if len(alike) >= MOST_ALIKE:
            raise Conflict(f"key {key_id} has its successor; revoke one of the two first")
        return await self.add(stored.key.scopes, stored.key.label, by=by)

    async def revoke(self, key_id: str, *, by: str) -> StoredKey:
        """Raises NotFound. Revoking twice keeps the first date."""
        stored = await self._stored(key_id)
        if stored.revoked_at is not None:
            return stored
        revoked = replace(stored, revoked_at=self._clock.now())
        async with self._audit.doing(AuditAction.KEY_REVOKED, f"key:{key_id}", by=by, before=_told(stored.key)):
            await self._store.save_key(revoked)
        return revoked

    async def ensure(self, path: Path, scopes: Iterable[Scope], label: str, *, by: str) -> ApiKey:
        """The key in the file, made when there is none, in the store with at least these scopes.

        The file comes first: when the second step fails, the next run finds the file and completes it. Raises
        StartError when the file holds something else or a key that was revoked.
        """
        return await self._save(await asyncio.to_thread(_secret_in, path), scopes, label, by)

    async def _stored(self, key_id: str) -> StoredKey:
        for stored in await self._store.keys():
            if stored.key.key_id == key_id:
                return stored
        raise NotFound(f"there is no key {key_id}; `keys list` shows those there are")

    async def _save(self, secret: str, scopes: Iterable[Scope], label: str, by: str) -> ApiKey:
        digest = digest_of(secret)
        there = next((one for one in await self._store.keys() if one.key.digest == digest), None)
        if there is None:
            made = StoredKey(new_key(secret, scopes, label), created_at=self._clock.now())
        elif there.revoked_at is None:
            made = replace(there, key=replace(there.key, scopes=there.key.scopes | frozenset(scopes)))
        else:
            raise StartError(f"key {there.key.key_id} was revoked; remove its file to have another made")
        if made != there:
            before, after = None if there is None else _told(there.key), _told(made.key)
            subject = f"key:{made.key.key_id}"
            async with self._audit.doing(AuditAction.KEY_ADDED, subject, by=by, before=before, after=after):
                await self._store.save_key(made)
        return made.key


def _told(key: ApiKey) -> dict[str, object]:
    return {"label": key.label, "scopes": sorted(key.scopes)}


def _secret_in(path: Path) -> str:
    if not path.exists():
        write_secret_file(path, new_secret())
    path.chmod(0o600)
    secret = read_secret_file(path)
    if not secret.startswith(KEY_PREFIX):
        raise StartError(f"{path} does not hold a key; remove it to have one made")
    return secret
