import os
from pathlib import Path

import pytest

from recognizer.gallery.changes import ChangeMarks, Changes
from recognizer.gallery.dataset import scan, shown


@pytest.fixture
def marks(tmp_path: Path) -> ChangeMarks:
    return ChangeMarks(tmp_path)


def test_a_dataset_in_which_nobody_was_enrolled_has_no_changes(marks: ChangeMarks) -> None:
    assert marks.position() == 0
    assert marks.since(0) == Changes(0, frozenset())


def test_changes_are_counted_and_concern_the_folders_that_were_noted(marks: ChangeMarks) -> None:
    marks.note("Alice_101")
    before_bob = marks.position()
    marks.note("Bob_102")
    assert (before_bob, marks.position()) == (1, 2)
    changes = marks.since(before_bob)
    assert changes.position == 2
    assert changes.concern("Bob_102")
    assert not changes.concern("Alice_101")


def test_the_same_folder_again_is_another_change(marks: ChangeMarks) -> None:
    marks.note("Alice_101")
    marks.note("Alice_101")
    assert marks.position() == 2


@pytest.mark.parametrize("data", [b"", b"\0\0"])
def test_another_file_in_its_place_concerns_everybody(marks: ChangeMarks, data: bytes) -> None:
    marks.note("Alice_101")
    marks.note("Bob_102")
    marks.file.write_bytes(data)
    changes = marks.since(2)
    assert changes.position == len(data) // 2
    assert changes.concern("Carol_103")


def test_half_a_mark_is_not_counted(marks: ChangeMarks) -> None:
    marks.note("Alice_101")
    with marks.file.open("ab") as stream:
        stream.write(b"\1")
    assert marks.position() == 1
    assert marks.since(1) == Changes(1, frozenset())


def test_names_nobody_could_print_are_known_by_what_is_printed_of_them(marks: ChangeMarks) -> None:
    folder = os.fsdecode(b"caf\xe9_7")
    marks.note(folder)
    assert marks.since(0).concern(shown(folder))


def test_the_file_is_no_person_and_names_none(marks: ChangeMarks) -> None:
    marks.note("Alice_101")
    assert scan(marks.root).people == ()
    assert scan(marks.root).problems == ()
    assert marks.file.stat().st_size == 2
