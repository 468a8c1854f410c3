"""The logger as it could have been: one recording to a commit, or on a disk whose flush takes some milliseconds."""

import argparse
import time
from pathlib import Path
from typing import Any

from logger.app import create_app
from logger.settings import LoggerSettings, load_settings
from logger.store.base import Store
from logger.store.mongo import MongoStore
from logger.store.sqlite import MAX_GATHERED, SqliteStore
from shared.logs import configure_logs
from shared.web.server import serve


class SlowDiskStore(SqliteStore):
    """Waits before each commit as long as a slower disk would."""

    def __init__(self, path: Path, *, flush_s: float, max_gathered: int) -> None:
        super().__init__(path, max_gathered=max_gathered)
        self._flush_s = flush_s

    async def _open(self) -> None:
        await super()._open()
        assert self._writer is not None
        slow: Any = _SlowConnection(self._writer._connection, self._flush_s)
        self._writer._connection = slow


class _SlowConnection:
    def __init__(self, connection: Any, flush_s: float) -> None:
        self._connection = connection
        self._flush_s = flush_s

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)

    def execute(self, statement: str, *values: Any) -> Any:
        if statement == "COMMIT":
            time.sleep(self._flush_s)
        return self._connection.execute(statement, *values)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gathered", type=int, default=MAX_GATHERED, help="sightings to a commit at the most")
    parser.add_argument("--flush-ms", type=float, default=0, help="added to each commit")
    given = parser.parse_args()
    settings = load_settings()
    configure_logs(settings.log_level, settings.log_format)
    store = store_of(settings, max_gathered=given.gathered, flush_s=given.flush_ms / 1e3)
    return serve(create_app(settings, store=store), settings)


def store_of(settings: LoggerSettings, *, max_gathered: int, flush_s: float = 0) -> Store:
    """Raises ValueError for a flush of anything but a file."""
    path = settings.sqlite_path
    if path is None:
        if flush_s:
            raise ValueError("only the embedded store has a disk of its own")
        return MongoStore(settings.store_url.get_secret_value(), max_gathered=max_gathered)
    return (
        SlowDiskStore(path, flush_s=flush_s, max_gathered=max_gathered)
        if flush_s
        else SqliteStore(path, max_gathered=max_gathered)
    )


if __name__ == "__main__":
    raise SystemExit(main())
