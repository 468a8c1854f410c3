"""`python -m logger verify-audit`."""

import argparse

from logger.domain.audit import GENESIS, verify
from logger.services.audit import AuditService
from logger.store.base import Store
from shared.clock import SystemClock

WHOLE, BROKEN = 0, 1


def add_verify_audit(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--head", metavar="HASH", help="the head of an earlier run: shows whether the end was cut off")
    parser.set_defaults(run=verify_audit)


async def verify_audit(store: Store, given: argparse.Namespace) -> int:
    """Prints what was found; the exit status says whether the chain is whole."""
    entries = await AuditService(store, SystemClock()).entries()
    broken = verify(entries, given.head)
    if broken is not None:
        print(f"the audit is broken at entry {broken.number}: {broken.flaw}")  # noqa: T201 - a command's answer
        return BROKEN
    head = entries[-1].hash if entries else GENESIS
    print(f"{len(entries)} entries, none changed, removed or put elsewhere; head {head}")  # noqa: T201
    return WHOLE
