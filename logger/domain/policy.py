"""Policy: what a sighting at a given time is worth in a class."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from logger.domain.text import clean_identifier, clean_name
from shared.contracts.events import AttendanceStatus

MAX_MINUTES = 24 * 60


class InvalidPolicy(ValueError):
    """The policy contradicts itself; the message says how."""


@dataclass(frozen=True, slots=True)
class Status:
    """A status by the site's own name. Whatever it is called, it counts as one of the four."""

    code: str  # what records hold; stays when the name changes
    name: str
    counts_as: AttendanceStatus
    weight: float | None  # its share of a session attended, 0 to 1; None leaves the session out of the percentage

    def __post_init__(self) -> None:
        if (self.code, self.name) != (clean_identifier(self.code), clean_name(self.name, 60)):
            raise InvalidPolicy("a status needs a code and a name in NFC without spaces around them")
        if self.weight is not None and not 0 <= self.weight <= 1:
            raise InvalidPolicy(f"the weight of {self.code} must be between 0 and 1")


@dataclass(frozen=True, slots=True)
class StatusSet:
    """The statuses of a class. The first that counts as present is the one given to who is seen in time; so with late
    and absent."""

    statuses: tuple[Status, ...]

    def __post_init__(self) -> None:
        codes = [status.code.casefold() for status in self.statuses]
        if len(set(codes)) != len(codes):
            raise InvalidPolicy("two statuses share a code")
        given = {status.counts_as for status in self.statuses}
        missing = [kind.value for kind in AttendanceStatus if kind not in given and kind != AttendanceStatus.EXCUSED]
        if missing:
            raise InvalidPolicy(f"no status counts as {missing[0]}")

    def __iter__(self) -> Iterator[Status]:
        return iter(self.statuses)

    def find(self, code: str) -> Status | None:
        return next((status for status in self.statuses if status.code == code), None)

    def first(self, counts_as: AttendanceStatus) -> Status:
        """Raises LookupError for excused, when the site has no such status."""
        for status in self.statuses:
            if status.counts_as == counts_as:
                return status
        raise LookupError(f"no status counts as {counts_as.value}")


DEFAULT_STATUSES = StatusSet(
    (
        Status("present", "Present", AttendanceStatus.PRESENT, 1.0),
        Status("late", "Late", AttendanceStatus.LATE, 1.0),
        Status("absent", "Absent", AttendanceStatus.ABSENT, 0.0),
        Status("excused", "Excused", AttendanceStatus.EXCUSED, None),
    )
)


@dataclass(frozen=True, slots=True)
class AttendancePolicy:
    opens_before_min: int = 15
    present_until_min: int = 10  # after the start, that minute's first instant included
    late_allowed: bool = True  # otherwise the doors close when being present ends
    absent_at_end: bool = True  # everyone on the roster without a record
    statuses: StatusSet = DEFAULT_STATUSES

    def __post_init__(self) -> None:
        for name, minutes in (
            ("opens_before_min", self.opens_before_min),
            ("present_until_min", self.present_until_min),
        ):
            if not 0 <= minutes <= MAX_MINUTES:
                raise InvalidPolicy(f"{name} must be between 0 and {MAX_MINUTES}")


@dataclass(frozen=True, slots=True)
class Window:
    """When sightings count for a session: from `opens_at` until before `closes_at`."""

    opens_at: datetime
    starts_at: datetime
    closes_at: datetime

    def __contains__(self, instant: datetime) -> bool:
        return self.opens_at <= instant < self.closes_at


class Outside(StrEnum):
    TOO_EARLY = "too_early"
    TOO_LATE = "too_late"  # late is not allowed, and being present has ended
    AFTER_END = "after_end"


@dataclass(frozen=True, slots=True)
class OutsideWindow:
    why: Outside
    boundary: datetime  # the instant that was missed


def status_at(policy: AttendancePolicy, window: Window, captured_at: datetime) -> Status | OutsideWindow:
    """What being seen at this instant is worth. Never undecided: exactly one answer for each instant."""
    if captured_at < window.opens_at:
        return OutsideWindow(Outside.TOO_EARLY, window.opens_at)
    if captured_at >= window.closes_at:
        return OutsideWindow(Outside.AFTER_END, window.closes_at)
    present_until = window.starts_at + timedelta(minutes=policy.present_until_min)
    if captured_at <= present_until:
        return policy.statuses.first(AttendanceStatus.PRESENT)
    if policy.late_allowed:
        return policy.statuses.first(AttendanceStatus.LATE)
    return OutsideWindow(Outside.TOO_LATE, present_until)
