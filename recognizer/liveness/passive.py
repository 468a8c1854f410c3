"""Is this face a person, or a picture of one? From single frames, and from several together."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from statistics import fmean

import cv2
import numpy as np
from numpy.typing import NDArray

from recognizer.engine.base import Box, Chip, Frame, LivenessNet


@dataclass(frozen=True, slots=True, eq=False)
class FaceInFrame:
    frame: Frame
    box: Box


def p_live(net: LivenessNet, faces: Sequence[FaceInFrame]) -> list[float]:
    """One answer for each face. Synchronous; runs in the model executor. Raises EngineFailed."""
    cutouts = np.stack([cut_out(face.frame, face.box, size=net.cutout_px, reach=net.reach) for face in faces])
    return [float(share) for share in net.p_live(cutouts)]


def cut_out(frame: Frame, box: Box, *, size: int, reach: float) -> Chip:
    """The square around the middle of the box, `reach` times its longer side, as `size` x `size` pixels. What lies
    outside the frame is the frame's mirror image."""
    side = max(1, int(max(box.width, box.height) * reach))
    left, top = int(box.x + (box.width - side) / 2), int(box.y + (box.height - side) / 2)
    how = cv2.INTER_LANCZOS4 if side < size else cv2.INTER_AREA
    return np.asarray(cv2.resize(_square(frame, left, top, side), (size, size), interpolation=how), np.uint8)


def _square(frame: Frame, left: int, top: int, side: int) -> Frame:
    height, width = frame.shape[:2]
    if left >= 0 and top >= 0 and left + side <= width and top + side <= height:
        return frame[top : top + side, left : left + side]
    rows = _mirrored(np.arange(top, top + side), height)
    columns = _mirrored(np.arange(left, left + side), width)
    return frame[rows][:, columns]


def _mirrored(places: NDArray[np.intp], length: int) -> NDArray[np.intp]:
    """Places on an endless line as places within `length`, folded at both ends without repeating the last."""
    period = max(1, 2 * (length - 1))
    folded = np.abs(places) % period
    inside: NDArray[np.intp] = np.minimum(folded, period - folded)
    return inside


class LivenessVerdict(StrEnum):
    UNDECIDED = "undecided"  # too few frames yet
    LIVE = "live"
    SPOOF = "spoof"


class LivenessAverage:
    """p(live) of one person over the last frames. A single frame errs; an attack that is not seen through in one of ten
    frames is seen through in most, and the mean says so.

    For frames whose face was good enough to be matched: blur hides what the network looks for, and the quality check
    has refused it before.
    """

    def __init__(self, *, threshold: float, needed: int, window: int = 10) -> None:
        """`needed` frames make a verdict, from the last `window` of them."""
        self._threshold = threshold
        self._needed = needed
        self._seen: deque[float] = deque(maxlen=max(needed, window))

    def add(self, p_live: float) -> None:
        self._seen.append(p_live)

    def clear(self) -> None:
        """For another person, or the same one after they left."""
        self._seen.clear()

    @property
    def mean(self) -> float | None:
        return fmean(self._seen) if self._seen else None

    @property
    def verdict(self) -> LivenessVerdict:
        if self.mean is None or len(self._seen) < self._needed:
            return LivenessVerdict.UNDECIDED
        return LivenessVerdict.LIVE if self.mean >= self._threshold else LivenessVerdict.SPOOF
