"""Rosters and rooms."""

from dataclasses import replace

import pytest

from logger.domain.classes import (
    MAX_ROSTER,
    InvalidRoster,
    Room,
    RosterChange,
    SchoolClass,
    change_roster,
    replace_roster,
    shared_sources,
)


def test_a_change_tells_what_really_changed(school_class: SchoolClass) -> None:
    after, change = change_roster(school_class, add={"102", "103"}, remove={"101", "999"})
    assert after.roster == {"102", "103"}
    assert change == RosterChange(added=frozenset({"103"}), removed=frozenset({"101"}))


def test_the_same_change_again_changes_nothing(school_class: SchoolClass) -> None:
    after, _ = change_roster(school_class, add={"103"}, remove={"101"})
    again, change = change_roster(after, add={"103"}, remove={"101"})
    assert again == after
    assert not change


def test_nobody_is_added_and_removed_at_once(school_class: SchoolClass) -> None:
    with pytest.raises(InvalidRoster, match="105"):
        change_roster(school_class, add={"105"}, remove={"105"})


def test_a_roster_is_bounded(school_class: SchoolClass) -> None:
    full, _ = replace_roster(replace(school_class, roster=frozenset()), map(str, range(MAX_ROSTER)))
    with pytest.raises(InvalidRoster, match="at most"):
        change_roster(full, add={"one more"})


def test_a_camera_that_is_said_to_hang_in_two_rooms_is_found() -> None:
    rooms = [Room("B", frozenset({"c1", "c2"})), Room("A", frozenset({"c2"})), Room("C", frozenset({"c3"}))]
    assert shared_sources(rooms) == {"c2": ("A", "B")}
