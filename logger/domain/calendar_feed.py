"""A calendar that phones and mail programs subscribe to."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from logger.domain.icalendar import text_line


@dataclass(frozen=True, slots=True)
class FeedEvent:
    """One session. The uid stays the same for ever: it is how a calendar knows what it has shown before."""

    uid: str
    title: str
    starts_at: datetime
    ends_at: datetime
    changed_at: datetime
    room: str | None = None
    cancelled: bool = False


def calendar_feed(title: str, events: Iterable[FeedEvent]) -> str:
    """RFC 5545. Every time is in UTC: each session stands by itself, so the reader needs no rules about clocks."""
    lines = ["BEGIN:VCALENDAR\r\n", "VERSION:2.0\r\n", "PRODID:-//Rollcall//Schedule//EN\r\n"]
    lines += ["CALSCALE:GREGORIAN\r\n", text_line("X-WR-CALNAME", title)]
    for event in events:
        lines += _event(event)
    return "".join([*lines, "END:VCALENDAR\r\n"])


def _event(event: FeedEvent) -> list[str]:
    return [
        "BEGIN:VEVENT\r\n",
        text_line("UID", event.uid),
        f"DTSTAMP:{_utc(event.changed_at)}\r\n",
        f"DTSTART:{_utc(event.starts_at)}\r\n",
        f"DTEND:{_utc(event.ends_at)}\r\n",
        text_line("SUMMARY", event.title),
        *([text_line("LOCATION", event.room)] if event.room else []),
        f"STATUS:{'CANCELLED' if event.cancelled else 'CONFIRMED'}\r\n",
        "END:VEVENT\r\n",
    ]


def _utc(instant: datetime) -> str:
    at = instant.astimezone(UTC)
    return f"{at.year:04}{at:%m%dT%H%M%SZ}"
