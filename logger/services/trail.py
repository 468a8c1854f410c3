"""Where services write down who did what."""

from collections.abc import Mapping
from typing import Protocol

from logger.domain.audit import AuditAction, Deed


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
        before: Mapping[str, object] | None = None,
        after: Mapping[str, object] | None = None,
        reason: str | None = None,
    ) -> object:
        """`write`, for what is done now and told as JSON."""
        ...
