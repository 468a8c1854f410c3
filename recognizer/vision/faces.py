"""From bytes to aligned faces: what enrolment and recognition have in common. Synchronous; runs in an executor."""

from collections.abc import Sequence
from dataclasses import dataclass

from recognizer.engine.base import Alignment, Chip, Detection, Detector
from recognizer.stopwatch import Stopwatch
from recognizer.vision.align import align
from recognizer.vision.decode import DecodedImage, DecodeLimits, decode
from recognizer.vision.quality import QualityPolicy, QualityReport, assess

MAX_FACES = 100  # of one picture, best scores first: a printed crowd must not take a minute
BACKGROUND_SHARE = 1 / 3  # a face at most this share of the largest one's side is somebody passing far behind


@dataclass(frozen=True, slots=True, eq=False)
class Face:
    detection: Detection  # in pixels of the frame
    chip: Chip
    quality: QualityReport


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    image: DecodedImage
    faces: tuple[Face, ...]  # best detector score first


def foreground(faces: Sequence[Face]) -> tuple[Face, ...]:
    """The largest face and whichever come near it in size, in their order: those who stand before the camera."""
    largest_px = max((face.quality.size_px for face in faces), default=0)
    return tuple(face for face in faces if face.quality.size_px > BACKGROUND_SHARE * largest_px)


@dataclass(frozen=True, slots=True)
class FaceFinder:
    """Decodes, detects, aligns and judges, in that order."""

    detector: Detector
    alignment: Alignment
    limits: DecodeLimits
    quality: QualityPolicy

    def find(self, data: bytes, stopwatch: Stopwatch) -> Scene:
        """Raises what `decode` raises for a picture that cannot be read, EngineFailed when the detector breaks."""
        with stopwatch.step("decode"):
            image = decode(data, self.limits)
        with stopwatch.step("detect"):
            detections = self.detector.detect(image.frame)[:MAX_FACES]
        with stopwatch.step("align"):
            faces = tuple(self._look_at(image, detection) for detection in detections)
        return Scene(image, faces)

    def _look_at(self, image: DecodedImage, detection: Detection) -> Face:
        chip = align(image.frame, detection, self.alignment)
        return Face(detection, chip, assess(chip, detection, image.scale, self.quality))
