"""Exact search in galleries of synthetic unit rows: best and runner-up person, beside the matrix product alone: of the
gallery as it is usually laid out, a row a person, and of the gallery as ours is."""

import time
from collections.abc import Callable
from statistics import median

import numpy as np
from numpy.typing import NDArray

from recognizer.engine.base import Embeddings
from recognizer.gallery.dataset import Person
from recognizer.gallery.snapshot import GallerySnapshot
from tests.bench.arithmetic import crossing, median_ratio
from tests.bench.rows import Plan, Row

DIMENSION = 128
SIZES, QUICK_SIZES = (1_000, 10_000, 100_000, 1_000_000), (1_000, 100_000)
BATCHES = (1, 16)
FRAME_MS = 25.0  # what the rest of a frame takes on a core
WORTH_IT_MS = FRAME_MS / 10  # below a tenth of that an index has nothing to win


def measure(plan: Plan) -> list[Row]:
    sizes = QUICK_SIZES if plan.quick else SIZES
    rows: list[Row] = []
    alone_ms: list[float] = []
    for size in sizes:
        snapshot = _snapshot(size)
        for batch in BATCHES:
            searched, product, own = _side_by_side(snapshot, _unit_rows(batch, seed=2), plan.of(15, 5))
            name = f"{size:,} people, {batch} probe{'s' if batch > 1 else ''}"
            note = f"matrix product alone {median(product):.3g} ms, {median(searched) / batch:.3g} ms a probe"
            rows.append(Row(name, median(searched), "ms", median_ratio(searched, product), note, "≤ 1.3"))
            note = f"to the product of our own layout, {median(own):.3g} ms"
            rows.append(Row(f"{name}, own layout", median(searched), "ms", median_ratio(searched, own), note))
            if batch == 1:
                alone_ms.append(median(searched))
    pays = crossing(sizes, alone_ms, WORTH_IT_MS)
    note = f"where one probe takes {WORTH_IT_MS:g} ms, a tenth of the rest of a frame"
    if pays is not None:
        rows.append(Row("an approximate index would pay from", round(pays, -3), "people", note=note))
    return rows


def _side_by_side(
    snapshot: GallerySnapshot, probes: Embeddings, rounds: int
) -> tuple[list[float], list[float], list[float]]:
    """Milliseconds of each round: the search, the product of rows, the product of our own layout."""
    repeats = max(1, 200_000 // (len(snapshot.people) * len(probes)))
    usual = np.ascontiguousarray(snapshot.centres)
    searched: list[float] = []
    product: list[float] = []
    own: list[float] = []
    for _ in range(rounds):
        product.append(_timed(lambda: probes @ usual.T, repeats))
        own.append(_timed(lambda: probes @ snapshot.centres.T, repeats))
        searched.append(_timed(lambda: snapshot.match(probes), repeats))
    return searched, product, own


def _timed(work: Callable[[], object], repeats: int) -> float:
    started = time.perf_counter()
    for _ in range(repeats):
        work()
    return (time.perf_counter() - started) * 1e3 / repeats


def _snapshot(size: int) -> GallerySnapshot:
    person = Person(person_id="1", name="A", label="A 1", folder="A_1")
    return GallerySnapshot("synthetic", (person,) * size, np.asfortranarray(_unit_rows(size, seed=1)), size)


def _unit_rows(count: int, seed: int) -> NDArray[np.float32]:
    rows = np.random.default_rng(seed).standard_normal((count, DIMENSION), np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    return rows
