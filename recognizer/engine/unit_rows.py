"""The one way in which a network's answers become embeddings."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from recognizer.engine.base import Embeddings
from recognizer.errors import EngineFailed


def unit_rows(answers: NDArray[np.floating[Any]]) -> Embeddings:
    """Each row divided by its length. Raises EngineFailed for one that is not finite or all zeros."""
    lengths = np.linalg.norm(answers, axis=1, keepdims=True)
    if not (np.isfinite(lengths).all() and lengths.all()):
        raise EngineFailed("the network's answer is not finite")
    rows: Embeddings = (answers / lengths).astype(np.float32)
    return rows
