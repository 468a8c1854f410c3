"""What has to be shown before a frame may be recorded."""

import math
from collections.abc import Sequence
from random import Random

import numpy as np
import pytest

from recognizer.engine.base import Box, Detection, Landmarks
from recognizer.gallery.dataset import Person
from recognizer.gallery.snapshot import Candidate
from recognizer.live.gates import ChallengeGate, Gate, OpenGate, PassiveGate
from recognizer.live.tries import Tries, TriesPolicy
from recognizer.liveness.challenge import Challenge, ChallengeStep, issue
from recognizer.recognition import JudgedFace, Recognition
from recognizer.vision.decode import DecodedImage
from recognizer.vision.faces import Face
from recognizer.vision.quality import QualityPolicy, assess
from shared.contracts.live import ChallengeNote, ChallengeState
from shared.contracts.recognition import DecisionKind, FaceMode

ALICE, BOB = (Person(number, name, f"{name} {number}", f"{name}_{number}") for number, name in [("1", "A"), ("2", "B")])
# Eyes, nose tip, mouth corners; x, y and towards the camera, in distances between the pupils.
HEAD = np.array([[-0.5, -0.5, 0], [0.5, -0.5, 0], [0, 0.14, 0.4], [-0.4, 0.6, 0], [0.4, 0.6, 0]])
MOVES = {  # yaw to the person's own left, pitch down, size
    ChallengeStep.TURN_LEFT: (35, 0, 1.0),
    ChallengeStep.TURN_RIGHT: (-35, 0, 1.0),
    ChallengeStep.NOD: (0, 28, 1.0),
    ChallengeStep.COME_CLOSER: (0, 0, 1.6),
}
STILL = (0, 0, 1.0)


def landmarks(yaw_deg: float, down_deg: float, size: float) -> Landmarks:
    """Of a head seen from far away."""
    yaw, pitch = math.radians(yaw_deg), -math.radians(down_deg)
    x, y, z = HEAD.T
    y, z = y * math.cos(pitch) - z * math.sin(pitch), y * math.sin(pitch) + z * math.cos(pitch)
    x = x * math.cos(yaw) + z * math.sin(yaw)
    return (np.stack([x, y], axis=1) * 60 * size + 200).astype(np.float32)


def frame(
    who: Person | None,
    held: tuple[float, float, float] = STILL,
    *,
    decision: DecisionKind = DecisionKind.KNOWN,
    liveness: float | None = None,
) -> Recognition:
    """One face of this person; nobody's where that is None."""
    chip = np.zeros((112, 112, 3), np.uint8)
    detection = Detection(Box(100, 100, 200, 200), landmarks(*held), 1.0)
    face = Face(detection, chip, assess(chip, detection, 1.0, QualityPolicy()))
    best = None if who is None else Candidate(who, 0.1)
    judged = JudgedFace(face, DecisionKind.UNKNOWN if who is None else decision, best, liveness=liveness)
    return Recognition(DecodedImage(chip, 112, 112, 1.0), (judged,), FaceMode.ONE, "gallery", {})


NOBODY = Recognition(DecodedImage(np.zeros((9, 9, 3), np.uint8), 9, 9, 1.0), (), FaceMode.ONE, "gallery", {})


class Room:
    """A gate, and frames of whoever stands before it, ten a second."""

    def __init__(self, gate: Gate) -> None:
        self.gate = gate
        self.now_s = 0.0

    def show(self, *frames: Recognition, after_s: float = 0.1) -> ChallengeNote | None:
        for each in frames:
            self.now_s += after_s
            self.gate.observe(self.now_s, each)
        return self.gate.note(self.now_s)

    def note(self) -> ChallengeNote:
        note = self.gate.note(self.now_s)
        assert note is not None
        return note


class Orders:
    """Draws as the service does, and remembers."""

    def __init__(self) -> None:
        self.drawn: list[Challenge] = []
        self._rng = Random(4)

    def __call__(self, now_s: float) -> Challenge:
        self.drawn.append(issue(self._rng, now_s, steps=3, lifetime_s=30))
        return self.drawn[-1]


@pytest.fixture
def orders() -> Orders:
    return Orders()


@pytest.fixture
def room(orders: Orders) -> Room:
    return Room(ChallengeGate(orders, tries=Tries(), client="kiosk"))


def pass_challenge(room: Room, steps: Sequence[ChallengeStep], who: Person) -> None:
    room.show(*[frame(who)] * 4)
    for step in steps:
        room.show(*[frame(who, MOVES[step])] * 4, *[frame(who)] * 4)


def test_an_open_gate_asks_for_nothing() -> None:
    room = Room(OpenGate())
    assert room.show(frame(ALICE)) is None
    assert room.gate.admits(ALICE)


def test_nobody_is_admitted_before_their_challenge_has_passed(room: Room, orders: Orders) -> None:
    assert not room.gate.admits(ALICE)
    room.show(*[frame(ALICE)] * 4)
    assert room.note().state is ChallengeState.RUNNING
    for step in orders.drawn[0].steps:
        assert not room.gate.admits(ALICE)
        room.show(*[frame(ALICE, MOVES[step])] * 4, *[frame(ALICE)] * 4)
    assert room.note().state is ChallengeState.PASSED
    assert room.gate.admits(ALICE)
    assert not room.gate.admits(BOB)


def test_a_face_that_holds_still_is_never_admitted(room: Room) -> None:
    for _ in range(500):
        room.show(frame(ALICE))
        assert not room.gate.admits(ALICE)


def test_what_was_passed_is_good_for_one_record(room: Room, orders: Orders) -> None:
    room.show(NOBODY)
    pass_challenge(room, orders.drawn[0].steps, ALICE)
    room.gate.spend()
    assert not room.gate.admits(ALICE)
    room.show(*[frame(ALICE)] * 400)  # as long as they stay, nothing more is asked
    assert room.note().state is ChallengeState.PASSED
    room.gate.leave()
    room.show(frame(ALICE))
    assert len(orders.drawn) == 2
    assert not room.gate.admits(ALICE)


def test_what_was_passed_and_not_used_runs_out(room: Room, orders: Orders) -> None:
    room.show(NOBODY)
    pass_challenge(room, orders.drawn[0].steps, ALICE)
    room.show(frame(ALICE), after_s=30)
    assert not room.gate.admits(ALICE)
    assert room.note().state is ChallengeState.WAITING


def test_an_order_that_nobody_begins_is_renewed_when_it_runs_out(room: Room, orders: Orders) -> None:
    for _ in range(5):
        room.show(NOBODY, after_s=29)
        assert room.note().state is ChallengeState.WAITING
    assert len(orders.drawn) == 3


def test_an_order_that_failed_waits_for_a_restart(room: Room, orders: Orders) -> None:
    room.show(*[frame(ALICE)] * 4, *[frame(BOB)] * 3)
    failed = room.note()
    assert (failed.state, failed.detail is not None) == (ChallengeState.FAILED, True)
    room.show(frame(ALICE), after_s=100)
    assert (room.note().state, len(orders.drawn)) == (ChallengeState.FAILED, 1)
    room.gate.restart()
    room.show(frame(ALICE))
    assert (room.note().state, len(orders.drawn)) == (ChallengeState.WAITING, 2)


def begin_and_fail(room: Room, who: Person) -> None:
    """As a recording does that was made for another order."""
    room.gate.restart()
    room.show(*[frame(who)] * 4)
    assert room.note().state is ChallengeState.RUNNING
    room.show(*[frame(BOB if who is ALICE else ALICE)] * 3)
    assert room.note().state is ChallengeState.FAILED


def test_a_recording_in_a_loop_has_to_wait_on_another_connection_too(orders: Orders) -> None:
    tries = Tries(TriesPolicy(free=2, first_pause_s=100))
    for _ in range(2):
        begin_and_fail(Room(ChallengeGate(orders, tries=tries, client="here")), ALICE)
    again = Room(ChallengeGate(orders, tries=tries, client="here"))
    again.show(*[frame(ALICE)] * 20)
    assert again.note().state is ChallengeState.WAITING
    assert again.note().instruction == "Too many tries without success; the next one in 99 s"
    for room, who in (
        (again, BOB),
        (Room(ChallengeGate(orders, tries=tries, client="elsewhere")), ALICE),
    ):
        room.show(*[frame(who)] * 4)
        assert room.note().state is ChallengeState.RUNNING


def test_who_hangs_up_when_they_see_the_order_has_tried(orders: Orders) -> None:
    tries = Tries(TriesPolicy(free=2))
    for _ in range(2):
        Room(ChallengeGate(orders, tries=tries, client="here")).show(*[frame(ALICE)] * 4)
    assert tries.wait_s("here", ALICE.person_id, 0.4) > 0


def test_who_waited_may_try_again_and_begins_anew_once_they_pass(orders: Orders) -> None:
    tries = Tries(TriesPolicy(free=1, first_pause_s=10))
    room = Room(ChallengeGate(orders, tries=tries, client="here"))
    begin_and_fail(room, ALICE)
    room.gate.restart()
    room.show(frame(ALICE), after_s=10)
    pass_challenge(room, orders.drawn[-1].steps, ALICE)
    assert room.gate.admits(ALICE)
    assert len(tries) == 0


def passive(needed: int = 3) -> Room:
    return Room(PassiveGate(threshold=0.5, needed=needed))


def live(who: Person, p_live: float) -> Recognition:
    """As the service judges the frame by itself."""
    return frame(who, decision=DecisionKind.KNOWN if p_live >= 0.5 else DecisionKind.SPOOF, liveness=p_live)


def test_several_frames_that_look_live_admit_a_person() -> None:
    room = passive()
    admitted = []
    for _ in range(4):
        room.show(live(ALICE, 0.9))
        admitted.append(room.gate.admits(ALICE))
    assert admitted == [False, False, True, True]
    assert not room.gate.admits(BOB)


def test_the_mean_decides_and_is_what_is_shown() -> None:
    room = passive()
    room.show(live(ALICE, 0.9), live(ALICE, 0.8))
    [face] = room.gate.observe(1, live(ALICE, 0.1)).faces
    assert face.decision is DecisionKind.KNOWN
    assert face.liveness == pytest.approx(0.6)
    assert room.gate.admits(ALICE)
    for _ in range(5):
        [face] = room.gate.observe(2, live(ALICE, 0.1)).faces
    assert face.decision is DecisionKind.SPOOF
    assert face.liveness == pytest.approx(2.3 / 8)
    assert not room.gate.admits(ALICE)


def test_another_person_begins_with_nothing() -> None:
    room = passive()
    room.show(*[live(ALICE, 0.9)] * 5, live(BOB, 0.9))
    assert not room.gate.admits(ALICE)
    assert not room.gate.admits(BOB)
    room.show(*[live(BOB, 0.9)] * 2)
    assert room.gate.admits(BOB)


@pytest.mark.parametrize("forget", ["leave", "restart"])
def test_who_left_begins_with_nothing(forget: str) -> None:
    room = passive()
    room.show(*[live(ALICE, 0.9)] * 5)
    getattr(room.gate, forget)()
    assert not room.gate.admits(ALICE)


def test_frames_that_were_not_asked_change_nothing() -> None:
    room = passive(needed=1)
    room.show(live(ALICE, 0.9), frame(None), NOBODY)
    assert room.gate.admits(ALICE)
    strange = frame(None)
    assert room.gate.observe(5, strange) is strange
