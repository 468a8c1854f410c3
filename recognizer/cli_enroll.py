"""`python -m recognizer enroll`: a folder or an archive of people to a running service, with a report."""

import argparse
import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from pathlib import Path

from tqdm import tqdm

from recognizer.client import ClientError, NamedPhoto, RecognizerClient, Refused
from recognizer.enrolment.bulk import read_photos, read_plan, report
from recognizer.enrolment.bulk_plan import Plan, PlannedPerson, plan
from recognizer.enrolment.bulk_sources import PhotoSource, open_source
from recognizer.enrolment.filing import on_wire
from recognizer.enrolment.journal import Journal
from recognizer.errors import StartError
from recognizer.opening.enrolment import journal_file
from recognizer.settings import RecognizerSettings
from shared.clock import SystemClock
from shared.contracts.people import BulkPerson, BulkReport, HandedIn
from shared.security import read_secret_file

KEY_FILE = Path("var/keys/enrolment.key")  # where `make run` keeps it
TIMEOUT_S = 120.0  # for one person
PIECE_BYTES = 1 << 20


def run_enroll(settings: RecognizerSettings, parsed: argparse.Namespace) -> int:
    """1 when somebody is not enrolled. Raises StartError, InvalidArchive."""
    key = _key(settings, parsed.key_file)
    url = parsed.url or f"http://127.0.0.1:{settings.port}"
    if parsed.csv is None and parsed.people.is_file():
        lines, whole = asyncio.run(_enroll_archive(url, key, parsed.people))
    else:
        lines, whole = _enroll_folder(url, key, settings, parsed.people, parsed.csv)
    print("\n".join(_told(lines, whole)))  # noqa: T201 - a command's answer
    return 0 if whole.enrolled == whole.people and not whole.problems else 1


async def _enroll_archive(url: str, key: str, file: Path) -> tuple[list[BulkPerson], BulkReport]:
    """As it is: the service looks into it. Raises StartError."""
    lines: list[BulkPerson] = []
    async with RecognizerClient(url, key=key, timeout_s=TIMEOUT_S) as client:
        try:
            with tqdm(desc="Enrolling", unit="person", disable=None) as bar:
                async for line in client.enroll_archive(_pieces(file)):
                    if isinstance(line, BulkReport):
                        return lines, line
                    lines.append(line)
                    bar.total = line.of
                    bar.update()
        except (ClientError, OSError) as error:
            raise StartError(f"{file} was worked off for {len(lines)} people, and then: {error}") from error
    raise StartError(f"{file} was not worked off: the answer has no end")


async def _pieces(file: Path) -> AsyncIterator[bytes]:
    with await asyncio.to_thread(file.open, "rb") as stream:
        while piece := await asyncio.to_thread(stream.read, PIECE_BYTES):
            yield piece


def _enroll_folder(
    url: str, key: str, settings: RecognizerSettings, folder: Path, csv: Path | None
) -> tuple[list[BulkPerson], BulkReport]:
    """Or an archive with a table beside it. Raises StartError, InvalidArchive."""
    try:
        source = open_source(folder)
        table = None if csv is None else csv.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise StartError(f"cannot be read: {error}") from error
    with closing(source):
        planned = read_plan(source) if table is None else plan(source.paths(), table)
        lines = asyncio.run(_enroll_all(url, key, source, planned, settings))
    return lines, report(lines, planned)


async def _enroll_all(
    url: str, key: str, source: PhotoSource, planned: Plan, settings: RecognizerSettings
) -> list[BulkPerson]:
    lines: list[BulkPerson] = []
    async with RecognizerClient(url, key=key, timeout_s=TIMEOUT_S) as client:
        for person in tqdm(planned.people, desc="Enrolling", unit="person", disable=None):
            lines.append(await _enroll(client, source, person, settings, done=len(lines) + 1, of=len(planned.people)))
    return lines


async def _enroll(
    client: RecognizerClient,
    source: PhotoSource,
    person: PlannedPerson,
    settings: RecognizerSettings,
    *,
    done: int,
    of: int,
) -> BulkPerson:
    photos, unread = await asyncio.to_thread(
        read_photos,
        source,
        person,
        max_photo_bytes=settings.max_bytes,
        max_bytes=settings.enroll_max_bytes,
    )
    line = BulkPerson(done=done, of=of, person_id=person.fields.person_id, name=person.fields.name)
    if not photos:
        return line.refused("no_usable_photo", "None of the photos can be read", on_wire(unread))
    named = [NamedPhoto(photo.filename, photo.data) for photo in photos]
    try:
        enrolled = await client.enroll(person.fields, named)
    except Refused as refused:
        problem = refused.problem
        rejected = problem.rejected_images if problem is not None else None
        code = "refused" if problem is None else problem.code
        return line.refused(code, str(refused), [*on_wire(unread), *(rejected or ())])
    except ClientError as error:
        return line.refused("no_answer", str(error), on_wire(unread))
    rejected = [*on_wire(unread), *enrolled.rejected_images]
    return line.enrolled_with(len(enrolled.accepted), rejected, enrolled.registration)


def deeds_of(settings: RecognizerSettings) -> Iterator[str]:
    """What was done here to whom and with which key, the latest last, and which profiles the logger has not taken.
    Raises StartError, JournalUnavailable."""
    file = journal_file(settings)
    if not file.exists():
        raise StartError(f"nobody was enrolled here yet: there is no {file}")
    journal = Journal(file, clock=SystemClock())
    try:
        for entry in reversed(journal.read_deeds()):
            other = "" if entry.other_id is None else f", like {entry.other_id}"
            yield f"{entry.at:%F %T} UTC  {entry.by}  {entry.deed}  {entry.person_id}{other}"
        yield from (f"the profile of {person_id} was not taken: {why}" for person_id, why in journal.read_refused())
    finally:
        journal.close()


def _key(settings: RecognizerSettings, file: Path | None) -> str:
    if file is None and settings.enroll_key is not None:
        return settings.enroll_key.get_secret_value()
    try:
        return read_secret_file(file or KEY_FILE)
    except OSError as error:
        raise StartError(f"the key for enrolment cannot be read from {file or KEY_FILE}; see --key-file") from error


def _told(lines: list[BulkPerson], whole: BulkReport) -> Iterator[str]:
    for line in lines:
        if not line.enrolled:
            yield f"{line.name} {line.person_id}: not enrolled: {line.detail}"
        yield from (f"{image.filename}: {image.reason}: {image.detail}" for image in line.rejected_images)
        if line.registration is not None and line.registration.delivery is HandedIn.REFUSED:
            yield f"{line.name} {line.person_id}: the logger refused the profile: {line.registration.detail}"
    yield from (f"{problem.where}: {problem.detail}" for problem in whole.problems)
    yield (
        f"{whole.enrolled} of {whole.people} people enrolled, "
        f"{whole.images_accepted} photos taken, {whole.images_rejected} refused"
    )
    queued = whole.profiles.get(HandedIn.QUEUED)
    if queued:
        yield f"{queued} profiles wait for the logger, and are sent once it answers"
