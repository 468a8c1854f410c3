"""Many people at once, one after the other, with a line for each."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterable
from contextlib import closing

from recognizer.enrolment.bulk_plan import Plan, PlannedPerson, find_table, plan
from recognizer.enrolment.bulk_sources import PhotoSource, UnreadableEntry
from recognizer.enrolment.filing import on_wire
from recognizer.enrolment.requests import UNREADABLE, EnrolRequest, PhotoUpload, RejectedPhoto, Rejection
from recognizer.enrolment.service import EnrolmentService
from recognizer.errors import InvalidArchive, Overloaded
from shared.contracts.people import BulkPerson, BulkProblem, BulkReport, RejectedImage
from shared.web.errors import ServiceError

MAX_TABLE_BYTES = 16 << 20


def read_plan(source: PhotoSource) -> Plan:
    """Blocks. Raises InvalidArchive."""
    paths = source.paths()
    table = find_table(paths)
    if table is None:
        return plan(paths, None)
    try:
        return plan(paths, source.read(table, MAX_TABLE_BYTES).decode("utf-8-sig"))
    except UnreadableEntry as error:
        raise InvalidArchive(f"{table.name} cannot be read: {error}") from error
    except UnicodeDecodeError as error:
        raise InvalidArchive(f"{table.name} is not UTF-8") from error


def read_photos(
    source: PhotoSource, person: PlannedPerson, *, max_photo_bytes: int, max_bytes: int
) -> tuple[list[PhotoUpload], list[RejectedPhoto]]:
    """Those that can be read, and why the others cannot. Blocks."""
    photos: list[PhotoUpload] = []
    rejected: list[RejectedPhoto] = []
    left_bytes = max_bytes
    for place, path in enumerate(person.photos):
        try:
            photos.append(PhotoUpload(str(path), source.read(path, min(max_photo_bytes, left_bytes))))
            left_bytes -= len(photos[-1].data)
        except UnreadableEntry as error:
            rejected.append(RejectedPhoto(place, str(path), Rejection(UNREADABLE, f"It cannot be read: {error}.")))
    return photos, rejected


class BulkEnrolment:
    """One archive at a time: each photo of it wants the model, and so do the people before the cameras."""

    def __init__(self, service: EnrolmentService, *, max_photo_bytes: int, max_person_bytes: int) -> None:
        self._service = service
        self._max_photo_bytes = max_photo_bytes
        self._max_person_bytes = max_person_bytes
        self._turn = asyncio.Lock()

    def check_free(self) -> None:
        """Raises Overloaded while another is being worked off."""
        if self._turn.locked():
            raise Overloaded("Another archive is being worked off; send this one afterwards")

    async def run(self, source: PhotoSource, planned: Plan, *, by: str) -> AsyncIterator[BulkPerson | BulkReport]:
        """A line for each person and a report at the end; closes the source. Ends early when nobody listens."""
        lines: list[BulkPerson] = []
        with closing(source):
            async with self._turn:
                for person in planned.people:
                    lines.append(await self._enroll(source, person, by, len(lines) + 1, len(planned.people)))
                    yield lines[-1]
        yield report(lines, planned)

    async def _enroll(self, source: PhotoSource, person: PlannedPerson, by: str, done: int, of: int) -> BulkPerson:
        photos, unread = await asyncio.to_thread(
            read_photos,
            source,
            person,
            max_photo_bytes=self._max_photo_bytes,
            max_bytes=self._max_person_bytes,
        )
        places = {str(path): place for place, path in enumerate(person.photos)}

        def rejected(images: Iterable[RejectedImage]) -> list[RejectedImage]:
            """All, by their places among the person's photos and not among those that could be read."""
            every = (*on_wire(unread), *images)
            return [image.model_copy(update={"index": places[image.filename]}) for image in every]

        line = BulkPerson(done=done, of=of, person_id=person.fields.person_id, name=person.fields.name)
        try:
            enrolled = await self._service.enroll(EnrolRequest.of(person.fields, photos, by=by))
        except ServiceError as error:
            return line.refused(error.code, error.detail, rejected(error.about.get("rejected_images", ())))
        note = None if enrolled.registration is None else enrolled.registration.note
        return line.enrolled_with(len(enrolled.accepted), rejected(on_wire(enrolled.rejected)), note)


def report(lines: list[BulkPerson], planned: Plan) -> BulkReport:
    """What became of all of it."""
    return BulkReport(
        people=len(lines),
        enrolled=sum(line.enrolled for line in lines),
        images_accepted=sum(line.accepted for line in lines),
        images_rejected=sum(len(line.rejected_images) for line in lines),
        profiles=dict(Counter(line.registration.delivery for line in lines if line.registration is not None)),
        problems=[BulkProblem(where=problem.where, detail=problem.detail) for problem in planned.problems],
    )
