"""One class, one session and the times around it."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from logger.domain.classes import SchoolClass
from logger.domain.policy import AttendancePolicy
from logger.domain.sessions import Session

TEN = datetime(2025, 3, 3, 10, tzinfo=UTC)
At = Callable[[float], datetime]


@pytest.fixture
def at() -> At:
    """Minutes after ten, when the session is planned to start."""
    return lambda minutes: TEN + timedelta(minutes=minutes)


@pytest.fixture
def session() -> Session:
    """Ten to eleven, open from 9:45, present until 10:10, in room A with one camera."""
    return Session("s1", "c1", TEN, TEN + timedelta(hours=1), "A", frozenset({"cam-a"}), AttendancePolicy())


@pytest.fixture
def school_class() -> SchoolClass:
    return SchoolClass("c1", "Physics", "teacher-1", ZoneInfo("Europe/Berlin"), frozenset({"101", "102"}), "A")
