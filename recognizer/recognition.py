"""What is known about a frame, and the rules that follow from its faces alone. Pure."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from recognizer.gallery.snapshot import Candidate, Match
from recognizer.vision.decode import DecodedImage
from recognizer.vision.faces import Face, Scene
from shared.contracts.recognition import AttendanceNote, DecisionKind, FaceMode


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """A frame in which faces were looked for, and nothing else."""

    scene: Scene
    timings_ms: dict[str, float]


@dataclass(frozen=True, slots=True, eq=False)
class Identified:
    """A face that was embedded, and whom it is nearest to."""

    template: NDArray[np.float32]  # (d,), of unit length
    match: Match


@dataclass(frozen=True, slots=True, eq=False)
class JudgedFace:
    face: Face
    decision: DecisionKind
    best: Candidate | None = None  # the nearest person, named only when the decision is `known`
    template: NDArray[np.float32] | None = None  # (d,), of unit length; None where the face was not embedded
    liveness: float | None = None  # how surely it is a person and no picture of one; None where nobody asked
    attendance: AttendanceNote | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Recognition:
    """A frame that was looked at; once it is recorded, its faces say what became of that."""

    image: DecodedImage
    faces: tuple[JudgedFace, ...]
    mode: FaceMode
    gallery: str  # fingerprint of the snapshot that was searched
    timings_ms: dict[str, float]
    needs_challenge: bool = False  # a single frame is not enough here to be recorded
    frame_digest: bytes = b""  # SHA-256 of the bytes that were sent

    @property
    def subject(self) -> JudgedFace | None:
        """The face that the answer is about, where there is one."""
        if not self.faces or (self.mode is FaceMode.ONE and len(self.faces) > 1):
            return None
        return min(self.faces, key=lambda face: (face.decision is not DecisionKind.KNOWN, _distance(face)))

    @property
    def decision(self) -> DecisionKind:
        if not self.faces:
            return DecisionKind.NO_FACE
        return DecisionKind.MULTIPLE_FACES if self.subject is None else self.subject.decision


def one_face_a_person(faces: Sequence[JudgedFace]) -> tuple[JudgedFace, ...]:
    """Nobody is in a picture twice: the nearest face keeps the name, the others become ambiguous."""
    nearest: dict[str, JudgedFace] = {}
    for face in faces:
        if face.decision is DecisionKind.KNOWN and face.best is not None:
            rival = nearest.get(face.best.person.person_id)
            if rival is None or rival.best is None or face.best.distance < rival.best.distance:
                nearest[face.best.person.person_id] = face
    kept = {id(face) for face in nearest.values()}
    return tuple(
        face
        if face.decision is not DecisionKind.KNOWN or id(face) in kept
        else replace(face, decision=DecisionKind.AMBIGUOUS)
        for face in faces
    )


def _distance(face: JudgedFace) -> float:
    return math.inf if face.best is None else face.best.distance


def judged_live(face: JudgedFace, liveness: float, threshold: float) -> JudgedFace:
    """A face that is known, once it was asked whether it is a person: written so that a NaN is none."""
    decision = face.decision if liveness >= threshold else DecisionKind.SPOOF
    return replace(face, decision=decision, liveness=liveness)
