"""Fetches optional weights, by command and never while serving; lists them; takes hand-placed files as they are.

A file whose checksum upstream publishes must match it. Any other is trusted on first use: its checksum is recorded in
`checksums.json` beside it, and every later download and every start is held to that.
"""

import hashlib
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from http import HTTPStatus
from pathlib import Path

import httpx
from tqdm import tqdm

from recognizer.engine.catalogue import CATALOGUE, Catalogue, backend_named
from recognizer.engine.weights import (
    Backend,
    Checksum,
    LocatedFile,
    OptionalWeights,
    Role,
    WeightsFile,
    record_checksum,
    recorded_checksums,
    sha256_of,
)
from recognizer.errors import StartError, WeightsMissing

_TIMEOUT_S = 30.0
_BLOCK = 1 << 16


class FileState(StrEnum):
    PRESENT = "present"
    MISSING = "missing"
    DAMAGED = "damaged"  # not the size that was published or recorded


@dataclass(frozen=True, slots=True)
class WeightsRow:
    """One file that a choice of model or detector needs, for a table."""

    role: Role
    name: str
    backends: tuple[Backend, ...]
    file: str
    state: FileState
    size_bytes: int | None  # None where it is not there and nobody published its size
    licence: str
    restricted: bool


class _NotTaken(Exception):
    """This source gave something that is not the file; another source may."""


def fetch(
    name: str,
    models_dir: Path,
    *,
    backend: str = Backend.ONNX,
    catalogue: Catalogue = CATALOGUE,
    client: httpx.Client | None = None,
) -> list[Path]:
    """Makes sure that all the files `name` needs are in the models folder, and returns where they are.

    What is there and right is not downloaded again. Raises StartError for a name that needs no files or does not exist,
    and when the folder cannot be written; WeightsMissing when no source gave the right file, of which the folder then
    holds no part.
    """
    files = [file for entry in _entries(name, backend, catalogue) for file in entry.files]
    try:
        with _client(client) as opened:
            return [_present(file, models_dir) or _download(file, models_dir, opened) for file in files]
    except OSError as error:
        raise StartError(f"{models_dir} cannot be written: {error}") from error


def trust(
    name: str, models_dir: Path, *, backend: str = Backend.ONNX, catalogue: Catalogue = CATALOGUE
) -> list[LocatedFile]:
    """Records the checksums of the files that are there now, whatever upstream published: for weights of one's own."""
    trusted = []
    for entry in _entries(name, backend, catalogue):
        for file in entry.files:
            path = file.find(models_dir)
            if path is None:
                raise WeightsMissing(f"{models_dir / file.name} is missing: put it there, or `{entry.command}`")
            checksum = Checksum(sha256_of(path), path.stat().st_size)
            record_checksum(models_dir, file.name, checksum)
            trusted.append(LocatedFile(file.name, path, checksum.sha256))
    return trusted


def listing(models_dir: Path, *, catalogue: Catalogue = CATALOGUE) -> str:
    """The inventory as a table for a terminal."""
    table = [("name", "for", "file", "state", "MB", "licence")]
    for row in inventory(models_dir, catalogue=catalogue):
        megabytes = "?" if row.size_bytes is None else f"{row.size_bytes / 1e6:.1f}"
        table.append((row.name, "/".join(row.backends), row.file, row.state, megabytes, row.licence))
    widths = [max(len(line[column]) for line in table) for column in range(len(table[0]))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) for line in table]
    return "\n".join(line.rstrip() for line in lines)


def inventory(models_dir: Path, *, catalogue: Catalogue = CATALOGUE) -> list[WeightsRow]:
    """Every file that can be fetched. Looks at sizes only: contents are verified when an engine is loaded."""
    recorded = recorded_checksums(models_dir)
    return [_row(entry, file, models_dir, recorded.get(file.name)) for entry in catalogue for file in entry.files]


def _row(entry: OptionalWeights, file: WeightsFile, models_dir: Path, recorded: Checksum | None) -> WeightsRow:
    path = file.find(models_dir)
    expected = recorded.size_bytes if recorded else file.size_bytes
    size_bytes = path.stat().st_size if path else expected
    if path is None:
        state = FileState.MISSING
    else:
        state = FileState.PRESENT if expected in {None, size_bytes} else FileState.DAMAGED
    return WeightsRow(
        entry.role, entry.name, entry.backends, file.name, state, size_bytes, entry.licence, entry.restricted
    )


def _entries(name: str, backend: str, catalogue: Catalogue) -> list[OptionalWeights]:
    chosen = backend_named(backend)
    offered = [entry for entry in catalogue if entry.files and chosen in entry.backends]
    entries = [entry for entry in offered if entry.name == name]
    if not entries:
        names = dict.fromkeys(entry.name for entry in offered)
        raise StartError(f"nothing to fetch for {name!r} on the backend {backend}; names: {', '.join(names)}")
    return entries


def _present(file: WeightsFile, models_dir: Path) -> Path | None:
    path = file.find(models_dir)
    if path is None:
        return None
    expected = file.expected_sha256(models_dir)
    return path if expected in {None, sha256_of(path)} else None


@contextmanager
def _client(given: httpx.Client | None) -> Iterator[httpx.Client]:
    if given is not None:
        yield given
        return
    with httpx.Client(follow_redirects=True, timeout=_TIMEOUT_S) as client:
        yield client


def _download(file: WeightsFile, models_dir: Path, client: httpx.Client) -> Path:
    """Tries each source in turn, each from the first byte."""
    target = models_dir / file.name
    target.parent.mkdir(parents=True, exist_ok=True)
    reasons = []
    for url in file.urls:
        try:
            _download_from(url, file, models_dir, client)
        except (httpx.HTTPError, _NotTaken) as error:
            reasons.append(f"{url}: {str(error) or type(error).__name__}")
        else:
            return target
    raise WeightsMissing(f"{file.name} could not be fetched. " + "; ".join(reasons))


def _download_from(url: str, file: WeightsFile, models_dir: Path, client: httpx.Client) -> None:
    """The target exists only once its content is complete and right."""
    target = models_dir / file.name
    with tempfile.NamedTemporaryFile(dir=target.parent, prefix=f".{target.name}.", delete=False) as part:
        temporary = Path(part.name)
    try:
        got = _stream(url, temporary, file, client)
        _accept(got, file, models_dir)
        temporary.chmod(0o644)
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)


def _stream(url: str, to: Path, file: WeightsFile, client: httpx.Client) -> Checksum:
    digest, size_bytes = hashlib.sha256(), 0
    with client.stream("GET", url, headers={"Accept-Encoding": "identity"}) as response:
        announced = _announced_bytes(response)
        bar = tqdm(total=announced or file.size_bytes, desc=file.name, unit="B", unit_scale=True, disable=None)
        with bar, to.open("wb") as stream:
            for block in response.iter_raw(_BLOCK):
                digest.update(block)
                size_bytes += len(block)
                stream.write(block)
                bar.update(len(block))
    return Checksum(digest.hexdigest(), size_bytes)


def _announced_bytes(response: httpx.Response) -> int:
    """Without a length a cut download cannot be told from a whole one, so a source must name it."""
    if response.status_code != HTTPStatus.OK:
        raise _NotTaken(f"answered {response.status_code}")
    if response.headers.get("content-type", "").startswith("text/html"):
        raise _NotTaken("answered with a web page")
    length = response.headers.get("content-length", "")
    if not length.isdecimal():
        raise _NotTaken("does not say how long the file is")
    return int(length)


def _accept(got: Checksum, file: WeightsFile, models_dir: Path) -> None:
    expected = file.expected_sha256(models_dir)
    if expected is None:
        record_checksum(models_dir, file.name, got)
    elif got.sha256 != expected:
        raise _NotTaken(f"gave {got.size_bytes} bytes with SHA-256 {got.sha256}, expected {expected}")
