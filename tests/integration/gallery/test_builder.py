import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Protocol

import numpy as np
import pytest

from recognizer.engine.base import Detection, Embedder, Frame
from recognizer.engine.fake import FakeDetector, FakeEmbedder
from recognizer.errors import EngineFailed
from recognizer.gallery.builder import BATCH, BuiltGallery, build, engine_key, pick_face
from recognizer.gallery.cache import PhotoIssue, TemplateCache
from recognizer.gallery.dataset import FolderIssue, scan
from recognizer.stopwatch import Stopwatch
from recognizer.vision.decode import DecodeLimits
from recognizer.vision.faces import Face, FaceFinder
from recognizer.vision.quality import QualityPolicy

Picture = Callable[..., bytes]
Enrol = Callable[..., Path]


class Counting(Embedder, Protocol):
    batches: list[int]  # sizes of what it was asked to embed
    breaks_above: int | None


class BrokenDetector(FakeDetector):
    def __init__(self, error: Exception | None) -> None:
        super().__init__()
        self.error = error

    def detect(self, frame: Frame) -> list[Detection]:
        if self.error is not None:
            raise self.error
        return super().detect(frame)


@pytest.fixture
def rebuild(root: Path, cache: TemplateCache, finder: FaceFinder, embedder: Counting) -> Callable[[], BuiltGallery]:
    return lambda: build(scan(root), cache, finder, embedder, workers=2)


def test_people_in_folders_can_be_matched(
    enrol: Enrol, rebuild: Callable[[], BuiltGallery], finder: FaceFinder, embedder: Embedder, picture: Picture
) -> None:
    enrol("Alice_101", 3)
    enrol("Bob_102", 2)
    built = rebuild()
    face = pick_face(finder.find(picture(("Bob_102", 100), grey=90), Stopwatch()).faces)
    assert isinstance(face, Face)
    [match] = built.snapshot.match(embedder.embed(np.stack([face.chip])))
    assert match.best is not None
    assert match.runner_up is not None
    assert (match.best.person.label, match.runner_up.person.label) == ("Bob 102", "Alice 101")
    assert match.best.distance < 0.1 < match.runner_up.distance
    assert (built.report.people, built.report.photos, built.report.looked_at) == (2, 5, 5)


def test_a_second_build_looks_at_nothing_and_gives_the_same_gallery(
    enrol: Enrol, root: Path, rebuild: Callable[[], BuiltGallery], embedder: Counting, picture: Picture
) -> None:
    enrol("Alice_101", 3)
    (root / "Alice_101/nobody.png").write_bytes(picture())
    first = rebuild()
    assert first.report.looked_at == 4
    embedder.batches.clear()
    second = rebuild()
    assert embedder.batches == []
    assert second.report.looked_at == 0
    assert second.report.unused == first.report.unused != ()
    assert second.snapshot.fingerprint == first.snapshot.fingerprint
    assert (second.snapshot.centres == first.snapshot.centres).all()


def test_a_second_build_does_not_even_open_the_photos(enrol: Enrol, rebuild: Callable[[], BuiltGallery]) -> None:
    photo = enrol("Alice_101") / "0.png"
    first = rebuild()
    status = photo.stat()
    photo.write_bytes(b"\0" * status.st_size)
    os.utime(photo, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert rebuild().snapshot.fingerprint == first.snapshot.fingerprint


def test_a_photo_that_moved_is_hashed_and_not_embedded(
    enrol: Enrol, root: Path, rebuild: Callable[[], BuiltGallery], embedder: Counting
) -> None:
    enrol("Alice_101")
    rebuild()
    embedder.batches.clear()
    (root / "Alice_101").rename(root / "Alicia_101")
    assert [person.label for person in rebuild().snapshot.people] == ["Alicia 101"]
    assert embedder.batches == []


def test_a_photo_replaced_by_garbage_costs_nobody_else(enrol: Enrol, rebuild: Callable[[], BuiltGallery]) -> None:
    photo = enrol("Alice_101", 2) / "0.png"
    enrol("Bob_102")
    rebuild()
    photo.write_bytes(b"garbage")
    built = rebuild()
    assert [person.name for person in built.snapshot.people] == ["Alice", "Bob"]
    assert [(unused.path, unused.issue) for unused in built.report.unused] == [
        ("Alice_101/0.png", PhotoIssue.UNREADABLE)
    ]


def test_every_photo_that_is_not_used_has_a_reason(
    enrol: Enrol, root: Path, rebuild: Callable[[], BuiltGallery], picture: Picture
) -> None:
    folder = enrol("Alice_101")
    whole = picture(("Alice_101", 120))
    (folder / "cut.png").write_bytes(whole[: len(whole) // 2])
    (folder / "empty.jpg").write_bytes(b"")
    (folder / "nobody.png").write_bytes(picture())
    (folder / "two.png").write_bytes(picture(("Alice_101", 120), ("Bob_102", 100)))
    enrol("Carol_103")
    (root / "Carol_103/0.png").write_bytes(b"GIF89a")
    (root / "Empty_104").mkdir()
    report = rebuild().report
    assert {unused.path: unused.issue for unused in report.unused} == {
        "Alice_101/cut.png": PhotoIssue.UNREADABLE,
        "Alice_101/empty.jpg": PhotoIssue.UNREADABLE,
        "Alice_101/nobody.png": PhotoIssue.NO_FACE,
        "Alice_101/two.png": PhotoIssue.SEVERAL_FACES,
        "Carol_103/0.png": PhotoIssue.UNREADABLE,
    }
    assert {problem.path: problem.issue for problem in report.problems} == {
        "Empty_104": FolderIssue.NO_PHOTOS,
        "Carol_103": FolderIssue.NO_USABLE_PHOTO,
    }
    lines = report.lines()
    assert lines[0] == "1 person, 1 photo used, 6 looked at"
    assert len(lines) == 1 + 5 + 2


def test_somebody_small_in_the_background_does_no_harm(
    enrol: Enrol, rebuild: Callable[[], BuiltGallery], picture: Picture
) -> None:
    folder = enrol("Alice_101")
    plain = rebuild().snapshot.centres
    (folder / "0.png").write_bytes(picture(("Alice_101", 150), ("Bob_102", 44), grey=100))
    built = rebuild()
    assert built.report.unused == ()
    assert float(built.snapshot.centres[0] @ plain[0]) > 0.99


def test_a_face_of_low_quality_is_not_enrolled_and_says_why(
    enrol: Enrol, root: Path, cache: TemplateCache, finder: FaceFinder, embedder: Embedder
) -> None:
    enrol("Alice_101")
    strict = replace(finder, quality=QualityPolicy(min_size_px=500))
    [unused] = build(scan(root), cache, strict, embedder, workers=1).report.unused
    assert (unused.issue, unused.detail) == (PhotoIssue.LOW_QUALITY, "the face is too small")


def test_another_policy_or_limit_or_engine_does_not_use_the_old_templates(
    finder: FaceFinder, embedder: Counting
) -> None:
    newer = FakeEmbedder()
    newer.version = "2"
    keys = {
        engine_key(finder, embedder),
        engine_key(finder, newer),
        engine_key(replace(finder, quality=QualityPolicy(min_size_px=1)), embedder),
        engine_key(replace(finder, limits=DecodeLimits(longest_side=640)), embedder),
    }
    assert len(keys) == 4


def test_more_photos_than_a_batch_are_embedded_in_batches_and_progress_is_told(
    enrol: Enrol, root: Path, cache: TemplateCache, finder: FaceFinder, embedder: Counting
) -> None:
    enrol("Alice_101", BATCH + 3)
    told: list[tuple[int, int]] = []
    build(scan(root), cache, finder, embedder, workers=2, progress=lambda done, total: told.append((done, total)))
    assert embedder.batches == [BATCH, 3]
    assert told == [(BATCH, BATCH + 3), (BATCH + 3, BATCH + 3)]


def test_a_batch_that_breaks_the_network_is_tried_one_by_one(
    enrol: Enrol, rebuild: Callable[[], BuiltGallery], embedder: Counting
) -> None:
    enrol("Alice_101", 3)
    embedder.breaks_above = 1
    assert rebuild().report.photos == 3
    assert embedder.batches == [3, 1, 1, 1]


def test_a_failure_of_the_network_is_reported_and_tried_again(
    enrol: Enrol, rebuild: Callable[[], BuiltGallery], embedder: Counting
) -> None:
    enrol("Alice_101", 2)
    embedder.breaks_above = 0
    assert {unused.issue for unused in rebuild().report.unused} == {PhotoIssue.ENGINE_FAILED}
    embedder.breaks_above = None
    assert rebuild().report.photos == 2


@pytest.mark.parametrize("error", [EngineFailed("nonsense"), ValueError("nobody expected this")])
def test_a_failure_of_the_detector_is_reported_and_tried_again(
    enrol: Enrol, root: Path, cache: TemplateCache, finder: FaceFinder, embedder: Embedder, *, error: Exception
) -> None:
    enrol("Alice_101")
    detector = BrokenDetector(error)
    broken = replace(finder, detector=detector)
    [unused] = build(scan(root), cache, broken, embedder, workers=1).report.unused
    assert unused.issue is PhotoIssue.ENGINE_FAILED
    detector.error = None
    assert build(scan(root), cache, broken, embedder, workers=1).report.photos == 1


def test_what_was_deleted_leaves_the_cache_too(
    enrol: Enrol, rebuild: Callable[[], BuiltGallery], cache: TemplateCache, finder: FaceFinder, embedder: Embedder
) -> None:
    photo = enrol("Alice_101", 2) / "0.png"
    rebuild()
    photo.unlink()
    assert rebuild().report.photos == 1
    assert len(cache.results(engine_key(finder, embedder))) == 1


def test_a_dataset_that_is_not_mounted_does_not_cost_the_cache(
    enrol: Enrol, root: Path, rebuild: Callable[[], BuiltGallery], embedder: Counting
) -> None:
    enrol("Alice_101")
    rebuild()
    root.rename(root.with_name("away"))
    assert rebuild().snapshot.people == ()
    root.with_name("away").rename(root)
    embedder.batches.clear()
    assert len(rebuild().snapshot.people) == 1
    assert embedder.batches == []


def test_a_cache_replaced_by_garbage_is_made_again(
    enrol: Enrol, rebuild: Callable[[], BuiltGallery], cache: TemplateCache
) -> None:
    enrol("Alice_101", 2)
    first = rebuild()
    cache.file.write_bytes(b"garbage" * 1_000)
    assert rebuild().snapshot.fingerprint == first.snapshot.fingerprint
    assert rebuild().report.looked_at == 0
