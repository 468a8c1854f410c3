"""Where services write down who did what."""

from typing import Protocol

from logger.domain.audit import Deed


class AuditTrail(Protocol):
    async def write(self, deed: Deed) -> object:
        """Seals the deed; durable when it returns. Raises StoreUnavailable."""
        ...
