"""Where services write down who did what."""

from typing import Protocol

from logger.domain.audit import AuditAction, Deed, canonical
from shared.clock import Clock


class AuditTrail(Protocol):
    async def write(self, deed: Deed) -> object:
        """Seals the deed; durable when it returns. Raises StoreUnavailable."""
        ...


class Notes:
    """Deeds of this moment, with values as JSON has them."""

    def __init__(self, trail: AuditTrail, clock: Clock) -> None:
        self._trail = trail
        self._clock = clock

    async def write(
        self,
        action: AuditAction,
        subject: str,
        by: str,
        *,
        before: object = None,
        after: object = None,
        reason: str | None = None,
    ) -> None:
        """Raises StoreUnavailable."""
        texts = [None if value is None else canonical(value) for value in (before, after)]
        await self._trail.write(Deed(self._clock.now(), by, action, subject, texts[0], texts[1], reason))
