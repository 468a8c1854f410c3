import sqlite3
import stat
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from threading import Barrier

import numpy as np
import pytest

from recognizer.gallery.cache import EngineKey, PhotoIssue, PhotoRefusal, PhotoResult, TemplateCache
from recognizer.gallery.dataset import Photo

ENGINE = EngineKey("mtcnn", "1", "Dlib", "1", "decode 1", dimension=4)
TEMPLATE = np.array([0.5, 0.5, -0.5, 0.5], np.float32)
REFUSAL = PhotoRefusal(PhotoIssue.NO_FACE, "no face was found")
PHOTO = Photo(Path("dataset/Alice_1/a.jpg"), size=7, mtime_ns=1_700_000_000_123_456_789, inode=42)
DIGEST, OTHER_DIGEST = b"\x01" * 32, b"\x02" * 32


@pytest.fixture
def cache(tmp_path: Path) -> TemplateCache:
    return TemplateCache(tmp_path / "state" / "templates.sqlite3")


def plain(results: Mapping[bytes, PhotoResult]) -> dict[bytes, object]:
    return {
        digest: result if isinstance(result, PhotoRefusal) else result.tolist() for digest, result in results.items()
    }


def test_templates_and_refusals_come_back_exactly(cache: TemplateCache) -> None:
    cache.store(ENGINE, {DIGEST: TEMPLATE, OTHER_DIGEST: REFUSAL}, {PHOTO: DIGEST})
    again = TemplateCache(cache.file)
    assert plain(again.results(ENGINE)) == {DIGEST: TEMPLATE.tolist(), OTHER_DIGEST: REFUSAL}
    assert again.digests([PHOTO]) == {PHOTO.path: DIGEST}


def test_an_empty_cache_knows_nothing(cache: TemplateCache) -> None:
    assert cache.results(ENGINE) == {}
    assert cache.digests([PHOTO]) == {}


@pytest.mark.parametrize(
    "other",
    [
        replace(ENGINE, detector="yunet"),
        replace(ENGINE, detector_version="2"),
        replace(ENGINE, embedder="Facenet"),
        replace(ENGINE, embedder_version="2"),
        replace(ENGINE, preprocessing="decode 2"),
        replace(ENGINE, dimension=8),
    ],
)
def test_what_another_engine_made_is_not_used(cache: TemplateCache, other: EngineKey) -> None:
    cache.store(ENGINE, {DIGEST: TEMPLATE}, {PHOTO: DIGEST})
    assert cache.results(other) == {}
    cache.store(other, {DIGEST: REFUSAL}, {})
    assert plain(cache.results(other)) == {DIGEST: REFUSAL}
    assert plain(cache.results(ENGINE)) == {DIGEST: TEMPLATE.tolist()}


@pytest.mark.parametrize("changed", [replace(PHOTO, size=8), replace(PHOTO, mtime_ns=1), replace(PHOTO, inode=43)])
def test_a_changed_file_must_be_hashed_again(cache: TemplateCache, changed: Photo) -> None:
    cache.store(ENGINE, {}, {PHOTO: DIGEST})
    assert cache.digests([changed]) == {}
    cache.store(ENGINE, {}, {changed: OTHER_DIGEST})
    assert cache.digests([changed]) == {PHOTO.path: OTHER_DIGEST}


def test_what_no_photo_needs_is_forgotten_for_every_engine(cache: TemplateCache) -> None:
    other = replace(ENGINE, embedder="Facenet")
    for engine in (ENGINE, other):
        cache.store(engine, {DIGEST: TEMPLATE, OTHER_DIGEST: TEMPLATE}, {PHOTO: DIGEST})
    cache.retain([], {OTHER_DIGEST})
    assert cache.digests([PHOTO]) == {}
    assert set(cache.results(ENGINE)) == set(cache.results(other)) == {OTHER_DIGEST}


def test_a_forgotten_template_leaves_no_trace_in_the_file(cache: TemplateCache) -> None:
    marked = np.full(1_024, 1 / 32, np.float32)
    marked[::2] *= -1
    engine = replace(ENGINE, dimension=1_024)
    cache.store(engine, {DIGEST: marked}, {PHOTO: DIGEST})
    assert marked.tobytes()[:256] in cache.file.read_bytes()
    cache.retain([], set())
    assert marked.tobytes()[:256] not in cache.file.read_bytes()


def test_only_the_owner_can_read_it(cache: TemplateCache) -> None:
    cache.store(ENGINE, {DIGEST: TEMPLATE}, {PHOTO: DIGEST})
    assert stat.S_IMODE(cache.file.stat().st_mode) == 0o600


@pytest.mark.parametrize("attempt", range(5))
def test_writers_that_begin_a_file_together_lose_nothing(cache: TemplateCache, attempt: int) -> None:
    together = Barrier(4)

    def store(number: int) -> None:
        together.wait()
        cache.store(ENGINE, {number.to_bytes(32, "big"): TEMPLATE}, {})

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(store, range(4)))
    assert len(cache.results(ENGINE)) == 4


def test_names_that_are_not_text_are_remembered_too(cache: TemplateCache) -> None:
    photo = replace(PHOTO, path=Path("dataset/Caf\udce9_1/a.jpg"))
    cache.store(ENGINE, {}, {photo: DIGEST})
    assert cache.digests([photo]) == {photo.path: DIGEST}


@pytest.mark.parametrize("damage", ["noise", "cut", "middle"])
def test_a_damaged_file_is_thrown_away_and_begun_again(cache: TemplateCache, damage: str) -> None:
    many = {number.to_bytes(32, "big"): TEMPLATE for number in range(500)}
    cache.store(ENGINE, many, {})
    whole = cache.file.read_bytes()
    cache.file.write_bytes(
        {
            "noise": b"not a database at all" * 500,
            "cut": whole[: len(whole) // 2],
            "middle": whole[:4_096] + b"\xa5" * (len(whole) - 8_192) + whole[-4_096:],
        }[damage]
    )
    assert len(cache.results(ENGINE)) < 500
    cache.store(ENGINE, {DIGEST: TEMPLATE}, {PHOTO: DIGEST})
    assert plain(cache.results(ENGINE)) == {DIGEST: TEMPLATE.tolist()}


def test_a_file_of_another_format_is_begun_again(cache: TemplateCache) -> None:
    cache.store(ENGINE, {DIGEST: TEMPLATE}, {})
    with closing(sqlite3.connect(cache.file)) as db:
        db.execute("PRAGMA user_version = 99")
    assert cache.results(ENGINE) == {}
    cache.store(ENGINE, {DIGEST: REFUSAL}, {})
    assert plain(cache.results(ENGINE)) == {DIGEST: REFUSAL}


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE results SET template = substr(template, 1, 15)",
        "UPDATE results SET template = zeroblob(16)",
        "UPDATE results SET template = x'0000c07f0000c07f0000c07f0000c07f'",  # not a number, four times
        "UPDATE results SET template = NULL, issue = 'a word of a later version'",
    ],
)
def test_a_row_that_cannot_be_right_counts_as_unknown(cache: TemplateCache, statement: str) -> None:
    cache.store(ENGINE, {DIGEST: TEMPLATE}, {})
    with closing(sqlite3.connect(cache.file)) as db, db:
        db.execute(statement)
    assert cache.results(ENGINE) == {}


def test_a_place_that_cannot_be_written_is_done_without(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    cache = TemplateCache(tmp_path / "file" / "templates.sqlite3")
    cache.store(ENGINE, {DIGEST: TEMPLATE}, {PHOTO: DIGEST})
    cache.retain([PHOTO], {DIGEST})
    assert cache.results(ENGINE) == {}
    assert cache.digests([PHOTO]) == {}
