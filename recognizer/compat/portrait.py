"""A person's photo as a list shows it: small, upright, JPEG. Blocks."""

from dataclasses import replace

import cv2
import numpy as np

from recognizer.errors import InvalidImage
from recognizer.vision.decode import DecodeLimits, decode

LONGEST_SIDE_PX = 320
QUALITY_PERCENT = 85


def portrait_of(photo: bytes, limits: DecodeLimits) -> bytes:
    """Raises what decoding raises."""
    frame = decode(photo, replace(limits, longest_side=LONGEST_SIDE_PX)).frame
    done, data = cv2.imencode(
        ".jpg", np.ascontiguousarray(frame[:, :, ::-1]), [cv2.IMWRITE_JPEG_QUALITY, QUALITY_PERCENT]
    )
    if not done:
        raise InvalidImage("The photo cannot be shown")
    return data.tobytes()
