"""Schedules, expanded over nights whose clocks are changed."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from logger.domain.schedule import (
    Cancelled,
    Extra,
    Hours,
    InvalidSchedule,
    Moved,
    Occurrence,
    Schedule,
    SingleDate,
    Weekday,
    WeeklyRule,
    expand,
    leave_out,
    move,
)
from logger.domain.wall_clock import day_exists, days, instant_of, is_skipped, span_of

BERLIN = ZoneInfo("Europe/Berlin")
NINE = Hours(time(9), time(10, 30))
MONDAY = date(2025, 3, 3)
EVERY_DAY = frozenset(Weekday)


def weekly(
    *weekdays: Weekday, hours: Hours = NINE, first: date = MONDAY, last: date | None = None, every: int = 1
) -> WeeklyRule:
    return WeeklyRule(frozenset(weekdays), hours, first, last, every)


def schedule(*rules: WeeklyRule | SingleDate, zone: ZoneInfo = BERLIN) -> Schedule:
    return Schedule("sch", "c1", zone, rules, room="A")


def wall(text: str) -> datetime:
    """What a clock on a wall shows, without a zone."""
    return datetime.fromisoformat(text)


def walls(occurrences: tuple[Occurrence, ...], zone: ZoneInfo = BERLIN) -> list[str]:
    return [f"{one.starts_at.astimezone(zone):%m-%d %H:%M}–{one.ends_at.astimezone(zone):%H:%M}" for one in occurrences]


def test_a_class_keeps_its_hours_by_the_wall_when_summer_time_begins() -> None:
    found = expand(schedule(weekly(Weekday.MONDAY)), date(2025, 3, 24), date(2025, 3, 31))
    assert walls(found) == ["03-24 09:00–10:30", "03-31 09:00–10:30"]
    assert found[1].starts_at - found[0].starts_at == timedelta(days=7, hours=-1)


def test_every_second_week_is_counted_from_the_week_of_the_first_day() -> None:
    rule = weekly(Weekday.MONDAY, Weekday.FRIDAY, first=date(2025, 3, 7), every=2)  # a Friday
    found = expand(schedule(rule), date(2025, 3, 1), date(2025, 3, 31))
    assert [one.original.day for one in found] == [7, 17, 21, 31]


def test_what_is_cancelled_moved_or_added_is_different_this_time_only() -> None:
    plan = replace(
        schedule(weekly(Weekday.MONDAY)),
        exceptions=(
            Cancelled(wall("2025-03-10T09:00")),
            Moved(wall("2025-03-17T09:00"), date(2025, 3, 18), Hours(time(14), time(15)), "B"),
            Extra(date(2025, 3, 20), Hours(time(8), time(9))),
            Moved(wall("2025-03-11T09:00"), date(2025, 3, 12), NINE),  # was never planned
        ),
    )
    found = expand(plan, date(2025, 3, 3), date(2025, 3, 24))
    assert walls(found) == ["03-03 09:00–10:30", "03-18 14:00–15:00", "03-20 08:00–09:00", "03-24 09:00–10:30"]
    assert [one.room for one in found] == ["A", "B", "A", "A"]
    assert [one.moved for one in found] == [False, True, False, False]


def test_one_date_is_moved_moved_again_and_left_out() -> None:
    plan, monday = schedule(weekly(Weekday.MONDAY)), wall("2025-03-10T09:00")
    once = move(plan, monday, date(2025, 3, 11), NINE, "B")
    assert walls(expand(once, MONDAY, date(2025, 3, 17))) == [
        "03-03 09:00–10:30",
        "03-11 09:00–10:30",
        "03-17 09:00–10:30",
    ]
    again = move(once, monday, date(2025, 3, 12), Hours(time(14), time(15)))
    assert len(again.exceptions) == 1
    assert [(one.room, one.moved) for one in expand(again, date(2025, 3, 9), date(2025, 3, 16))] == [("A", True)]
    assert walls(expand(leave_out(again, monday), MONDAY, date(2025, 3, 17))) == [
        "03-03 09:00–10:30",
        "03-17 09:00–10:30",
    ]


def test_an_extra_date_is_moved_and_what_never_was_is_not() -> None:
    plan = replace(schedule(weekly(Weekday.MONDAY)), exceptions=(Extra(date(2025, 3, 5), NINE),))
    moved = move(plan, wall("2025-03-05T09:00"), date(2025, 3, 6), NINE)
    assert moved.exceptions == (Extra(date(2025, 3, 6), NINE),)
    with pytest.raises(InvalidSchedule, match="nothing takes place"):
        move(plan, wall("2025-03-05T10:00"), date(2025, 3, 6), NINE)


def test_an_occurrence_keeps_its_id_when_it_is_moved() -> None:
    plan = schedule(weekly(Weekday.MONDAY))
    moved = replace(plan, exceptions=(Moved(wall("2025-03-03T09:00"), date(2025, 3, 5), NINE),))
    [before], [after] = expand(plan, MONDAY, MONDAY), expand(moved, MONDAY, date(2025, 3, 5))
    assert before.occurrence_id == after.occurrence_id == "sch@2025-03-03T09:00"


def test_two_rules_that_name_one_start_make_one_occurrence() -> None:
    assert len(expand(schedule(weekly(Weekday.MONDAY), SingleDate(MONDAY, NINE)), MONDAY, MONDAY)) == 1


def test_a_night_shift_ends_at_six_whatever_happened_in_the_night() -> None:
    nights = schedule(weekly(*EVERY_DAY, hours=Hours(time(22), time(6))))
    spring = expand(nights, date(2025, 3, 29), date(2025, 3, 29))
    autumn = expand(nights, date(2025, 10, 25), date(2025, 10, 25))
    assert walls(spring + autumn) == ["03-29 22:00–06:00", "10-25 22:00–06:00"]
    assert [one.ends_at - one.starts_at for one in spring + autumn] == [timedelta(hours=7), timedelta(hours=9)]


def test_a_start_that_is_skipped_is_an_hour_later_with_its_whole_length() -> None:
    found = expand(
        schedule(SingleDate(date(2025, 3, 30), Hours(time(2, 30), time(3, 0)))), date(2025, 3, 30), date(2025, 3, 30)
    )
    assert walls(found) == ["03-30 03:30–04:00"]


def test_a_start_that_comes_twice_is_the_first() -> None:
    [one] = expand(
        schedule(SingleDate(date(2025, 10, 26), Hours(time(2, 30), time(3, 30)))),
        date(2025, 10, 26),
        date(2025, 10, 26),
    )
    assert one.starts_at == datetime(2025, 10, 26, 0, 30, tzinfo=UTC)


def test_a_day_that_the_site_never_had_has_no_session() -> None:
    """Samoa went from 29 December 2011 straight to the 31st."""
    apia = ZoneInfo("Pacific/Apia")
    found = expand(
        schedule(weekly(*EVERY_DAY, first=date(2011, 12, 1)), zone=apia), date(2011, 12, 28), date(2012, 1, 1)
    )
    assert [one.original.day for one in found] == [28, 29, 31, 1]
    assert walls(found, apia)[2] == "12-31 09:00–10:30"


def test_schedules_that_cannot_be_are_refused() -> None:
    with pytest.raises(InvalidSchedule, match="day of the week"):
        weekly()
    with pytest.raises(InvalidSchedule, match="before the first"):
        weekly(Weekday.MONDAY, last=date(2025, 3, 2))
    with pytest.raises(InvalidSchedule, match="weeks"):
        weekly(Weekday.MONDAY, every=0)
    with pytest.raises(InvalidSchedule, match="minute"):
        Hours(time(9, 0, 1), time(10))
    with pytest.raises(InvalidSchedule, match="zone"):
        Hours(time(9, tzinfo=UTC), time(10))
    with pytest.raises(InvalidSchedule, match="days at once"):
        expand(schedule(), date(2000, 1, 1), date(2020, 1, 1))
    with pytest.raises(InvalidSchedule, match="years"):
        expand(schedule(), date(1900, 1, 1), date(1900, 1, 2))


hours_of_a_day = st.builds(Hours, *[st.times().map(lambda one: one.replace(second=0, microsecond=0))] * 2)
dates = st.dates(date(2023, 1, 1), date(2027, 12, 31))
zones = st.sampled_from(
    ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "America/Santiago", "Asia/Kolkata"]
).map(ZoneInfo)


rules = st.builds(
    WeeklyRule,
    weekdays=st.frozensets(st.sampled_from(Weekday), min_size=1),
    hours=hours_of_a_day,
    first=dates,
    last=st.none(),
    every_weeks=st.integers(1, 4),
)


@given(zones, rules, st.data())
@settings(max_examples=60)
def test_spans_that_touch_share_nothing_and_miss_nothing(zone: ZoneInfo, rule: WeeklyRule, data: st.DataObject) -> None:
    first = rule.first
    last = first + timedelta(days=data.draw(st.integers(2, 60)))
    cut = data.draw(st.dates(first, last - timedelta(days=1)))
    moved_to = data.draw(st.dates(first, last))
    plan = schedule(rule, zone=zone)
    originals = [one.original for one in expand(plan, first, last)]
    if originals:
        plan = replace(plan, exceptions=(Moved(data.draw(st.sampled_from(originals)), moved_to, NINE),))
    whole = expand(plan, first, last)
    parts = expand(plan, first, cut) + expand(plan, cut + timedelta(days=1), last)
    assert sorted(parts, key=lambda one: one.occurrence_id) == sorted(whole, key=lambda one: one.occurrence_id)
    assert len(whole) == len(originals)
    assert len({one.occurrence_id for one in whole}) == len(whole)


def changes_of_clocks(first: datetime, last: datetime) -> list[tuple[ZoneInfo, date]]:
    """The days, give or take one, on which clocks anywhere are changed: one zone for each way of changing them."""
    found: dict[tuple[date, object, object], ZoneInfo] = {}
    weeks = [first + timedelta(weeks=week) for week in range((last - first).days // 7)]
    for zone in map(ZoneInfo, sorted(available_timezones())):
        offsets = [week.astimezone(zone).utcoffset() for week in weeks]
        for week, before, after in zip(weeks, offsets, offsets[1:], strict=False):
            if before != after:
                noons = (week + timedelta(days=day) for day in range(1, 8))
                day = next(noon.date() for noon in noons if noon.astimezone(zone).utcoffset() != before)
                found.setdefault((day, before, after), zone)
    return [(zone, day) for (day, _, _), zone in found.items()]


def days_lived(zone: ZoneInfo, first: date, last: date) -> set[date]:
    """Found out by living through every half hour."""
    begin = datetime(first.year, first.month, first.day, tzinfo=UTC) - timedelta(days=2)
    halves = (begin + timedelta(minutes=30 * half) for half in range(((last - first).days + 4) * 48))
    return {day for half in halves if first <= (day := half.astimezone(zone).date()) <= last}


def test_no_change_of_clocks_anywhere_loses_or_doubles_a_session() -> None:
    """A session of 45 minutes at every half hour of every day, through each change of the clocks of six years."""
    starts = [time(half // 2, half % 2 * 30) for half in range(48)]
    rules = [
        weekly(
            *EVERY_DAY,
            hours=Hours(one, time((one.hour + (one.minute + 45) // 60) % 24, (one.minute + 45) % 60)),
            first=date(2000, 1, 1),
        )
        for one in starts
    ]
    changes = changes_of_clocks(datetime(2021, 1, 3, 12, tzinfo=UTC), datetime(2027, 1, 3, tzinfo=UTC))
    assert len(changes) > 100
    for zone, day in changes:
        first, last = day - timedelta(days=1), day + timedelta(days=1)
        found = expand(schedule(*rules, zone=zone), first, last)
        expected = {datetime.combine(day, one) for day in days_lived(zone, first, last) for one in starts}
        assert {one.original for one in found} == expected, (zone, day)
        assert len(found) == len(expected)
        for one in found:
            assert one.starts_at < one.ends_at, (zone, one)
            shown = one.starts_at.astimezone(zone).replace(tzinfo=None)
            assert shown == one.original or is_skipped(one.original, zone), (zone, one)


@given(
    st.sampled_from(sorted(available_timezones())).map(ZoneInfo),
    st.datetimes(wall("1980-01-01T00:00"), wall("2040-01-01T00:00")),
    st.integers(1, 1440),
)
@settings(max_examples=150)
def test_a_span_by_the_wall_clock_is_never_empty_or_turned_round(zone: ZoneInfo, start: datetime, minutes: int) -> None:
    starts_at, ends_at = span_of(start, start + timedelta(minutes=minutes), zone)
    assert starts_at < ends_at
    assert instant_of(start, zone) == starts_at
    if not is_skipped(start, zone):
        assert starts_at.astimezone(zone).replace(tzinfo=None) == start


def test_days_counts_both_ends() -> None:
    assert days(MONDAY, MONDAY) == [MONDAY]
    assert day_exists(MONDAY, BERLIN)
