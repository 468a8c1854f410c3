"""Who passes a challenge and who does not, from landmarks as a detector would find them: of heads that move, and of
pictures of heads that are moved."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from recognizer.engine.base import Landmarks
from recognizer.liveness.challenge import (
    Challenge,
    ChallengeFailure,
    ChallengeProgress,
    ChallengeStep,
    Sighting,
    orders,
)
from recognizer.liveness.run import ChallengeRun
from recognizer.vision.pose import HeadPose, estimate_pose
from shared.contracts.live import ChallengeState

LEFT, RIGHT, NOD, CLOSER = ChallengeStep
ORDERS = orders(3)
FPS = 8
LIFETIME_S = 30
EYES_PX = 60.0
CAMERA_AT = 9.0  # distances between the pupils: about 57 cm

# Eyes, nose tip, mouth corners in distances between the pupils; y down, z towards the camera. Nobody is quite usual.
HEAD = np.array([[-0.5, 0, 0], [0.5, 0, 0], [0, 0.66, 0.42], [-0.42, 1.15, 0.08], [0.42, 1.15, 0.08]])
AHEAD = HeadPose(0, 0, 0, EYES_PX)


@dataclass(frozen=True)
class Held:
    """How a head, or a picture of one, is held. Degrees, and distances between the pupils."""

    yaw_deg: float = 0  # positive to the person's own left
    pitch_deg: float = 0  # positive up
    roll_deg: float = 0
    nearer: float = 0


REACH = {
    LEFT: Held(yaw_deg=32),
    RIGHT: Held(yaw_deg=-32),
    NOD: Held(pitch_deg=-24),
    CLOSER: Held(nearer=3.2),
}


def drawn(points: NDArray[np.float64], held: Held) -> NDArray[np.float64]:
    """What a pinhole camera sees, not mirrored."""
    yaw, pitch, roll = (math.radians(angle) for angle in (held.yaw_deg, held.pitch_deg, held.roll_deg))
    x, y, z = (points - points.mean(axis=0) * (1, 1, 0)).T
    y, z = y * math.cos(pitch) - z * math.sin(pitch), y * math.sin(pitch) + z * math.cos(pitch)
    x, z = x * math.cos(yaw) + z * math.sin(yaw), z * math.cos(yaw) - x * math.sin(yaw)
    x, y = x * math.cos(roll) - y * math.sin(roll), x * math.sin(roll) + y * math.cos(roll)
    scale = EYES_PX * CAMERA_AT / (CAMERA_AT - held.nearer - z)
    return np.stack([x * scale, y * scale], axis=1) + 300


def photograph(held: Held) -> NDArray[np.float64]:
    """The landmarks on a picture of a head that was held so, as points of a flat sheet."""
    on_paper = drawn(HEAD, held)
    return np.column_stack([(on_paper - on_paper[:2].mean(axis=0)) / EYES_PX, np.zeros(5)])


def movement(step: ChallengeStep, *, share: float = 1.0, frames: int = 12) -> list[Held]:
    """There and back, smoothly, with a moment of rest at both ends."""
    reach = REACH[step]
    way = [share * math.sin(math.pi * place / (frames - 1)) ** 2 for place in range(frames)]
    moving = [Held(reach.yaw_deg * at, reach.pitch_deg * at, 0, reach.nearer * at) for at in way]
    return [Held()] * 3 + moving + [Held()] * 3


def performance(steps: Iterable[ChallengeStep]) -> list[Held]:
    return [Held()] * 5 + [held for step in steps for held in movement(step)]


def template(place: int) -> NDArray[np.float32]:
    """Of one face; those of two places have nothing in common."""
    row = np.zeros(8, np.float32)
    row[place] = 1
    return row


@dataclass
class Camera:
    """Shows frames to a challenge at a steady pace, with the noise of a detector."""

    steps: Sequence[ChallengeStep]
    seed: int = 5
    shake_px: float = 0.8
    at_s: float = 0.0
    run: ChallengeRun = field(init=False)
    rng: Random = field(init=False)

    def __post_init__(self) -> None:
        self.run = ChallengeRun(Challenge("nonce", tuple(self.steps), 0.0, LIFETIME_S))
        self.rng = Random(self.seed)

    def show(
        self,
        track: Iterable[Held],
        points: NDArray[np.float64] = HEAD,
        *,
        person_id: str | None = "101",
        face: int = 0,
    ) -> ChallengeProgress:
        for held in track:
            self.frame(Sighting(estimate_pose(self._found(drawn(points, held))), person_id, template(face)))
        return self.run.progress(self.at_s)

    def frame(self, sighting: Sighting | None) -> ChallengeProgress:
        self.at_s += 1 / FPS
        return self.run.observe(self.at_s, sighting)

    def nobody(self, seconds: float) -> ChallengeProgress:
        for _ in range(round(seconds * FPS)):
            self.frame(None)
        return self.run.progress(self.at_s)

    def _found(self, points: NDArray[np.float64]) -> Landmarks:
        noise = [[self.rng.gauss(0, self.shake_px), self.rng.gauss(0, self.shake_px)] for _ in range(5)]
        return (points + noise).astype(np.float32)


@given(st.sampled_from(ORDERS), st.integers(0, 1_000))
def test_a_person_who_does_what_is_asked_passes(order: tuple[ChallengeStep, ...], seed: int) -> None:
    progress = Camera(order, seed).show(performance(order))

    assert (progress.state, progress.failure) == (ChallengeState.PASSED, None)
    assert progress.person_id == "101"
    assert (progress.step, progress.of) == (3, 3)


@given(
    photo=st.builds(Held, yaw_deg=st.floats(-12, 12), pitch_deg=st.floats(-15, 15)),
    moves=st.lists(
        st.builds(
            Held,
            yaw_deg=st.floats(-60, 60),
            pitch_deg=st.floats(-50, 50),
            roll_deg=st.floats(-30, 30),
            nearer=st.floats(-3, 4),
        ),
        min_size=3,
        max_size=8,
    ),
    order=st.sampled_from(ORDERS),
    seed=st.integers(0, 1_000),
)
def test_a_still_moved_before_the_camera_in_any_way_fails(
    photo: Held, moves: list[Held], order: tuple[ChallengeStep, ...], seed: int
) -> None:
    """Turned, tilted, panned, brought nearer: it never turns its head."""
    camera = Camera(order, seed)
    camera.show([Held()] * 5, photograph(photo))
    for one, other in pairwise(moves):
        camera.show(_between(one, other, frames=8), photograph(photo))
    progress = camera.nobody(LIFETIME_S)

    assert progress.state in {ChallengeState.FAILED, ChallengeState.WAITING}


def test_a_still_held_to_the_camera_by_hand_runs_out_of_time() -> None:
    camera = Camera((LEFT, NOD, RIGHT))
    rng = Random(8)
    sway = [Held(rng.gauss(0, 4), rng.gauss(0, 4), rng.gauss(0, 2), rng.gauss(0, 0.1)) for _ in range(LIFETIME_S * FPS)]

    progress = camera.show(sway, photograph(Held()))

    assert (progress.state, progress.failure) == (ChallengeState.FAILED, ChallengeFailure.EXPIRED)
    assert progress.step == 1


@given(st.sampled_from(ORDERS), st.sampled_from(ORDERS), st.integers(0, 100))
def test_a_recording_of_a_passed_challenge_passes_no_other(
    filmed: tuple[ChallengeStep, ...], asked: tuple[ChallengeStep, ...], seed: int
) -> None:
    progress = Camera(asked, seed).show(performance(filmed) + performance(filmed))

    assert (progress.state is ChallengeState.PASSED) == (filmed == asked)


@pytest.mark.parametrize("filmed", [(LEFT,), (NOD,), (CLOSER,), (LEFT, RIGHT)])
def test_a_looped_clip_fails_where_the_order_is_not_its_own(filmed: tuple[ChallengeStep, ...]) -> None:
    others = [order for order in ORDERS if order[: len(filmed)] != filmed]
    passed = [order for order in others if Camera(order).show(performance(filmed * 6)).state is ChallengeState.PASSED]
    assert passed == []


def test_a_mirrored_recording_turns_the_wrong_way() -> None:
    mirrored = [Held(-held.yaw_deg, held.pitch_deg, 0, held.nearer) for held in performance((LEFT, NOD, RIGHT))]

    progress = Camera((LEFT, NOD, RIGHT)).show(mirrored)

    assert progress.failure is ChallengeFailure.WRONG_MOVEMENT


def test_left_is_the_persons_own_left_in_a_picture_that_is_not_mirrored() -> None:
    """A face that turns to its own left turns to the right of the picture."""
    to_the_right = drawn(HEAD, REACH[LEFT])
    assert to_the_right[2, 0] > to_the_right[:2, 0].mean() + 5
    assert estimate_pose(to_the_right.astype(np.float32)).yaw_deg > 20


def test_another_enrolled_person_cannot_finish_what_one_began() -> None:
    camera = Camera((LEFT, NOD, RIGHT))
    camera.show([*[Held()] * 5, *movement(LEFT)])
    progress = camera.show(movement(NOD), person_id="102", face=1)
    assert progress.failure is ChallengeFailure.ANOTHER_PERSON


def test_a_stranger_cannot_make_the_movements_for_a_photograph_of_somebody() -> None:
    """The photograph is shown whenever the face must be known, and taken away to turn one's own head."""
    camera = Camera((LEFT, RIGHT, LEFT))
    camera.show([Held()] * 5, photograph(Held()))
    for step in (LEFT, RIGHT, LEFT):
        camera.show(movement(step)[3:-3], person_id=None, face=1)
        camera.show([Held()] * 3, photograph(Held()))
    progress = camera.nobody(LIFETIME_S)

    assert progress.state is ChallengeState.FAILED
    assert progress.step == 1


def test_who_turns_away_may_be_unknown_for_a_while_when_the_face_is_the_same() -> None:
    camera = Camera((LEFT, RIGHT, LEFT))
    camera.show([Held()] * 5)
    for step in (LEFT, RIGHT, LEFT):
        for held in movement(step):
            camera.show([held], person_id="101" if abs(held.yaw_deg) < 15 else None)
    assert camera.run.progress(camera.at_s).state is ChallengeState.PASSED


def test_the_way_back_must_show_the_one_who_began() -> None:
    camera = Camera((LEFT, NOD))
    camera.show([Held()] * 5)
    camera.show(movement(LEFT)[:10])
    progress = camera.show([Held()] * 10, person_id=None)
    assert progress.step == 1
    assert camera.show([Held()] * 3).step == 2


def test_a_turn_from_one_side_to_the_other_needs_a_look_at_the_camera_between() -> None:
    camera = Camera((LEFT, RIGHT))
    camera.show([Held()] * 5)
    progress = camera.show([*[Held(yaw_deg=32)] * 4, *[Held(yaw_deg=-32)] * 4])
    assert progress.failure is ChallengeFailure.WRONG_MOVEMENT


@pytest.mark.parametrize("step", [LEFT, RIGHT, NOD, CLOSER])
def test_half_a_movement_is_none(step: ChallengeStep) -> None:
    camera = Camera((step, LEFT if step is not LEFT else RIGHT))
    camera.show([Held()] * 5)
    for _ in range(3):
        progress = camera.show(movement(step, share=0.4))
    assert (progress.state, progress.step) == (ChallengeState.RUNNING, 1)


def test_one_stray_frame_neither_fails_nor_counts() -> None:
    camera = Camera((LEFT, NOD))
    camera.show([Held()] * 5)
    progress = camera.show([Held(yaw_deg=-35), Held(), Held(), Held(yaw_deg=35), Held(), Held()])
    assert (progress.state, progress.step) == (ChallengeState.RUNNING, 1)
    assert progress.instruction == LEFT.instruction


def test_nobody_begins_who_is_not_known_or_looks_away() -> None:
    camera = Camera((LEFT, NOD))
    for progress in (
        camera.show([Held()] * 6, person_id=None),
        camera.show([Held(yaw_deg=35)] * 6),
        camera.show([Held(), Held(yaw_deg=35)] * 3),
    ):
        assert progress.state is ChallengeState.WAITING
    assert progress.instruction == "Look straight at the camera"
    assert camera.show([Held()] * 4).state is ChallengeState.RUNNING


def test_whoever_is_known_for_enough_frames_begins_and_not_the_one_before() -> None:
    camera = Camera((LEFT, NOD))
    camera.show([Held()], person_id="102", face=1)
    progress = camera.show([Held()] * 3)
    assert progress.state is ChallengeState.WAITING
    progress = camera.show([Held()])
    assert (progress.state, progress.person_id) == (ChallengeState.RUNNING, "101")


def test_a_face_that_leaves_the_picture_is_lost() -> None:
    camera = Camera((LEFT, NOD))
    camera.show([Held()] * 5)
    assert camera.nobody(2.0).state is ChallengeState.RUNNING
    assert camera.nobody(1.0).failure is ChallengeFailure.LOST_SIGHT


def test_time_runs_out_whatever_happens() -> None:
    camera = Camera((LEFT, NOD))
    progress = camera.show([Held()] * (LIFETIME_S * FPS - 1))
    assert progress.state is ChallengeState.RUNNING
    assert 0 < progress.expires_in_s < 1

    progress = camera.show([Held()])
    assert (progress.failure, progress.expires_in_s) == (ChallengeFailure.EXPIRED, 0)
    assert progress.instruction == ChallengeFailure.EXPIRED.advice


@pytest.mark.parametrize("first", [(LEFT, NOD), (RIGHT, NOD)])
def test_a_challenge_is_good_for_one_try(first: tuple[ChallengeStep, ...]) -> None:
    camera = Camera((LEFT, NOD))
    ended = camera.show(performance(first))
    again = camera.show(performance((LEFT, NOD)) + performance((RIGHT, NOD)))

    assert ended.state in {ChallengeState.PASSED, ChallengeState.FAILED}
    assert (again.state, again.failure) == (ended.state, ended.failure)


def test_without_templates_a_face_that_is_not_known_counts_for_nothing() -> None:
    camera = Camera((LEFT, NOD))
    camera.show([Held()] * 5)
    for _ in range(round(2.0 * FPS)):
        progress = camera.frame(Sighting(HeadPose(40, 0, 0, EYES_PX), None))
    assert (progress.state, progress.step) == (ChallengeState.RUNNING, 1)


def _between(one: Held, other: Held, *, frames: int) -> list[Held]:
    shares = [place / (frames - 1) for place in range(frames)]
    return [
        Held(
            one.yaw_deg + share * (other.yaw_deg - one.yaw_deg),
            one.pitch_deg + share * (other.pitch_deg - one.pitch_deg),
            one.roll_deg + share * (other.roll_deg - one.roll_deg),
            one.nearer + share * (other.nearer - one.nearer),
        )
        for share in shares
    ]
