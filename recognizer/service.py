"""The order of steps for one frame, from bytes to an answer."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from concurrent.futures import Executor
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID, uuid4, uuid5

from recognizer.batching import MicroBatcher
from recognizer.decision import MatchPolicy, decide
from recognizer.engine.base import Chip
from recognizer.errors import EngineFailed, InvalidField, Overloaded
from recognizer.gallery.snapshot import Candidate
from recognizer.gallery.watcher import GalleryHolder
from recognizer.liveness.passive import FaceInFrame
from recognizer.publisher import Publisher
from recognizer.recognition import Found, Identified, JudgedFace, Recognition, judged_live, one_face_a_person
from recognizer.replays import RecordedFrames
from recognizer.stopwatch import Stopwatch, sum_ms
from recognizer.tallies import TallyBook
from recognizer.vision.faces import Face, FaceFinder, Scene, foreground
from shared.clock import Clock
from shared.contracts.events import EventResult, RecognitionEvent
from shared.contracts.live import LivenessMode
from shared.contracts.recognition import AttendanceNote, DecisionKind, Delivery, FaceMode, RecognizeFields
from shared.places import FairPlaces

MAX_AHEAD = timedelta(minutes=5)  # of a client's clock
MAX_BEHIND = timedelta(days=31)  # a kiosk that was offline over the holidays
FRAME_TIMEOUT_S = 20.0


@dataclass(frozen=True, slots=True)
class LivenessCheck:
    """What is asked of a face that is known before it is recorded."""

    mode: LivenessMode = LivenessMode.OFF
    p_live: MicroBatcher[FaceInFrame, float] | None = None  # with `passive`
    threshold: float = 0.5  # p(live) below it is a picture of a person


class RecognitionService:
    def __init__(
        self,
        *,
        finder: FaceFinder,
        crowd_finder: FaceFinder,
        identify: MicroBatcher[Chip, Identified],
        gallery: GalleryHolder,
        executor: Executor,
        policy: MatchPolicy,
        threshold_from: str,
        engine: str,
        publisher: Publisher,
        clock: Clock,
        observe: Callable[[DecisionKind, dict[str, float]], None],
        max_frames: int,
        delivery_budget_s: float,
        tallies: TallyBook,
        liveness: LivenessCheck | None = None,
        recorded: RecordedFrames | None = None,
        max_frame_age: timedelta = MAX_BEHIND,
        frame_timeout_s: float = FRAME_TIMEOUT_S,
    ) -> None:
        self.policy = policy
        self.threshold_from = threshold_from
        self.engine = engine
        self._finder = finder
        self._crowd_finder = crowd_finder  # for pictures of many people, whose faces are small
        self._identify = identify
        self._liveness = liveness or LivenessCheck()
        self._gallery = gallery
        self._executor = executor
        self._publisher = publisher
        self._clock = clock
        self._observe = observe
        self._places = FairPlaces(max_frames)
        self._engine_fault: EngineFailed | None = None
        self._delivery_budget_s = delivery_budget_s
        self._tallies = tallies
        self._recorded = RecordedFrames(0) if recorded is None else recorded
        self._max_frame_age = max_frame_age
        self._frame_timeout_s = frame_timeout_s

    async def recognize(self, picture: bytes, fields: RecognizeFields, *, client: str) -> Recognition:
        """Looks, and records who is known unless the fields say otherwise, holding one place all the while. Where
        liveness is shown in a challenge, nothing is recorded: one picture cannot meet it. Raises what `look` and
        `record` raise."""
        fields = fields.model_copy(update={"captured_at": self._captured_at(fields)})
        with self._place(client):
            recognition = await self._look(picture, fields.faces)
            if fields.record:
                self.tally(recognition, fields)
            if fields.record and self._liveness.mode is LivenessMode.CHALLENGE:
                recognition = replace(recognition, needs_challenge=True)
            elif fields.record:
                recognition = await self.record(recognition, fields)
        self._observe(recognition.decision, recognition.timings_ms)
        return recognition

    async def look(self, picture: bytes, mode: FaceMode, *, client: str) -> Recognition:
        """Who is in a picture; nothing is recorded. Raises Overloaded at once when there is no place for this client,
        what decoding raises for a bad picture, EngineFailed."""
        with self._place(client):
            recognition = await self._look(picture, mode)
        self._observe(recognition.decision, recognition.timings_ms)
        return recognition

    async def detect(self, picture: bytes, *, client: str) -> Found:
        """Where faces are, and how good; nobody is looked up. Raises what `look` raises."""
        stopwatch = Stopwatch()
        with self._place(client):
            async with self._watched_engine():
                scene, _ = await self._find(picture, FaceMode.ALL, stopwatch)
        return Found(scene, stopwatch.readings_ms())

    async def record(self, recognition: Recognition, fields: RecognizeFields) -> Recognition:
        """The same, with what became of each known face on its way to the logger. Raises InvalidField, and OutboxFull
        or OutboxUnavailable when a recognition cannot be made durable: then nothing was recorded."""
        captured_at = self._captured_at(fields)
        stopwatch = Stopwatch()
        with stopwatch.step("record"):
            frame = recognition.frame_digest
            recorded = (self._record_one(face, frame, fields, captured_at) for face in recognition.faces)
            faces = tuple(await asyncio.gather(*recorded))
        return replace(recognition, faces=faces, timings_ms=sum_ms(recognition.timings_ms, stopwatch.readings_ms()))

    def tally(self, recognition: Recognition, fields: RecognizeFields) -> None:
        """Counts the faces without a name, of a frame that was to be recorded; nothing of them is kept."""
        decisions = [face.decision for face in recognition.faces]
        self._tallies.note(decisions, fields.source, fields.captured_at or self._clock.now())

    def check_room(self, client: str) -> None:
        """Raises Overloaded when there is no place for this client now. For whoever can refuse a picture before it is
        read: in a rush, reading what is refused would take more time than recognizing what is not."""
        if not self._places.has_one_for(client):
            raise Overloaded("Too many frames are being recognized; try again in a moment")

    async def check(self) -> None:
        """Raises EngineFailed when the last frame broke the engine."""
        if self._engine_fault is not None:
            raise self._engine_fault

    async def _look(self, picture: bytes, mode: FaceMode) -> Recognition:
        stopwatch = Stopwatch()
        async with self._watched_engine():
            scene, digest = await self._find(picture, mode, stopwatch)
            with stopwatch.step("match"):
                faces = await self._judge(scene.faces, mode)
            faces = await self._judge_liveness(scene, faces, stopwatch)
        gallery = self._gallery.current.fingerprint
        return Recognition(scene.image, faces, mode, gallery, stopwatch.readings_ms(), frame_digest=digest)

    @asynccontextmanager
    async def _watched_engine(self) -> AsyncIterator[None]:
        """Around everything that runs a model, within a time: a model that hangs must not take its caller along."""
        try:
            async with asyncio.timeout(self._frame_timeout_s):
                yield
        except TimeoutError:
            self._engine_fault = EngineFailed("Recognition took too long")
            raise self._engine_fault from None
        except EngineFailed as error:
            self._engine_fault = error
            raise
        self._engine_fault = None

    async def _find(self, picture: bytes, mode: FaceMode, stopwatch: Stopwatch) -> tuple[Scene, bytes]:
        finder = self._finder if mode is FaceMode.ONE else self._crowd_finder
        find = partial(_find, finder, picture, stopwatch)
        return await asyncio.get_running_loop().run_in_executor(self._executor, find)

    def _captured_at(self, fields: RecognizeFields) -> datetime:
        now = self._clock.now()
        captured_at = fields.captured_at or now
        if not now - self._max_frame_age <= captured_at <= now + MAX_AHEAD:
            raise InvalidField("captured_at is too far from the present")
        return captured_at

    @contextmanager
    def _place(self, client: str) -> Iterator[None]:
        self.check_room(client)
        self._places.take(client)
        try:
            yield
        finally:
            self._places.give_back(client)

    async def _judge(self, faces: Sequence[Face], mode: FaceMode) -> tuple[JudgedFace, ...]:
        if mode is FaceMode.ONE:
            faces = foreground(faces)
            if len(faces) > 1:
                return tuple(JudgedFace(face, DecisionKind.MULTIPLE_FACES) for face in faces)
        chips = [face.chip for face in faces if face.quality.issue is None]
        identified = iter(await self._identify.submit_all(chips))
        return one_face_a_person(
            [
                JudgedFace(face, DecisionKind.LOW_QUALITY) if face.quality.issue else self._name(face, next(identified))
                for face in faces
            ]
        )

    def _name(self, face: Face, identified: Identified) -> JudgedFace:
        best, runner_up = identified.match.best, identified.match.runner_up
        decision = decide(
            None if best is None else best.distance, None if runner_up is None else runner_up.distance, self.policy
        )
        return JudgedFace(face, decision, best, identified.template)

    async def _judge_liveness(
        self, scene: Scene, faces: tuple[JudgedFace, ...], stopwatch: Stopwatch
    ) -> tuple[JudgedFace, ...]:
        """Looks only at those who would be recorded, so that nobody waits for it where it changes nothing."""
        asked = [face for face in faces if face.decision is DecisionKind.KNOWN]
        if self._liveness.p_live is None or not asked:
            return faces
        with stopwatch.step("liveness"):
            shown = [FaceInFrame(scene.image.frame, face.face.detection.box) for face in asked]
            answers = iter(await self._liveness.p_live.submit_all(shown))
        return tuple(
            judged_live(face, next(answers), self._liveness.threshold) if face.decision is DecisionKind.KNOWN else face
            for face in faces
        )

    async def _record_one(
        self, face: JudgedFace, frame: bytes, fields: RecognizeFields, captured_at: datetime
    ) -> JudgedFace:
        if face.decision is not DecisionKind.KNOWN or face.best is None:
            return face
        person_id = face.best.person.person_id
        own_id = _event_id(fields, person_id)
        event_id = self._recorded.event_of(frame, person_id, own_id)
        event = self._event(event_id, face.best, face.liveness, fields, captured_at)
        entry = await self._publisher.accept(event, self._delivery_budget_s)
        if entry.event.person_id != event.person_id:
            raise InvalidField("event_id was used before, for another recognition")
        return replace(face, attendance=_note(event_id, entry.answer, is_replay=event_id != own_id))

    def _event(
        self,
        event_id: UUID,
        best: Candidate,
        liveness: float | None,
        fields: RecognizeFields,
        captured_at: datetime,
    ) -> RecognitionEvent:
        return RecognitionEvent(
            event_id=event_id,
            person_id=best.person.person_id,
            person=best.person.label,
            name=best.person.name,
            distance=best.distance,
            similarity=1 - best.distance,
            threshold=self.policy.threshold,
            engine=self.engine,
            source=fields.source,
            captured_at=captured_at,
            liveness=liveness,
        )


def _event_id(fields: RecognizeFields, person_id: str) -> UUID:
    """The client's own id; in a picture of several people each needs one, derived so that a repeat gives the same."""
    if fields.event_id is None:
        return uuid4()
    return fields.event_id if fields.faces is FaceMode.ONE else uuid5(fields.event_id, person_id)


def _find(finder: FaceFinder, picture: bytes, stopwatch: Stopwatch) -> tuple[Scene, bytes]:
    return finder.find(picture, stopwatch), hashlib.sha256(picture).digest()


def _note(event_id: UUID, answer: EventResult | None, *, is_replay: bool) -> AttendanceNote:
    if answer is None:
        return AttendanceNote(event_id=event_id, delivery=Delivery.QUEUED, replay=is_replay)
    return AttendanceNote(
        event_id=event_id,
        delivery=Delivery.DELIVERED,
        replay=is_replay,
        outcome=answer.outcome,
        status=answer.status,
        session_id=answer.session_id,
        first_seen=answer.first_seen,
        detail=answer.detail,
    )
