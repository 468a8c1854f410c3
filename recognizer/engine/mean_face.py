"""Where a mean frontal face has what a detector did not find. Pure."""

from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from recognizer.engine.base import Box, Landmarks

Eyes: TypeAlias = NDArray[np.float32]  # (2, 2): x and y, the viewer's left one first

# Nose tip and mouth corners, from the middle of the eyes along the line of the eyes and down from it, in distances
# between the eyes.
_BELOW_EYES: Final = np.array([[0.0, 0.57], [-0.41, 1.15], [0.41, 1.15]], np.float32)
_EYES_IN_BOX: Final = np.array([[0.3, 0.4], [0.7, 0.4]], np.float32)  # in widths and heights of the box


def with_nose_and_mouth(eyes: Eyes) -> Landmarks:
    across = eyes[1] - eyes[0]
    down = np.array([-across[1], across[0]], np.float32)
    rest = eyes.mean(axis=0) + _BELOW_EYES @ np.stack([across, down])
    return np.concatenate([eyes, rest]).astype(np.float32)


def eyes_in(box: Box) -> Eyes:
    """Level ones."""
    corner, size = np.array([box.x, box.y], np.float32), np.array([box.width, box.height], np.float32)
    eyes: Eyes = corner + size * _EYES_IN_BOX
    return eyes
