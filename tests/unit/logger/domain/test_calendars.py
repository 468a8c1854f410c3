"""Schedules from other calendars, and ours for them."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from dateutil.rrule import FR, MO, SA, SU, TH, TU, WE, WEEKLY, rrule, rruleset  # type: ignore[import-untyped]
from hypothesis import given, settings
from hypothesis import strategies as st

from logger.domain.calendar_feed import FeedEvent, calendar_feed
from logger.domain.calendar_import import CalendarImport, read_calendar
from logger.domain.icalendar import NotACalendar
from logger.domain.schedule import Occurrence, SingleDate, Weekday, WeeklyRule, expand

BERLIN = ZoneInfo("Europe/Berlin")
NOON = datetime(2025, 3, 3, 12, tzinfo=UTC)
START, END = "DTSTART;TZID=Europe/Berlin:20250303T090000", "DTEND;TZID=Europe/Berlin:20250303T103000"
WEEKLY_MONDAY = "RRULE:FREQ=WEEKLY"


def calendar(*events: tuple[str, ...]) -> str:
    lines = [line for event in events for line in ("BEGIN:VEVENT", *event, "END:VEVENT")]
    return "\r\n".join(["BEGIN:VCALENDAR", "VERSION:2.0", *lines, "END:VCALENDAR", ""])


def read(*lines: str) -> CalendarImport:
    return read_calendar(calendar(("UID:1", *lines)), BERLIN)


def occurrences(
    found: CalendarImport, first: date = date(2025, 3, 1), last: date = date(2025, 6, 30)
) -> list[Occurrence]:
    assert found.refused == ()
    return [one for each in found.schedules for one in expand(each.as_schedule("sch", "c1"), first, last)]


def shown(many: list[Occurrence]) -> list[str]:
    return [f"{one.starts_at.astimezone(BERLIN):%m-%d %H:%M}–{one.ends_at.astimezone(BERLIN):%H:%M}" for one in many]


def test_an_event_becomes_a_single_date_with_its_title_and_room() -> None:
    found = read(START, END, r"SUMMARY:Physics\, part 1", "LOCATION:Room  A", "X-COLOR:red", "SEQUENCE:3")
    [one] = found.schedules
    assert (one.uid, one.title, one.room, one.zone) == ("1", "Physics, part 1", "Room A", BERLIN)
    assert isinstance(one.rule, SingleDate)
    assert shown(occurrences(found)) == ["03-03 09:00–10:30"]


def test_a_weekly_series_with_dates_left_out_moved_and_cancelled() -> None:
    text = calendar(
        (
            "UID:1",
            START,
            END,
            "LOCATION:A",
            "RRULE:FREQ=WEEKLY;UNTIL=20250407T070000Z",
            "EXDATE;TZID=Europe/Berlin:20250310T090000",
        ),
        (
            "UID:1",
            "RECURRENCE-ID;TZID=Europe/Berlin:20250317T090000",
            "DTSTART;TZID=Europe/Berlin:20250318T140000",
            "DURATION:PT45M",
            "LOCATION:B",
        ),
        ("UID:1", "RECURRENCE-ID:20250324T080000Z", START, END, "STATUS:CANCELLED"),
    )
    many = occurrences(read_calendar(text, BERLIN))
    assert shown(many) == ["03-03 09:00–10:30", "03-18 14:00–14:45", "03-31 09:00–10:30", "04-07 09:00–10:30"]
    assert [one.room for one in many] == ["A", "B", "A", "A"]


@pytest.mark.parametrize(
    ("until", "last"),
    [("20250317", "03-17"), ("20250317T080000Z", "03-17"), ("20250317T075900Z", "03-10"), ("20250317T090000", "03-17")],
)
def test_until_is_the_last_start_that_may_be(until: str, last: str) -> None:
    many = occurrences(read(START, END, f"{WEEKLY_MONDAY};UNTIL={until}"))
    assert shown(many)[-1].startswith(last)


def test_times_without_a_zone_are_the_sites_and_with_z_are_utc() -> None:
    floating = read("DTSTART:20250303T090000", "DTEND:20250303T100000")
    utc = read("DTSTART:20250303T090000Z", "DTEND:20250303T100000Z")
    assert shown(occurrences(floating)) == ["03-03 09:00–10:00"]
    assert shown(occurrences(utc)) == ["03-03 10:00–11:00"]


def test_an_end_in_another_zone_is_the_same_instant() -> None:
    assert shown(occurrences(read(START, "DTEND:20250303T083000Z"))) == ["03-03 09:00–09:30"]


REFUSED = {
    ("DTSTART;VALUE=DATE:20250303", "DTEND;VALUE=DATE:20250304"): "lasts all day",
    (END,): "no DTSTART",
    (START,): "no DTEND",
    (START, END, START): "DTSTART twice",
    (START, "DTEND;TZID=Europe/Berlin:20250303T080000"): "end after it starts",
    (START, "DTEND;TZID=Europe/Berlin:20250305T090000"): "within a day",
    (START, "DURATION:P1W"): "duration P1W",
    ("DTSTART;TZID=W. Europe Standard Time:20250303T090000", END): "time zone W. Europe Standard Time",
    ("DTSTART;TZID=../../etc/passwd:20250303T090000", END): "time zone",
    ("DTSTART:20250303T090030", END): "to the minute",
    ("DTSTART:20250230T090000", END): "no day 20250230",
    ("DTSTART:20250303T250000", END): "no time 2500",
    ("DTSTART:19000303T090000", END): "Only the years",
    ("DTSTART:tomorrow", END): "not understood",
    (START, END, "RRULE:FREQ=DAILY"): "Only weekly",
    (START, END, "RRULE:FREQ=WEEKLY;BYDAY=1MO"): "days 1MO",
    (START, END, "RRULE:FREQ=WEEKLY;BYDAY=TU"): "its own rule leaves out",
    (START, END, "RRULE:FREQ=WEEKLY;BYMONTH=3"): "BYMONTH",
    (START, END, "RRULE:FREQ=WEEKLY;COUNT=0"): "COUNT must be",
    (START, END, "RRULE:FREQ=WEEKLY;COUNT=1e3"): "COUNT must be",
    (START, END, "RRULE:FREQ=WEEKLY;INTERVAL=99"): "INTERVAL must be",
    (START, END, "RRULE:FREQ=WEEKLY;COUNT=2;UNTIL=20250401"): "not both",
    (START, END, "RRULE:FREQ=WEEKLY;INTERVAL=2;WKST=SU"): "begin on Monday",
    (START, END, "RRULE:FREQ=WEEKLY;UNTIL=20250101"): "last day is before the first",
    (START, END, "RRULE:nonsense"): "cannot be read",
    (START, END, "RDATE:20250304T090000"): "RDATE",
    (START, END, "STATUS:CANCELLED"): "cancelled",
    (START, END, "RECURRENCE-ID:20250303T090000"): "series that this one date belongs to",
    (START, END, "SUMMARY:" + "x" * 201): "title must not be longer",
    (START, END, "LOCATION:" + "x" * 101): "location must not be longer",
}


@pytest.mark.parametrize("lines", REFUSED)
def test_what_is_not_understood_is_refused_with_a_sentence(lines: tuple[str, ...]) -> None:
    found = read("SUMMARY:Physics", *lines) if not any(line.startswith("SUMMARY") for line in lines) else read(*lines)
    assert found.schedules == ()
    [refusal] = found.refused
    assert REFUSED[lines] in refusal.sentence
    assert refusal.sentence.endswith(".")
    assert refusal.line == 3


def test_a_series_is_taken_whole_or_not_at_all_and_the_others_stay() -> None:
    text = calendar(
        ("UID:1", START, END, WEEKLY_MONDAY),
        ("UID:1", "RECURRENCE-ID;RANGE=THISANDFUTURE;TZID=Europe/Berlin:20250317T090000", START, END),
        ("UID:2", START, END),
        ("UID:3", START, END),
        ("UID:3", START, END),
    )
    found = read_calendar(text, BERLIN)
    assert [one.uid for one in found.schedules] == ["2"]
    assert [one.sentence for one in found.refused] == [
        "A change to all following dates is not understood.",
        "The event is there twice.",
    ]


@pytest.mark.parametrize("text", ["", "\n", "BEGIN:VCALENDAR\nEND:VCALENDAR"])
def test_an_empty_file_has_nothing(text: str) -> None:
    assert read_calendar(text, BERLIN) == CalendarImport((), ())


def test_a_file_beyond_the_limits_is_refused() -> None:
    with pytest.raises(NotACalendar, match="longer"):
        read_calendar("x" * 2_000_001, BERLIN)
    with pytest.raises(NotACalendar, match="more than"):
        read_calendar(calendar(*[("UID:1",)] * 5_001), BERLIN)


@given(
    st.lists(
        st.sampled_from([START, END, WEEKLY_MONDAY, "UID:2", "EXDATE:x", "RECURRENCE-ID:20250303T090000", "STATUS:"])
    )
)
def test_any_event_is_taken_or_refused(lines: list[str]) -> None:
    found = read_calendar(calendar(tuple(lines)), BERLIN)
    assert len(found.schedules) + len(found.refused) == 1


DATEUTIL_DAYS = dict(zip(Weekday, (MO, TU, WE, TH, FR, SA, SU), strict=True))


@given(
    st.frozensets(st.sampled_from(Weekday), min_size=1),
    st.dates(date(2024, 1, 1), date(2026, 12, 31)),
    st.integers(1, 4),
    st.integers(1, 30),
    st.sampled_from(["COUNT", "UNTIL"]),
    st.frozensets(st.integers(0, 29), max_size=3),
)
@settings(max_examples=40)
def test_series_are_what_another_reader_makes_of_them(  # noqa: PLR0917
    weekdays: frozenset[Weekday], near: date, interval: int, count: int, bound: str, skipped: frozenset[int]
) -> None:
    """dateutil is the judge."""
    day = next(near + timedelta(days=step) for step in range(7) if Weekday.of(near + timedelta(days=step)) in weekdays)
    start = datetime(day.year, day.month, day.day, 9)  # noqa: DTZ001
    judged = rruleset()
    rule = rrule(
        WEEKLY, dtstart=start, interval=interval, count=count, byweekday=[DATEUTIL_DAYS[one] for one in weekdays]
    )
    judged.rrule(rule)
    starts = list(rule)
    left_out = [starts[index] for index in skipped if index < len(starts)]
    for one in left_out:
        judged.exdate(one)
    limit = f"COUNT={count}" if bound == "COUNT" else f"UNTIL={starts[-1]:%Y%m%dT%H%M%S}"
    found = read(
        f"DTSTART:{start:%Y%m%dT%H%M%S}",
        "DURATION:PT1H",
        f"RRULE:FREQ=WEEKLY;INTERVAL={interval};{limit};BYDAY={','.join(weekdays)}",
        *(["EXDATE:" + ",".join(f"{one:%Y%m%dT%H%M%S}" for one in left_out)] if left_out else []),
    )
    assert isinstance(found.schedules[0].rule, WeeklyRule)
    assert [one.original for one in occurrences(found, day, day + timedelta(days=1200))] == list(judged)


feed_events = st.builds(
    lambda uid, title, room, minute, length: FeedEvent(
        f"{uid}@rollcall",
        title,
        NOON + timedelta(minutes=minute),
        NOON + timedelta(minutes=minute + length),
        NOON,
        room,
    ),
    st.uuids(),
    st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp", "Cf", "Cn", "Co"]), min_size=1, max_size=60),
    st.none() | st.just("Room; A, left"),
    st.integers(0, 500_000),
    st.integers(1, 1440),
)


@given(st.lists(feed_events, max_size=5, unique_by=lambda one: one.uid))
@settings(max_examples=30)
def test_what_the_feed_says_reads_back(events: list[FeedEvent]) -> None:
    found = read_calendar(calendar_feed("Physics", events), BERLIN)
    assert [one.uid for one in found.schedules] == [one.uid for one in events]
    assert [one.room for one in found.schedules] == [one.room for one in events]
    for event, imported in zip(events, found.schedules, strict=True):
        [one] = expand(imported.as_schedule("sch", "c1"), date(2025, 1, 1), date(2027, 1, 1))
        assert (one.starts_at, one.ends_at) == (event.starts_at, event.ends_at)


def test_the_feed_is_the_text_that_the_standard_asks_for() -> None:
    event = FeedEvent("s1@rollcall", "Physics, part 1", NOON, NOON + timedelta(hours=1), NOON, "A", cancelled=True)
    assert calendar_feed("My; classes", [event]).split("\r\n") == [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//Rollcall//Schedule//EN",
        "CALSCALE:GREGORIAN",
        r"X-WR-CALNAME:My\; classes",
        "BEGIN:VEVENT",
        "UID:s1@rollcall",
        "DTSTAMP:20250303T120000Z",
        "DTSTART:20250303T120000Z",
        "DTEND:20250303T130000Z",
        r"SUMMARY:Physics\, part 1",
        "LOCATION:A",
        "STATUS:CANCELLED",
        "END:VEVENT",
        "END:VCALENDAR",
        "",
    ]
