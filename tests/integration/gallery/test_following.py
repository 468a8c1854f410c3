import shutil
from collections.abc import Callable
from pathlib import Path
from threading import Barrier, Thread

import pytest

from recognizer.engine.base import Embedder
from recognizer.gallery.builder import BuiltGallery, build
from recognizer.gallery.cache import TemplateCache
from recognizer.gallery.changes import ChangeMarks, Changes
from recognizer.gallery.dataset import scan
from recognizer.gallery.following import FollowedGallery, TakeUpChanges
from recognizer.gallery.watcher import GalleryHolder
from recognizer.vision.faces import FaceFinder

Enrol = Callable[..., Path]


class Followed:
    """A gallery that is followed, and how often it had to be built anew."""

    def __init__(self, root: Path, cache: TemplateCache, finder: FaceFinder, embedder: Embedder) -> None:
        self.marks = ChangeMarks(root)
        self.rebuilds = 0
        self._parts = (cache, finder, embedder)
        self.holder = GalleryHolder(self.built_anew())
        taking_up = TakeUpChanges(root, *self._parts, self._rebuild)
        self.gallery = FollowedGallery(self.holder, self.marks, taking_up)

    def built_anew(self) -> BuiltGallery:
        position = self.marks.position()
        return build(scan(self.marks.root), *self._parts, workers=1, position=position)

    def _rebuild(self) -> BuiltGallery:
        self.rebuilds += 1
        return self.built_anew()

    def labels(self) -> list[str]:
        return [person.label for person in self.gallery.current().people]


@pytest.fixture
def followed(root: Path, cache: TemplateCache, finder: FaceFinder, embedder: Embedder, enrol: Enrol) -> Followed:
    enrol("Alice_101", 2)
    enrol("Bob_102")
    return Followed(root, cache, finder, embedder)


def same(one: BuiltGallery, other: BuiltGallery) -> bool:
    return (
        one.snapshot.fingerprint == other.snapshot.fingerprint
        and one.snapshot.people == other.snapshot.people
        and one.snapshot.photos == other.snapshot.photos
        and one.photos_of == other.photos_of
        and sorted(one.report.lines()[1:]) == sorted(other.report.lines()[1:])
    )


def test_what_is_taken_up_is_what_building_everything_would_give(
    followed: Followed, enrol: Enrol, root: Path, picture: Callable[..., bytes]
) -> None:
    def change(folder: str) -> None:
        followed.marks.note(folder)
        taken_up = followed.gallery.built()
        assert same(taken_up, followed.built_anew()), folder

    enrol("Carol_7", 3)
    change("Carol_7")
    (root / "Carol_7" / "crowd.png").write_bytes(picture(("Carol_7", 120), ("Dora", 120)))
    change("Carol_7")
    enrol("Aaron_0")
    change("Aaron_0")
    (root / "Carol_7" / "0.png").unlink()
    change("Carol_7")
    (root / "Nobody_9").mkdir()
    change("Nobody_9")
    shutil.rmtree(root / "Alice_101")
    change("Alice_101")
    (root / "Bob_102").rename(root / ".gone")
    change("Bob_102")
    for folder in ("Carol_7", "Aaron_0", "Nobody_9"):
        shutil.rmtree(root / folder)
        change(folder)
    assert followed.labels() == []
    assert followed.rebuilds == 0


def test_a_change_that_is_not_marked_is_not_looked_for(followed: Followed, enrol: Enrol) -> None:
    enrol("Carol_7")
    assert followed.labels() == ["Alice 101", "Bob 102"]


def test_nothing_but_the_changed_folder_is_looked_at(followed: Followed, enrol: Enrol, root: Path) -> None:
    for photo in (root / "Alice_101").iterdir():
        photo.write_bytes(b"no picture any more")
    enrol("Carol_7", 2)
    followed.marks.note("Carol_7")
    assert followed.labels() == ["Alice 101", "Bob 102", "Carol 7"]
    assert followed.gallery.built().report.looked_at == 2


def test_a_gallery_that_was_built_before_the_change_is_brought_up_to_it(followed: Followed, enrol: Enrol) -> None:
    stale = followed.built_anew()
    enrol("Carol_7")
    followed.marks.note("Carol_7")
    assert followed.labels() == ["Alice 101", "Bob 102", "Carol 7"]
    followed.holder.swap(stale)  # a watcher that began earlier comes in later
    assert followed.labels() == ["Alice 101", "Bob 102", "Carol 7"]


def test_what_a_watcher_found_meanwhile_is_not_lost(enrol: Enrol, followed: Followed) -> None:
    """Between the base of an update and its end, another gallery is put in place."""
    inner = followed.gallery._take_up
    calls: list[Changes] = []

    def late(base: BuiltGallery, changes: Changes) -> BuiltGallery:
        result = inner(base, changes)
        if not calls:
            enrol("Found_1")
            followed.holder.swap(followed.built_anew())
        calls.append(changes)
        return result

    gallery = FollowedGallery(followed.holder, followed.marks, late)
    enrol("Carol_7")
    followed.marks.note("Carol_7")
    assert {person.label for person in gallery.current().people} == {"Alice 101", "Bob 102", "Carol 7", "Found 1"}


def test_two_folders_with_one_id_are_sorted_out_by_building_anew(followed: Followed, enrol: Enrol, root: Path) -> None:
    enrol("Alicia_101")
    followed.marks.note("Alicia_101")
    assert followed.labels() == ["Alice 101", "Bob 102"]
    assert any("duplicate_id" in line for line in followed.gallery.built().report.lines())
    shutil.rmtree(root / "Alice_101")
    followed.marks.note("Alice_101")
    assert followed.labels() == ["Alicia 101", "Bob 102"]
    assert followed.rebuilds == 2


def test_another_file_of_marks_means_another_dataset(followed: Followed, enrol: Enrol) -> None:
    followed.marks.note("Bob_102")
    followed.gallery.current()
    followed.marks.file.unlink()
    enrol("Carol_7")
    assert followed.labels() == ["Alice 101", "Bob 102", "Carol 7"]
    assert followed.rebuilds == 1
    followed.gallery.current()
    assert followed.rebuilds == 1


def test_when_taking_up_fails_the_gallery_stays_and_it_is_tried_again(followed: Followed, enrol: Enrol) -> None:
    broken = [OSError("the volume is gone")]
    inner = followed.gallery._take_up

    def sometimes(base: BuiltGallery, changes: Changes) -> BuiltGallery:
        if broken:
            raise broken.pop()
        return inner(base, changes)

    gallery = FollowedGallery(followed.holder, followed.marks, sometimes)
    enrol("Carol_7")
    followed.marks.note("Carol_7")
    assert len(gallery.current().people) == 2
    assert len(gallery.current().people) == 3


def test_of_many_threads_that_meet_a_change_one_takes_it_up(followed: Followed, enrol: Enrol) -> None:
    enrol("Carol_7")
    followed.marks.note("Carol_7")
    together = Barrier(8)
    seen: list[int] = []

    def look() -> None:
        together.wait()
        seen.append(len(followed.gallery.current().people))

    threads = [Thread(target=look) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == [3] * 8


def test_the_templates_of_who_is_gone_are_gone_from_the_cache(
    followed: Followed, root: Path, cache: TemplateCache
) -> None:
    listing = scan(root)
    [alice] = [folder for folder in listing.people if folder.person.person_id == "101"]
    digests = set(cache.digests(alice.photos).values())
    assert len(digests) == 2
    shutil.rmtree(root / "Alice_101")
    followed.marks.note("Alice_101")
    followed.gallery.current()
    assert cache.digests(alice.photos) == {}
    data = cache.file.read_bytes()
    assert all(digest not in data for digest in digests)
