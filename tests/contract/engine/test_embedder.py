"""What every Embedder promises."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import numpy as np
import pytest

from recognizer.engine.base import Chip, Embedder, Embeddings


def test_chips_have_the_size_that_its_alignment_names(embedder: Embedder, chips: list[Chip]) -> None:
    assert {chip.shape for chip in chips} == {(embedder.alignment.size, embedder.alignment.size, 3)}


@pytest.mark.parametrize("count", [0, 1, 2, 19])
def test_each_chip_gets_a_row_of_unit_length(embedder: Embedder, chips: list[Chip], count: int) -> None:
    rows = embedder.embed(np.stack([chips[index % 2] for index in range(count)] or chips)[:count])
    assert rows.shape == (count, embedder.dimension)
    assert rows.dtype == np.float32
    assert np.allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-6)


def test_a_chip_is_answered_alike_alone_and_among_others(embedder: Embedder, chips: list[Chip]) -> None:
    alone = np.concatenate([embedder.embed(chip[None]) for chip in chips])
    among = embedder.embed(np.stack([*chips, *chips, *chips] * 3))
    assert np.allclose(among, np.tile(alone, (9, 1)), atol=1e-5)


def test_one_face_in_another_light_matches_and_another_face_does_not(embedder: Embedder, chips: list[Chip]) -> None:
    first, second = chips
    dimmer = (first * 0.85).astype(np.uint8)
    rows = embedder.embed(np.stack([first, dimmer, second]))
    distances = 1 - rows @ rows[0]
    assert distances[1] < embedder.defaults.threshold < distances[2]


def test_a_chip_of_one_colour_has_a_row_too(embedder: Embedder) -> None:
    size = embedder.alignment.size
    rows = embedder.embed(np.full((1, size, size, 3), 128, np.uint8))
    assert np.isfinite(rows).all()


def test_chips_are_only_read(embedder: Embedder, chips: list[Chip]) -> None:
    batch = np.stack(chips)
    batch.setflags(write=False)
    embedder.embed(batch)
    assert (batch == np.stack(chips)).all()


def test_many_threads_get_the_answers_that_one_gets(embedder: Embedder, chips: list[Chip]) -> None:
    batches = [np.stack(chips[:1]), np.stack(chips[1:]), np.stack(chips), np.stack(chips[::-1])]
    alone = [embedder.embed(batch) for batch in batches]
    together = Barrier(len(batches))

    def embed(index: int) -> Embeddings:
        together.wait(timeout=30)
        return embedder.embed(batches[index])

    with ThreadPoolExecutor(len(batches)) as threads:
        for rows, expected in zip(threads.map(embed, range(len(batches))), alone, strict=True):
            assert np.allclose(rows, expected, atol=1e-6)


def test_it_says_what_it_is_and_where_its_line_lies(embedder: Embedder) -> None:
    assert embedder.name
    assert embedder.version
    assert 0 < embedder.defaults.threshold < 1
    assert 0 <= embedder.defaults.margin < embedder.defaults.threshold
    assert embedder.defaults.source
