"""The tables of the embedded store. `user_version` counts the steps that a file has been through."""

import sqlite3

from logger.errors import StoreUnusable

_EVENTS = """
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
"""
_ATTENDANCE = """
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
"""
_BY_TIME_AND_PERSON = (
    "CREATE INDEX events_by_time ON events (captured_us, event_id)",
    "CREATE INDEX events_by_person ON events (person_id, captured_us)",
    "CREATE INDEX attendance_by_time ON attendance (first_us, id)",
    "CREATE INDEX attendance_by_person ON attendance (person_id, first_us)",
)
FIRST = (
    f"CREATE TABLE events ({_EVENTS}) STRICT, WITHOUT ROWID",
    f"CREATE TABLE attendance ({_ATTENDANCE}) STRICT, WITHOUT ROWID",
    *_BY_TIME_AND_PERSON,
    "CREATE INDEX events_by_day ON events (local_date, captured_us)",
    "CREATE INDEX attendance_by_day ON attendance (local_date, first_us)",
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
# Rows in the order they came: ids are random, and a row kept by its id would dirty a page of its own in each commit.
# Every filter of the lists gets an index, so that what is rare is found without reading what is common.
SECOND = (
    "ALTER TABLE events RENAME TO events_by_id",
    "ALTER TABLE attendance RENAME TO attendance_by_id",
    f"CREATE TABLE events ({_EVENTS}) STRICT",
    f"CREATE TABLE attendance ({_ATTENDANCE}) STRICT",
    "INSERT INTO events SELECT * FROM events_by_id ORDER BY received_us, event_id",
    "INSERT INTO attendance SELECT * FROM attendance_by_id ORDER BY first_us, id",
    "DROP TABLE events_by_id",
    "DROP TABLE attendance_by_id",
    *_BY_TIME_AND_PERSON,
    "CREATE INDEX events_by_day ON events (local_date, captured_us, event_id)",
    "CREATE INDEX attendance_by_day ON attendance (local_date, first_us, id)",
    "CREATE INDEX events_by_source ON events (source, captured_us)",
    "CREATE INDEX events_by_outcome ON events (outcome, captured_us)",
    "CREATE INDEX attendance_by_session ON attendance (session_id, first_us) WHERE session_id IS NOT NULL",
    "CREATE INDEX attendance_by_status ON attendance (status, first_us)",
    "CREATE INDEX attendance_by_method ON attendance (method, first_us)",
)
STEPS: tuple[tuple[str, ...], ...] = (FIRST, SECOND)


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
