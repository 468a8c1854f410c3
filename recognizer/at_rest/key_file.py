"""The operator's own keys: a text file, one key a line, 32 bytes in base64 (`openssl rand -base64 32` makes one).

The first is in use; those below it still unseal what an interrupted rotation has not reached. They seal no photos, only
the keys of people.
"""

import base64
import binascii
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from recognizer.at_rest.cipher import KEY_BYTES
from recognizer.errors import StartError
from shared.security import write_secret_file

_HOW = "`python -m recognizer rotate-key` makes one"
KEY_ID_BYTES = 8


@dataclass(frozen=True, slots=True, repr=False)
class VaultKey:
    secret: bytes  # 32

    @property
    def key_id(self) -> bytes:
        """Tells which key it was, and nothing of the key."""
        return hashlib.sha256(b"rollcall vault key\0" + self.secret).digest()[:KEY_ID_BYTES]


def read_keys(file: Path) -> list[VaultKey]:
    """The one in use first. Raises StartError for a file that is not there or holds something else."""
    try:
        lines = file.read_text("ascii").split()
    except FileNotFoundError:
        raise StartError(f"there is no key for photos and templates at {file}: bring it back, or {_HOW}") from None
    except (OSError, UnicodeDecodeError) as error:
        raise StartError(f"the key for photos and templates cannot be read from {file}: {_reason(error)}") from error
    if not lines:
        raise StartError(f"{file} is empty, where the key for photos and templates should be; {_HOW}")
    return [VaultKey(_secret(line, file, number)) for number, line in enumerate(lines, 1)]


def write_keys(file: Path, keys: Sequence[VaultKey]) -> None:
    """Appears whole or not at all, for its owner alone. Raises StartError."""
    try:
        write_secret_file(file, "\n".join(base64.b64encode(key.secret).decode() for key in keys))
    except OSError as error:
        raise StartError(f"the key cannot be written to {file}: {error.strerror}") from error


def _secret(line: str, file: Path, number: int) -> bytes:
    try:
        secret = base64.b64decode(line, validate=True)
    except binascii.Error:
        secret = b""
    if len(secret) != KEY_BYTES:
        raise StartError(f"line {number} of {file} is not a key: {KEY_BYTES} bytes in base64 are expected")
    return secret


def _reason(error: OSError | UnicodeDecodeError) -> str:
    return (error.strerror or "it cannot be opened") if isinstance(error, OSError) else "it is not text"
