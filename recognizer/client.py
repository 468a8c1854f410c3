"""Clients of both services, for programs.

    async with RecognizerClient("http://127.0.0.1:8000") as recognizer:
        answer = await recognizer.recognize(Path("frame.jpg").read_bytes())

Every method raises ClientError; `recognizer.client_calls` has its kinds. What may be asked twice without harm is asked
again when a service is away or busy; everything else is asked once.
"""

from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Mapping, Sequence
from contextlib import aclosing
from datetime import date, datetime
from typing import NamedTuple, TypeVar
from urllib.parse import quote
from uuid import UUID, uuid4

from pydantic import TypeAdapter, ValidationError

from recognizer.client_calls import (
    Busy,
    Call,
    Calls,
    ClientError,
    Failed,
    FilePart,
    InConflict,
    NotAllowed,
    NotTaken,
    NotThere,
    Patience,
    Refused,
    Unreachable,
    UnreadableAnswer,
)
from shared.contracts.attendance import AttendancePage, AttendanceRecord, EventPage, Method, StoredEvent
from shared.contracts.base import WireModel
from shared.contracts.enrolment import EnrolmentAnswer
from shared.contracts.events import AttendanceStatus, EventBatch, EventResult, EventResults, RecognitionEvent
from shared.contracts.health import Health, ReadyReport
from shared.contracts.people import (
    BulkLine,
    BulkPerson,
    BulkReport,
    EnrolFields,
    EnrolledPage,
    EnrolledRecord,
    EnrolledSummary,
    EnrolmentResult,
    ErasureReceipt,
    MoreImagesFields,
)
from shared.contracts.profiles import ConsentGiven, ProfileChange, ProfilePage, ProfileRecord
from shared.contracts.recognition import DetectResponse, FaceMode, RecognizeFields, RecognizeResponse
from shared.contracts.sessions import SessionList
from shared.contracts.tallies import SightingTally, TalliesKept, TallyBatch

__all__ = [
    "Busy",
    "ClientError",
    "Failed",
    "InConflict",
    "LoggerClient",
    "NamedPhoto",
    "NotAllowed",
    "NotTaken",
    "NotThere",
    "Patience",
    "RecognizerClient",
    "Refused",
    "Unreachable",
    "UnreadableAnswer",
]

PAGE_LIMIT = 1_000  # the most that is given at once
NOT_READY = 503
_LINE: TypeAdapter[BulkPerson | BulkReport] = TypeAdapter(BulkLine)

Page = TypeVar("Page", AttendancePage, EventPage, ProfilePage, EnrolledPage)


class NamedPhoto(NamedTuple):
    filename: str  # comes back with the photo's verdict; the service stores it nowhere
    data: bytes


class _Service(Calls):
    """What both services answer."""

    async def health(self) -> Health:
        """The process answers."""
        return await self.ask(_get("/healthz"), Health)

    async def readiness(self) -> ReadyReport:
        """Whether everything that the service needs answers too; not being ready is an answer, and no error."""
        return await self.ask(Call("GET", "/readyz", repeatable=True, answers=frozenset({NOT_READY})), ReadyReport)

    async def _pages(self, path: str, query: Mapping[str, str], kind: type[Page]) -> AsyncIterator[Page]:
        asked = {**query, "limit": str(PAGE_LIMIT)}
        while True:
            page = await self.ask(_get(path, asked), kind)
            yield page
            if page.next_cursor is None:
                return
            asked["cursor"] = page.next_cursor


class RecognizerClient(_Service):
    async def recognize(
        self,
        picture: bytes,
        *,
        source: str | None = None,
        captured_at: datetime | None = None,
        event_id: UUID | None = None,
        faces: FaceMode = FaceMode.ONE,
        record: bool = True,
    ) -> RecognizeResponse:
        """Who is in a JPEG, PNG or WebP picture. Every decision is an answer, no face too.

        Without an `event_id` one is made for this call, so that repeats of it are recorded once.
        """
        fields = RecognizeFields(
            source=source, captured_at=captured_at, event_id=event_id or uuid4(), faces=faces, record=record
        )
        files = [_file("image", NamedPhoto("picture", picture))]
        call = Call("POST", "/recognize", repeatable=True, fields=_form(fields), files=files)
        return await self.ask(call, RecognizeResponse)

    async def detect(self, picture: bytes) -> DetectResponse:
        """Where the faces are, and how good they are to recognize. Nobody is named and nothing recorded."""
        files = [_file("image", NamedPhoto("picture", picture))]
        return await self.ask(Call("POST", "/detect", repeatable=True, files=files), DetectResponse)

    async def people(self) -> AsyncIterator[EnrolledSummary]:
        """Everybody who has photos, asked for page by page. This and all that follows needs a key that may enrol."""
        async for page in self._pages("/people", {}, EnrolledPage):
            for person in page.items:
                yield person

    async def person(self, person_id: str) -> EnrolledRecord:
        """Raises NotThere."""
        return await self.ask(_get(_path("people", person_id)), EnrolledRecord)

    async def photo(self, person_id: str, image_id: str) -> bytes:
        """As it was sent. Raises NotThere."""
        return (await self.send(_get(_photo_path(person_id, image_id)))).content

    async def enroll(self, fields: EnrolFields, photos: Sequence[NamedPhoto]) -> EnrolmentResult:
        """Makes somebody recognizable. Raises InConflict, for one with the code `possible_duplicate` when the face is
        another person's; NotTaken with `no_usable_photo`, whose problem says what is wrong with each."""
        call = Call("POST", "/people", repeatable=True, fields=_form(fields), files=_images(photos))
        return await self.ask(call, EnrolmentResult)

    async def enroll_archive(self, archive: AsyncIterable[bytes]) -> AsyncGenerator[BulkPerson | BulkReport]:
        """Everybody in a ZIP archive, given in pieces: a line for each person as soon as they are done, and a report as
        the last. Who is not enrolled is a line too, with the reason. Raises NotTaken with `invalid_archive`, and Busy
        while another archive is worked off. Asked once: whoever was enrolled before it broke off stays enrolled."""
        call = Call("POST", "/people/bulk", upload=archive, media_type="application/zip")
        async with aclosing(self.lines(call)) as lines:
            async for line in lines:
                yield _read_line(line)

    async def add_photos(
        self, person_id: str, photos: Sequence[NamedPhoto], *, allow_duplicate: bool = False
    ) -> EnrolmentResult:
        """More photos of somebody. Raises NotThere and what `enroll` raises."""
        fields = _form(MoreImagesFields(allow_duplicate=allow_duplicate))
        path = f"{_path('people', person_id)}/images"
        call = Call("POST", path, repeatable=True, fields=fields, files=_images(photos))
        return await self.ask(call, EnrolmentResult)

    async def remove_photo(self, person_id: str, image_id: str) -> None:
        """Raises NotThere, and InConflict for the last photo."""
        await self.send(Call("DELETE", _photo_path(person_id, image_id)))

    async def erase(self, person_id: str) -> ErasureReceipt:
        """Removes photos, templates and caches. Raises NotThere. Asked once: a repeat would find nobody, and there
        would be no receipt."""
        return await self.ask(Call("DELETE", _path("people", person_id)), ErasureReceipt)


class LoggerClient(_Service):
    async def send_events(self, events: Sequence[RecognitionEvent]) -> list[EventResult]:
        """What became of each, in their order; 1 to 1,000 of them. Scope `events:write`."""
        call = Call("POST", "/v1/events", repeatable=True, body=EventBatch(events=list(events)))
        return (await self.ask(call, EventResults)).results

    async def send_tallies(self, tallies: Sequence[SightingTally]) -> TalliesKept:
        """Faces without a name, as counted by now; 1 to 200 counts. Scope `events:write`."""
        return await self.ask(
            Call("POST", "/v1/tallies", repeatable=True, body=TallyBatch(tallies=list(tallies))), TalliesKept
        )

    async def attendance(
        self,
        *,
        day: date | None = None,
        first_day: date | None = None,
        last_day: date | None = None,
        person_id: str | None = None,
        session_id: str | None = None,
        status: AttendanceStatus | None = None,
        method: Method | None = None,
    ) -> AsyncIterator[AttendanceRecord]:
        """Every record that fits, the latest arrivals first, asked for page by page. `day`, or a span of days; days are
        those of the site. Scope `attendance:read`."""
        query = _query(
            date=day,
            **{"from": first_day},
            to=last_day,
            person_id=person_id,
            session_id=session_id,
            status=status,
            method=method,
        )
        async for page in self._pages("/v1/attendance", query, AttendancePage):
            for record in page.items:
                yield record

    async def events(
        self,
        *,
        day: date | None = None,
        first_day: date | None = None,
        last_day: date | None = None,
        person_id: str | None = None,
        source: str | None = None,
    ) -> AsyncIterator[StoredEvent]:
        """The recognitions behind the attendance, newest first, asked for page by page. Scope `attendance:read`."""
        query = _query(date=day, **{"from": first_day}, to=last_day, person_id=person_id, source=source)
        async for page in self._pages("/v1/events", query, EventPage):
            for event in page.items:
                yield event

    async def people(self) -> AsyncIterator[ProfileRecord]:
        """Everybody by name, asked for page by page. Scope `people:read`."""
        async for page in self._pages("/v1/people", {}, ProfilePage):
            for profile in page.items:
                yield profile

    async def person(self, person_id: str) -> ProfileRecord:
        """Raises NotThere. Scope `people:read`."""
        return await self.ask(_get(_path("v1/people", person_id)), ProfileRecord)

    async def save_person(self, person_id: str, change: ProfileChange) -> ProfileRecord:
        """Adds somebody (version 0), or changes the version that was read. Raises InConflict when that is not the
        newest any more, NotTaken for a field that cannot be kept. Scope `people:write`."""
        return await self.ask(Call("PUT", _path("v1/people", person_id), body=change), ProfileRecord)

    async def enrolment(self, person_id: str) -> EnrolmentAnswer:
        """Whether photos of somebody may be taken. Somebody unknown is an answer, and no error. Scope `people:read`."""
        return await self.ask(_get(f"{_path('v1/people', person_id)}/enrolment"), EnrolmentAnswer)

    async def give_consent(self, person_id: str, consent: ConsentGiven) -> ProfileRecord:
        """Dated as of now, whatever was noted before. Raises NotThere. Scope `people:write`."""
        return await self.ask(Call("POST", f"{_path('v1/people', person_id)}/consent", body=consent), ProfileRecord)

    async def sessions(self, day: date | None = None) -> SessionList:
        """The sessions of a day at the site, today's unless another is asked for. Scope `attendance:read`."""
        return await self.ask(_get("/v1/sessions", _query(date=day)), SessionList)


def _read_line(text: str) -> BulkPerson | BulkReport:
    try:
        return _LINE.validate_json(text, extra="ignore")
    except ValidationError:
        raise UnreadableAnswer("What answered did not send a line about a person") from None


def _get(path: str, query: Mapping[str, str] | None = None) -> Call:
    return Call("GET", path, repeatable=True, query=query)


def _query(**asked: object) -> dict[str, str]:
    return {name: str(value) for name, value in asked.items() if value is not None}


def _form(fields: WireModel) -> dict[str, str]:
    return _query(**fields.model_dump(mode="json"))


def _path(collection: str, person_id: str) -> str:
    return f"/{collection}/{quote(person_id, safe='')}"


def _photo_path(person_id: str, image_id: str) -> str:
    return f"{_path('people', person_id)}/images/{quote(image_id, safe='')}"


def _images(photos: Sequence[NamedPhoto]) -> list[FilePart]:
    return [_file("images", photo) for photo in photos]


def _file(field: str, photo: NamedPhoto) -> FilePart:
    return field, (photo.filename, photo.data, "application/octet-stream")
