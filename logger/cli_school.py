"""`python -m logger export`, `erase`, `retain` and `demo`."""

import argparse
import asyncio
import sys
from contextlib import AsyncExitStack
from datetime import date
from pathlib import Path

from logger.app import build_school, photo_keeper
from logger.cli_accounts import CONSOLE, Commands
from logger.domain.erasure import Erasure
from logger.errors import StartError
from logger.export.streams import TableStream, csv_parts, write_xlsx_stream
from logger.services.audit import AuditService
from logger.services.demo import DemoSchool
from logger.services.people import PeopleFilter
from logger.services.school import School
from logger.settings import load_settings
from logger.store.base import AttendanceFilter, Store
from shared.clock import SystemClock

TABLES = ("people", "attendance", "audit")
DONE, FAILED = 0, 1


def add_school(commands: "Commands[argparse.ArgumentParser]") -> None:
    export = commands.add_parser("export", help="write a table to a file; its ending, .csv or .xlsx, is its kind")
    export.add_argument("table", choices=TABLES)
    export.add_argument("file", type=Path)
    export.add_argument("--from", type=date.fromisoformat, dest="first", help="first day, of attendance")
    export.add_argument("--to", type=date.fromisoformat, dest="last", help="last day, of attendance")
    export.set_defaults(run=_export)
    erase = commands.add_parser("erase", help="erase a person; attendance stays under a pseudonym")
    erase.add_argument("person_id", metavar="NUMBER")
    erase.set_defaults(run=_erase)
    retain = commands.add_parser("retain", help="remove what is older than LOGGER_KEEP_DAYS")
    retain.set_defaults(run=_retain)
    demo = commands.add_parser("demo", help="load a made-up school, up to this minute; again, what has happened since")
    demo.add_argument("--people", type=int, default=2_000)
    demo.add_argument("--classes", type=int, default=80)
    demo.set_defaults(run=_demo)


async def _export(store: Store, given: argparse.Namespace) -> int:
    async with AsyncExitStack() as stack:
        school = _school(store, stack)
        await school.exports.note(given.table, by=CONSOLE)
        await _write(_table(school, given), given.file, school)
    return DONE


def _table(school: School, given: argparse.Namespace) -> TableStream:
    match given.table:
        case "people":
            return school.exports.people(PeopleFilter(), lambda _: True)
        case "audit":
            return school.exports.audit()
        case _:
            return school.exports.attendance(AttendanceFilter(given.first, given.last))


async def _write(stream: TableStream, path: Path, school: School) -> None:
    """Raises StartError for a file that is there already, or of another kind."""
    if path.suffix not in {".csv", ".xlsx"}:
        raise StartError("The file must end in .csv or .xlsx")
    try:
        file = await asyncio.to_thread(path.open, "xb")
    except OSError as error:
        raise StartError(f"{path} cannot be made: {error.strerror}") from error
    with file:
        if path.suffix == ".xlsx":
            await write_xlsx_stream(file, stream, school.exports.now())
        else:
            async for part in csv_parts(stream):
                file.write(part)


async def _erase(store: Store, given: argparse.Namespace) -> int:
    async with AsyncExitStack() as stack:
        erasure = await _school(store, stack).personal_data.erase(given.person_id, by=CONSOLE)
    _say(*_receipt(erasure))
    return DONE if erasure.is_done else FAILED


def _receipt(erasure: Erasure) -> list[str]:
    return [
        f"receipt {erasure.erasure_id}",
        f"profile {'removed' if erasure.profile else 'was not there'}; off {erasure.classes} rosters",
        f"under a pseudonym: {erasure.marks} marks, {erasure.attendance} records, {erasure.events} sightings",
        f"photos: {erasure.photos.detail}",
    ]


async def _retain(store: Store, _: argparse.Namespace) -> int:
    async with AsyncExitStack() as stack:
        retention = _school(store, stack).retention
        forgotten = await retention.apply(by=CONSOLE)
    _say(*retention.policy.sentences)
    if forgotten is not None:
        _say(
            f"removed, from before {forgotten.before}: {forgotten.sessions} sessions, {forgotten.marks} marks, "
            f"{forgotten.attendance} attendance records, {forgotten.events} sightings"
        )
    return DONE


async def _demo(store: Store, given: argparse.Namespace) -> int:
    school = DemoSchool(store, SystemClock(), site=load_settings().site)
    loaded = await school.load(people=given.people, classes=given.classes, tell=_tell_day)
    sys.stderr.write("\r")
    _say(
        f"{loaded.people} people, {loaded.classes} classes, {loaded.sessions} sessions, {loaded.marks} marks. "
        "Everything in it is made up."
    )
    return DONE


def _tell_day(day: date) -> None:
    if sys.stderr.isatty():
        sys.stderr.write(f"\r{day}")


def _school(store: Store, stack: AsyncExitStack) -> School:
    settings, clock = load_settings(), SystemClock()
    return build_school(settings, store, AuditService(store, clock), clock, photo_keeper(settings, stack))


def _say(*lines: str) -> None:
    sys.stdout.write("".join(f"{line}\n" for line in lines))
