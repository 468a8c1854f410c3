"""Where services write down who did what."""

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol

from logger.domain.audit import AuditAction, Deed

Told = Mapping[str, object]  # JSON


@dataclass(slots=True)
class Doing:
    """A deed while it is being done: what is only known at its end is set by who does it."""

    before: Told | None = None
    after: Told | None = None
    reason: str | None = None
    is_done: bool = True  # False: nothing had to be done, and nothing is told


class AuditTrail(Protocol):
    async def write(self, deed: Deed) -> object:
        """Seals the deed; durable when it returns. Raises StoreUnavailable."""
        ...

    async def note(
        self,
        action: AuditAction,
        subject: str,
        *,
        by: str,
        before: Told | None = None,
        after: Told | None = None,
        reason: str | None = None,
    ) -> object:
        """`write`, for what is done now and told as JSON. For what changes nothing in the store."""
        ...

    def doing(
        self,
        action: AuditAction,
        subject: str,
        *,
        by: str,
        before: Told | None = None,
        after: Told | None = None,
        reason: str | None = None,
    ) -> AbstractAsyncContextManager[Doing]:
        """Around what is to be told. Its entry is there when the block is left, and something is there to make one of
        before the block is entered: a crash in between is told as INTERRUPTED. A block that raises another ServiceError
        than StoreUnavailable has done nothing. Raises StoreUnavailable."""
        ...
