"""`POST /people/bulk`: a ZIP archive of many people."""

import asyncio
import tempfile
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, BinaryIO, cast

from fastapi import APIRouter, Depends, Request
from fastapi.responses import StreamingResponse

from recognizer.deps import EnrollKeyDep, StateDep, require_enroll_key
from recognizer.enrolment.bulk import read_plan
from recognizer.enrolment.bulk_plan import Plan
from recognizer.enrolment.bulk_sources import PhotoSource, ZipSource
from recognizer.errors import DatasetUnavailable, InvalidArchive, Overloaded
from shared.contracts.people import BulkPerson, BulkReport
from shared.web.errors import Forbidden, Unauthenticated, problems

router = APIRouter(tags=["people"], dependencies=[Depends(require_enroll_key)])

NDJSON = "application/x-ndjson"
_WRITTEN_AT_ONCE = 1 << 20  # bytes
_BODY = {
    "requestBody": {
        "required": True,
        "content": {"application/zip": {"schema": {"type": "string", "format": "binary"}}},
    }
}


@dataclass(frozen=True, slots=True)
class PostedArchive:
    source: PhotoSource
    plan: Plan


async def read_archive(request: Request, _: EnrollKeyDep, state: StateDep) -> PostedArchive:
    """Into a file without a name, which is gone with whoever holds it open. Raises Overloaded, InvalidArchive,
    DatasetUnavailable."""
    state.bulk.check_free()
    try:
        file = await asyncio.to_thread(_nameless_file, state.settings.state_dir)
    except OSError as error:
        raise DatasetUnavailable("The archive cannot be stored for the time being") from error
    try:
        await _copy(request, file)
        source = await asyncio.to_thread(ZipSource, file)
        return PostedArchive(source, await asyncio.to_thread(read_plan, source))
    except BaseException:
        file.close()
        raise


ArchiveDep = Annotated[PostedArchive, Depends(read_archive)]


@router.post(
    "/people/bulk",
    response_class=StreamingResponse,
    openapi_extra=_BODY,
    responses={
        200: {"content": {NDJSON: {}}, "description": "a line of JSON for each person, and a report as the last"},
        **problems(Unauthenticated, Forbidden, InvalidArchive, Overloaded),
    },
)
async def enroll_many(archive: ArchiveDep, state: StateDep, key: EnrollKeyDep) -> StreamingResponse:
    """Enrols everybody in a ZIP archive: a folder for each person, named like those in `dataset/`, or a `people.csv`
    with the columns of the enrolment form and `photos`. One line comes as soon as each person is done."""
    lines = state.bulk.run(archive.source, archive.plan, by=key.key_id)
    return StreamingResponse(_encoded(lines), media_type=NDJSON)


async def _encoded(lines: AsyncIterator[BulkPerson | BulkReport]) -> AsyncIterator[str]:
    async for line in lines:
        yield line.model_dump_json(exclude_none=True) + "\n"


async def _copy(request: Request, file: BinaryIO) -> None:
    """Raises DatasetUnavailable when the disk is full."""
    waiting = bytearray()
    try:
        async for chunk in request.stream():
            waiting += chunk
            if len(waiting) >= _WRITTEN_AT_ONCE:
                await asyncio.to_thread(file.write, bytes(waiting))
                waiting.clear()
        await asyncio.to_thread(file.write, bytes(waiting))
    except OSError as error:
        raise DatasetUnavailable("The archive cannot be stored for the time being") from error


def _nameless_file(folder: Path) -> BinaryIO:
    return cast("BinaryIO", tempfile.TemporaryFile(dir=folder))
