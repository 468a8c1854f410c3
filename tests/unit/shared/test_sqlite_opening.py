import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from shared.sqlite import connect


def open_at_once(path: Path, barrier: threading.Barrier) -> str:
    barrier.wait(timeout=10)
    connection = connect(path)
    try:
        return str(connection.execute("PRAGMA journal_mode").fetchone()[0])
    finally:
        connection.close()


def test_all_who_open_a_new_file_at_once_get_in(tmp_path: Path) -> None:
    """SQLite alone turns one in some hundred away, hence so many files."""
    together = 4
    barrier = threading.Barrier(together)
    with ThreadPoolExecutor(together) as pool:
        for attempt in range(300):
            path = tmp_path / f"{attempt}.db"
            modes = pool.map(open_at_once, [path] * together, [barrier] * together)
            assert list(modes) == ["wal"] * together


def test_a_file_that_another_holds_for_a_moment_is_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "held.db"
    holder = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    holder.execute("CREATE TABLE held (a)")
    holder.execute("BEGIN EXCLUSIVE")
    release = threading.Timer(0.2, lambda: holder.execute("COMMIT"))
    release.start()
    connection = connect(path)
    assert connection.execute("PRAGMA journal_mode").fetchone()[0] == "wal"
    connection.close()
    release.join()
    holder.close()
