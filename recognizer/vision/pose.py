"""How a head is held, from five landmarks. Pure."""

import math
from dataclasses import dataclass

import numpy as np

from recognizer.engine.base import Landmarks

# A usual head, in distances between the pupils (about 63 mm): the nose tip lies so far along the way from the eyes to
# the mouth, which is so long, and stands so far before the plane through eyes and mouth corners.
_NOSE_AT = 0.56
_EYES_TO_MOUTH = 1.1
_NOSE_DEPTH = 0.4


@dataclass(frozen=True, slots=True)
class HeadPose:
    """Degrees, and pixels of the frame. The frame is as the camera took it, never mirrored."""

    yaw_deg: float  # positive when the face turns to the right of the picture, which is the person's own left
    pitch_deg: float  # positive when the face looks up
    roll_deg: float  # positive when the head leans towards the right of the picture
    size_px: float  # geometric mean of the way between the eyes and that from the eyes to the mouth


FACING_AWAY = HeadPose(90.0, 0.0, 0.0, 0.0)


def estimate_pose(landmarks: Landmarks) -> HeadPose:
    """Good to about ten degrees for people in general, and to a few for one person against their own start.

    Where the nose tip lies is told in steps along two arrows of the picture: from eye to eye, and from the middle of
    the eyes to the middle of the mouth. Seen from far away, a head turned by `yaw` and then nodding by `pitch` draws a
    nose of depth `k` at `k·tan(yaw)/cos(pitch)` of the first arrow and `k·tan(pitch)/m` short of its usual place on the
    second, which is `m` long. The ratios are those of Gee and Cipolla, "Determining the gaze of faces in images"
    (1994).

    A flat picture of a face, however it is turned, tilted or brought nearer, takes both arrows and the nose along
    alike: seen from some way off, its yaw and pitch do not change. `FACING_AWAY` when the arrows lie on one line.
    """
    left, right, nose, mouth_left, mouth_right = landmarks.astype(np.float64)
    middle = (left + right) / 2
    across, down = right - left, (mouth_left + mouth_right) / 2 - middle
    area = float(across[0] * down[1] - across[1] * down[0])
    if not area > 0:
        return FACING_AWAY
    offset = nose - middle
    beside = float(offset[0] * down[1] - offset[1] * down[0]) / area
    below = float(across[0] * offset[1] - across[1] * offset[0]) / area
    pitch = math.atan((_NOSE_AT - below) * _EYES_TO_MOUTH / _NOSE_DEPTH)
    yaw = math.atan(beside * math.cos(pitch) / _NOSE_DEPTH)
    roll = math.atan2(float(across[1]), float(across[0]))
    return HeadPose(math.degrees(yaw), math.degrees(pitch), math.degrees(roll), math.sqrt(area))
