"""Tables as files: CSV is streamed, XLSX written to a file of its own first."""

import tempfile
from collections.abc import AsyncIterator, Callable
from enum import StrEnum
from typing import IO, Annotated
from urllib.parse import quote

from fastapi import APIRouter, Query
from fastapi.responses import StreamingResponse

from logger.deps import KeyAdministrationDep, SchoolDep, allowed, own_subject
from logger.domain.accounts import Action, Actor, Subject, may
from logger.domain.classes import SchoolClass
from logger.errors import Conflict, InvalidRequest, NotFound, StoreUnavailable
from logger.export import csv, xlsx
from logger.export.streams import TableStream, csv_parts, write_xlsx_stream
from logger.routes.contacts import contacts_for
from logger.routes.queries import AttendanceQuery
from logger.routes.school_queries import PeopleWhere, SpanQuery, reported_teacher, teacher_for
from logger.services.school import School
from shared.web.errors import Forbidden, Unauthenticated, problems

router = APIRouter(
    prefix="/v1",
    tags=["exports"],
    responses=problems(Unauthenticated, Forbidden, InvalidRequest, StoreUnavailable),
    default_response_class=StreamingResponse,
)

CHUNK_BYTES = 64 * 1024
IN_MEMORY_BYTES = 4 * 1024 * 1024  # a larger file waits on disk


class Kind(StrEnum):
    CSV = "csv"
    XLSX = "xlsx"


Span = Annotated[SpanQuery, Query()]
SeesReports = Annotated[Actor, allowed(Action.SEE_REPORTS, subject=own_subject)]  # cut down to one's own


@router.get("/people.{kind}")
async def people(
    kind: Kind,
    where: Annotated[PeopleWhere, Query()],
    school: SchoolDep,
    actor: Annotated[Actor, allowed(Action.SEE_PEOPLE)],
) -> StreamingResponse:
    """People by name. E-mail and phone are there for who may see them. The CSV can be imported again."""
    stream = school.exports.people(where.to_filter(), await contacts_for(actor, school))
    return await _file(kind, stream, "people", school, actor)


@router.get("/classes.{kind}")
async def classes(
    kind: Kind, school: SchoolDep, actor: Annotated[Actor, allowed(Action.SEE_CLASS, subject=own_subject)]
) -> StreamingResponse:
    """Classes by title; a teacher's own."""
    return await _file(kind, school.exports.classes(teacher_for(actor)), "classes", school, actor)


@router.get("/classes/{class_id}/roster.{kind}", responses=problems(NotFound))
async def class_roster(
    class_id: str, kind: Kind, school: SchoolDep, actor: Annotated[Actor, allowed(Action.SEE_CLASS)]
) -> StreamingResponse:
    """Who is expected in a class, by name. E-mail and phone are there for who may see them."""
    stream = await school.exports.class_roster(class_id, await contacts_for(actor, school))
    return await _file(kind, stream, f"roster:{class_id}", school, actor)


@router.get("/classes/{class_id}/schedule.{kind}", responses=problems(NotFound))
async def class_schedule(
    class_id: str, kind: Kind, span: Span, school: SchoolDep, actor: Annotated[Actor, allowed(Action.SEE_CLASS)]
) -> StreamingResponse:
    """What took place and what is planned of one class."""
    title = (await school.classes.get(class_id)).value.title
    meetings = await school.schedules.meetings(span.from_, span.to, lambda one: one.class_id == class_id)
    stream = school.exports.schedule(f"Schedule of {title}", meetings)
    return await _file(kind, stream, f"schedule:{class_id}", school, actor)


@router.get("/schedule.{kind}")
async def schedule(
    kind: Kind,
    span: Span,
    school: SchoolDep,
    actor: Annotated[Actor, allowed(Action.SEE_CLASS, subject=own_subject)],
) -> StreamingResponse:
    """What took place and what is planned of all classes; of a teacher's own."""
    meetings = await school.schedules.meetings(span.from_, span.to, _seen_by(actor, Action.SEE_CLASS))
    return await _file(kind, school.exports.schedule("Schedule", meetings), "schedule", school, actor)


@router.get("/sessions.{kind}")
async def sessions(
    kind: Kind,
    span: Span,
    school: SchoolDep,
    actor: Annotated[Actor, allowed(Action.SEE_ATTENDANCE, subject=own_subject)],
) -> StreamingResponse:
    """Sessions with their counts; a teacher's own."""
    meetings = await school.schedules.meetings(span.from_, span.to, _seen_by(actor, Action.SEE_ATTENDANCE))
    stream = await school.exports.sessions(span.from_, span.to, meetings)
    return await _file(kind, stream, "sessions", school, actor)


@router.get("/attendance.{kind}")
async def attendance(
    kind: Kind,
    query: Annotated[AttendanceQuery, Query()],
    school: SchoolDep,
    actor: Annotated[Actor, allowed(Action.SEE_ATTENDANCE)],
) -> StreamingResponse:
    """All attendance records that the filters of `GET /v1/attendance` keep, the latest arrivals first."""
    return await _file(kind, school.exports.attendance(query.to_filter()), "attendance", school, actor)


@router.get("/audit.{kind}")
async def audit(kind: Kind, school: SchoolDep, actor: Annotated[Actor, allowed(Action.SEE_AUDIT)]) -> StreamingResponse:
    """The whole audit, oldest first."""
    return await _file(kind, school.exports.audit(), "audit", school, actor)


@router.get("/accounts.{kind}")
async def accounts(
    kind: Kind, school: SchoolDep, actor: Annotated[Actor, allowed(Action.EDIT_ACCOUNTS)]
) -> StreamingResponse:
    """Who may sign in, and as what. Nothing of a password but when it was set."""
    return await _file(kind, school.exports.accounts(), "accounts", school, actor)


@router.get("/keys.{kind}", responses=problems(Conflict))
async def keys(
    kind: Kind,
    actor: Annotated[Actor, allowed(Action.EDIT_KEYS)],
    school: SchoolDep,
    administration: KeyAdministrationDep,
) -> StreamingResponse:
    """What each key of a program is for, revoked ones too; no part of a secret."""
    return await _file(kind, school.exports.keys(await administration.list_keys()), "keys", school, actor)


@router.get("/rooms.{kind}")
async def rooms(
    kind: Kind, school: SchoolDep, actor: Annotated[Actor, allowed(Action.SEE_CLASS, subject=own_subject)]
) -> StreamingResponse:
    """Rooms and their cameras."""
    return await _file(kind, school.exports.rooms(), "rooms", school, actor)


@router.get("/sessions/{session_id}/marks.{kind}", responses=problems(NotFound))
async def session_marks(
    session_id: str, kind: Kind, school: SchoolDep, actor: Annotated[Actor, allowed(Action.SEE_ATTENDANCE)]
) -> StreamingResponse:
    """The marks of a session."""
    return await _file(kind, await school.exports.session_marks(session_id), f"session:{session_id}", school, actor)


@router.get("/classes/{class_id}/marks.{kind}", responses=problems(NotFound))
async def class_marks(
    class_id: str, kind: Kind, span: Span, school: SchoolDep, actor: Annotated[Actor, allowed(Action.SEE_ATTENDANCE)]
) -> StreamingResponse:
    """The marks of a class over some days, in the order of time."""
    stream = await school.exports.class_marks(class_id, span.from_, span.to)
    return await _file(kind, stream, f"class:{class_id}", school, actor)


@router.get("/classes/{class_id}/report.{kind}", responses=problems(NotFound))
async def class_report(
    class_id: str, kind: Kind, span: Span, school: SchoolDep, actor: Annotated[Actor, allowed(Action.SEE_REPORTS)]
) -> StreamingResponse:
    """The people of a class, counted."""
    report = await school.reports.school_class(class_id, span.from_, span.to)
    return await _file(kind, school.exports.report(report, report.people), f"class:{class_id}", school, actor)


@router.get("/people/{person_id:path}/marks.{kind}", responses=problems(NotFound))
async def person_marks(
    person_id: str,
    kind: Kind,
    span: Span,
    school: SchoolDep,
    actor: Annotated[Actor, allowed(Action.SEE_ATTENDANCE, subject=own_subject)],
) -> StreamingResponse:
    """The marks of one person, in the order of time; in a teacher's own classes."""
    person = (await school.people.get(person_id)).value
    sees = _seen_by(actor, Action.SEE_ATTENDANCE)
    seen = {class_id for class_id, one in (await school.classes.all()).items() if sees(one)}
    stream = school.exports.person_marks(person.person_id, span.from_, span.to, seen)
    return await _file(kind, stream, f"person:{person_id}", school, actor)


@router.get("/people/{person_id:path}/report.{kind}", responses=problems(NotFound))
async def person_report(
    person_id: str, kind: Kind, span: Span, school: SchoolDep, actor: Annotated[Actor, allowed(Action.SEE_REPORTS)]
) -> StreamingResponse:
    """The classes of one person, counted."""
    report = await school.reports.person(person_id, span.from_, span.to)
    return await _file(kind, school.exports.report(report, report.classes), f"person:{person_id}", school, actor)


@router.get("/months/{year}/{month}/people.{kind}")
async def month_people(year: int, month: int, kind: Kind, school: SchoolDep, actor: SeesReports) -> StreamingResponse:
    """Everybody in the school, counted over a month; for a teacher, in their own classes."""
    report = await school.reports.month(year, month, teacher_id=reported_teacher(actor))
    stream = school.exports.report(report, report.people)
    return await _file(kind, stream, f"month:{year}-{month:02}", school, actor)


@router.get("/months/{year}/{month}/report.{kind}")
async def month_report(year: int, month: int, kind: Kind, school: SchoolDep, actor: SeesReports) -> StreamingResponse:
    """The classes of the school, counted over a month; a teacher's own."""
    report = await school.reports.month(year, month, teacher_id=reported_teacher(actor))
    stream = school.exports.report(report, report.classes)
    return await _file(kind, stream, f"month:{year}-{month:02}", school, actor)


def _seen_by(actor: Actor, action: Action) -> Callable[[SchoolClass], bool]:
    return lambda one: may(actor, action, Subject(teacher_id=one.teacher_id))


async def _file(kind: Kind, stream: TableStream, subject: str, school: School, actor: Actor) -> StreamingResponse:
    """The answer begins when the store has answered: until then it can still be an error."""
    body = await (_csv(stream) if kind is Kind.CSV else _xlsx(stream, school))
    await school.exports.note(subject, by=actor.account_id)
    name = quote(f"{stream.title}.{kind.value}", safe="")
    headers = {"Content-Disposition": f"attachment; filename*=UTF-8''{name}", "Cache-Control": "no-store"}
    return StreamingResponse(body, media_type=_MEDIA_TYPES[kind], headers=headers)


_MEDIA_TYPES = {Kind.CSV: csv.MEDIA_TYPE, Kind.XLSX: xlsx.MEDIA_TYPE}


async def _csv(stream: TableStream) -> AsyncIterator[bytes]:
    parts = csv_parts(stream)
    begun = [await anext(parts), await anext(parts, b"")]
    return _joined(begun, parts)


async def _joined(begun: list[bytes], rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    for part in begun:
        yield part
    async for part in rest:
        yield part


async def _xlsx(stream: TableStream, school: School) -> AsyncIterator[bytes]:
    file = tempfile.SpooledTemporaryFile(IN_MEMORY_BYTES)  # noqa: SIM115 - closed by who reads it
    try:
        await write_xlsx_stream(file, stream, school.exports.now())
    except xlsx.TooManyRows as too_many:
        file.close()
        raise InvalidRequest(f"{too_many}; take the CSV, or fewer days") from too_many
    except BaseException:
        file.close()
        raise
    return _read(file)


async def _read(file: IO[bytes]) -> AsyncIterator[bytes]:
    with file:
        file.seek(0)
        while chunk := file.read(CHUNK_BYTES):
            yield chunk
