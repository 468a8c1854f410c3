"""dlib's face recognition network: 128 numbers a face, on ONNX Runtime."""

from pathlib import Path

import numpy as np

from recognizer.engine.base import Alignment, Chips, Embeddings, LandmarkTemplate, MatchDefaults
from recognizer.engine.graphs import ConvertedGraph
from recognizer.engine.unit_rows import unit_rows
from recognizer.engine.weights import DLIB_RESNET

# Where the landmarks lie in the chips the network was trained on, `get_face_chip(size=150, padding=0.25)` of dlib's own
# five-point predictor (eye corners and nose base). Our detectors give other points (eye centres, nose tip, mouth
# corners), so these were measured: MTCNN run on the dlib chips of 280 photos of 80 people (Labeled Faces in the Wild;
# all were found), the landmarks averaged. A least-squares fit to five points that each scatter draws faces smaller than
# it should, 1.9 % in the mean over those photos, so the points are spread by that much about their centre and shifted
# (0.07, 0.04) px, which makes the mean of all our placements dlib's own. Over the 39,060 pairs of those photos people
# are told apart as well as with dlib's detector and predictor (TAR 1.000 and 1.000 at FAR 1e-2, 0.982 and 0.977 at
# 1e-3); fits by eyes alone, eyes and nose, eyes and mouth, or with less weight for nose and mouth differ by less than
# these figures can show.
_TEMPLATE = np.array([[46.34, 44.05], [101.01, 44.25], [73.55, 77.38], [48.61, 103.74], [97.67, 104.10]], np.float32)
_TEMPLATE_VERSION = 1

_DEFAULTS = MatchDefaults(
    threshold=0.072,
    margin=0.005,
    source="provisional: 40 people enrolled with three photos each, none of 40 strangers named",
)

_BATCH = 8  # chips given to the network at once: more are not faster, and it keeps the memory they took


def _build(weights: Path) -> bytes:
    from recognizer.engine import dlib_convert  # noqa: PLC0415 (imports onnx, which only building needs)

    return dlib_convert.build(weights)


DLIB_GRAPH = ConvertedGraph("dlib-resnet", 1, DLIB_RESNET, _build)


class DlibResNet:
    """An Embedder. King, "High quality face recognition with deep metric learning" (2017)."""

    name = "Dlib"
    version = f"{DLIB_GRAPH.version}-t{_TEMPLATE_VERSION}"
    dimension = 128
    alignment: Alignment = LandmarkTemplate(size=150, points=_TEMPLATE)
    defaults = _DEFAULTS

    def __init__(self, graph_dir: Path, *, threads: int = 1) -> None:
        """Opens the network, converting the packaged weights into `graph_dir` first where they are not there yet.

        Raises WeightsMissing or EngineFailed.
        """
        self._graph = DLIB_GRAPH.open(graph_dir, threads=threads)

    def embed(self, chips: Chips) -> Embeddings:
        """Unit rows, one for each chip. Raises EngineFailed when the network returns anything not finite."""
        if not len(chips):
            return np.empty((0, self.dimension), np.float32)
        return unit_rows(self._graph.run_in_batches(chips, _BATCH))
