"""The audit: who changed what, when and why, each entry sealing all before it.

An entry's hash is SHA-256 over canonical JSON of the entry with the hash before it, so that no entry can be changed,
removed or put elsewhere without breaking the chain. Cutting off its end leaves a whole chain: that shows only against a
head that was noted elsewhere.
"""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

GENESIS = "0" * 64  # stands before the first entry


class AuditAction(StrEnum):
    PERSON_SAVED = "person_saved"
    PERSON_ERASED = "person_erased"
    PEOPLE_IMPORTED = "people_imported"
    CONSENT_GIVEN = "consent_given"
    CONSENT_WITHDRAWN = "consent_withdrawn"
    PRESENCE_CODE_MADE = "presence_code_made"
    PRESENCE_CODE_REVOKED = "presence_code_revoked"
    CLASS_SAVED = "class_saved"
    ROSTER_CHANGED = "roster_changed"
    SCHEDULE_SAVED = "schedule_saved"
    SESSION_STARTED = "session_started"
    SESSION_ENDED = "session_ended"
    SESSION_CANCELLED = "session_cancelled"
    SESSION_CHANGED = "session_changed"
    ATTENDANCE_CORRECTED = "attendance_corrected"
    CORRECTION_UNDONE = "correction_undone"
    ACCOUNT_SAVED = "account_saved"
    KEY_ADDED = "key_added"
    KEY_REVOKED = "key_revoked"
    SETTINGS_CHANGED = "settings_changed"
    DATA_EXPORTED = "data_exported"
    RETENTION_APPLIED = "retention_applied"
    ABSENCES_MARKED = "absences_marked"
    CALENDAR_SHARED = "calendar_shared"
    CALENDAR_REVOKED = "calendar_revoked"
    INTERRUPTED = "interrupted"  # begun, and nobody knows whether it was done


@dataclass(frozen=True, slots=True)
class Deed:
    """What somebody did. `before` and `after` are canonical JSON, so that no store can round what was sealed."""

    at: datetime  # aware; kept to the microsecond
    by: str
    action: AuditAction
    subject: str  # such as "person:101" or "session:…/101"
    before: str | None = None
    after: str | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Intent:
    """What somebody is about to do, kept until its entry is: see docs/decisions/0012-audit-intents.md."""

    intent_id: str
    deed: Deed


@dataclass(frozen=True, slots=True)
class AuditEntry:
    number: int  # 1, 2, 3 …
    deed: Deed
    previous_hash: str
    hash: str


class Flaw(StrEnum):
    NUMBER = "number"  # an entry is missing, doubled or in the wrong place
    LINK = "link"  # does not follow from the entry before it
    CONTENT = "content"  # is not what was sealed
    END = "end"  # the chain does not end at the head that was noted


@dataclass(frozen=True, slots=True)
class Broken:
    number: int  # the first place at which the chain is not what it was
    flaw: Flaw


def canonical(value: object) -> str:
    """JSON that is the same text for the same value. Raises TypeError and ValueError for what is not JSON."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def interrupted(intent: Intent) -> Deed:
    """What is told of an intent that nobody came back to."""
    deed = intent.deed
    meant = {"action": deed.action.value, "before": deed.before, "after": deed.after, "reason": deed.reason}
    return Deed(
        deed.at,
        deed.by,
        AuditAction.INTERRUPTED,
        deed.subject,
        after=canonical(meant),
        reason="The service stopped while this was being done; look whether it was",
    )


def tells(deed: Deed, intent: Intent) -> bool:
    """Whether this is the deed that was meant, done or interrupted."""
    meant = intent.deed
    same = (deed.at, deed.by, deed.subject) == (meant.at, meant.by, meant.subject)
    return same and deed.action in {meant.action, AuditAction.INTERRUPTED}


def seal(last: AuditEntry | None, deed: Deed) -> AuditEntry:
    """The entry that comes after `last`; after None, the first."""
    number = last.number + 1 if last else 1
    previous = last.hash if last else GENESIS
    return AuditEntry(number, deed, previous, _hash(number, deed, previous))


def verify(entries: Iterable[AuditEntry], head: str | None = None) -> Broken | None:
    """The first broken entry of a whole chain, in its order; None when there is none.

    `head`, when given, is the hash that the last entry had when somebody last looked.
    """
    number, previous = 0, GENESIS
    head_found = head is None or head == GENESIS
    for entry in entries:
        number += 1
        if flaw := _flaw(entry, number, previous):
            return Broken(number, flaw)
        previous = entry.hash
        head_found = head_found or previous == head
    return None if head_found else Broken(number + 1, Flaw.END)


def _flaw(entry: AuditEntry, number: int, previous: str) -> Flaw | None:
    if entry.number != number:
        return Flaw.NUMBER
    if entry.previous_hash != previous:
        return Flaw.LINK
    if entry.hash != _hash(entry.number, entry.deed, entry.previous_hash):
        return Flaw.CONTENT
    return None


def _hash(number: int, deed: Deed, previous: str) -> str:
    sealed = {
        "number": number,
        "at": deed.at.astimezone(UTC).isoformat(timespec="microseconds"),
        "by": deed.by,
        "action": deed.action.value,
        "subject": deed.subject,
        "before": deed.before,
        "after": deed.after,
        "reason": deed.reason,
        "previous_hash": previous,
    }
    return hashlib.sha256(canonical(sealed).encode()).hexdigest()
