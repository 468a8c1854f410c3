"""One frame of the WebSocket client: recorded like any other, and answered in the client's words."""

import asyncio
from dataclasses import dataclass

from recognizer.client import ClientError, LoggerClient, NotThere
from recognizer.compat.students import Student
from recognizer.compat.words import NO_FACE, about, about_nobody
from recognizer.gallery.dataset import Person
from recognizer.service import RecognitionService
from shared.contracts.recognition import DecisionKind, RecognizeFields
from shared.logs import get_logger
from shared.web.errors import ServiceError

log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Told:
    sentence: str
    student: Student | None = None


class SightingService:
    def __init__(self, recognition: RecognitionService, logger: LoggerClient, profile_budget_s: float) -> None:
        """`profile_budget_s`: how long a frame waits for the profile of whom it shows."""
        self._recognition = recognition
        self._logger = logger
        self._profile_budget_s = profile_budget_s

    async def see(self, frame: bytes, *, client: str, with_profile: bool) -> Told:
        """Never raises for a frame: one that cannot be read shows no face, and of what else went wrong the sentence
        tells. Without `with_profile`, a student has a name and a number alone."""
        try:
            recognition = await self._recognition.recognize(frame, RecognizeFields(), client=client)
        except ServiceError as error:
            return Told(NO_FACE if error.status < 500 else error.detail)
        subject = recognition.subject
        if recognition.decision is not DecisionKind.KNOWN or subject is None or subject.best is None:
            return Told(about_nobody(recognition.decision))
        person = subject.best.person
        student = await self._student(person) if with_profile else Student.of_person(person)
        return Told(about(person.name, subject.attendance), student)

    async def _student(self, person: Person) -> Student:
        try:
            async with asyncio.timeout(self._profile_budget_s):
                return Student.of_profile(await self._logger.person(person.person_id))
        except NotThere:
            return Student.of_person(person)
        except (ClientError, TimeoutError) as error:
            log.warning("a profile cannot be read", reason=str(error))
            return Student.of_person(person)
