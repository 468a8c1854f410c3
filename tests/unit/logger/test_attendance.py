"""How sightings add up to a record, in whatever order and however often they arrive."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logger.domain.attendance import Attendance, AttendanceKey, begin, extend, rebuild
from logger.domain.sightings import Sighting, body_digest
from shared.contracts.attendance import Method
from shared.contracts.events import AttendanceStatus, RecognitionEvent

NOON = datetime(2025, 3, 3, 12, 0, tzinfo=UTC)


def seen(number: int, after_s: float = 0, *, source: str = "room-1", method: Method = Method.FACE) -> Sighting:
    return Sighting(
        event_id=UUID(int=number),
        person_id="101",
        person="Alice 101",
        name="Alice",
        distance=0.18,
        similarity=0.82,
        threshold=0.25,
        engine="Dlib/mtcnn",
        source=source,
        captured_at=NOON + timedelta(seconds=after_s),
        received_at=NOON,
        local_date=date(2025, 3, 3),
        session_id=None,
        liveness=None,
        method=method,
        digest=str(number),
    )


def test_the_key_is_the_day_without_a_session_and_the_session_with_one() -> None:
    day = date(2025, 3, 3)
    assert AttendanceKey.of("101", day, None) == AttendanceKey("day:2025-03-03", "101")
    assert AttendanceKey.of("101", day, "maths") == AttendanceKey("session:maths", "101")


def test_a_session_named_like_a_day_is_not_that_day() -> None:
    day = date(2025, 3, 3)
    assert AttendanceKey.of("101", day, "2025-03-03").record_id != AttendanceKey.of("101", day, None).record_id


def test_a_record_id_does_not_depend_on_the_process() -> None:
    assert AttendanceKey("day:2025-03-03", "101").record_id == "b1dc6b49bff5d709ae6f5a3077bd50e1"


def test_a_late_delivery_of_an_earlier_sighting_moves_the_beginning_and_its_place() -> None:
    record = extend(begin(seen(1, 60, source="gate")), seen(2, 0, source="door"))
    assert (record.first_seen, record.last_seen) == (NOON, NOON + timedelta(seconds=60))
    assert (record.source, record.first_event, record.events) == ("door", UUID(int=2), 2)


def test_a_later_sighting_moves_only_the_end() -> None:
    record = extend(begin(seen(1, 0, source="gate")), seen(2, 60, source="door", method=Method.CLIENT))
    assert (record.first_seen, record.last_seen) == (NOON, NOON + timedelta(seconds=60))
    assert (record.source, record.method) == ("gate", Method.FACE)


def test_what_a_person_decided_survives_further_sightings_and_a_rebuild() -> None:
    decided = replace(begin(seen(1)), status=AttendanceStatus.EXCUSED, acknowledged_at=NOON)
    assert extend(decided, seen(2, -5)).status is AttendanceStatus.EXCUSED
    rebuilt = rebuild([seen(1), seen(2, -5)], decided)
    assert (rebuilt.status, rebuilt.acknowledged_at, rebuilt.events) == (AttendanceStatus.EXCUSED, NOON, 2)


def test_nothing_is_rebuilt_from_nothing() -> None:
    with pytest.raises(ValueError, match="at least one sighting"):
        rebuild([], None)


deliveries = st.lists(
    st.builds(
        seen,
        st.integers(0, 2**128 - 1),
        st.integers(-3, 3),
        source=st.sampled_from(["gate", "door", "room-1"]),
        method=st.sampled_from(Method),
    ),
    min_size=1,
    max_size=12,
    unique_by=lambda sighting: sighting.event_id,
)


@given(deliveries=deliveries, data=st.data())
def test_any_order_and_multiplicity_of_the_same_events_ends_in_the_same_record(
    deliveries: list[Sighting], data: st.DataObject
) -> None:
    repeated = deliveries + data.draw(st.lists(st.sampled_from(deliveries), max_size=8))
    assert delivered(data.draw(st.permutations(repeated))) == rebuild(deliveries, None)


def delivered(deliveries: list[Sighting]) -> Attendance:
    """What the record is after these deliveries, each event counted when it first comes, as the stores do it."""
    first_of_each = {sighting.event_id: sighting for sighting in reversed(deliveries)}
    return rebuild(reversed(first_of_each.values()), None)


def event(**changes: object) -> RecognitionEvent:
    body: dict[str, object] = {
        "event_id": "6f2b7a52-3c3e-4d09-9a63-0d6b6c1c7a01",
        "person_id": "101",
        "person": "Alice 101",
        "name": "Alice",
        "distance": 0.18,
        "similarity": 0.82,
        "threshold": 0.25,
        "engine": "Dlib/mtcnn",
        "captured_at": "2025-03-03T12:00:00Z",
    }
    return RecognitionEvent.model_validate({**body, **changes})


def test_two_spellings_of_one_event_have_one_digest() -> None:
    spelled_otherwise = event(captured_at="2025-03-03T17:30:00.000+05:30", source=None, distance=0.180)
    assert body_digest(spelled_otherwise) == body_digest(event())


@pytest.mark.parametrize(
    "changes",
    [{"person_id": "102"}, {"distance": 0.19}, {"captured_at": "2025-03-03T12:00:00.000001Z"}, {"liveness": 0.5}],
)
def test_any_other_content_has_another_digest(changes: dict[str, object]) -> None:
    assert body_digest(event(**changes)) != body_digest(event())
