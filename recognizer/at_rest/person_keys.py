"""A key for each person, in a hidden folder of the dataset, each sealed with the operator's key.

Whoever destroys a person's key has destroyed everything that was sealed with it, copies of the photos in old backups
included, as long as those backups do not hold the key as well. Everything blocks.
"""

import fcntl
import hashlib
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from uuid import uuid4

from recognizer.at_rest.cipher import KEY_BYTES, NotAuthentic, new_key, seal, unseal
from recognizer.at_rest.key_file import KEY_ID_BYTES, VaultKey, read_keys
from recognizer.errors import CannotUnseal, StartError

FOLDER = ".keys"
REF_BYTES = 16
_SUFFIX = ".key"
_LOCK, _COMING = ".lock", ".coming-"
_MAGIC = b"RKW1"
_HEADER_BYTES = len(_MAGIC) + KEY_ID_BYTES
_DAMAGED = "The key of a person is damaged"


def ref_of(person_id: str) -> bytes:
    """Stands for a person without saying the id; two people never share one."""
    return hashlib.sha256(b"rollcall person\0" + person_id.encode()).digest()[:REF_BYTES]


class PersonKeys:
    """Usable from several threads, and by all replicas that share the dataset. Keys that were read are not kept: one
    that is destroyed is gone for every process at once."""

    def __init__(self, dataset: Path, key_file: Path) -> None:
        self._folder = dataset / FOLDER
        self._key_file = key_file

    def check(self) -> None:
        """Raises StartError when there is no key, or not the one that was used here."""
        ids = {key.key_id for key in read_keys(self._key_file)}
        foreign = sum(_key_id(path.read_bytes()) not in {*ids, None} for path in key_files(self._folder.parent))
        if foreign:
            raise StartError(
                f"the photos and templates of {foreign} people were sealed with another key than that in"
                f" {self._key_file}: bring the right one back"
            )

    def find(self, ref: bytes) -> bytes | None:
        """None for somebody who has no key. Raises CannotUnseal, OSError."""
        try:
            return self._read(ref)
        except CannotUnseal:
            with self.exclusive():  # a rotation may have come between its two files
                return self._read(ref)

    def find_or_make(self, ref: bytes) -> bytes:
        """Raises CannotUnseal, OSError."""
        found = self.find(ref)
        if found is not None:
            return found
        with self.exclusive():
            return self._read(ref) or self._make(ref)

    def destroy(self, ref: bytes) -> bool:
        """Whether there was one. Overwritten first, as far as the disk lets itself be overwritten. Raises OSError."""
        file = self._file(ref)
        if not file.exists():
            return False
        with self.exclusive(), suppress(FileNotFoundError):
            _destroy(file)
        return True

    def rewrap(self) -> int:
        """Seals every key with the operator's first one; returns how many those were. Called within `exclusive`. Raises
        StartError, OSError."""
        keys = read_keys(self._key_file)
        files = key_files(self._folder.parent)
        for file in files:
            ref = bytes.fromhex(file.stem)
            try:
                secret = _unwrapped(file.read_bytes(), ref, keys)
            except CannotUnseal as error:
                raise StartError(f"{file} cannot be unsealed: bring its key or a copy of it back") from error
            self._write(ref, _wrapped(secret, ref, keys[0]))
        _sync(self._folder)
        return len(files)

    @contextmanager
    def exclusive(self) -> Iterator[None]:
        """Nobody makes a key while all of them are sealed anew, or it could be sealed with the old one."""
        self._folder.parent.mkdir(parents=True, exist_ok=True)
        self._folder.mkdir(mode=0o700, exist_ok=True)
        handle = os.open(self._folder / _LOCK, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            for left_over in self._folder.glob(f"{_COMING}*"):  # by a crash; it could outlive its person
                _destroy(left_over)
            yield
        finally:
            os.close(handle)

    def _read(self, ref: bytes) -> bytes | None:
        try:
            wrapped = self._file(ref).read_bytes()
        except FileNotFoundError:
            return None
        return _unwrapped(wrapped, ref, self._vault_keys())

    def _make(self, ref: bytes) -> bytes:
        secret = new_key()
        self._write(ref, _wrapped(secret, ref, self._vault_keys()[0]))
        _sync(self._folder)  # before anything is sealed with it
        return secret

    def _write(self, ref: bytes, wrapped: bytes) -> None:
        """Whole or not at all; its name is durable once the folder is synced."""
        coming = self._folder / f"{_COMING}{uuid4().hex}"
        handle = os.open(coming, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as stream:
            stream.write(wrapped)
            stream.flush()
            os.fsync(stream.fileno())
        coming.replace(self._file(ref))

    def _file(self, ref: bytes) -> Path:
        return self._folder / f"{ref.hex()}{_SUFFIX}"

    def _vault_keys(self) -> Sequence[VaultKey]:
        """Read each time: it may have been rotated meanwhile."""
        try:
            return read_keys(self._key_file)
        except StartError as error:
            raise CannotUnseal("The key for photos and templates is not there any more") from error


def key_files(dataset: Path) -> list[Path]:
    return sorted((dataset / FOLDER).glob(f"[0-9a-f]*{_SUFFIX}"))


def destroy_all(dataset: Path) -> None:
    """Once nothing is sealed any more. Raises OSError."""
    for file in key_files(dataset):
        _destroy(file)


def _destroy(file: Path) -> None:
    with file.open("r+b") as stream:
        stream.write(bytes(file.stat().st_size))
        stream.flush()
        os.fsync(stream.fileno())
    file.unlink()
    _sync(file.parent)


def _key_id(wrapped: bytes) -> bytes | None:
    """None for what is no sealed key."""
    if not wrapped.startswith(_MAGIC) or len(wrapped) <= _HEADER_BYTES:
        return None
    return wrapped[len(_MAGIC) : _HEADER_BYTES]


def _wrapped(secret: bytes, ref: bytes, key: VaultKey) -> bytes:
    return _MAGIC + key.key_id + seal(key.secret, secret, _about(ref))


def _unwrapped(wrapped: bytes, ref: bytes, keys: Sequence[VaultKey]) -> bytes:
    key_id = _key_id(wrapped)
    if key_id is None:
        raise CannotUnseal(_DAMAGED)
    key = next((key for key in keys if key.key_id == key_id), None)
    if key is None:
        raise CannotUnseal("The key of a person was sealed with another key than the one in use")
    try:
        secret = unseal(key.secret, wrapped[_HEADER_BYTES:], _about(ref))
    except NotAuthentic:
        raise CannotUnseal(_DAMAGED) from None
    if len(secret) != KEY_BYTES:
        raise CannotUnseal(_DAMAGED)
    return secret


def _about(ref: bytes) -> bytes:
    return b"rollcall person key\0" + ref


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
