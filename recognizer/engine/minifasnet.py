"""MiniFASNetV2-SE: tells a face from a picture of one by its texture and by what is around it.

The network is Minivision's (Silent-Face-Anti-Spoofing, 2020), trained anew on CelebA-Spoof by
`johnraivenolazo/face-antispoof-onnx`, whose `src/inference/preprocess.py` says how it looks: 1.5 times the longer side
of the detector's box, RGB from 0 to 1. Two logits come out, real before spoof.
"""

from pathlib import Path

import numpy as np

from recognizer.engine.base import Cutouts, Shares
from recognizer.engine.session import Graph
from recognizer.engine.weights import sha256_of
from recognizer.errors import EngineFailed

_AT_ONCE = 8  # keeps the memory that ONNX Runtime holds on to within bounds


class MiniFasNet:
    """A LivenessNet."""

    name = "MiniFASNet"
    cutout_px = 128
    reach = 1.5

    def __init__(self, file: Path, *, threads: int = 1) -> None:
        """`file` has been verified by whoever located it. Raises WeightsMissing or EngineFailed."""
        self._graph = Graph(file, threads=threads)
        self.version = f"1-{sha256_of(file)[:8]}"

    def p_live(self, cutouts: Cutouts) -> Shares:
        """Raises EngineFailed."""
        rows = np.ascontiguousarray(cutouts.transpose(0, 3, 1, 2), np.float32) / np.float32(255)
        real, spoof = self._graph.run_in_batches(rows, _AT_ONCE).astype(np.float64).T
        shares = 1 / (1 + np.exp(np.clip(spoof - real, -500, 500)))
        if not np.isfinite(shares).all():
            raise EngineFailed("the network's answer is not finite")
        return np.asarray(shares, np.float32)
