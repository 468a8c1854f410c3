"""One challenge as it is being met, frame by frame. Pure but for what it remembers."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import assert_never

import numpy as np
from numpy.typing import NDArray

from recognizer.liveness.challenge import (
    Challenge,
    ChallengeFailure,
    ChallengeProgress,
    ChallengeStep,
    Sighting,
)
from recognizer.vision.pose import HeadPose
from shared.contracts.live import ChallengeState

_LOOK_AT_CAMERA = "Look straight at the camera"


@dataclass(frozen=True, slots=True)
class ChallengePolicy:
    """When a movement has been made. Angles and sizes are measured against the person's own start."""

    turn_deg: float = 20
    nod_deg: float = 15
    closer_ratio: float = 1.3
    back_share: float = 0.5  # of what makes a movement; below it in everything the head is back at its start
    start_yaw_deg: float = 15  # the start must look about straight ahead
    start_pitch_deg: float = 25
    start_frames: int = 4  # in a row whose mean is the start
    frames: int = 2  # in a row that must agree before a movement or a return counts
    max_drift: float = 0.06  # cosine distance to the nearest template seen of the same face; the match's threshold
    max_gap_s: float = 2.5  # without a sight of the same person


class ChallengeRun:
    """Takes one person through the steps of a challenge. What has passed or failed stays so: a new try needs a new
    challenge."""

    def __init__(self, challenge: Challenge, policy: ChallengePolicy | None = None) -> None:
        self._challenge = challenge
        self._policy = policy or ChallengePolicy()
        self._state = ChallengeState.WAITING
        self._failure: ChallengeFailure | None = None
        self._step = 0
        self._moved = False  # the step's movement was made, and the way back is awaited
        self._person_id: str | None = None
        self._start: HeadPose | None = None
        self._starting: list[HeadPose] = []
        self._templates: list[NDArray[np.float32]] = []
        self._last_seen_at_s = challenge.issued_at_s
        self._agreeing: tuple[ChallengeStep | None, int] = (None, 0)

    def observe(self, now_s: float, sighting: Sighting | None) -> ChallengeProgress:
        """The next frame, None when it does not show exactly one face that can be measured. `now_s` never goes back."""
        if self._failure is None and self._state is not ChallengeState.PASSED:
            if now_s >= self._challenge.expires_at_s:
                self._fail(ChallengeFailure.EXPIRED)
            elif self._start is None:
                self._await_start(now_s, sighting)
            else:
                self._follow(now_s, sighting, self._start)
        return self.progress(now_s)

    def progress(self, now_s: float) -> ChallengeProgress:
        return ChallengeProgress(
            step=min(self._step + 1, len(self._challenge.steps)),
            of=len(self._challenge.steps),
            instruction=self._instruction(),
            state=self._state,
            expires_in_s=max(0.0, self._challenge.expires_at_s - now_s),
            person_id=self._person_id,
            failure=self._failure,
        )

    def _instruction(self) -> str:
        match self._state:
            case ChallengeState.WAITING:
                return _LOOK_AT_CAMERA
            case ChallengeState.RUNNING:
                return _LOOK_AT_CAMERA if self._moved else self._challenge.steps[self._step].instruction
            case ChallengeState.PASSED:
                return "Thank you"
            case ChallengeState.FAILED:
                return "" if self._failure is None else self._failure.advice
            case _:
                assert_never(self._state)

    def _await_start(self, now_s: float, sighting: Sighting | None) -> None:
        """One person who is known, looking straight ahead for a few frames."""
        if sighting is None or sighting.person_id is None or not self._is_straight(sighting.pose):
            self._starting.clear()
            return
        if sighting.person_id != self._person_id:
            self._starting.clear()
            self._templates.clear()
            self._person_id = sighting.person_id
        self._starting.append(sighting.pose)
        self._remember(now_s, sighting)
        if len(self._starting) >= self._policy.start_frames:
            self._start = _mean(self._starting)
            self._state = ChallengeState.RUNNING

    def _is_straight(self, pose: HeadPose) -> bool:
        policy = self._policy
        return abs(pose.yaw_deg) <= policy.start_yaw_deg and abs(pose.pitch_deg) <= policy.start_pitch_deg

    def _follow(self, now_s: float, sighting: Sighting | None, start: HeadPose) -> None:
        if sighting is not None and sighting.person_id not in {None, self._person_id}:
            self._fail(ChallengeFailure.ANOTHER_PERSON)
        elif sighting is not None and self._is_same(sighting):
            self._remember(now_s, sighting)
            self._judge(sighting, start)
        elif now_s - self._last_seen_at_s > self._policy.max_gap_s:
            self._fail(ChallengeFailure.LOST_SIGHT)

    def _is_same(self, sighting: Sighting) -> bool:
        """Known as the one who began, or with a face that is as good as one of theirs a moment ago: who turns away is
        not always known any more."""
        if sighting.person_id == self._person_id:
            return True
        if sighting.template is None or not self._templates:
            return False
        similarities = np.stack(self._templates) @ sighting.template
        return bool(1 - similarities.max() <= self._policy.max_drift)

    def _remember(self, now_s: float, sighting: Sighting) -> None:
        self._last_seen_at_s = now_s
        if sighting.template is not None:
            self._templates.append(sighting.template)

    def _judge(self, sighting: Sighting, start: HeadPose) -> None:
        is_back = self._is_back(sighting.pose, start)
        made = None if is_back else self._movement(sighting.pose, start)
        before, count = self._agreeing
        self._agreeing = (made, count + 1 if made is before else 1)
        if self._agreeing[1] < self._policy.frames:
            return
        asked = self._challenge.steps[self._step]
        if made is not None and made is not asked:
            self._fail(ChallengeFailure.WRONG_MOVEMENT)
        elif made is asked:
            self._moved = True
        elif self._moved and is_back and sighting.person_id == self._person_id:
            self._complete_step()

    def _complete_step(self) -> None:
        self._step += 1
        self._moved = False
        if self._step == len(self._challenge.steps):
            self._state = ChallengeState.PASSED

    def _movement(self, pose: HeadPose, start: HeadPose) -> ChallengeStep | None:
        """The one movement that the head has made, alone; None while it is on its way, or does two at once."""
        shares = self._shares(pose, start)
        large = [step for step, share in shares.items() if share >= 1]
        small = [step for step, share in shares.items() if share < self._policy.back_share]
        return large[0] if len(large) == 1 and len(small) == len(shares) - 1 else None

    def _is_back(self, pose: HeadPose, start: HeadPose) -> bool:
        return all(share < self._policy.back_share for share in self._shares(pose, start).values())

    def _shares(self, pose: HeadPose, start: HeadPose) -> dict[ChallengeStep, float]:
        """How much of each movement has been made: 1 is all of it."""
        policy = self._policy
        turned_deg = pose.yaw_deg - start.yaw_deg
        return {
            ChallengeStep.TURN_LEFT: turned_deg / policy.turn_deg,
            ChallengeStep.TURN_RIGHT: -turned_deg / policy.turn_deg,
            ChallengeStep.NOD: (start.pitch_deg - pose.pitch_deg) / policy.nod_deg,
            ChallengeStep.COME_CLOSER: (pose.size_px / start.size_px - 1) / (policy.closer_ratio - 1),
        }

    def _fail(self, failure: ChallengeFailure) -> None:
        self._failure = failure
        self._state = ChallengeState.FAILED


def _mean(poses: Sequence[HeadPose]) -> HeadPose:
    return HeadPose(
        fmean(pose.yaw_deg for pose in poses),
        fmean(pose.pitch_deg for pose in poses),
        fmean(pose.roll_deg for pose in poses),
        fmean(pose.size_px for pose in poses),
    )
