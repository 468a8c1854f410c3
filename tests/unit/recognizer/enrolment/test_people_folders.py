import os
import time
from pathlib import Path

import pytest

from recognizer.enrolment.people_folders import PeopleFolders
from recognizer.gallery.changes import ChangeMarks

LONG_AGO_S = 1_000_000_000.0


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "dataset"
    for folder in ("Alice_101", "Bob_102", "Other_Bob_102", ".coming-1"):
        (root / folder).mkdir(parents=True)
    age(root, LONG_AGO_S)
    return root


@pytest.fixture
def marks(root: Path) -> ChangeMarks:
    return ChangeMarks(root)


@pytest.fixture
def folders(root: Path, marks: ChangeMarks) -> PeopleFolders:
    return PeopleFolders(root, marks)


def age(root: Path, seconds: float) -> None:
    os.utime(root, (seconds, seconds))


def test_everybody_with_an_id_is_found(folders: PeopleFolders) -> None:
    assert [person.folder for person in folders.of("102")] == ["Bob_102", "Other_Bob_102"]
    assert [person.name for person in folders.of("101")] == ["Alice"]
    assert folders.of("103") == []
    assert [person.folder for person in folders.everybody()] == ["Alice_101", "Bob_102", "Other_Bob_102"]


def test_a_dataset_in_which_nothing_moved_is_listed_once(folders: PeopleFolders, root: Path) -> None:
    assert folders.of("103") == []
    (root / "Carol_103").mkdir()
    age(root, LONG_AGO_S)  # as if it had been there before

    assert folders.of("103") == []


def test_what_an_operator_adds_is_seen(folders: PeopleFolders, root: Path) -> None:
    assert folders.of("103") == []
    (root / "Carol_103").mkdir()
    age(root, LONG_AGO_S + 60)

    assert [person.name for person in folders.of("103")] == ["Carol"]


def test_what_a_replica_marks_is_seen_whatever_the_clock_of_the_volume_says(
    folders: PeopleFolders, root: Path, marks: ChangeMarks
) -> None:
    assert folders.of("103") == []
    (root / "Carol_103").mkdir()
    marks.note("Carol_103")
    age(root, LONG_AGO_S)

    assert [person.name for person in folders.of("103")] == ["Carol"]


def test_two_changes_at_one_time_are_both_seen(folders: PeopleFolders, root: Path) -> None:
    now_s = time.time()
    age(root, now_s)
    assert folders.of("103") == []
    (root / "Carol_103").mkdir()
    age(root, now_s)

    assert [person.name for person in folders.of("103")] == ["Carol"]


def test_without_a_dataset_there_is_nobody(tmp_path: Path) -> None:
    nowhere = tmp_path / "nowhere"
    assert PeopleFolders(nowhere, ChangeMarks(nowhere)).everybody() == []
