"""Templates on disk, so that a photo is looked at once and not at every start.

One SQLite file: what every photo's bytes hash to, and what each engine made of those bytes, a template or a refusal.
Everything in it can be made again, so nothing in here is ever fatal: a damaged file is thrown away, one that cannot be
written is done without.

With a vault, templates are sealed, bound to their person, their engine and the photo's bytes; plain ones are not used
any more, and removed.
"""

import json
import sqlite3
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import asdict, dataclass
from enum import StrEnum
from os import fsencode
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from recognizer.at_rest.vault import TEMPLATE_MAGIC, Vault
from recognizer.errors import CannotUnseal
from recognizer.gallery.dataset import Photo
from recognizer.gallery.photo_files import owner_of
from shared.logs import get_logger

log = get_logger(__name__)

Template: TypeAlias = NDArray[np.float32]  # (d,), of unit length
T = TypeVar("T")
_Columns: TypeAlias = tuple[bytes | None, str | None, str | None]  # a template, or an issue and detail
_Row: TypeAlias = tuple[bytes, bytes | None, str | None, str | None]  # digest, then a template or an issue and detail

_FORMAT = 1  # of the tables; files of another format are thrown away
_LOCK_TIMEOUT_S = 10.0
_OWNER_ONLY = 0o600
_UNIT_TOLERANCE = 1e-3
_FEW = 500  # photos to look up one by one
_DAMAGED = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
_DELETE_PLAIN = "DELETE FROM results WHERE template IS NOT NULL AND substr(template, 1, ?) != ?"
_TABLES = (
    "CREATE TABLE engines (id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE)",
    """CREATE TABLE photos (
        path BLOB PRIMARY KEY, size INT, mtime_ns INT, inode INT, digest BLOB NOT NULL
    ) WITHOUT ROWID""",
    """CREATE TABLE results (
        digest BLOB NOT NULL, engine INT NOT NULL REFERENCES engines, template BLOB, issue TEXT, detail TEXT,
        PRIMARY KEY (digest, engine)
    ) WITHOUT ROWID""",
    f"PRAGMA user_version = {_FORMAT}",
)


class PhotoIssue(StrEnum):
    UNREADABLE = "unreadable"
    NO_FACE = "no_face"
    SEVERAL_FACES = "several_faces"
    LOW_QUALITY = "low_quality"
    ENGINE_FAILED = "engine_failed"


_ISSUES = frozenset(issue.value for issue in PhotoIssue)


@dataclass(frozen=True, slots=True)
class PhotoRefusal:
    issue: PhotoIssue
    detail: str  # a sentence for the operator


PhotoResult: TypeAlias = Template | PhotoRefusal


@dataclass(frozen=True, slots=True)
class EngineKey:
    """Everything that decides what a photo's bytes turn into."""

    detector: str
    detector_version: str
    embedder: str
    embedder_version: str
    preprocessing: str
    dimension: int

    def __str__(self) -> str:
        return json.dumps(asdict(self), sort_keys=True)


@dataclass(frozen=True, slots=True)
class TemplateCache:
    """Holds no connection: every call opens the file, so that it can be used from any thread and any process."""

    file: Path
    vault: Vault | None = None

    def digests(self, photos: Iterable[Photo]) -> dict[Path, bytes]:
        """SHA-256 of those photos that have not changed since they were hashed, going by size, time and inode."""

        def read(db: sqlite3.Connection) -> dict[bytes, tuple[tuple[int, int, int], bytes]]:
            rows = _rows(db, "SELECT path, size, mtime_ns, inode, digest FROM photos", "path", wanted)
            return {path: ((size, mtime_ns, inode), digest) for path, size, mtime_ns, inode, digest in rows}

        photos = tuple(photos)
        wanted = [fsencode(photo.path) for photo in photos] if len(photos) <= _FEW else None

        known: dict[bytes, tuple[tuple[int, int, int], bytes]] = self._attempt(read, otherwise={})
        found = ((photo, known.get(fsencode(photo.path))) for photo in photos)
        return {photo.path: entry[1] for photo, entry in found if entry is not None and entry[0] == _seen(photo)}

    def results(self, engine: EngineKey, of: Collection[bytes] | None = None) -> dict[bytes, PhotoResult]:
        """What this engine made of each photo, or of those with these digests, by the photo's digest. Rows that cannot
        be right are left out."""

        def read(db: sqlite3.Connection) -> list[_Row]:
            found = db.execute("SELECT id FROM engines WHERE key = ?", [str(engine)]).fetchone()
            if found is None:
                return []
            everything = f"SELECT digest, template, issue, detail FROM results WHERE engine = {found[0]:d}"  # noqa: S608
            return list(_rows(db, everything, "digest", of))

        rows = self._unsealed(engine, self._attempt(read, otherwise=[]))
        refusals = {
            digest: PhotoRefusal(PhotoIssue(issue), detail or "")
            for digest, _, issue, detail in rows
            if issue in _ISSUES
        }
        return {**_whole_templates(rows, engine.dimension), **refusals}

    def store(self, engine: EngineKey, results: Mapping[bytes, PhotoResult], digests: Mapping[Photo, bytes]) -> None:
        """Adds or replaces, all of it or nothing. The photos of new templates are among `digests`."""

        def write(db: sqlite3.Connection) -> None:
            db.execute("INSERT OR IGNORE INTO engines (key) VALUES (?)", [str(engine)])
            [[engine_id]] = db.execute("SELECT id FROM engines WHERE key = ?", [str(engine)]).fetchall()
            rows = [(digest, engine_id, *columns) for digest, columns in kept.items()]
            db.executemany("INSERT OR REPLACE INTO results VALUES (?, ?, ?, ?, ?)", rows)
            seen = [(fsencode(photo.path), *_seen(photo), digest) for photo, digest in digests.items()]
            db.executemany("INSERT OR REPLACE INTO photos VALUES (?, ?, ?, ?, ?)", seen)

        kept = self._columns(engine, results, digests)
        if kept or digests:
            self._attempt(write, otherwise=None)

    def retain(self, photos: Iterable[Photo], digests: Collection[bytes]) -> None:
        """Forgets every other path, and what any engine made of other bytes; deleted templates are overwritten."""
        paths = {fsencode(photo.path) for photo in photos}
        kept = set(digests)

        def prune(db: sqlite3.Connection) -> None:
            gone = [row for row in db.execute("SELECT path FROM photos") if row[0] not in paths]
            unused = [row for row in db.execute("SELECT DISTINCT digest FROM results") if row[0] not in kept]
            db.executemany("DELETE FROM photos WHERE path = ?", gone)
            db.executemany("DELETE FROM results WHERE digest = ?", unused)
            if self.vault is not None:
                db.execute(_DELETE_PLAIN, [len(TEMPLATE_MAGIC), TEMPLATE_MAGIC])

        self._attempt(prune, otherwise=None)

    def forget(self, folders: Iterable[Path], keeping: Iterable[Photo]) -> int:
        """What lay in these folders and is not among `keeping` any more, as `retain` does for everything. Returns how
        many files that were."""
        kept = {fsencode(photo.path) for photo in keeping}

        def prune(db: sqlite3.Connection) -> int:
            gone = [row for folder in folders for row in _under(db, folder) if row[0] not in kept]
            db.executemany("DELETE FROM photos WHERE path = ?", [(path,) for path, _ in gone])
            db.executemany(
                "DELETE FROM results WHERE digest = ?1 AND NOT EXISTS (SELECT 1 FROM photos WHERE digest = ?1)",
                [(digest,) for _, digest in gone],
            )
            return len(gone)

        return self._attempt(prune, otherwise=0)

    def _columns(
        self, engine: EngineKey, results: Mapping[bytes, PhotoResult], digests: Mapping[Photo, bytes]
    ) -> dict[bytes, _Columns]:
        """As they are written. A template that cannot be sealed is left out."""
        paths = {digest: photo.path for photo, digest in digests.items()}
        columns: dict[bytes, _Columns] = {}
        for digest, result in results.items():
            if isinstance(result, PhotoRefusal):
                columns[digest] = None, result.issue, result.detail
                continue
            template = result.astype("<f4").tobytes()
            try:
                if self.vault is not None:
                    template = self.vault.seal_template(owner_of(paths[digest]), template, _about(engine, digest))
                columns[digest] = template, None, None
            except (CannotUnseal, OSError) as error:
                log.warning("a template cannot be sealed, doing without", reason=type(error).__name__)
        return columns

    def _unsealed(self, engine: EngineKey, rows: list[_Row]) -> list[_Row]:
        """Without what cannot be unsealed. Whoever has no vault finds that sealed templates have the wrong length."""
        if self.vault is None:
            return rows
        opener = self.vault.templates()
        try:
            return [
                (digest, None if blob is None else opener.unseal(blob, _about(engine, digest)), issue, detail)
                for digest, blob, issue, detail in rows
            ]
        except OSError as error:
            log.warning("templates cannot be unsealed, doing without", exc_info=error)
            return []

    def _attempt(self, work: Callable[[sqlite3.Connection], T], otherwise: T) -> T:
        """One transaction. Where the file fails, `otherwise`; where it is damaged, it is thrown away as well."""
        try:
            if not self.file.exists():
                self.file.parent.mkdir(parents=True, exist_ok=True)
                self.file.touch(mode=_OWNER_ONLY)  # templates are biometric data; SQLite keeps the mode
            with closing(sqlite3.connect(self.file, timeout=_LOCK_TIMEOUT_S)) as db, db:
                _prepare(db)
                return work(db)
        except sqlite3.Error as error:
            # The low byte is the kind of failure; the others say where it was met.
            if getattr(error, "sqlite_errorcode", 0) & 0xFF in _DAMAGED:
                log.warning("template cache is damaged, starting a new one")
                self._discard()
            else:
                log.warning("template cache cannot be used, doing without", exc_info=error)
        except OSError as error:
            log.warning("template cache cannot be used, doing without", exc_info=error)
        return otherwise

    def _discard(self) -> None:
        self.file.unlink(missing_ok=True)
        self.file.with_name(f"{self.file.name}-journal").unlink(missing_ok=True)


def _prepare(db: sqlite3.Connection) -> None:
    """Makes the tables in a new file and in one of another format."""
    db.execute("PRAGMA secure_delete = ON")
    if _format(db) == _FORMAT:
        return
    db.execute("BEGIN IMMEDIATE")
    if _format(db) != _FORMAT:  # another process may have been faster
        for (table,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
            db.execute(f'DROP TABLE "{table}"')
        for statement in _TABLES:
            db.execute(statement)
    db.commit()


def _rows(db: sqlite3.Connection, query: str, key: str, wanted: Collection[bytes] | None) -> Iterator[Any]:
    """Of the whole table, or of the rows with these keys alone."""
    if wanted is None:
        yield from db.execute(query)
        return
    narrowed = f"{query} {'AND' if ' WHERE ' in query else 'WHERE'} {key} = ?"
    for each in wanted:
        yield from db.execute(narrowed, [each])


def _under(db: sqlite3.Connection, folder: Path) -> list[tuple[bytes, bytes]]:
    """Paths and digests. After "/" comes "0"."""
    name = fsencode(folder)
    return db.execute(
        "SELECT path, digest FROM photos WHERE path > ? AND path < ?", (name + b"/", name + b"0")
    ).fetchall()


def _format(db: sqlite3.Connection) -> int:
    [[found]] = db.execute("PRAGMA user_version").fetchall()
    return int(found)


def _seen(photo: Photo) -> tuple[int, int, int]:
    return photo.size, photo.mtime_ns, photo.inode


def _about(engine: EngineKey, digest: bytes) -> bytes:
    """What a template was made by and from."""
    return digest + str(engine).encode()


def _whole_templates(rows: Iterable[_Row], dimension: int) -> dict[bytes, Template]:
    """Those of the right length whose row is still a unit vector; the others will be made again."""
    kept = [(digest, blob) for digest, blob, *_ in rows if blob is not None and len(blob) == 4 * dimension]
    matrix = np.frombuffer(b"".join(blob for _, blob in kept), "<f4").reshape(-1, dimension).astype(np.float32)
    lengths = np.linalg.norm(matrix, axis=1)
    whole = np.abs(lengths - 1) < _UNIT_TOLERANCE
    return {digest: row for (digest, _), row, is_whole in zip(kept, matrix, whole, strict=True) if is_whole}
