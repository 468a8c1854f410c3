import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from recognizer.at_rest.vault import Vault
from recognizer.gallery.cache import EngineKey, PhotoIssue, PhotoRefusal, TemplateCache
from recognizer.gallery.dataset import Photo

ENGINE = EngineKey("mtcnn", "1", "Dlib", "1", "decode 1", dimension=4)
TEMPLATE = np.array([0.5, 0.5, -0.5, 0.5], np.float32)
ALICE, BOB = (Photo(Path(f"dataset/{name}/a.jpg"), 7, 1, inode) for inode, name in enumerate(("Alice_1", "Bob_2")))
DIGEST, OTHER_DIGEST = b"\x01" * 32, b"\x02" * 32


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "templates.sqlite3"


@pytest.fixture
def cache(file: Path, vault: Vault) -> TemplateCache:
    return TemplateCache(file, vault)


def test_templates_come_back_exactly_and_are_not_in_the_file(cache: TemplateCache) -> None:
    refusal = PhotoRefusal(PhotoIssue.NO_FACE, "no face was found")
    cache.store(ENGINE, {DIGEST: TEMPLATE, OTHER_DIGEST: refusal}, {ALICE: DIGEST, BOB: OTHER_DIGEST})
    results = cache.results(ENGINE)
    assert results[OTHER_DIGEST] == refusal
    np.testing.assert_array_equal(results[DIGEST], TEMPLATE)
    assert TEMPLATE.tobytes() not in cache.file.read_bytes()


def test_without_the_vault_there_is_nothing_to_use(cache: TemplateCache, file: Path) -> None:
    cache.store(ENGINE, {DIGEST: TEMPLATE}, {ALICE: DIGEST})
    assert TemplateCache(file).results(ENGINE) == {}


def test_who_is_erased_is_gone_from_copies_of_the_cache_too(cache: TemplateCache, vault: Vault, file: Path) -> None:
    cache.store(ENGINE, {DIGEST: TEMPLATE, OTHER_DIGEST: TEMPLATE}, {ALICE: DIGEST, BOB: OTHER_DIGEST})
    backup = file.with_name("backup.sqlite3")
    backup.write_bytes(file.read_bytes())
    vault.forget("1")
    assert list(TemplateCache(backup, vault).results(ENGINE)) == [OTHER_DIGEST]


def test_a_row_that_was_moved_to_another_engine_or_photo_is_not_used(cache: TemplateCache) -> None:
    other = replace(ENGINE, embedder="Other")
    cache.store(ENGINE, {DIGEST: TEMPLATE}, {ALICE: DIGEST})
    cache.store(other, {OTHER_DIGEST: TEMPLATE}, {BOB: OTHER_DIGEST})
    with closing(sqlite3.connect(cache.file)) as db, db:
        [[sealed]] = db.execute("SELECT template FROM results WHERE digest = ?", [DIGEST]).fetchall()
        db.execute("UPDATE results SET template = ? WHERE digest = ?", [sealed, OTHER_DIGEST])
        db.execute("INSERT INTO results SELECT ?, engine, ?, NULL, NULL FROM results WHERE digest = ?", [
            OTHER_DIGEST, sealed, DIGEST,
        ])  # fmt: skip
    assert list(cache.results(ENGINE)) == [DIGEST]
    assert cache.results(other) == {}


def test_plain_templates_are_neither_used_nor_left_in_the_file(file: Path, cache: TemplateCache) -> None:
    before = TemplateCache(file)
    before.store(ENGINE, {DIGEST: TEMPLATE}, {ALICE: DIGEST})
    before.store(replace(ENGINE, embedder="of last year"), {DIGEST: -TEMPLATE}, {ALICE: DIGEST})
    assert TEMPLATE.tobytes() in file.read_bytes()
    assert cache.results(ENGINE) == {}

    cache.store(ENGINE, {DIGEST: TEMPLATE}, {ALICE: DIGEST})
    cache.retain([ALICE], [DIGEST])
    content = file.read_bytes()
    assert TEMPLATE.tobytes() not in content
    assert (-TEMPLATE).tobytes() not in content
    assert list(cache.results(ENGINE)) == [DIGEST]


def test_a_key_that_cannot_be_read_costs_the_cache_and_nothing_else(
    cache: TemplateCache, key_file: Path, vault: Vault
) -> None:
    cache.store(ENGINE, {DIGEST: TEMPLATE}, {ALICE: DIGEST})
    key = key_file.read_bytes()
    key_file.unlink()
    cache.store(ENGINE, {OTHER_DIGEST: TEMPLATE}, {BOB: OTHER_DIGEST})
    assert cache.results(ENGINE) == {}
    key_file.write_bytes(key)
    assert list(cache.results(ENGINE)) == [DIGEST]
