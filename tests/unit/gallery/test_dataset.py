import os
import unicodedata
from pathlib import Path

import pytest

from recognizer.gallery.dataset import FolderIssue, Person, person_of, scan


def put(root: Path, *paths: str) -> None:
    for path in paths:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(b"a photo")


@pytest.mark.parametrize(
    ("folder", "person_id", "name", "label"),
    [
        ("Alice_101", "101", "Alice", "Alice 101"),
        ("Mary_Ann_Lee_UE245051", "UE245051", "Mary Ann Lee", "Mary Ann Lee UE245051"),
        ("Mary__Ann_7", "7", "Mary Ann", "Mary Ann 7"),
        ("Alice", "Alice", "Alice", "Alice"),
        ("Alice_", "Alice", "Alice", "Alice"),
        ("_101", "101", "101", "101"),
        (unicodedata.normalize("NFD", "José_5"), "5", "José", "José 5"),
        ("王小明_12", "12", "王小明", "王小明 12"),
    ],
)
def test_a_folder_name_tells_who_it_is(folder: str, person_id: str, name: str, label: str) -> None:
    assert person_of(folder) == Person(person_id, name, label, folder)


@pytest.mark.parametrize(
    "folder",
    ["_", "a\u202eb_1", "bell\x07_1", "Alice_tab\there", "x" * 201 + "_1", "Alice_" + "1" * 101, "bad\udcff_1"],
)
def test_a_name_that_cannot_go_over_the_wire_is_refused(folder: str) -> None:
    with pytest.raises(ValueError, match="validation error"):
        person_of(folder)


def test_photos_are_listed_in_order_with_what_tells_that_they_changed(tmp_path: Path) -> None:
    put(tmp_path, "Bob_2/b.PNG", "Bob_2/a.jpeg", "Alice_1/x.webp", "Alice_1/y.jpg")
    listing = scan(tmp_path)
    assert listing.present
    assert [folder.person.label for folder in listing.people] == ["Alice 1", "Bob 2"]
    assert [photo.path.name for folder in listing.people for photo in folder.photos] == [
        "x.webp",
        "y.jpg",
        "a.jpeg",
        "b.PNG",
    ]
    photo, status = listing.people[1].photos[0], (tmp_path / "Bob_2/a.jpeg").stat()
    assert (photo.size, photo.mtime_ns, photo.inode) == (7, status.st_mtime_ns, status.st_ino)
    assert listing == scan(tmp_path)


def test_hidden_files_and_files_that_are_no_photos_are_passed_over(tmp_path: Path) -> None:
    put(
        tmp_path,
        "README.md",
        "loose.jpg",
        ".hidden_1/a.jpg",
        "Alice_1/.DS_Store",
        "Alice_1/._a.jpg",
        "Alice_1/notes.txt",
    )
    put(tmp_path, "Alice_1/a.jpg", "Alice_1/old/b.jpg", "Alice_1/c.gif")
    (tmp_path / "Alice_1/folder.jpg").mkdir()
    os.mkfifo(tmp_path / "Alice_1/pipe.jpg")
    listing = scan(tmp_path)
    assert [photo.path.name for folder in listing.people for photo in folder.photos] == ["a.jpg"]
    assert listing.problems == ()


def test_a_folder_that_is_not_there_is_an_absent_listing(tmp_path: Path) -> None:
    listing = scan(tmp_path / "nowhere")
    assert not listing.present
    assert listing.people == ()


def test_folders_that_cannot_be_used_are_reported(tmp_path: Path) -> None:
    (tmp_path / "Empty_9").mkdir()
    put(tmp_path, "Text_8/a.txt", "Invisible\u200e_7/a.jpg")
    issues = {problem.path: problem.issue for problem in scan(tmp_path).problems}
    assert issues == {
        "Empty_9": FolderIssue.NO_PHOTOS,
        "Text_8": FolderIssue.NO_PHOTOS,
        "Invisible\\u200e_7": FolderIssue.BAD_NAME,
    }


def test_a_second_folder_with_the_same_id_is_reported_and_not_used(tmp_path: Path) -> None:
    put(tmp_path, "Alice_101/a.jpg", "Bob_101/b.jpg")
    listing = scan(tmp_path)
    assert [folder.person.name for folder in listing.people] == ["Alice"]
    [problem] = listing.problems
    assert (problem.path, problem.issue) == ("Bob_101", FolderIssue.DUPLICATE_ID)
    assert "Alice_101" in problem.detail


def test_links_are_followed_only_inside_the_dataset(tmp_path: Path) -> None:
    root, elsewhere = tmp_path / "dataset", tmp_path / "elsewhere"
    put(root, "Alice_1/a.jpg")
    put(elsewhere, "secret.jpg")
    (root / "Mallory_2").symlink_to(elsewhere)
    (root / "Alice_1/link.jpg").symlink_to(elsewhere / "secret.jpg")
    (root / "Alice_1/same.jpg").symlink_to("a.jpg")
    (root / "Alice_1/loop.jpg").symlink_to("loop.jpg")
    listing = scan(root)
    assert [photo.path.name for photo in listing.people[0].photos] == ["a.jpg", "same.jpg"]
    assert {problem.path: problem.issue for problem in listing.problems} == {
        "Mallory_2": FolderIssue.OUTSIDE,
        "Alice_1/link.jpg": FolderIssue.OUTSIDE,
    }


def test_names_that_are_not_text_are_reported_in_a_printable_way(tmp_path: Path) -> None:
    (tmp_path / "Caf\udce9_3").mkdir()
    put(tmp_path, "Alice_1/a.jpg")
    listing = scan(tmp_path)
    assert [folder.person.name for folder in listing.people] == ["Alice"]
    assert [problem.path for problem in listing.problems] == ["Caf\\xe9_3"]
