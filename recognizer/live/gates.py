"""What must be shown, beside a face that is confirmed, before anything is recorded. Pure but for what a gate remembers:
one gate for each connection."""

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Protocol

from recognizer.gallery.dataset import Person
from recognizer.live.tries import Tries
from recognizer.liveness.challenge import Challenge, ChallengeFailure, ChallengeProgress, Sighting
from recognizer.liveness.passive import LivenessAverage, LivenessVerdict
from recognizer.liveness.run import ChallengePolicy, ChallengeRun
from recognizer.recognition import JudgedFace, Recognition, judged_live
from recognizer.vision.pose import estimate_pose
from shared.contracts.live import ChallengeNote, ChallengeState, LivenessMode
from shared.contracts.recognition import DecisionKind

_SHOWN = 1.0  # the liveness of who has passed a challenge


class Gate(Protocol):
    mode: LivenessMode

    def observe(self, now_s: float, recognition: Recognition) -> Recognition:
        """Takes the next frame (FaceMode.ONE), and returns it as it is to be judged and shown."""
        ...

    def admits(self, person: Person) -> bool:
        """Whether this person may be recorded now."""
        ...

    def spend(self) -> None:
        """They were recorded: what they showed is not good for another time."""
        ...

    def leave(self) -> None:
        """Whoever was recorded has left, or somebody else has come."""
        ...

    def restart(self) -> None: ...

    def note(self, now_s: float) -> ChallengeNote | None: ...


class OpenGate:
    """Liveness `off`: a face is enough."""

    mode = LivenessMode.OFF

    def observe(self, now_s: float, recognition: Recognition) -> Recognition:  # noqa: ARG002
        return recognition

    def admits(self, person: Person) -> bool:  # noqa: ARG002
        return True

    def spend(self) -> None:
        """There is nothing to spend."""

    def leave(self) -> None:
        """There is nothing to forget."""

    def restart(self) -> None:
        """There is nothing to forget."""

    def note(self, now_s: float) -> None:  # noqa: ARG002
        return None


class PassiveGate:
    """Liveness `passive`: p(live) of the same person, averaged over several frames, decides."""

    mode = LivenessMode.PASSIVE

    def __init__(self, *, threshold: float, needed: int) -> None:
        """`needed` frames make a verdict."""
        self._threshold = threshold
        self._average = LivenessAverage(threshold=threshold, needed=needed)
        self._person_id: str | None = None

    def observe(self, now_s: float, recognition: Recognition) -> Recognition:  # noqa: ARG002
        """With the mean in place of what the frame alone would say."""
        face = recognition.subject
        if face is None or face.best is None or face.liveness is None:
            return recognition
        if face.best.person.person_id != self._person_id:
            self._average.clear()
            self._person_id = face.best.person.person_id
        self._average.add(face.liveness)
        mean = self._average.mean
        if mean is None:
            return recognition
        known = replace(face, decision=DecisionKind.KNOWN)
        return replace(recognition, faces=(judged_live(known, mean, self._threshold),))

    def admits(self, person: Person) -> bool:
        return person.person_id == self._person_id and self._average.verdict is LivenessVerdict.LIVE

    def spend(self) -> None:
        """What a camera sees of a person it sees again."""

    def leave(self) -> None:
        self.restart()

    def restart(self) -> None:
        self._average.clear()
        self._person_id = None

    def note(self, now_s: float) -> None:  # noqa: ARG002
        return None


class ChallengeGate:
    """Liveness `challenge`: whoever is recorded has just followed an order that was drawn for them.

    An order that nobody has begun is renewed when it runs out; one that failed waits for `restart`; one that was passed
    is good for one record, of the person who passed it, until it runs out. Who tries again and again waits in between.
    """

    mode = LivenessMode.CHALLENGE

    def __init__(
        self, issue: Callable[[float], Challenge], policy: ChallengePolicy | None = None, *, tries: Tries, client: str
    ) -> None:
        """`issue` draws a new order at the time it is given; `tries` are of all connections, and `client` is whose this
        one is."""
        self._issue = issue
        self._policy = policy
        self._tries = tries
        self._client = client
        self._wait_s = 0.0  # of who stands here, before another try
        self._run: ChallengeRun | None = None
        self._progress: ChallengeProgress | None = None
        self._is_spent = False

    def observe(self, now_s: float, recognition: Recognition) -> Recognition:
        if self._run is None or self._is_stale(now_s):
            self.restart()
            self._run = ChallengeRun(self._issue(now_s), self._policy)
        before, self._progress = self._progress, self._run.observe(now_s, self._who_may_begin(now_s, recognition))
        self._count(now_s, before, self._progress)
        face = recognition.subject
        if face is None or face.best is None or not self.admits(face.best.person):
            return recognition
        return replace(recognition, faces=(replace(face, liveness=_SHOWN),))

    def admits(self, person: Person) -> bool:
        progress = self._progress
        if progress is None or self._is_spent:
            return False
        return progress.state is ChallengeState.PASSED and progress.person_id == person.person_id

    def spend(self) -> None:
        self._is_spent = True

    def leave(self) -> None:
        if self._is_spent:
            self.restart()

    def restart(self) -> None:
        self._run = self._progress = None
        self._is_spent = False
        self._wait_s = 0.0

    def _who_may_begin(self, now_s: float, recognition: Recognition) -> Sighting | None:
        """Everybody, but for whom a challenge that nobody has begun has to wait."""
        sighting = _sighting(recognition)
        self._wait_s = 0.0
        if sighting is None or sighting.person_id is None or self._has_begun():
            return sighting
        self._wait_s = self._tries.wait_s(self._client, sighting.person_id, now_s)
        return None if self._wait_s else sighting

    def _has_begun(self) -> bool:
        return self._progress is not None and self._progress.state is not ChallengeState.WAITING

    def _count(self, now_s: float, before: ChallengeProgress | None, now: ChallengeProgress) -> None:
        if now.person_id is None or now.state is (ChallengeState.WAITING if before is None else before.state):
            return
        if now.state is ChallengeState.RUNNING:
            self._tries.begin(self._client, now.person_id, now_s)
        elif now.state is ChallengeState.PASSED:
            self._tries.succeed(self._client, now.person_id)

    def note(self, now_s: float) -> ChallengeNote | None:
        if self._run is None:
            return None
        progress = self._run.progress(now_s)
        return ChallengeNote(
            step=progress.step,
            of=progress.of,
            instruction=_wait(self._wait_s) if self._wait_s else progress.instruction,
            state=progress.state,
            expires_in_s=round(progress.expires_in_s, 1),
            detail=None if progress.failure is None else progress.failure.advice,
        )

    def _is_stale(self, now_s: float) -> bool:
        """Nobody has begun it, or nobody has used it, until it ran out."""
        if self._run is None or self._is_spent:
            return False
        progress = self._run.progress(now_s)
        if progress.expires_in_s > 0:
            return False
        return progress.state in {ChallengeState.WAITING, ChallengeState.PASSED} or _was_never_begun(progress)


def _wait(wait_s: float) -> str:
    minutes, seconds = divmod(math.ceil(wait_s), 60)
    when = f"{minutes} min" if minutes > 1 else f"{minutes * 60 + seconds} s"
    return f"Too many tries without success; the next one in {when}"


def _was_never_begun(progress: ChallengeProgress) -> bool:
    return progress.failure is ChallengeFailure.EXPIRED and progress.person_id is None


def _sighting(recognition: Recognition) -> Sighting | None:
    """Of the one face, whatever it was judged: who turns away is not always known."""
    subject = recognition.subject
    if subject is None:
        return None
    return Sighting(estimate_pose(subject.face.detection.landmarks), _known_id(subject), subject.template)


def _known_id(face: JudgedFace) -> str | None:
    if face.decision is not DecisionKind.KNOWN or face.best is None:
        return None
    return face.best.person.person_id
