"""What the lists must say for a round to be sound."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from shared.contracts.attendance import AttendanceRecord, Method, StoredEvent
from shared.contracts.events import AttendanceStatus, Outcome
from tests.chaos.checking import not_as_derived

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def seen(after_s: float) -> StoredEvent:
    return StoredEvent(
        event_id=uuid4(),
        person_id="P001",
        person="Somebody P001",
        name="Somebody",
        distance=0.1,
        similarity=0.9,
        threshold=0.25,
        engine="fake/fake",
        captured_at=NOON + timedelta(seconds=after_s),
        received_at=NOON,
        local_date=NOON.date(),
        method=Method.FACE,
        outcome=Outcome.RECORDED,
    )


def record(first_s: float, last_s: float, events: int) -> AttendanceRecord:
    return AttendanceRecord(
        id="a",
        person_id="P001",
        person="Somebody P001",
        name="Somebody",
        local_date=NOON.date(),
        status=AttendanceStatus.PRESENT,
        method=Method.FACE,
        first_seen=NOON + timedelta(seconds=first_s),
        last_seen=NOON + timedelta(seconds=last_s),
        events=events,
    )


def test_a_record_that_is_what_its_events_say_is_sound_in_whatever_order_they_came() -> None:
    assert not_as_derived([seen(60), seen(0), seen(30)], [record(0, 60, 3)]) == []


@pytest.mark.parametrize("wrong", [record(0, 60, 4), record(30, 60, 3), record(0, 30, 3)])
def test_a_record_that_counts_another_number_or_misses_the_first_or_the_last_is_found(wrong: AttendanceRecord) -> None:
    assert len(not_as_derived([seen(60), seen(0), seen(30)], [wrong])) == 1


def test_events_without_a_record_and_a_record_without_events_are_found() -> None:
    assert not_as_derived([seen(0)], []) == ["1 events without a record"]
    assert len(not_as_derived([], [record(0, 0, 1)])) == 1
