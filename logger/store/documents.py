"""The one mapping between domain values and what is stored: flat, of text, numbers and nulls.

SQLite keeps the fields as columns. MongoDB keeps them as a document and gets dates beside the integers, for whoever
looks into it; reading goes by the integers, which hold microseconds where BSON dates hold milliseconds.
"""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any, TypeAlias
from uuid import UUID

from logger.domain.attendance import Attendance, AttendanceKey
from logger.domain.sightings import NOT_COUNTED, LoggedSighting, Sighting
from logger.store.base import Position, StoredKey
from shared.contracts.attendance import Method
from shared.contracts.events import AttendanceStatus, Outcome
from shared.security import ApiKey, Scope

Fields: TypeAlias = dict[str, str | int | float | None]
Stored: TypeAlias = Mapping[str, Any]  # what a driver hands back

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def to_us(instant: datetime) -> int:
    """Microseconds since 1970, exactly."""
    return (instant - _EPOCH) // _MICROSECOND


def from_us(instant_us: int) -> datetime:
    return _EPOCH + timedelta(microseconds=instant_us)


def sighting_fields(sighting: Sighting) -> Fields:
    return {
        "event_id": str(sighting.event_id),
        "attendance_id": sighting.record_id,
        "person_id": sighting.person_id,
        "person": sighting.person,
        "name": sighting.name,
        "distance": sighting.distance,
        "similarity": sighting.similarity,
        "threshold": sighting.threshold,
        "engine": sighting.engine,
        "source": sighting.source,
        "captured_us": to_us(sighting.captured_at),
        "received_us": to_us(sighting.received_at),
        "local_date": sighting.local_date.isoformat(),
        "session_id": sighting.session_id,
        "liveness": sighting.liveness,
        "method": sighting.method.value,
        "digest": sighting.digest,
    }


def sighting_from(stored: Stored) -> Sighting:
    return Sighting(
        event_id=UUID(stored["event_id"]),
        person_id=stored["person_id"],
        person=stored["person"],
        name=stored["name"],
        distance=stored["distance"],
        similarity=stored["similarity"],
        threshold=stored["threshold"],
        engine=stored["engine"],
        source=stored["source"],
        captured_at=from_us(stored["captured_us"]),
        received_at=from_us(stored["received_us"]),
        local_date=date.fromisoformat(stored["local_date"]),
        session_id=stored["session_id"],
        liveness=stored["liveness"],
        method=Method(stored["method"]),
        digest=stored["digest"],
        not_counted=Outcome(stored["outcome"]) if stored["outcome"] in NOT_COUNTED else None,
    )


def logged_fields(logged: LoggedSighting) -> Fields:
    return {**sighting_fields(logged.sighting), "outcome": logged.outcome.value}


def logged_from(stored: Stored) -> LoggedSighting:
    return LoggedSighting(sighting_from(stored), Outcome(stored["outcome"]))


def event_position(logged: LoggedSighting) -> Position:
    return Position(to_us(logged.sighting.captured_at), str(logged.sighting.event_id))


def attendance_fields(record: Attendance) -> Fields:
    return {
        "id": record.id,
        "scope": record.key.scope,
        "person_id": record.key.person_id,
        "person": record.person,
        "name": record.name,
        "local_date": record.local_date.isoformat(),
        "session_id": record.session_id,
        "status": record.status.value,
        "method": record.method.value,
        "first_us": to_us(record.first_seen),
        "first_event": str(record.first_event),
        "last_us": to_us(record.last_seen),
        "events": record.events,
        "source": record.source,
        "acknowledged_us": None if record.acknowledged_at is None else to_us(record.acknowledged_at),
    }


def attendance_from(stored: Stored) -> Attendance:
    acknowledged_us = stored["acknowledged_us"]
    return Attendance(
        key=AttendanceKey(stored["scope"], stored["person_id"]),
        person=stored["person"],
        name=stored["name"],
        local_date=date.fromisoformat(stored["local_date"]),
        session_id=stored["session_id"],
        status=AttendanceStatus(stored["status"]),
        method=Method(stored["method"]),
        first_seen=from_us(stored["first_us"]),
        first_event=UUID(stored["first_event"]),
        last_seen=from_us(stored["last_us"]),
        events=stored["events"],
        source=stored["source"],
        acknowledged_at=None if acknowledged_us is None else from_us(acknowledged_us),
    )


def attendance_position(record: Attendance) -> Position:
    return Position(to_us(record.first_seen), record.id)


def key_fields(stored: StoredKey) -> Fields:
    return {
        "key_id": stored.key.key_id,
        "digest": stored.key.digest,
        "scopes": " ".join(sorted(stored.key.scopes)),
        "label": stored.key.label,
        "created_us": to_us(stored.created_at),
        "revoked_us": None if stored.revoked_at is None else to_us(stored.revoked_at),
    }


def key_from(stored: Stored) -> StoredKey:
    """Scopes that this release does not know are left out: they open nothing here."""
    words = stored["scopes"].split()
    known = frozenset(scope for scope in Scope if scope.value in words)
    return StoredKey(
        key=ApiKey(key_id=stored["key_id"], digest=stored["digest"], scopes=known, label=stored["label"]),
        created_at=from_us(stored["created_us"]),
        revoked_at=None if stored["revoked_us"] is None else from_us(stored["revoked_us"]),
    )


def event_document(sighting: Sighting) -> dict[str, Any]:
    """Without an outcome yet, unless it is not counted: that is known when its record has been extended. The id is
    there twice, since lists are ordered by an index of instant and id, and not every server takes `_id` into one."""
    dates = {"captured_at": sighting.captured_at, "received_at": sighting.received_at}
    return {"_id": str(sighting.event_id), **sighting_fields(sighting), **dates, "outcome": sighting.not_counted}


def attendance_document(record: Attendance) -> dict[str, Any]:
    """Without the count of events, which MongoDB is asked for when it is wanted."""
    fields: dict[str, Any] = attendance_fields(record)
    del fields["events"]
    dates = {"first_seen": record.first_seen, "last_seen": record.last_seen, "acknowledged_at": record.acknowledged_at}
    return {"_id": record.id, **fields, **dates}


def key_document(stored: StoredKey) -> dict[str, Any]:
    dates = {"created_at": stored.created_at, "revoked_at": stored.revoked_at}
    return {"_id": stored.key.key_id, **key_fields(stored), **dates}
