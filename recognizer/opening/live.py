"""Live recognition as the settings have it."""

from collections.abc import Callable
from functools import partial
from random import SystemRandom
from typing import assert_never

from recognizer.decision import MatchPolicy
from recognizer.live.conversation import FrameFate, LiveLimits
from recognizer.live.gates import ChallengeGate, Gate, OpenGate, PassiveGate
from recognizer.live.service import LiveService
from recognizer.live.tries import Tries
from recognizer.live.visit import VisitPolicy
from recognizer.liveness.challenge import issue
from recognizer.liveness.run import ChallengePolicy
from recognizer.service import RecognitionService
from recognizer.settings import RecognizerSettings
from shared.contracts.live import LivenessMode

LEFT_AFTER_S = 10.0  # somebody who bends down to a bag has not left


def open_live(
    service: RecognitionService, settings: RecognizerSettings, observe: Callable[[FrameFate, int], None]
) -> LiveService:
    return LiveService(
        service,
        policy=VisitPolicy(
            settings.confirm_frames,
            settings.confirm_window_s,
            # Who comes back is confirmed by new frames alone.
            left_after_s=max(LEFT_AFTER_S, settings.confirm_window_s),
        ),
        limits=LiveLimits(
            max_connections=settings.live_connections,
            max_bytes=settings.max_bytes,
            max_fps=settings.live_fps,
            idle_s=settings.live_idle_s,
        ),
        new_gate=_gates(settings, service.policy),
        observe=observe,
    )


def _gates(settings: RecognizerSettings, match: MatchPolicy) -> Callable[[str], Gate]:
    """Of a client's connection."""
    match settings.liveness:
        case LivenessMode.OFF:
            return lambda client: OpenGate()  # noqa: ARG005
        case LivenessMode.PASSIVE:
            return lambda client: PassiveGate(threshold=settings.min_liveness, needed=settings.confirm_frames)  # noqa: ARG005
        case LivenessMode.CHALLENGE:
            draw = partial(issue, SystemRandom(), steps=settings.challenge_steps, lifetime_s=settings.challenge_s)
            policy, tries = ChallengePolicy(max_drift=match.threshold), Tries()
            return lambda client: ChallengeGate(draw, policy, tries=tries, client=client)
        case _:
            assert_never(settings.liveness)
