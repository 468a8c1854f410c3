"""dlib's face recognition network: 128 numbers a face, on ONNX Runtime."""

from pathlib import Path

import numpy as np

from recognizer.engine.base import Alignment, Chips, Embeddings, LandmarkTemplate, MatchDefaults
from recognizer.engine.graphs import ConvertedGraph
from recognizer.engine.unit_rows import unit_rows
from recognizer.engine.weights import DLIB_RESNET

# Where the landmarks lie in the chips the network was trained on, which are `get_face_chip(size=150, padding=0.25)` of
# dlib's own five-point predictor (eye corners and nose base). Our detectors give other points (eye centres, nose tip,
# mouth corners), so these were measured: MTCNN run on the dlib chips of 280 photos of 80 people (Labeled Faces in the
# Wild; found in 279), its landmarks averaged. Over those chips each eye scatters by 1.6 px, nose and mouth by 5, since
# they move with pose and speech; least squares is at its best when each counts by the inverse of its variance. So
# weighted, our chips are within 3.3 % in scale and (1.5, 1.3) px in position of dlib's (standard deviations; 4.6 % and
# (1.3, 2.1) px with equal weights). Over the 39,060 pairs of those photos people are told apart as well as with dlib's
# detector and predictor: TAR 1.000 and 1.000 at FAR 1e-2, 0.982 and 0.977 at 1e-3.
_POINTS = np.array([[46.79, 44.53], [100.51, 44.80], [73.49, 77.33], [48.98, 103.20], [97.21, 103.60]], np.float32)
# A little closer than dlib cuts them, people are told apart better; docs/accuracy.md has the figures.
_CLOSER = np.float32(1.06)
_MIDDLE = np.float32(74.5)
_TEMPLATE = LandmarkTemplate(size=150, points=_MIDDLE + _CLOSER * (_POINTS - _MIDDLE), weights=(1, 1, 0.1, 0.1, 0.1))
_TEMPLATE_VERSION = 2

_DEFAULTS = MatchDefaults(
    threshold=0.063,
    margin=0.005,
    source="at most 1 % of strangers named among 40 people; docs/decisions/0009-calibration.md",
)

_BATCH = 8  # chips given to the network at once: more are not faster, and it keeps the memory they took


def _build(weights: Path) -> bytes:
    from recognizer.engine import dlib_convert  # noqa: PLC0415 (imports onnx, which only building needs)

    return dlib_convert.build(weights)


DLIB_GRAPH = ConvertedGraph("dlib-resnet", 1, DLIB_RESNET, _build)


class DlibResNet:
    """An Embedder. King, "High quality face recognition with deep metric learning" (2017)."""

    name = "Dlib"
    dimension = 128
    alignment: Alignment = _TEMPLATE
    defaults = _DEFAULTS

    def __init__(self, graph_dir: Path, *, threads: int = 1) -> None:
        """Opens the network, converting the packaged weights into `graph_dir` first where they are not there yet.

        Raises WeightsMissing or EngineFailed.
        """
        self._graph = DLIB_GRAPH.open(graph_dir, threads=threads)
        self.version = f"{DLIB_GRAPH.version}-t{_TEMPLATE_VERSION}"

    def embed(self, chips: Chips) -> Embeddings:
        """Unit rows, one for each chip. Raises EngineFailed when the network returns anything not finite."""
        if not len(chips):
            return np.empty((0, self.dimension), np.float32)
        return unit_rows(self._graph.run_in_batches(np.ascontiguousarray(chips), _BATCH))
