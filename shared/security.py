"""API keys: 256 random bits, stored only as a digest, compared in constant time."""

import hashlib
import hmac
import os
import secrets
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

KEY_PREFIX = "rollcall_"  # so that a leaked key is recognized by secret scanners


class Scope(StrEnum):
    EVENTS_WRITE = "events:write"
    ATTENDANCE_READ = "attendance:read"
    ATTENDANCE_WRITE = "attendance:write"
    PEOPLE_READ = "people:read"
    PEOPLE_WRITE = "people:write"
    CLASSES_WRITE = "classes:write"
    RECOGNIZE = "recognize"
    ENROLL = "enroll"


@dataclass(frozen=True, slots=True)
class ApiKey:
    """What is stored of a key. The secret itself is shown once, when it is made."""

    key_id: str
    digest: str
    scopes: frozenset[Scope]
    label: str


def new_secret() -> str:
    return KEY_PREFIX + secrets.token_urlsafe(32)


def digest_of(secret: str) -> str:
    """SHA-256, hex. A slow password hash would add nothing: the secret is random, not chosen by a person."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def new_key(secret: str, scopes: Iterable[Scope], label: str) -> ApiKey:
    digest = digest_of(secret)
    return ApiKey(key_id=digest[:12], digest=digest, scopes=frozenset(scopes), label=label)


def find_key(secret: str, keys: Iterable[ApiKey]) -> ApiKey | None:
    """The key with this secret. Looks at every key, so that the time says nothing about which one it was."""
    digest = digest_of(secret)
    found = None
    for key in keys:
        if hmac.compare_digest(key.digest, digest):
            found = key
    return found


def presented_secret(headers: Mapping[str, str]) -> str | None:
    """The key of a request: `Authorization: Bearer …` or `X-API-Key: …`."""
    scheme, _, credentials = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and credentials.strip():
        return credentials.strip()
    return headers.get("x-api-key") or None


def write_secret_file(path: Path, secret: str) -> None:
    """Appears whole or not at all, readable by its owner only."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent)  # mkstemp gives mode 0600
    with os.fdopen(handle, "w") as stream:
        stream.write(secret + "\n")
        stream.flush()
        os.fsync(stream.fileno())
    Path(temporary).replace(path)


def read_secret_file(path: Path) -> str:
    return path.read_text().strip()
