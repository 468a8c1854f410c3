"""`python -m logger reconcile`: attendance against events, and events against what clients were told."""

import argparse
from pathlib import Path
from uuid import UUID

from pydantic import ValidationError

from logger.errors import StartError
from logger.services.told import Comparison, Told, compare
from logger.store.base import Store

DONE, REPAIRED, LOST = 0, 3, 4
_NAMED = 20  # event ids in a sentence


def add_reconcile(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--told",
        type=Path,
        metavar="FILE",
        help='what clients were told, one {"event_id": …, "person_id": …, "safe": true} a line; '
        "exit status 4 when an event that is said to be safe is not stored",
    )
    parser.set_defaults(run=_reconcile)


async def _reconcile(store: Store, given: argparse.Namespace) -> int:
    told = None if given.told is None else read_told(given.told)
    report = await store.reconcile()
    print(f"events {report.events}  attendance {report.attendance}  repaired {report.repaired}")  # noqa: T201
    if told is not None:
        comparison = await compare(store, told)
        _show(comparison)
        if not comparison.kept:
            return LOST
    return REPAIRED if report.repaired else DONE


def _show(comparison: Comparison) -> None:
    missing, misnamed = comparison.missing, comparison.misnamed
    print(  # noqa: T201
        f"told safe {comparison.safe}  missing {len(missing)}  misnamed {len(misnamed)}  unasked {comparison.unasked}"
    )
    for event_id in (*missing, *misnamed)[:_NAMED]:
        print(f"not as told: {event_id}")  # noqa: T201


def read_told(file: Path) -> dict[UUID, Told]:
    """By event id; the last line about an event counts. Raises StartError, which repeats nothing of the file."""
    try:
        lines = file.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise StartError(f"{file} cannot be read: {type(error).__name__}") from None
    told: dict[UUID, Told] = {}
    for number, line in enumerate(lines, 1):
        try:
            one = Told.model_validate_json(line)
        except ValidationError:
            raise StartError(f"{file}, line {number}: not an event_id, a person_id and whether it is safe") from None
        told[one.event_id] = one
    return told
