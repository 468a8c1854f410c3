"""How long a guesser waits, after a wrong password and after a wrong code alike."""

import math
from datetime import datetime, timedelta

from logger.domain.accounts import LockOut, locked_until
from logger.domain.logins import Attempts
from logger.errors import Outdated, TooManyAttempts
from logger.store.kinds import ATTEMPTS
from logger.store.tables import NEW, RowStore, Selection
from shared.clock import Clock

KEPT = timedelta(days=1)  # longer than any rule looks back
_SWEPT_AT_ONCE = 20  # forgotten attempts that each new one clears away


class GuessLimit:
    """Every method raises StoreUnavailable. A key is a digest of who guesses what."""

    def __init__(self, store: RowStore, clock: Clock, rule: LockOut) -> None:
        self._store = store
        self._clock = clock
        self._rule = rule

    async def count(self, key: str) -> datetime:
        """One more attempt, counted before it is judged, so that many at once are no way past the limit. When it was
        counted, for who takes it back. Raises TooManyAttempts."""
        while True:
            now = self._clock.now()
            row = await self._store.load(ATTEMPTS, key)
            failures = () if row is None else row.value.failures
            until = locked_until(failures, now, self._rule)
            if until is not None:
                raise TooManyAttempts(math.ceil((until - now).total_seconds()))
            recent = tuple(at for at in failures if now - at < self._rule.forgotten_after)
            try:
                await self._store.save(ATTEMPTS, Attempts(key, (*recent, now)), NEW if row is None else row.version)
            except Outdated:
                continue  # another attempt came between
            await self._sweep(now)
            return now

    async def take_back(self, key: str, at: datetime) -> None:
        """The attempt that was counted at that moment was no guess; the failures before it stay."""
        while (row := await self._store.load(ATTEMPTS, key)) is not None and at in row.value.failures:
            failures = list(row.value.failures)
            failures.remove(at)
            if not failures:
                await self._store.remove(ATTEMPTS, key)
                return
            try:
                await self._store.save(ATTEMPTS, Attempts(key, tuple(failures)), row.version)
            except Outdated:
                continue
            return

    async def forget(self, key: str) -> None:
        """All failures: whoever guessed knows the secret."""
        await self._store.remove(ATTEMPTS, key)

    async def _sweep(self, now: datetime) -> None:
        forgotten = Selection(last=(now - KEPT).isoformat(), limit=_SWEPT_AT_ONCE)
        for row in await self._store.select(ATTEMPTS, forgotten):
            await self._store.remove(ATTEMPTS, row.value.key)
