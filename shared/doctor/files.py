"""Room on the disks, and who may read what is kept there."""

import os
import shutil
from collections.abc import Iterable
from pathlib import Path

from shared.doctor.findings import Finding, fault, ok, warning

SCARCE_BYTES, SPENT_BYTES = 2_000_000_000, 200_000_000
OWNER_ONLY, NO_OTHERS = 0o077, 0o007  # the bits that must not be set
_MAY_ENTER = 0o011
_NAMED = 3


def disk_space(folder: Path) -> Finding:
    """Of the disk that the folder is on, or will be on once it is made."""
    there = next(place for place in (folder, *folder.absolute().parents) if place.exists())
    return judged_space(folder, shutil.disk_usage(there).free)


def judged_space(folder: Path, free_bytes: int) -> Finding:
    what = f"{free_bytes / 1e9:.1f} GB free for {folder}"
    if free_bytes < SPENT_BYTES:
        return fault("disk", what, "make room now: what cannot be written is refused")
    if free_bytes < SCARCE_BYTES:
        return warning("disk", what, "make room, or move it to a larger disk")
    return ok("disk", what)


def secrets(paths: Iterable[Path]) -> Finding:
    """Keys and passwords: for their owner alone."""
    exposed = readable(paths, OWNER_ONLY)
    if exposed:
        return fault("keys", f"other users of this machine may read {_named(exposed)}", f"chmod 600 {_named(exposed)}")
    return ok("keys", "no other user of this machine may read a file of keys")


def personal_data(paths: Iterable[Path]) -> Finding:
    """Names, photos, templates."""
    exposed = readable(paths, NO_OTHERS)
    if exposed:
        what = f"every user of this machine may read {_named(exposed)}"
        return warning("files", what, f"chmod -R o= {_named(exposed)}")
    return ok("files", "what is kept of people is closed to other users of this machine")


def readable(paths: Iterable[Path], bits: int) -> list[Path]:
    """Those that exist and that these permission bits open, also by way of the folders they are in."""
    there = [path for path in paths if path.exists()]
    return [path for path in there if is_open(path.stat().st_mode, _folder_modes(path), bits)]


def is_open(mode: int, folder_modes: Iterable[int], bits: int) -> bool:
    """A folder that nobody else may enter closes everything in it."""
    return bool(mode & bits) and all(folder_mode & bits & _MAY_ENTER for folder_mode in folder_modes)


def _folder_modes(path: Path) -> list[int]:
    return [folder.stat().st_mode for folder in path.absolute().parents]


def is_writable(folder: Path) -> bool:
    return folder.is_dir() and os.access(folder, os.W_OK | os.X_OK)


def _named(paths: list[Path]) -> str:
    rest = f" and {len(paths) - _NAMED} more" if len(paths) > _NAMED else ""
    return " ".join(map(str, paths[:_NAMED])) + rest
