"""Secret addresses of schedules: made, shown once, replaced, revoked, and read by phones."""

import secrets
from collections.abc import Callable

from logger.domain.accounts import Action, Subject, may
from logger.domain.audit import AuditAction
from logger.domain.calendar_links import CalendarLink
from logger.domain.classes import SchoolClass
from logger.errors import Conflict, NotFound
from logger.services.rows import every_row
from logger.services.schedules import SchedulesService
from logger.services.trail import AuditTrail
from logger.store.kinds import ACCOUNTS, CALENDAR_LINKS, CLASSES
from logger.store.tables import ANY, RowStore, Selection
from shared.clock import Clock
from shared.security import digest_of

SECRET_BYTES = 32


class CalendarLinksService:
    """Every method raises StoreUnavailable."""

    def __init__(
        self,
        store: RowStore,
        schedules: SchedulesService,
        trail: AuditTrail,
        clock: Clock,
        *,
        new_secret: Callable[[], str] = lambda: secrets.token_urlsafe(SECRET_BYTES),
    ) -> None:
        self._store = store
        self._schedules = schedules
        self._trail = trail
        self._clock = clock
        self._new_secret = new_secret

    async def find(self, account_id: str, class_id: str | None) -> CalendarLink | None:
        rows = await self._store.select(CALENDAR_LINKS, self._about(account_id, class_id))
        return rows[0].value if rows else None

    async def make(self, account_id: str, class_id: str | None) -> str:
        """The secret of a new address; the one before it leads nowhere from now on. Raises Conflict for a program,
        which has keys instead."""
        if await self._store.load(ACCOUNTS, account_id) is None:
            raise Conflict("Only an account has a calendar; a program asks with its key")
        secret = self._new_secret()
        link = CalendarLink(digest_of(secret), account_id, class_id, self._clock.now())
        async with self._trail.doing(AuditAction.CALENDAR_SHARED, f"calendar:{link.about}", by=account_id):
            await self._remove(account_id, class_id)
            await self._store.save(CALENDAR_LINKS, link, ANY)
        return secret

    async def revoke(self, account_id: str, class_id: str | None) -> None:
        """Raises NotFound where there is no address."""
        link = await self.find(account_id, class_id)
        if link is None:
            raise NotFound("There is no address to revoke")
        async with self._trail.doing(AuditAction.CALENDAR_REVOKED, f"calendar:{link.about}", by=account_id):
            await self._remove(account_id, class_id)

    async def read(self, secret: str) -> str:
        """As RFC 5545: the class, or whatever the account teaches. Raises NotFound, also where the account was switched
        off or may not see the class any more."""
        row = await self._store.load(CALENDAR_LINKS, digest_of(secret))
        account = None if row is None else await self._store.load(ACCOUNTS, row.value.account_id)
        if row is None or account is None or not account.value.active:
            raise NotFound("This address leads nowhere; ask for a new one")
        link, actor = row.value, account.value.actor
        if link.class_id is None:
            return await self._schedules.feed_of(account.value.name, await self._taught_by(link.account_id))
        one = await self._store.load(CLASSES, link.class_id)
        if one is None or not may(actor, Action.SEE_CLASS, Subject(teacher_id=one.value.teacher_id)):
            raise NotFound("This address leads nowhere; ask for a new one")
        return await self._schedules.feed_of(one.value.title, [one.value])

    async def _taught_by(self, account_id: str) -> list[SchoolClass]:
        wanted = Selection(terms={"teacher": account_id})
        return [row.value async for row in every_row(self._store, CLASSES, wanted)]

    async def _remove(self, account_id: str, class_id: str | None) -> None:
        rows = await self._store.select(CALENDAR_LINKS, self._about(account_id, class_id))
        await self._store.remove_many(CALENDAR_LINKS, [row.value.digest for row in rows])

    def _about(self, account_id: str, class_id: str | None) -> Selection:
        return Selection(terms={"about": CalendarLink("", account_id, class_id, self._clock.now()).about})
