"""Who is asking, and whether they may."""

import hashlib
import hmac
from collections.abc import Iterable
from dataclasses import dataclass, replace

from logger.domain.accounts import NOTHING_IN_PARTICULAR, Action, Actor, Role, Subject, may
from logger.domain.logins import Login, LoginKind
from logger.services.keys import KeyRing
from logger.services.logins import LOGIN_PREFIX, LoginsService
from logger.services.rows import every_row
from logger.store.kinds import CLASSES, ROOMS, SCHEDULES, SESSIONS
from logger.store.tables import RowStore, Selection
from shared.web.errors import Forbidden


@dataclass(frozen=True, slots=True)
class Caller:
    actor: Actor
    name: str  # as it is shown
    login: Login | None = None  # None: an API key
    csrf: str | None = None  # what a browser's form must repeat; None: not a browser


def require(actor: Actor, action: Action, subject: Subject = NOTHING_IN_PARTICULAR) -> None:
    """Raises Forbidden. For what only a service knows the subject of."""
    if not may(actor, action, subject):
        raise Forbidden(f"You may not do this: {action.replace('_', ' ')}")


def csrf_of(secret: str) -> str:
    """Bound to one login, and says nothing about its secret."""
    return hmac.new(secret.encode(), b"csrf", hashlib.sha256).hexdigest()


class AccessService:
    def __init__(self, store: RowStore, logins: LoginsService, keys: KeyRing) -> None:
        self._store = store
        self._logins = logins
        self._keys = keys

    async def by_cookie(self, secret: str) -> Caller | None:
        """Raises StoreUnavailable."""
        found = await self._logins.find(secret)
        if found is None or found.login.kind is not LoginKind.BROWSER:
            return None
        return Caller(found.account.actor, found.account.name, found.login, csrf_of(secret))

    async def by_secret(self, secret: str) -> Caller | None:
        """The holder of a token, a device's key or an API key. Raises StoreUnavailable."""
        if not secret.startswith(LOGIN_PREFIX):
            return await self._by_key(secret)
        found = await self._logins.find(secret)
        if found is None or found.login.kind is LoginKind.BROWSER:
            return None
        return Caller(found.account.actor, found.account.name, found.login)

    async def program_key_id(self, secret: str) -> str | None:
        """Of the API key with this secret; None for any other secret. Raises StoreUnavailable."""
        key = None if secret.startswith(LOGIN_PREFIX) else await self._keys.find(secret)
        return None if key is None else key.key_id

    async def _by_key(self, secret: str) -> Caller | None:
        key = await self._keys.find(secret)
        if key is None:
            return None
        return Caller(Actor(f"key:{key.key_id}", Role.PROGRAM, scopes=key.scopes), key.label)

    async def require_cameras(self, actor: Actor, sources: Iterable[str | None]) -> None:
        """Raises Forbidden for a device that speaks of another room's cameras."""
        if actor.role is not Role.DEVICE or actor.room is None:
            return
        room = await self._store.load(ROOMS, actor.room)
        own = {actor.room} | (frozenset() if room is None else room.value.sources)
        if not own.issuperset(sources):
            raise Forbidden("This device belongs to another room than that camera")

    async def subject_of_class(self, class_id: str) -> Subject:
        """Of nobody when there is no such class: who may reach their own alone is not told which there are."""
        found = await self._store.load(CLASSES, class_id)
        return NOTHING_IN_PARTICULAR if found is None else Subject(teacher_id=found.value.teacher_id)

    async def subject_of_session(self, session_id: str) -> Subject:
        found = await self._store.load(SESSIONS, session_id)
        if found is None:
            return NOTHING_IN_PARTICULAR
        return replace(await self.subject_of_class(found.value.class_id), room=found.value.room)

    async def subject_of_person(self, person_id: str, actor: Actor) -> Subject:
        """The actor's own when the person is in a class of theirs."""
        async for row in every_row(self._store, CLASSES, Selection(terms={"teacher": actor.account_id})):
            if person_id in row.value.roster:
                return Subject(teacher_id=actor.account_id)
        return NOTHING_IN_PARTICULAR

    async def subject_of_schedule(self, schedule_id: str) -> Subject:
        found = await self._store.load(SCHEDULES, schedule_id)
        return NOTHING_IN_PARTICULAR if found is None else await self.subject_of_class(found.value.class_id)
