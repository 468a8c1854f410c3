"""Pseudonyms and forgetting in SQLite."""

import sqlite3

from logger.domain.attendance import AttendanceKey
from logger.store.base import Touched


def pseudonymize(connection: sqlite3.Connection, person_id: str, pseudonym: str) -> Touched:
    records = connection.execute("SELECT id, scope FROM attendance WHERE person_id = ?", (person_id,)).fetchall()
    for record in records:
        new_id = AttendanceKey(record["scope"], pseudonym).record_id
        connection.execute(
            "UPDATE attendance SET id = ?, person_id = ?, person = ?, name = ? WHERE id = ?",
            (new_id, pseudonym, pseudonym, pseudonym, record["id"]),
        )
        connection.execute(
            "UPDATE events SET attendance_id = ? WHERE person_id = ? AND +attendance_id = ?",
            (new_id, person_id, record["id"]),
        )
    events = connection.execute(
        "UPDATE events SET person_id = ?, person = ?, name = ? WHERE person_id = ?",
        (pseudonym, pseudonym, pseudonym, person_id),
    )
    return Touched(events=events.rowcount, attendance=len(records))


def forget_before(connection: sqlite3.Connection, day: str) -> Touched:
    """A record's events go with it, also those of a session that went on after midnight."""
    events = connection.execute(
        "DELETE FROM events WHERE local_date < ? OR attendance_id IN (SELECT id FROM attendance WHERE local_date < ?)",
        (day, day),
    )
    attendance = connection.execute("DELETE FROM attendance WHERE local_date < ?", (day,))
    return Touched(events=events.rowcount, attendance=attendance.rowcount)
