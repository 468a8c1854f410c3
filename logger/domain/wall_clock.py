"""From what the clock on the wall says to the instant it is meant, also in nights whose clocks are changed."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo


def instant_of(wall: datetime, zone: ZoneInfo) -> datetime:
    """The instant, in UTC, at which the wall clock shows `wall` (naive).

    RFC 5545, 3.3.5: a time that comes twice is the first one; a time that is skipped is as far behind the last one
    before the gap as it says, so 02:30 in a night without it is 03:30.
    """
    return wall.replace(tzinfo=zone, fold=0).astimezone(UTC)


def is_skipped(wall: datetime, zone: ZoneInfo) -> bool:
    return instant_of(wall, zone).astimezone(zone).replace(tzinfo=None) != wall


def day_exists(day: date, zone: ZoneInfo) -> bool:
    """False for the days that places left out when they moved across the date line (Samoa, 30 December 2011).

    No other change of clocks takes noon away.
    """
    return not is_skipped(datetime.combine(day, time(12)), zone)


def span_of(start: datetime, end: datetime, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """The instants, in UTC, of a span by the wall clock (naive, `start` before `end`); never empty or turned round.

    Its end is what the wall clock shows, so that a night shift ends at six whatever happened in the night. Only when
    its start is skipped, its end moves along.
    """
    starts_at = instant_of(start, zone)
    if is_skipped(start, zone):
        return starts_at, starts_at + (end - start)
    return starts_at, instant_of(end, zone)


def days(first: date, last: date) -> list[date]:
    """Both included."""
    return [first + timedelta(days=index) for index in range((last - first).days + 1)]
