"""Is this face good enough to be matched? Pure measurements on an aligned chip and its landmarks."""

import math
from dataclasses import dataclass
from enum import StrEnum

import cv2
import numpy as np
from numpy.typing import NDArray

from recognizer.engine.base import Chip, Detection, Landmarks
from recognizer.vision.pose import HeadPose, estimate_pose

VERSION = "2"  # changes whenever the same chip could be measured differently

_MEASURED_AT_PX = 112  # sharpness depends on the scale, so every chip is measured at one
_USUAL_CONTRAST, _LEAST_CONTRAST = 50.0**2, 5.0**2  # variances of luminance
_ROUNDING_NOISE = 20 / 12  # 1/12 for each pixel, times the squares of the kernel's weights: 4² + 4 · 1²
# How far the nose tip stands before the plane of the eyes, in distances between the pupils: about 28 mm to 63 mm.
_NOSE_DEPTH = 0.45


class QualityIssue(StrEnum):
    TOO_SMALL = "too_small"
    BLURRED = "blurred"
    TOO_DARK = "too_dark"
    TOO_BRIGHT = "too_bright"
    TURNED_AWAY = "turned_away"
    LOOKING_UP = "looking_up"
    LOOKING_DOWN = "looking_down"
    TILTED = "tilted"

    @property
    def advice(self) -> str:
        """One sentence for the person in front of the camera."""
        return _ADVICE[self]


_ADVICE = {
    QualityIssue.TOO_SMALL: "Come closer to the camera",
    QualityIssue.BLURRED: "Hold still for a moment: the picture is blurred",
    QualityIssue.TOO_DARK: "More light on the face is needed",
    QualityIssue.TOO_BRIGHT: "There is too much light on the face",
    QualityIssue.TURNED_AWAY: "Look at the camera",
    QualityIssue.LOOKING_UP: "Lower your chin a little and look at the camera",
    QualityIssue.LOOKING_DOWN: "Lift your chin a little and look at the camera",
    QualityIssue.TILTED: "Hold your head upright",
}


@dataclass(frozen=True, slots=True)
class QualityPolicy:
    """What is refused. Loose on purpose: the match has its own threshold, and these only stop the hopeless.

    Measured on 280 news photos of 250 × 250 pixels with the default engine, faces about 90 pixels wide: sharpness 21
    and more but for one of 10 (after a Gaussian blur of 4 pixels, less than 12 in nineteen of twenty), brightness 53 to
    178, yaw within 48 degrees, pitch within 43 and roll within 23. At an eighth of its light a photo still gives nearly
    the same embedding.
    """

    min_size_px: float = 32
    min_sharpness: float = 12
    min_brightness: float = 16
    max_brightness: float = 235
    max_yaw_deg: float = 60
    max_pitch_deg: float = 60
    max_roll_deg: float = 60


@dataclass(frozen=True, slots=True)
class QualityReport:
    size_px: float  # shorter side of the box, pixels of the picture as sent
    sharpness: float  # variance of the Laplacian at 112 × 112 pixels and a usual contrast
    brightness: float  # mean luminance, 0 to 255
    yaw_deg: float  # positive when the face turns to the right of the picture; from the eyes and the nose alone
    pose: HeadPose  # from the mouth too
    issue: QualityIssue | None  # the first reason to refuse it


def assess(chip: Chip, detection: Detection, scale: float, policy: QualityPolicy) -> QualityReport:
    """Measures one face. `scale` turns the frame's pixels into pixels of the picture as sent."""
    luminance = _luminance(chip)
    size_px = min(detection.box.width, detection.box.height) * scale
    sharpness = measure_sharpness(luminance)
    brightness = float(luminance.mean())
    yaw_deg = estimate_yaw_deg(detection.landmarks)
    pose = estimate_pose(detection.landmarks)
    refused = {
        QualityIssue.TOO_SMALL: size_px < policy.min_size_px,
        QualityIssue.TOO_DARK: brightness < policy.min_brightness,
        QualityIssue.TOO_BRIGHT: brightness > policy.max_brightness,
        **_refused_poses(yaw_deg, pose, policy),
        QualityIssue.BLURRED: sharpness < policy.min_sharpness,
    }
    # The first in the order in which a person can do something about it: darkness, for one, also looks like blur.
    issue = next((issue for issue, is_refused in refused.items() if is_refused), None)
    return QualityReport(size_px, sharpness, brightness, yaw_deg, pose, issue)


def measure_sharpness(luminance: NDArray[np.uint8]) -> float:
    """Variance of the Laplacian, as it would be with a contrast (standard deviation) of 50.

    The measure is that of Pech-Pacheco, Cristóbal, Chamorro-Martínez, Fernández-Valdivia: Diatom autofocusing in
    brightfield microscopy (2000). It grows with the square of the contrast, so that without the division a sharp face
    in dim light would count as blurred; what rounding to whole numbers adds is taken away first.
    """
    laplacian = float(cv2.Laplacian(luminance, cv2.CV_64F).var())
    contrast = max(float(luminance.var()), _LEAST_CONTRAST)
    return max(0.0, laplacian - _ROUNDING_NOISE) * _USUAL_CONTRAST / contrast


def estimate_yaw_deg(landmarks: Landmarks) -> float:
    """How far the head is turned, from the eyes and the nose tip alone; good to about ten degrees.

    Seen from far away, eyes `e` apart on a head turned by `yaw` are drawn `e·cos(yaw)` apart, and a nose standing
    `k·e` before them is drawn `k·e·sin(yaw)` beside their middle. The quotient of the two, measured along the line of
    the eyes so that a tilted head does not count as a turned one, is `k·tan(yaw)`.
    """
    left, right, nose = (landmarks[index].astype(np.float64) for index in range(3))
    along = right - left
    squared = float(along @ along)
    if squared == 0:
        return 90.0
    offset = float((nose - (left + right) / 2) @ along) / squared
    return math.degrees(math.atan(offset / _NOSE_DEPTH))


def _luminance(chip: Chip) -> NDArray[np.uint8]:
    how = cv2.INTER_AREA if chip.shape[0] > _MEASURED_AT_PX else cv2.INTER_LINEAR
    grey = cv2.cvtColor(chip, cv2.COLOR_RGB2GRAY)
    return cv2.resize(grey, (_MEASURED_AT_PX, _MEASURED_AT_PX), interpolation=how)  # type: ignore[return-value]  # OpenCV's stubs say any integer or float


def _refused_poses(yaw_deg: float, pose: HeadPose, policy: QualityPolicy) -> dict[QualityIssue, bool]:
    return {
        QualityIssue.TURNED_AWAY: abs(yaw_deg) > policy.max_yaw_deg,
        QualityIssue.LOOKING_UP: pose.pitch_deg > policy.max_pitch_deg,
        QualityIssue.LOOKING_DOWN: pose.pitch_deg < -policy.max_pitch_deg,
        QualityIssue.TILTED: abs(pose.roll_deg) > policy.max_roll_deg,
    }
