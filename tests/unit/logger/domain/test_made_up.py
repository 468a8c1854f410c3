"""The made-up school is the same each time, and lessons are there to be looked at whatever the time."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logger.domain import made_up
from logger.domain.sessions import Session

AT = datetime(2025, 3, 3, 9, tzinfo=UTC)
ZONE = ZoneInfo("Europe/Berlin")
SESSION = Session("s1", "demo-001", AT, AT + timedelta(minutes=75))
EVERYBODY = [made_up.person(index, AT) for index in range(400)]


def test_the_same_number_is_the_same_person() -> None:
    assert EVERYBODY[:9] == [made_up.person(index, AT) for index in range(9)]
    assert len({one.name for one in EVERYBODY}) > 300
    assert 0.9 < sum(one.consent is not None for one in EVERYBODY) / 400 < 0.99


def test_most_come_some_are_late_and_few_have_a_note() -> None:
    known = [made_up.facts(SESSION, one.person_id, SESSION.ends_at) for one in EVERYBODY]
    seen = [one.first_seen for one in known if one.first_seen]
    assert 0.85 < len(seen) / 400 < 0.97
    assert 0 < sum(at > AT + timedelta(minutes=10) for at in seen) < 50
    assert 0 < sum(bool(one.corrections) for one in known) < 30


@given(st.integers(-30, 90), st.integers(0, 399))
def test_what_is_known_by_now_is_what_is_known_later_as_far_as_it_has_happened(minutes: int, index: int) -> None:
    now, person_id = AT + timedelta(minutes=minutes), EVERYBODY[index].person_id
    later = made_up.facts(SESSION, person_id, SESSION.ends_at)
    seen_by_now = later.first_seen if later.first_seen and later.first_seen <= now else None
    assert made_up.facts(SESSION, person_id, now).first_seen == seen_by_now


@given(st.dates(date(2024, 1, 1), date(2026, 1, 1)), st.times(), st.integers(1, 200))
def test_at_any_minute_a_lesson_of_today_is_running(day: date, at: time, classes: int) -> None:
    wall = datetime.combine(day, at)
    lessons = [made_up.lesson_around(wall, index, classes) for index in range(classes)]
    spans = [one.hours.on(one.day) for one in lessons if one is not None]
    first, last = spans[0]
    assert first <= wall < last
    assert len(spans) <= 2 * made_up.MOST_AROUND_NOW
    assert all(start.date() >= wall.date() for start, _ in spans)


@pytest.mark.parametrize(("index", "starts"), [(0, time(8, 30)), (1, time(10))])
def test_classes_meet_on_school_days_out_of_holidays(index: int, starts: time) -> None:
    rules = made_up.weekly_rules(index, date(2024, 9, 2), date(2025, 7, 1))
    assert {rule.hours.starts for rule in rules} == {starts}
    assert any(rule.falls_on(date(2025, 3, 3)) for rule in rules)
    assert not any(rule.falls_on(day) for rule in rules for day in (date(2025, 1, 1), date(2025, 3, 8)))
