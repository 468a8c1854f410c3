from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
from pydantic import ValidationError

from shared.contracts.events import RecognitionEvent


def event(**changes: Any) -> RecognitionEvent:
    given = {
        "event_id": str(uuid4()),
        "person_id": "101",
        "person": "Alice 101",
        "name": "Alice",
        "distance": 0.18,
        "similarity": 0.82,
        "threshold": 0.25,
        "engine": "Dlib/mtcnn",
        "source": "room-1",
        "captured_at": "2026-03-02T09:00:00+01:00",
    }
    return RecognitionEvent.model_validate(given | changes)


def test_an_instant_is_utc_inside() -> None:
    assert event().captured_at == datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
    assert event().captured_at.tzinfo is UTC


def test_a_name_is_nfc() -> None:
    assert event(name="Zoe\u0308").name == "Zo\u00eb"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *(("captured_at", value) for value in (1_700_000_000, "1700000000", "2026-03-02", "2026-03-02T09:00:00")),
        *(("captured_at", value) for value in ("0000-01-01T00:00:00Z", "2026-02-30T00:00:00Z", None, True)),
        ("captured_at", "9999-12-31T23:59:59-14:00"),
        *(("distance", value) for value in ("0.18", True, float("nan"), float("inf"), -0.1, 2.1, {"$gt": ""})),
        *(("name", value) for value in ("", " ", "x" * 201, "a\u202eb", "a\tb", "a\x00b", "\ud800", 5, {"$ne": None})),
        *(("source", value) for value in ("", "x" * 101, "a\nb")),
        ("person_id", "x" * 101),
        ("event_id", "1"),
        ("surprise", 1),
    ],
    ids=repr,
)
def test_what_is_not_plain_is_refused(field: str, value: Any) -> None:
    with pytest.raises(ValidationError):
        event(**{field: value})


@pytest.mark.parametrize("name", ["Алиса", "José María", "O'Brien-Smith", "李小龍", "=SUM(A1)", "👩\u200d🏫"])
def test_people_are_called_what_they_are_called(name: str) -> None:
    assert event(name=name).name == name
