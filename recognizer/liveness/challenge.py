"""A challenge: movements in an order that nobody could have filmed beforehand. Pure: time and chance are given.

The order is drawn by the server, holds once, and runs out. What is measured is the pose of the head against the pose
that the same person began with, so that a picture held to the camera, which has no depth, never moves its head.
"""

from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise, product
from random import Random
from typing import assert_never

import numpy as np
from numpy.typing import NDArray

from recognizer.vision.pose import HeadPose
from shared.contracts.live import ChallengeState


class ChallengeStep(StrEnum):
    """Left and right are the person's own, whatever a mirrored preview shows."""

    TURN_LEFT = "turn_left"
    TURN_RIGHT = "turn_right"
    NOD = "nod"
    COME_CLOSER = "come_closer"

    @property
    def instruction(self) -> str:
        """One sentence for the person in front of the camera."""
        match self:
            case ChallengeStep.TURN_LEFT:
                return "Turn your head to your left, then look at the camera again"
            case ChallengeStep.TURN_RIGHT:
                return "Turn your head to your right, then look at the camera again"
            case ChallengeStep.NOD:
                return "Nod slowly: look down, then at the camera again"
            case ChallengeStep.COME_CLOSER:
                return "Come closer to the camera, then move back"
            case _:
                assert_never(self)


TURNS = frozenset({ChallengeStep.TURN_LEFT, ChallengeStep.TURN_RIGHT})


class ChallengeFailure(StrEnum):
    EXPIRED = "expired"
    WRONG_MOVEMENT = "wrong_movement"
    ANOTHER_PERSON = "another_person"
    LOST_SIGHT = "lost_sight"

    @property
    def advice(self) -> str:
        """One sentence for the person in front of the camera."""
        return _ADVICE[self]


_ADVICE = {
    ChallengeFailure.EXPIRED: "That took too long. Please try again.",
    ChallengeFailure.WRONG_MOVEMENT: "That was another movement than the one asked for. Please try again.",
    ChallengeFailure.ANOTHER_PERSON: "Another person came into the picture. Please try again.",
    ChallengeFailure.LOST_SIGHT: "Your face could not be followed. Please stay in the picture and try again.",
}


@dataclass(frozen=True, slots=True)
class Challenge:
    """One order of movements, for one person, once."""

    nonce: str
    steps: tuple[ChallengeStep, ...]
    issued_at_s: float
    expires_at_s: float


@dataclass(frozen=True, slots=True)
class ChallengeProgress:
    step: int  # the one that is asked for now, from 1
    of: int
    instruction: str  # one sentence for the person in front of the camera
    state: ChallengeState
    expires_in_s: float
    person_id: str | None = None  # whose challenge it is, once somebody who is known has begun
    failure: ChallengeFailure | None = None  # with the state `failed` alone


@dataclass(frozen=True, slots=True, eq=False)
class Sighting:
    """The one face before the camera in one frame."""

    pose: HeadPose
    person_id: str | None  # who is known in this frame; None where the face is nobody's, or was not looked up
    template: NDArray[np.float32] | None = None  # (d,), unit length; None where the face was not embedded


def issue(rng: Random, now_s: float, *, steps: int = 3, lifetime_s: float = 30.0) -> Challenge:
    """A fresh order, each as likely as any other. `rng` should be `random.SystemRandom()`."""
    return Challenge(f"{rng.getrandbits(128):032x}", rng.choice(orders(steps)), now_s, now_s + lifetime_s)


def orders(steps: int) -> list[tuple[ChallengeStep, ...]]:
    """All that can be drawn: no movement twice in a row, a turn of the head in each, and no more than one in three that
    a photograph could make too, by being brought nearer."""
    return [order for order in product(ChallengeStep, repeat=steps) if _is_fit(order)]


def _is_fit(order: tuple[ChallengeStep, ...]) -> bool:
    if any(first is second for first, second in pairwise(order)) or TURNS.isdisjoint(order):
        return False
    return order.count(ChallengeStep.COME_CLOSER) <= len(order) // 3
