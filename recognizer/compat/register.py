"""The register of the WebSocket client: who was there today, and new students."""

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor
from functools import partial
from typing import TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from recognizer.client import ClientError, LoggerClient
from recognizer.compat.portrait import portrait_of
from recognizer.compat.students import Attended, Portrait, Student
from recognizer.enrolment.requests import Enrolment, EnrolRequest, PhotoUpload, Profile
from recognizer.enrolment.service import EnrolmentService
from recognizer.errors import LoggerUnavailable
from recognizer.vision.decode import DecodeLimits, decode_data_url
from shared.clock import Clock
from shared.contracts.attendance import AttendanceRecord
from shared.contracts.events import AttendanceStatus
from shared.contracts.profiles import ProfileRecord
from shared.logs import get_logger
from shared.web.errors import ServiceError

log = get_logger(__name__)

Result = TypeVar("Result")

_WAS_THERE = frozenset({AttendanceStatus.PRESENT, AttendanceStatus.LATE})


class RegisterService:
    def __init__(
        self,
        *,
        enrolment: EnrolmentService,
        logger: LoggerClient,
        executor: Executor,
        photo_limits: DecodeLimits,
        max_bytes: int,
        clock: Clock,
    ) -> None:
        """`photo_limits`: of the photos in the dataset. `max_bytes`: of a picture that is posted."""
        self._enrolment = enrolment
        self._logger = logger
        self._executor = executor
        self._photo_limits = photo_limits
        self._max_bytes = max_bytes
        self._clock = clock

    async def attendance_today(self) -> list[Attended]:
        """Who was seen today, the latest arrivals first, with profile and photo. Raises LoggerUnavailable."""
        try:
            site = await self._site()
            today = self._clock.now().astimezone(site).date()
            records = [one async for one in self._logger.attendance(day=today) if one.status in _WAS_THERE]
            profiles = {one.person_id: one async for one in self._logger.people()} if records else {}
        except ClientError as error:
            log.warning("today's attendance cannot be read", reason=str(error))
            raise LoggerUnavailable("The logger did not give today's attendance; try again in a moment") from error
        return [
            Attended(
                student=_student(one, profiles.get(one.person_id)),
                seen_at=one.first_seen.astimezone(site),
                portrait=await self._portrait(one.person_id),
            )
            for one in records
        ]

    async def create(self, student: Student, image: str, *, by: str) -> Enrolment:
        """Enrols from a base64 picture or data URL. `by`: who asks, for the audit. Raises what enrolment raises, and
        ImageTooLarge and InvalidField for the picture; the sentence says what is wrong with it."""
        photo = await self._in_thread(partial(decode_data_url, image, self._max_bytes))
        return await self._enrolment.enroll(_request(student, photo, by))

    async def _site(self) -> ZoneInfo:
        """The logger's time zone: its days are what `today` means."""
        report = await self._logger.readiness()
        try:
            return ZoneInfo(report.info.get("time_zone", "UTC"))
        except (ZoneInfoNotFoundError, ValueError):
            return ZoneInfo("UTC")

    async def _portrait(self, person_id: str) -> Portrait | None:
        """Of the first photo; None for who has none any more."""
        try:
            photos = (await self._enrolment.person(person_id)).photos
            if not photos:
                return None
            photo, _ = await self._enrolment.photo(person_id, photos[0].image_id)
            return Portrait(photos[0].image_id, await self._in_thread(partial(portrait_of, photo, self._photo_limits)))
        except ServiceError as error:
            log.info("a photo cannot be shown", code=error.code)
            return None

    async def _in_thread(self, work: Callable[[], Result]) -> Result:
        return await asyncio.get_running_loop().run_in_executor(self._executor, work)


def _request(student: Student, photo: bytes, by: str) -> EnrolRequest:
    """An empty field leaves what the logger knows of the person as it is."""
    profile = Profile(student.department or None, student.year or None, student.email or None, student.phone or None)
    return EnrolRequest(
        person_id=student.roll_no, name=student.name, photos=[PhotoUpload("photo", photo)], by=by, profile=profile
    )


def _student(record: AttendanceRecord, profile: ProfileRecord | None) -> Student:
    return Student(record.person_id, record.name) if profile is None else Student.of_profile(profile)
