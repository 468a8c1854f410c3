"""Which day an instant falls on at the site."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logger.domain.days import OutsideCalendar, local_day

KOLKATA, NEW_YORK = ZoneInfo("Asia/Kolkata"), ZoneInfo("America/New_York")


def test_the_day_is_the_one_on_the_wall_at_the_site() -> None:
    evening = datetime(2025, 3, 3, 18, 30, tzinfo=UTC)  # midnight in Kolkata
    assert local_day(evening, KOLKATA) == date(2025, 3, 4)
    assert local_day(evening - timedelta(microseconds=1), KOLKATA) == date(2025, 3, 3)
    assert local_day(evening, NEW_YORK) == date(2025, 3, 3)


def test_a_night_that_skips_midnight_starts_its_day_at_one() -> None:
    """Santiago went from 23:59:59 on 6 September 2025 to 01:00 on the 7th, at 04:00 UTC."""
    santiago = ZoneInfo("America/Santiago")
    assert local_day(datetime(2025, 9, 7, 3, 59, 59, tzinfo=UTC), santiago) == date(2025, 9, 6)
    assert local_day(datetime(2025, 9, 7, 4, 0, tzinfo=UTC), santiago) == date(2025, 9, 7)


def test_an_hour_that_is_lived_twice_before_midnight_belongs_to_one_day() -> None:
    """Santiago lived 23:00 to 24:00 on 5 April 2025 twice: first at 02:00 UTC, then at 03:00 UTC."""
    santiago = ZoneInfo("America/Santiago")
    assert local_day(datetime(2025, 4, 6, 2, 30, tzinfo=UTC), santiago) == date(2025, 4, 5)
    assert local_day(datetime(2025, 4, 6, 3, 30, tzinfo=UTC), santiago) == date(2025, 4, 5)
    assert local_day(datetime(2025, 4, 6, 4, 0, tzinfo=UTC), santiago) == date(2025, 4, 6)


def test_a_day_that_the_site_never_had_is_never_named() -> None:
    """Samoa went from 29 December 2011 straight to the 31st, at 10:00 UTC on the 30th."""
    apia = ZoneInfo("Pacific/Apia")
    assert local_day(datetime(2011, 12, 30, 9, 59, tzinfo=UTC), apia) == date(2011, 12, 29)
    assert local_day(datetime(2011, 12, 30, 10, 0, tzinfo=UTC), apia) == date(2011, 12, 31)


@pytest.mark.parametrize(
    ("instant", "zone"),
    [(datetime(1, 1, 1, tzinfo=UTC), "America/New_York"), (datetime(9999, 12, 31, 23, tzinfo=UTC), "Asia/Kolkata")],
)
def test_an_instant_past_the_ends_of_the_calendar_is_refused(instant: datetime, zone: str) -> None:
    with pytest.raises(OutsideCalendar):
        local_day(instant, ZoneInfo(zone))


@given(
    zone=st.sampled_from(
        ["America/Santiago", "Pacific/Apia", "Europe/Dublin", "Asia/Kathmandu", "Australia/Lord_Howe"]
    ),
    since_1990=st.timedeltas(timedelta(0), timedelta(days=17_000)),
    step=st.timedeltas(timedelta(0), timedelta(days=3)),
)
def test_days_never_run_backwards(zone: str, since_1990: timedelta, step: timedelta) -> None:
    site, earlier = ZoneInfo(zone), datetime(1990, 1, 1, tzinfo=UTC) + since_1990
    assert local_day(earlier, site) <= local_day(earlier + step, site)
