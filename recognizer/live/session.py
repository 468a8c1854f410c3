"""The order of steps for one frame of a live connection, and what is remembered between frames."""

from dataclasses import dataclass
from uuid import uuid4

from recognizer.gallery.dataset import Person
from recognizer.live.gates import Gate
from recognizer.live.visit import Agreement, Visit, VisitPolicy, Vote
from recognizer.recognition import JudgedFace, Recognition
from recognizer.service import RecognitionService
from shared.contracts.base import Source
from shared.contracts.live import ChallengeNote
from shared.contracts.recognition import AttendanceNote, DecisionKind, FaceMode, RecognizeFields

_SOMEBODY = {DecisionKind.KNOWN, DecisionKind.UNKNOWN, DecisionKind.AMBIGUOUS, DecisionKind.SPOOF}


@dataclass(frozen=True, slots=True, eq=False)
class LiveAnswer:
    recognition: Recognition
    agreement: Agreement | None
    challenge: ChallengeNote | None
    attendance: AttendanceNote | None  # of the visit


class LiveSession:
    """One camera. Frames are given one after the other."""

    def __init__(
        self,
        service: RecognitionService,
        gate: Gate,
        policy: VisitPolicy,
        *,
        client: str,
        source: Source | None,
        record: bool,
    ) -> None:
        self._service = service
        self._gate = gate
        self._policy = policy
        self._client = client
        self._source = source
        self._record_wanted = record
        self._restart_wanted = False
        self._visit = Visit()
        self._event_id = uuid4()
        self._attendance: AttendanceNote | None = None

    def restart(self) -> None:
        """Before the next frame; one that is under way is finished as it began."""
        self._restart_wanted = True

    async def answer(self, picture: bytes, at_s: float) -> LiveAnswer:
        """Raises what RecognitionService raises. Where a visit could not be recorded, its next frame tries again, with
        the same event."""
        if self._restart_wanted:
            self._begin_anew()
        recognition = self._gate.observe(at_s, await self._service.look(picture, FaceMode.ONE, client=self._client))
        if self._record_wanted:
            self._service.tally(recognition, RecognizeFields(source=self._source))
        self._visit_goes_on(recognition, at_s)
        if self._is_to_be_recorded(recognition):
            recognition = await self._record(recognition)
        return LiveAnswer(recognition, self._visit.agreement, self._gate.note(at_s), self._attendance)

    def _begin_anew(self) -> None:
        self._restart_wanted = False
        self._visit, self._attendance, self._event_id = Visit(), None, uuid4()
        self._gate.restart()

    def _visit_goes_on(self, recognition: Recognition, at_s: float) -> None:
        before = self._visit
        subject = recognition.subject
        if subject is None or subject.decision not in _SOMEBODY:
            self._visit = before.at(at_s, self._policy)
        else:
            self._visit = before.with_vote(Vote(at_s, _named(subject)), self._policy)
        if before.person is not None and (self._visit.person is None or self._visit.number != before.number):
            self._gate.leave()
        if self._visit.person is None or self._visit.number != before.number:
            self._attendance, self._event_id = None, uuid4()

    def _is_to_be_recorded(self, recognition: Recognition) -> bool:
        """On a frame of the person whose visit it is, once."""
        person, subject = self._visit.person, recognition.subject
        if not self._record_wanted or self._attendance is not None or person is None or subject is None:
            return False
        named = _named(subject)
        return named is not None and named.person_id == person.person_id and self._gate.admits(person)

    async def _record(self, recognition: Recognition) -> Recognition:
        fields = RecognizeFields(source=self._source, event_id=self._event_id)
        recorded = await self._service.record(recognition, fields)
        if recorded.subject is not None and recorded.subject.attendance is not None:
            self._attendance = recorded.subject.attendance
            self._gate.spend()
        return recorded


def _named(face: JudgedFace) -> Person | None:
    return face.best.person if face.decision is DecisionKind.KNOWN and face.best is not None else None
