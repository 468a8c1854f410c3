"""Classes, their rosters, and the rooms whose cameras see them."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field, replace
from zoneinfo import ZoneInfo

from logger.domain.policy import AttendancePolicy

MAX_ROSTER = 5_000


class InvalidRoster(ValueError):
    """The roster cannot be as asked; the message says why."""


@dataclass(frozen=True, slots=True)
class Room:
    """A room and the cameras in it, by the `source` that they send."""

    name: str
    sources: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class SchoolClass:
    class_id: str
    title: str
    teacher_id: str  # an account
    zone: ZoneInfo
    roster: frozenset[str] = frozenset()  # person ids
    room: str | None = None
    policy: AttendancePolicy = field(default_factory=AttendancePolicy)
    active: bool = True


@dataclass(frozen=True, slots=True)
class RosterChange:
    """What really changed, for the audit."""

    added: frozenset[str]
    removed: frozenset[str]

    def __bool__(self) -> bool:
        return bool(self.added or self.removed)


def change_roster(
    school_class: SchoolClass, *, add: Collection[str] = (), remove: Collection[str] = ()
) -> tuple[SchoolClass, RosterChange]:
    """Adding who is there and removing who is not changes nothing. Raises InvalidRoster for someone in both, and for a
    roster beyond its limit."""
    both = set(add) & set(remove)
    if both:
        raise InvalidRoster(f"{min(both)} cannot be added and removed at once")
    return replace_roster(school_class, (school_class.roster | set(add)) - set(remove))


def replace_roster(school_class: SchoolClass, roster: Iterable[str]) -> tuple[SchoolClass, RosterChange]:
    """Raises InvalidRoster beyond the limit."""
    after = frozenset(roster)
    if len(after) > MAX_ROSTER:
        raise InvalidRoster(f"a roster holds at most {MAX_ROSTER} people")
    change = RosterChange(added=after - school_class.roster, removed=school_class.roster - after)
    return replace(school_class, roster=after), change


def shared_sources(rooms: Iterable[Room]) -> dict[str, tuple[str, ...]]:
    """Cameras that are said to hang in several rooms, with those rooms: each must hang in one."""
    rooms_of: dict[str, list[str]] = {}
    for room in rooms:
        for source in room.sources:
            rooms_of.setdefault(source, []).append(room.name)
    return {source: tuple(sorted(names)) for source, names in sorted(rooms_of.items()) if len(names) > 1}
