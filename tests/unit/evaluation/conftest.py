"""People as directions in space: their photos scatter around them."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeAlias

import numpy as np
import pytest
from numpy.typing import NDArray

from recognizer.evaluation.photos import LabelledPhoto, Look, Sample
from shared.contracts.recognition import DecisionKind

DIMENSION = 16

MakeSamples: TypeAlias = Callable[..., list[Sample]]


@pytest.fixture
def dimension() -> int:
    return DIMENSION


@pytest.fixture
def make_samples() -> MakeSamples:
    """`photos` of each person; those of the last `strangers` people are strangers'."""

    def make(photos: Sequence[int], *, strangers: int = 0, scatter: float = 0.1, seed: int = 0) -> list[Sample]:
        generator = np.random.default_rng(seed)
        samples = []
        for person, count in enumerate(photos):
            direction = generator.normal(size=DIMENSION)
            for number in range(count):
                stranger = person >= len(photos) - strangers
                photo = LabelledPhoto(Path(f"p{person}/{number}.jpg"), f"p{person}", stranger)
                row = _unit(direction + scatter * np.linalg.norm(direction) * generator.normal(size=DIMENSION) / 4)
                samples.append(Sample(photo, Look(row, row), None))
        return samples

    return make


@pytest.fixture
def without_face() -> Callable[[Sample], Sample]:
    return lambda sample: Sample(sample.photo, None, DecisionKind.NO_FACE)


def _unit(row: NDArray[np.float64]) -> NDArray[np.float32]:
    return (row / np.linalg.norm(row)).astype(np.float32)
