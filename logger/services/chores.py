"""What is done beside everything else: what a crash left untold, the backup each minute, forgetting once a day."""

from datetime import date

from logger.domain.sessions import CLOCK
from logger.services.audit import AuditService
from logger.services.backup import BackupService
from logger.services.retention import RetentionService
from shared.clock import Clock
from shared.logs import get_logger

log = get_logger(__name__)


class Chores:
    def __init__(
        self, retention: RetentionService, audit: AuditService, backup: BackupService | None, clock: Clock
    ) -> None:
        self._retention = retention
        self._audit = audit
        self._backup = backup
        self._clock = clock
        self._forgot_on: date | None = None

    async def tick(self) -> None:
        """Raises StoreUnavailable. What a crash left untold is told first. A folder that cannot be written to is
        logged: it stops nothing else."""
        if told := await self._audit.recover():
            log.warning("deeds were interrupted; the audit names them", deeds=told)
        if self._backup is not None:
            try:
                await self._backup.write()
            except OSError as error:
                log.warning("the backup was not written", reason=error.strerror)
        today = self._clock.now().date()
        if self._forgot_on != today:
            await self._retention.apply(by=CLOCK)
            self._forgot_on = today
