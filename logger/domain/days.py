"""Which day an instant falls on where the people are."""

from datetime import date, datetime
from zoneinfo import ZoneInfo


class OutsideCalendar(ValueError):
    """The instant is within the calendar in UTC and outside it at the site."""


def local_day(instant: datetime, site: ZoneInfo) -> date:
    """The site's calendar day of an aware instant.

    Every instant has exactly one, also in a night whose clocks skip an hour or repeat one: ambiguity only exists the
    other way round. Raises OutsideCalendar in the first and the last hours that Python's calendar knows.
    """
    try:
        return instant.astimezone(site).date()
    except OverflowError as error:
        raise OutsideCalendar("is outside the calendar of the site") from error
