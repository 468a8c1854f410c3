"""Where the photos of a bulk enrolment come from: a folder, or a ZIP archive that nobody need trust. Everything
blocks."""

import struct
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from stat import S_ISLNK
from typing import BinaryIO, Protocol

from recognizer.errors import InvalidArchive

_END = b"PK\x05\x06"
_ZIP64_LOCATOR = b"PK\x06\x07"
_END_BYTES, _LOCATOR_BYTES = 22, 20
_MAX_COMMENT_BYTES = 65_535
_ENCRYPTED = 0x1
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_BROKEN = (  # what `zipfile` is known to raise for bytes that are no archive
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    LookupError,
    NotImplementedError,
    OSError,
    OverflowError,
    RuntimeError,
    ValueError,
)


class UnreadableEntry(Exception):
    """The sentence says why this one cannot be taken."""


class PhotoSource(Protocol):
    def paths(self) -> list[PurePosixPath]: ...

    def read(self, path: PurePosixPath, max_bytes: int) -> bytes:
        """Raises UnreadableEntry, also for what is larger."""
        ...

    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class ZipLimits:
    """Photos are compressed already, so that an entry which grows many times is no photo."""

    max_entries: int = 50_000
    max_directory_bytes: int = 16 << 20
    max_total_bytes: int = 2 << 30  # of all entries that are read, as they come out
    max_ratio: int = 100
    ratio_from_bytes: int = 1 << 20
    max_depth: int = 4  # folders, and the file


class FolderSource:
    def __init__(self, root: Path) -> None:
        self._root = root

    def paths(self) -> list[PurePosixPath]:
        inside = self._root.resolve()
        files = (path for path in self._root.rglob("*") if path.is_file() and path.resolve().is_relative_to(inside))
        return [PurePosixPath(path.relative_to(self._root).as_posix()) for path in files]

    def read(self, path: PurePosixPath, max_bytes: int) -> bytes:
        try:
            with (self._root / path).open("rb") as stream:
                return _bounded(stream.read(max_bytes + 1), max_bytes)
        except OSError as error:
            raise UnreadableEntry(error.strerror or "cannot be read") from error

    def close(self) -> None:
        """Nothing is held open."""


class ZipSource:
    """Nothing is ever written under a name from the archive, and nothing is read beyond the limits, whatever sizes
    the archive states."""

    def __init__(self, file: BinaryIO, limits: ZipLimits | None = None) -> None:
        """Closes the file in the end. Raises InvalidArchive."""
        self._file = file
        self._limits = limits or ZipLimits()
        self._left_bytes = self._limits.max_total_bytes
        try:
            _check_directory(file, self._limits)
            self._archive = zipfile.ZipFile(file)
        except _BROKEN:
            raise InvalidArchive("This is no ZIP archive, or it is damaged") from None
        self._entries: dict[PurePosixPath, zipfile.ZipInfo] = {}
        for entry in self._archive.infolist():
            if entry.filename and not entry.is_dir():
                self._entries.setdefault(PurePosixPath(entry.filename.replace("\\", "/")), entry)

    def paths(self) -> list[PurePosixPath]:
        return list(self._entries)

    def read(self, path: PurePosixPath, max_bytes: int) -> bytes:
        entry = self._entries[path]
        self._check(path, entry)
        allowed_bytes = min(max_bytes, self._left_bytes, self._most_bytes(entry))
        try:
            with self._archive.open(entry) as stream:
                data = stream.read(allowed_bytes + 1)
        except _BROKEN:
            raise UnreadableEntry("it is damaged in the archive") from None
        self._left_bytes = max(0, self._left_bytes - len(data))
        return _bounded(data, allowed_bytes)

    def close(self) -> None:
        self._archive.close()
        self._file.close()

    def _check(self, path: PurePosixPath, entry: zipfile.ZipInfo) -> None:
        if entry.flag_bits & _ENCRYPTED:
            raise UnreadableEntry("it is encrypted")
        if S_ISLNK(entry.external_attr >> 16):
            raise UnreadableEntry("it is a link")
        if entry.compress_type not in _METHODS:
            raise UnreadableEntry("it is compressed in another way than usual")
        if path.is_absolute() or ".." in path.parts or len(path.parts) > self._limits.max_depth:
            raise UnreadableEntry("it lies outside, or too deep")

    def _most_bytes(self, entry: zipfile.ZipInfo) -> int:
        return max(self._limits.ratio_from_bytes, entry.compress_size * self._limits.max_ratio)


def open_source(place: Path) -> PhotoSource:
    """A folder or a ZIP archive of the operator's own. Raises InvalidArchive, OSError."""
    return FolderSource(place) if place.is_dir() else ZipSource(place.open("rb"))


def _check_directory(file: BinaryIO, limits: ZipLimits) -> None:
    """What `zipfile` would read whole into memory at once: the list of entries. Raises InvalidArchive, ValueError."""
    size = file.seek(0, 2)
    file.seek(max(0, size - _END_BYTES - _MAX_COMMENT_BYTES - _LOCATOR_BYTES))
    tail = file.read()
    place = tail.rfind(_END)
    if place < 0:
        raise InvalidArchive("This is no ZIP archive, or it is damaged")
    entries, directory_bytes = struct.unpack_from("<HL", tail, place + 10)
    has_zip64 = tail[max(0, place - _LOCATOR_BYTES) : place].startswith(_ZIP64_LOCATOR)
    if has_zip64 or entries > limits.max_entries or directory_bytes > limits.max_directory_bytes:
        raise InvalidArchive(f"The archive has more than {limits.max_entries} entries; send it in parts")
    file.seek(0)


def _bounded(data: bytes, max_bytes: int) -> bytes:
    if len(data) > max_bytes:
        raise UnreadableEntry("it is too large, or grows too much")
    return data
