"""How every replica that shares a dataset learns of an enrolment or an erasure before it answers its next frame.

A hidden file in the dataset grows by two bytes with each change: sixteen bits of a checksum of the folder's name. Its
length numbers the changes, so that one look at it tells whether there is anything to take up, and its bytes tell which
few folders to look at. They name nobody: thousands of names share each value.
"""

import os
import zlib
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from recognizer.gallery.dataset import shown

_FILE = ".changes"
_MARK_BYTES = 2


@dataclass(frozen=True, slots=True)
class Changes:
    """What happened since a position. `marks` is None where only a look at everything can tell."""

    position: int
    marks: Collection[int] | None

    def concern(self, folder: str) -> bool:
        """Whether this folder may have changed; `folder` as on disk, or as `shown` prints it."""
        return self.marks is None or mark_of(folder) in self.marks


@dataclass(frozen=True, slots=True)
class ChangeMarks:
    """Holds nothing open: it can be used from any thread. Every method blocks for a look at one small file."""

    root: Path

    @property
    def file(self) -> Path:
        return self.root / _FILE

    def position(self) -> int:
        """How many changes there have been. Opening the file first makes a network volume look, too."""
        try:
            handle = os.open(self.file, os.O_RDONLY)
        except FileNotFoundError:
            return 0
        try:
            return os.fstat(handle).st_size // _MARK_BYTES
        finally:
            os.close(handle)

    def since(self, position: int) -> Changes:
        """A file that is shorter than it was is another file."""
        try:
            data = self.file.read_bytes()
        except FileNotFoundError:
            data = b""
        now = len(data) // _MARK_BYTES
        if now < position:
            return Changes(now, None)
        places = range(position * _MARK_BYTES, now * _MARK_BYTES, _MARK_BYTES)
        return Changes(now, frozenset(int.from_bytes(data[place : place + _MARK_BYTES]) for place in places))

    def note(self, folder: str) -> None:
        """To be called after the change can be seen. Raises OSError."""
        handle = os.open(self.file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        try:
            os.write(handle, mark_of(folder).to_bytes(_MARK_BYTES))
        finally:
            os.close(handle)


def mark_of(folder: str) -> int:
    text = folder if folder.isprintable() else shown(folder)  # the same, and quicker
    return zlib.crc32(text.encode()) & 0xFFFF
