"""How a person's several photos become one score for a face."""

from collections.abc import Sequence
from typing import assert_never

import numpy as np
from numpy.typing import NDArray

from recognizer.engine.base import Embeddings
from recognizer.evaluation.choices import Combination


def similarities(probes: Embeddings, galleries: Sequence[Embeddings], combination: Combination) -> NDArray[np.float32]:
    """(probes, people); each of `galleries` holds one person's templates (k, d). −∞ for a person without any, and for
    probes that are NaN."""
    scores = np.full((len(probes), len(galleries)), -np.inf, np.float32)
    enrolled = [index for index, templates in enumerate(galleries) if len(templates)]
    if enrolled:
        scores[:, enrolled] = _scored(probes, [galleries[index] for index in enrolled], combination)
    return np.where(np.isnan(scores), np.float32(-np.inf), scores)


def _scored(probes: Embeddings, galleries: Sequence[Embeddings], combination: Combination) -> NDArray[np.float32]:
    match combination:
        case Combination.NEAREST:
            starts = np.cumsum([0, *(len(templates) for templates in galleries[:-1])])
            nearest: NDArray[np.float32] = np.maximum.reduceat(probes @ np.concatenate(galleries).T, starts, axis=1)
            return nearest
        case Combination.MEAN:
            means = np.array([templates.mean(axis=0) for templates in galleries])
            return np.asarray(probes @ means.T, np.float32)
        case Combination.CENTRE:
            centres = np.array([templates.mean(axis=0) for templates in galleries])
            return np.asarray(probes @ (centres / np.linalg.norm(centres, axis=1, keepdims=True)).T, np.float32)
        case _:
            assert_never(combination)
