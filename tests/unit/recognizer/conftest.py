from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from shared.contracts.events import RecognitionEvent


class HeldClock:
    """A clock that moves when it is told to."""

    def __init__(self) -> None:
        self.instant = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)

    def now(self) -> datetime:
        return self.instant

    def pass_s(self, seconds: float) -> None:
        self.instant += timedelta(seconds=seconds)


@pytest.fixture
def clock() -> HeldClock:
    return HeldClock()


@pytest.fixture
def make_event(clock: HeldClock) -> Callable[[str], RecognitionEvent]:
    def make(person_id: str) -> RecognitionEvent:
        return RecognitionEvent(
            event_id=uuid4(),
            person_id=person_id,
            person=f"Alice {person_id}",
            name="Alice",
            distance=0.1,
            similarity=0.9,
            threshold=0.2,
            engine="Fake/fake",
            captured_at=clock.now(),
        )

    return make
