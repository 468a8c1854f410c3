"""What the `mtcnn` package finds, printed as JSON. Its own process, since it imports TensorFlow.

Usage: reference_mtcnn.py FRAMES.npz MIN_FACE_PX…, where the file holds RGB frames by name. Prints
{min_face_px: {name: [[left, top, width, height, score, five times x and y], …]}}.
"""

import json
import sys
from typing import Any

import numpy as np
from mtcnn import MTCNN
from mtcnn.stages import stage_pnet
from numpy.typing import NDArray

_POINTS = ("left_eye", "right_eye", "nose", "mouth_left", "mouth_right")


def main() -> None:
    # The package counts its pyramid's levels by the frame alone. With a smallest face above its default of 20 px the
    # last levels are smaller than a window, P-net refuses them, and the package reports no face at all. Here they are
    # left out.
    stage_pnet.build_scale_pyramid = _levels_that_hold_a_window
    detector = MTCNN()
    with np.load(sys.argv[1]) as frames:
        found = {
            min_face_px: {name: _rows(detector, frames[name], int(min_face_px)) for name in frames}
            for min_face_px in sys.argv[2:]
        }
    json.dump(found, sys.stdout)


def _levels_that_hold_a_window(
    width: int, height: int, min_face_size: int, scale_factor: float, min_size: int = 12
) -> NDArray[np.float64]:
    scales: NDArray[np.float64] = np.float64(min_size) / min_face_size * scale_factor ** np.arange(32)
    return scales[min(int(width), int(height)) * scales >= min_size]


def _rows(detector: MTCNN, frame: NDArray[np.uint8], min_face_px: int) -> list[list[float]]:
    return [_row(face) for face in detector.detect_faces(frame, min_face_size=min_face_px)]


def _row(face: dict[str, Any]) -> list[float]:
    points = [float(value) for name in _POINTS for value in face["keypoints"][name]]
    return [*map(float, face["box"]), float(face["confidence"]), *points]


if __name__ == "__main__":
    main()
