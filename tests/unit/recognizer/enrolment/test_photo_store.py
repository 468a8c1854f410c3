import errno
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import pytest

from recognizer.enrolment.naming import new_person
from recognizer.enrolment.photo_store import NewPhoto, PhotoStore, image_id_of
from recognizer.errors import DatasetUnavailable, NoSuchImage, NoSuchPerson
from recognizer.gallery.changes import ChangeMarks
from recognizer.gallery.dataset import Person, scan
from recognizer.vision.image_headers import ImageKind

ALICE = new_person("101", "Alice")
FIRST, SECOND = NewPhoto(b"first", ImageKind.JPEG), NewPhoto(b"second", ImageKind.PNG)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "dataset"


@pytest.fixture
def marks(root: Path) -> ChangeMarks:
    return ChangeMarks(root)


@pytest.fixture
def store(root: Path, marks: ChangeMarks) -> PhotoStore:
    return PhotoStore(root, marks)


def add(store: PhotoStore, *photos: NewPhoto, person: Person = ALICE) -> list[str]:
    with store.exclusive():
        return [image_id_of(file) for file in store.add(person, photos)]


def visible(root: Path) -> dict[str, list[bytes]]:
    """What the gallery would see."""
    return {
        folder.person.folder: sorted(photo.path.read_bytes() for photo in folder.photos) for folder in scan(root).people
    }


def hidden_folders(root: Path) -> list[Path]:
    return [entry for entry in root.iterdir() if entry.is_dir() and entry.name.startswith(".")]


def test_photos_come_back_as_they_were_in_files_of_our_naming(store: PhotoStore, root: Path) -> None:
    first, second = add(store, FIRST, SECOND)
    assert store.read(ALICE, first) == (b"first", "image/jpeg")
    assert store.read(ALICE, second) == (b"second", "image/png")
    assert visible(root) == {"Alice_101": [b"first", b"second"]}
    assert hidden_folders(root) == []


def test_the_same_bytes_again_change_nothing(store: PhotoStore, root: Path, marks: ChangeMarks) -> None:
    once = add(store, FIRST, FIRST)
    position = marks.position()
    assert add(store, FIRST) == once[:1] == once[1:]
    assert visible(root) == {"Alice_101": [b"first"]}
    assert marks.position() == position


class Watching(ChangeMarks):
    """Remembers what could be seen at each mark."""

    seen: ClassVar[list[dict[str, list[bytes]]]]

    def note(self, folder: str) -> None:
        self.seen.append(visible(self.root))
        super().note(folder)


def test_every_change_is_marked_after_it_can_be_seen(root: Path, marks: ChangeMarks) -> None:
    Watching.seen = []
    store = PhotoStore(root, Watching(root))
    first, _ = add(store, FIRST, SECOND)
    with store.exclusive():
        store.remove_photo(ALICE, first)
        store.remove("101")
    assert Watching.seen == [{"Alice_101": [b"first", b"second"]}, {"Alice_101": [b"second"]}, {}]
    assert marks.position() == 3


def test_a_photo_is_removed_by_its_id_alone(store: PhotoStore, root: Path) -> None:
    first, second = add(store, FIRST, SECOND)
    with store.exclusive():
        store.remove_photo(ALICE, first)
        for absent in (first, "../../etc/passwd", "", second[:-1]):
            with pytest.raises(NoSuchImage):
                store.remove_photo(ALICE, absent)
    assert visible(root) == {"Alice_101": [b"second"]}


def test_everybody_with_the_id_is_removed(store: PhotoStore, root: Path) -> None:
    add(store, FIRST)
    add(store, SECOND, person=new_person("102", "Bob"))
    (root / "Alicia_101").mkdir()
    (root / "Alicia_101" / "x.jpg").write_bytes(b"third")
    with store.exclusive():
        assert {person.folder for person in store.remove("101")} == {"Alice_101", "Alicia_101"}
    assert visible(root) == {"Bob_102": [b"second"]}
    assert hidden_folders(root) == []
    with pytest.raises(NoSuchPerson):
        store.get("101")


def test_somebody_is_found_however_their_folder_is_spelled(store: PhotoStore, root: Path) -> None:
    for folder in ("Zoe\u0308_7", "Solo", "_Mary_Ann_9_"):
        (root / folder).mkdir(parents=True)
    assert [person.name for person in map(store.get, ("7", "Solo", "9"))] == ["Zo\u00eb", "Solo", "Mary Ann"]
    assert [person.person_id for person in store.people()] == ["7", "9", "Solo"]


def test_links_out_of_the_dataset_are_nobody(store: PhotoStore, root: Path, tmp_path: Path) -> None:
    (tmp_path / "private").mkdir()
    (tmp_path / "private" / "x.jpg").write_bytes(b"secret")
    root.mkdir()
    (root / "Mallory_1").symlink_to(tmp_path / "private")
    assert store.find("1") is None
    assert store.people() == []


@pytest.fixture
def breaking(monkeypatch: pytest.MonkeyPatch) -> Callable[[str, int], None]:
    """Lets the nth call of a function of `os` fail as on a full disk."""

    def fail(name: str, nth: int) -> None:
        real: Callable[..., Any] = getattr(os, name)
        calls = iter(range(1, 1_000))

        def sometimes(*args: Any, **kwargs: Any) -> Any:
            if next(calls) == nth:
                raise OSError(errno.ENOSPC, "No space left on device", "dataset/Alice_101")
            return real(*args, **kwargs)

        monkeypatch.setattr(os, name, sometimes)

    return fail


@pytest.mark.parametrize("nth", range(1, 7))
def test_on_a_full_disk_nobody_is_enrolled_by_half(
    store: PhotoStore, root: Path, breaking: Callable[[str, int], None], nth: int
) -> None:
    breaking("fsync", nth)
    failed = False
    try:
        add(store, FIRST, SECOND)
    except DatasetUnavailable:
        failed = True
    assert failed is (nth <= 5)  # two photos, their folder before and after it is named, and the dataset
    assert visible(root) == ({} if failed else {"Alice_101": [b"first", b"second"]})
    assert hidden_folders(root) == []


@pytest.mark.parametrize("nth", range(1, 6))
def test_on_a_full_disk_somebody_keeps_the_photos_they_had(
    store: PhotoStore, root: Path, breaking: Callable[[str, int], None], nth: int
) -> None:
    add(store, FIRST)
    breaking("fsync", nth)
    failed = False
    try:
        add(store, FIRST, SECOND, NewPhoto(b"third", ImageKind.WEBP))
    except DatasetUnavailable:
        failed = True
    assert failed
    assert visible(root) == {"Alice_101": [b"first"]}
    assert hidden_folders(root) == []


class Full(ChangeMarks):
    def note(self, folder: str) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")


def test_a_change_that_cannot_be_marked_is_taken_back(root: Path) -> None:
    with pytest.raises(DatasetUnavailable):
        add(PhotoStore(root, Full(root)), FIRST)
    assert visible(root) == {}


# A process of its own, which is killed at the nth call of a function.
DYING = """
import os, sys
from pathlib import Path
from recognizer.enrolment.naming import new_person
from recognizer.enrolment.photo_store import NewPhoto, PhotoStore
from recognizer.gallery.changes import ChangeMarks
from recognizer.vision.image_headers import ImageKind

root, name, nth = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
real, calls = getattr(os, name), iter(range(1, 1_000))

def dying(*args):
    if next(calls) == nth:
        os.kill(os.getpid(), 9)
    return real(*args)

setattr(os, name, dying)
store = PhotoStore(root, ChangeMarks(root))
with store.exclusive():
    store.add(new_person("101", "Alice"), [NewPhoto(b"first", ImageKind.JPEG), NewPhoto(b"second", ImageKind.PNG)])
    store.remove("101")
"""


@pytest.mark.parametrize("step", ["fsync 1", "fsync 2", "fsync 3", "fsync 4", "write 1", "fsync 6", "write 2"])
def test_a_process_that_is_killed_leaves_whole_people_or_none(store: PhotoStore, root: Path, step: str) -> None:
    died = subprocess.run([sys.executable, "-c", DYING, str(root), *step.split()], check=False)
    assert died.returncode == -9
    assert visible(root) in ({}, {"Alice_101": [b"first", b"second"]})
    with store.exclusive():  # the lock died with its holder
        store.clean()
    assert hidden_folders(root) == []
    assert add(store, FIRST, SECOND)
    assert visible(root) == {"Alice_101": [b"first", b"second"]}


def test_an_erasure_that_was_cut_short_is_finished_by_the_next(store: PhotoStore, root: Path) -> None:
    add(store, FIRST)
    (root / "Alice_101").rename(root / ".going-1")
    with store.exclusive():
        assert store.remove("101") == []
    assert hidden_folders(root) == []


def test_one_changes_the_dataset_at_a_time(root: Path) -> None:
    inside, most = 0, 0
    ready = threading.Barrier(4)

    def change(number: int) -> None:
        nonlocal inside, most
        store = PhotoStore(root, ChangeMarks(root))  # as another replica has it
        ready.wait()
        with store.exclusive():
            inside += 1
            most = max(most, inside)
            store.add(new_person(str(number), "Alice"), [FIRST])
            inside -= 1

    threads = [threading.Thread(target=change, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == 1
    assert len(scan(root).people) == 4
    assert ChangeMarks(root).position() == 4


def test_a_dataset_that_cannot_be_written_says_so_and_names_nobody(
    root: Path, marks: ChangeMarks, tmp_path: Path
) -> None:
    root.write_text("a file where the folder should be")
    store = PhotoStore(root, marks)
    with pytest.raises(DatasetUnavailable) as caught:
        add(store, FIRST)
    assert "Alice" not in str(caught.value)
