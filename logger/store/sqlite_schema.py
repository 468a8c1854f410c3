"""The tables of the embedded store. `user_version` counts the steps that a file has been through."""

import sqlite3

from logger.errors import StoreUnusable

FIRST = (
    """
    CREATE TABLE events (
        event_id TEXT NOT NULL PRIMARY KEY,
        attendance_id TEXT NOT NULL,
        person_id TEXT NOT NULL,
        person TEXT NOT NULL,
        name TEXT NOT NULL,
        distance REAL NOT NULL,
        similarity REAL NOT NULL,
        threshold REAL NOT NULL,
        engine TEXT NOT NULL,
        source TEXT,
        captured_us INTEGER NOT NULL,
        received_us INTEGER NOT NULL,
        local_date TEXT NOT NULL,
        session_id TEXT,
        liveness REAL,
        method TEXT NOT NULL,
        digest TEXT NOT NULL,
        outcome TEXT NOT NULL
    ) STRICT, WITHOUT ROWID
    """,
    "CREATE INDEX events_by_time ON events (captured_us, event_id)",
    "CREATE INDEX events_by_day ON events (local_date, captured_us)",
    "CREATE INDEX events_by_person ON events (person_id, captured_us)",
    """
    CREATE TABLE attendance (
        id TEXT NOT NULL PRIMARY KEY,
        scope TEXT NOT NULL,
        person_id TEXT NOT NULL,
        person TEXT NOT NULL,
        name TEXT NOT NULL,
        local_date TEXT NOT NULL,
        session_id TEXT,
        status TEXT NOT NULL,
        method TEXT NOT NULL,
        first_us INTEGER NOT NULL,
        first_event TEXT NOT NULL,
        last_us INTEGER NOT NULL,
        events INTEGER NOT NULL,
        source TEXT,
        acknowledged_us INTEGER,
        UNIQUE (scope, person_id)
    ) STRICT, WITHOUT ROWID
    """,
    "CREATE INDEX attendance_by_time ON attendance (first_us, id)",
    "CREATE INDEX attendance_by_day ON attendance (local_date, first_us)",
    "CREATE INDEX attendance_by_person ON attendance (person_id, first_us)",
    """
    CREATE TABLE api_keys (
        key_id TEXT NOT NULL PRIMARY KEY,
        digest TEXT NOT NULL UNIQUE,
        scopes TEXT NOT NULL,
        label TEXT NOT NULL,
        created_us INTEGER NOT NULL,
        revoked_us INTEGER
    ) STRICT, WITHOUT ROWID
    """,
)
STEPS: tuple[tuple[str, ...], ...] = (FIRST,)


def apply_schema(connection: sqlite3.Connection) -> None:
    """Brings a file to the present version, whole or not at all. Raises StoreUnusable for a file from the future."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        _take_steps(connection)
        connection.execute("COMMIT")
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")


def _take_steps(connection: sqlite3.Connection) -> None:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version > len(STEPS):
        raise StoreUnusable("The attendance file was written by a newer release")
    for step in STEPS[version:]:
        for statement in step:
            connection.execute(statement)
    connection.execute(f"PRAGMA user_version = {len(STEPS)}")
