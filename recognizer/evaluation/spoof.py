"""How often a picture of a person is taken for one, and a person for a picture.

The measures are those of ISO/IEC 30107-3 (Biometric presentation attack detection: testing and reporting): the attack
presentation classification error rate (APCER) for each kind of attack alone, because a mean would hide the worst, and
the bona fide presentation classification error rate (BPCER). Who gets no answer, for want of a face that can be
measured, is counted apart.
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path
from statistics import fmean, median

import cv2
import numpy as np
from tqdm import tqdm

from recognizer.engine.base import LivenessNet
from recognizer.errors import StartError
from recognizer.evaluation.metrics import Rate
from recognizer.gallery.dataset import PHOTO_SUFFIXES
from recognizer.liveness.challenge import Challenge, Sighting, orders
from recognizer.liveness.passive import FaceInFrame, p_live
from recognizer.liveness.run import ChallengePolicy, ChallengeRun
from recognizer.stopwatch import Stopwatch
from recognizer.vision.faces import FaceFinder, foreground
from shared.contracts.live import ChallengeState
from shared.web.errors import ServiceError

REAL = "real"
VIDEO_SUFFIXES = (".avi", ".mp4", ".mov", ".webm", ".mkv")

_FRAMES_A_SECOND = 8  # of a video, as a camera page sends them
_MAX_FRAMES = 48
_USUAL_FPS = 25.0  # of a video that does not say
_SOMEBODY = "presented"  # a challenge is for one person; here it is whoever is shown


@dataclass(frozen=True, slots=True)
class Presentation:
    """One photo, or one short video, of a person or of an attack."""

    path: Path
    kind: str  # `real`, or the name of the folder of attacks

    @property
    def is_video(self) -> bool:
        return self.path.name.lower().endswith(VIDEO_SUFFIXES)


@dataclass(frozen=True, slots=True, eq=False)
class SeenFrame:
    sighting: Sighting | None  # None where there is no face, or several
    p_live: float | None  # None where the service would not have matched the face either


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    presentation: Presentation
    frames: tuple[SeenFrame, ...]

    @property
    def p_live(self) -> float | None:
        """The mean over the frames, as on a live connection; None where no frame was good enough."""
        shares = [frame.p_live for frame in self.frames if frame.p_live is not None]
        return fmean(shares) if shares else None


@dataclass(frozen=True, slots=True)
class KindResult:
    kind: str
    presentations: int
    silent: int  # presentations that got no answer
    mistaken: Rate  # APCER of an attack, BPCER of `real`: of those that got an answer
    median_p_live: float | None
    challenge: Rate | None  # videos against each possible order that were passed; None where there are no videos


@dataclass(frozen=True, slots=True)
class SpoofResult:
    net: str
    threshold: float
    kinds: tuple[KindResult, ...]  # `real` first


@dataclass(frozen=True, slots=True)
class SpoofObserver:
    """Everything between a file and what its frames show. Safe to use from several threads."""

    finder: FaceFinder
    net: LivenessNet

    def look_at(self, presentation: Presentation) -> Seen:
        return Seen(presentation, tuple(self._look(picture) for picture in _pictures(presentation)))

    def _look(self, picture: bytes) -> SeenFrame:
        try:
            scene = self.finder.find(picture, Stopwatch())
        except ServiceError:
            return SeenFrame(None, None)
        faces = foreground(scene.faces)
        if len(faces) != 1:
            return SeenFrame(None, None)
        [face] = faces
        sighting = Sighting(face.quality.pose, _SOMEBODY)
        if face.quality.issue is not None:
            return SeenFrame(sighting, None)
        return SeenFrame(sighting, p_live(self.net, [FaceInFrame(scene.image.frame, face.detection.box)])[0])


def read_presentations(folder: Path) -> list[Presentation]:
    """`real/` and one folder for each kind of attack. Raises StartError when either is missing."""
    found = [
        Presentation(path, sub.name)
        for sub in sorted(folder.glob("*/"))
        for path in sorted(sub.rglob("*"))
        if path.is_file() and path.name.lower().endswith((*PHOTO_SUFFIXES, *VIDEO_SUFFIXES))
    ]
    kinds = {each.kind for each in found}
    if REAL not in kinds or len(kinds) < 2:
        raise StartError(f"{folder} must hold {REAL}/ and a folder for each kind of attack, with photos or videos")
    return found


def look_at_presentations(
    presentations: Sequence[Presentation], look_at: Callable[[Presentation], Seen], *, workers: int
) -> list[Seen]:
    """In the order given, with a progress bar on a terminal."""
    with ThreadPoolExecutor(workers) as pool:
        seen = pool.map(look_at, presentations)
        return list(tqdm(seen, desc="Looking", unit="file", total=len(presentations), disable=None, leave=False))


def measure(seen: Sequence[Seen], *, net: str, threshold: float, steps: int) -> SpoofResult:
    """`threshold` on p(live); `steps` of a challenge."""
    kinds = sorted({each.presentation.kind for each in seen}, key=lambda kind: (kind != REAL, kind))
    by_kind = [(kind, [each for each in seen if each.presentation.kind == kind]) for kind in kinds]
    return SpoofResult(net, threshold, tuple(_measured(kind, group, threshold, steps) for kind, group in by_kind))


def _measured(kind: str, seen: Sequence[Seen], threshold: float, steps: int) -> KindResult:
    shares = [share for each in seen if (share := each.p_live) is not None]
    taken_for_live = sum(share >= threshold for share in shares)
    mistaken = len(shares) - taken_for_live if kind == REAL else taken_for_live
    return KindResult(
        kind=kind,
        presentations=len(seen),
        silent=len(seen) - len(shares),
        mistaken=Rate(mistaken, len(shares)),
        median_p_live=median(shares) if shares else None,
        challenge=_challenged([each for each in seen if each.presentation.is_video], steps),
    )


def _challenged(videos: Sequence[Seen], steps: int) -> Rate | None:
    """Each video, played again and again, against each order that could have been drawn."""
    if not videos:
        return None
    tries = [_passes(video, Challenge("", order, 0.0, 30.0)) for video in videos for order in orders(steps)]
    return Rate(sum(tries), len(tries))


def _passes(video: Seen, challenge: Challenge) -> bool:
    run = ChallengeRun(challenge, ChallengePolicy())
    looped = islice(cycle(video.frames), int(challenge.expires_at_s * _FRAMES_A_SECOND))
    for number, frame in enumerate(looped, start=1):
        progress = run.observe(number / _FRAMES_A_SECOND, frame.sighting)
        if progress.state in {ChallengeState.PASSED, ChallengeState.FAILED}:
            return progress.state is ChallengeState.PASSED
    return False


def _pictures(presentation: Presentation) -> Iterator[bytes]:
    """Frames as a camera page would have sent them."""
    if not presentation.is_video:
        yield presentation.path.read_bytes()
        return
    video = cv2.VideoCapture(str(presentation.path))
    try:
        step = max(1, round((video.get(cv2.CAP_PROP_FPS) or _USUAL_FPS) / _FRAMES_A_SECOND))
        number = 0
        while number < step * _MAX_FRAMES and video.grab():
            if number % step == 0:
                yield _jpeg(np.asarray(video.retrieve()[1], np.uint8))
            number += 1
    finally:
        video.release()


def _jpeg(bgr: np.ndarray[tuple[int, ...], np.dtype[np.uint8]]) -> bytes:
    return cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, 90])[1].tobytes()
