"""The order of steps for one frame, from bytes to an answer."""

import asyncio
import math
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID, uuid4, uuid5

from recognizer.batching import MicroBatcher
from recognizer.decision import MatchPolicy, decide
from recognizer.engine.base import Chip
from recognizer.errors import EngineFailed, InvalidField, Overloaded
from recognizer.gallery.snapshot import Candidate, Match
from recognizer.gallery.watcher import GalleryHolder
from recognizer.outbox import Outbox
from recognizer.publisher import Publisher
from recognizer.stopwatch import Stopwatch
from recognizer.vision.decode import DecodedImage
from recognizer.vision.faces import Face, FaceFinder, foreground
from shared.clock import Clock
from shared.contracts.events import EventResult, RecognitionEvent
from shared.contracts.recognition import AttendanceNote, DecisionKind, Delivery, FaceMode, RecognizeFields

MAX_AHEAD = timedelta(minutes=5)  # of a client's clock
MAX_BEHIND = timedelta(days=31)  # a kiosk that was offline over the holidays
FRAME_TIMEOUT_S = 20.0


@dataclass(frozen=True, slots=True, eq=False)
class JudgedFace:
    face: Face
    decision: DecisionKind
    best: Candidate | None = None  # the nearest person, named only when the decision is `known`
    attendance: AttendanceNote | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Recognition:
    """What is known about a frame. `subject` is the face that the answer is about, where there is one."""

    decision: DecisionKind
    image: DecodedImage
    faces: tuple[JudgedFace, ...]
    subject: JudgedFace | None
    gallery: str
    timings_ms: dict[str, float]


class RecognitionService:
    def __init__(
        self,
        *,
        finder: FaceFinder,
        identify: MicroBatcher[Chip, Match],
        gallery: GalleryHolder,
        executor: Executor,
        policy: MatchPolicy,
        threshold_from: str,
        engine: str,
        outbox: Outbox,
        publisher: Publisher,
        clock: Clock,
        observe: Callable[[DecisionKind, dict[str, float]], None],
        max_frames: int,
        delivery_budget_s: float,
    ) -> None:
        self.policy = policy
        self.threshold_from = threshold_from
        self.engine = engine
        self._finder = finder
        self._identify = identify
        self._gallery = gallery
        self._executor = executor
        self._outbox = outbox
        self._publisher = publisher
        self._clock = clock
        self._observe = observe
        self._free_places = max_frames
        self._engine_fault: EngineFailed | None = None
        self._delivery_budget_s = delivery_budget_s

    async def recognize(self, picture: bytes, fields: RecognizeFields) -> Recognition:
        """Raises Overloaded at once when every place is taken, what decoding raises for a bad picture, and OutboxFull
        or OutboxUnavailable when a recognition cannot be made durable: then nothing was recorded."""
        captured_at = self._captured_at(fields)
        stopwatch = Stopwatch()
        with self._place():
            image, judged = await self._see(picture, fields.faces, stopwatch)
            if fields.record:
                with stopwatch.step("record"):
                    judged = await self._record(judged, fields, captured_at)
        decision, timings_ms = _decision(judged, fields.faces), stopwatch.readings_ms()
        self._observe(decision, timings_ms)
        return Recognition(
            decision=decision,
            image=image,
            faces=judged,
            subject=_subject(judged, fields.faces),
            gallery=self._gallery.current.fingerprint,
            timings_ms=timings_ms,
        )

    async def check(self) -> None:
        """Raises EngineFailed when the last frame broke the engine."""
        if self._engine_fault is not None:
            raise self._engine_fault

    async def _see(
        self, picture: bytes, mode: FaceMode, stopwatch: Stopwatch
    ) -> tuple[DecodedImage, tuple[JudgedFace, ...]]:
        """Everything that runs a model, within a time: a model that hangs must not take its caller along."""
        try:
            async with asyncio.timeout(FRAME_TIMEOUT_S):
                find = partial(self._finder.find, picture, stopwatch)
                scene = await asyncio.get_running_loop().run_in_executor(self._executor, find)
                with stopwatch.step("match"):
                    judged = await self._judge(scene.faces, mode)
        except TimeoutError:
            self._engine_fault = EngineFailed("Recognition took too long")
            raise self._engine_fault from None
        except EngineFailed as error:
            self._engine_fault = error
            raise
        self._engine_fault = None
        return scene.image, judged

    def _captured_at(self, fields: RecognizeFields) -> datetime:
        now = self._clock.now()
        captured_at = fields.captured_at or now
        if not now - MAX_BEHIND <= captured_at <= now + MAX_AHEAD:
            raise InvalidField("captured_at is too far from the present")
        return captured_at

    @contextmanager
    def _place(self) -> Iterator[None]:
        if not self._free_places:
            raise Overloaded("Too many frames are being recognized; try again in a moment")
        self._free_places -= 1
        try:
            yield
        finally:
            self._free_places += 1

    async def _judge(self, faces: Sequence[Face], mode: FaceMode) -> tuple[JudgedFace, ...]:
        if mode is FaceMode.ONE:
            faces = foreground(faces)
            if len(faces) > 1:
                return tuple(JudgedFace(face, DecisionKind.MULTIPLE_FACES) for face in faces)
        return _one_face_a_person(await asyncio.gather(*(self._judge_one(face) for face in faces)))

    async def _judge_one(self, face: Face) -> JudgedFace:
        if face.quality.issue is not None:
            return JudgedFace(face, DecisionKind.LOW_QUALITY)
        match = await self._identify.submit(face.chip)
        best, runner_up = match.best, match.runner_up
        decision = decide(
            None if best is None else best.distance, None if runner_up is None else runner_up.distance, self.policy
        )
        return JudgedFace(face, decision, best)

    async def _record(
        self, faces: Sequence[JudgedFace], fields: RecognizeFields, captured_at: datetime
    ) -> tuple[JudgedFace, ...]:
        return tuple(await asyncio.gather(*(self._record_one(face, fields, captured_at) for face in faces)))

    async def _record_one(self, face: JudgedFace, fields: RecognizeFields, captured_at: datetime) -> JudgedFace:
        if face.decision is not DecisionKind.KNOWN or face.best is None:
            return face
        event = self._event(face.best, fields, captured_at)
        entry = await self._outbox.append(event, lease=not self._publisher.away)
        if entry.event.person_id != event.person_id:
            raise InvalidField("event_id was used before, for another recognition")
        answer = entry.answer
        if entry.fresh and not self._publisher.away:
            answer = await self._publisher.deliver(entry.event, self._delivery_budget_s)
        return replace(face, attendance=_note(event.event_id, answer))

    def _event(self, best: Candidate, fields: RecognizeFields, captured_at: datetime) -> RecognitionEvent:
        return RecognitionEvent(
            event_id=_event_id(fields, best.person.person_id),
            person_id=best.person.person_id,
            person=best.person.label,
            name=best.person.name,
            distance=best.distance,
            similarity=1 - best.distance,
            threshold=self.policy.threshold,
            engine=self.engine,
            source=fields.source,
            captured_at=captured_at,
        )


def _event_id(fields: RecognizeFields, person_id: str) -> UUID:
    """The client's own id; in a picture of several people each needs one, derived so that a repeat gives the same."""
    if fields.event_id is None:
        return uuid4()
    return fields.event_id if fields.faces is FaceMode.ONE else uuid5(fields.event_id, person_id)


def _one_face_a_person(faces: Sequence[JudgedFace]) -> tuple[JudgedFace, ...]:
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


def _subject(faces: Sequence[JudgedFace], mode: FaceMode) -> JudgedFace | None:
    if not faces or (mode is FaceMode.ONE and len(faces) > 1):
        return None
    return min(faces, key=lambda face: (face.decision is not DecisionKind.KNOWN, _distance(face)))


def _distance(face: JudgedFace) -> float:
    return math.inf if face.best is None else face.best.distance


def _decision(faces: Sequence[JudgedFace], mode: FaceMode) -> DecisionKind:
    if not faces:
        return DecisionKind.NO_FACE
    subject = _subject(faces, mode)
    return DecisionKind.MULTIPLE_FACES if subject is None else subject.decision


def _note(event_id: UUID, answer: EventResult | None) -> AttendanceNote:
    if answer is None:
        return AttendanceNote(event_id=event_id, delivery=Delivery.QUEUED)
    return AttendanceNote(
        event_id=event_id,
        delivery=Delivery.DELIVERED,
        outcome=answer.outcome,
        status=answer.status,
        session_id=answer.session_id,
        first_seen=answer.first_seen,
        detail=answer.detail,
    )
