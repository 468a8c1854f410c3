"""Being present by PIN or QR code: judged by the same rules as being recognized."""

import hashlib
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from uuid import UUID, uuid4

from logger.domain.accounts import Actor, LockOut
from logger.domain.people import PersonProfile
from logger.domain.presence import ReadCode, read_code
from logger.domain.sightings import body_digest
from logger.services.guessing import GuessLimit
from logger.services.ingest import IngestService
from logger.services.presence_codes import PresenceCodesService
from logger.store.kinds import PEOPLE, ROOMS
from logger.store.tables import RowStore
from shared.clock import Clock
from shared.contracts.events import EventResult, Outcome, RecognitionEvent
from shared.contracts.presence import PresenceAnswer, ShownCode

# A door where a whole school types: a slip now and then is no guess, and a right code forgives no wrong ones, since
# the guesser may have one. At this pace one of 2,000 PINs of eight digits is found in some weeks of guessing.
RULE = LockOut(
    free=20,
    first_wait=timedelta(seconds=10),
    longest_wait=timedelta(minutes=5),
    forgotten_after=timedelta(minutes=15),
)
_NOBODYS = "this code is nobody's"
# A repeat of the same code is the same event, whenever it comes.
_digest = partial(body_digest, without=frozenset({"captured_at"}))


class PresenceService:
    def __init__(
        self,
        store: RowStore,
        codes: PresenceCodesService,
        ingest: IngestService,
        clock: Clock,
        *,
        new_event_id: Callable[[], UUID] = uuid4,
    ) -> None:
        self._store = store
        self._codes = codes
        self._ingest = ingest
        self._clock = clock
        self._limit = GuessLimit(store, clock, RULE)
        self._new_event_id = new_event_id

    async def show(self, shown: ShownCode, *, by: Actor) -> PresenceAnswer:
        """In the session that is named, or else where a sighting by that camera, or in the device's room, belongs.
        Sending it again with its event_id is safe. Raises TooManyAttempts after wrong codes, SignInBusy,
        StoreUnavailable."""
        event_id = shown.event_id or self._new_event_id()
        guess = hashlib.sha256(f"presence\0{by.account_id}".encode()).hexdigest()
        counted_at = await self._limit.count(guess)
        code = read_code(shown.code)
        person = None if code is None else await self._whose(code)
        if code is None or person is None:
            return PresenceAnswer(event_id=event_id, outcome=Outcome.REJECTED, detail=_NOBODYS)
        await self._limit.take_back(guess, counted_at)
        source = shown.source if by.room is None or shown.source else await self._camera_in(by.room)
        event = self._event(event_id, person, code, source)
        results = await self._ingest.ingest([event], code.method, session_id=shown.session_id, digest=_digest)
        return _answer(results.results[0], person, code)

    async def _whose(self, code: ReadCode) -> PersonProfile | None:
        """None also for who is not active any more."""
        kept = await self._codes.find(code)
        row = None if kept is None else await self._store.load(PEOPLE, kept.person_id)
        return row.value if row is not None and row.value.active else None

    async def _camera_in(self, room: str) -> str:
        """By which sightings belong to the sessions there."""
        row = await self._store.load(ROOMS, room)
        return room if row is None else min(row.value.sources, default=room)

    def _event(self, event_id: UUID, person: PersonProfile, code: ReadCode, source: str | None) -> RecognitionEvent:
        return RecognitionEvent(
            event_id=event_id,
            person_id=person.person_id,
            person=person.label,
            name=person.name,
            distance=0,
            similarity=1,
            threshold=0,
            engine=code.method.value,
            source=source,
            captured_at=self._clock.now(),
        )


def _answer(result: EventResult, person: PersonProfile, code: ReadCode) -> PresenceAnswer:
    return PresenceAnswer(
        event_id=result.event_id,
        outcome=result.outcome,
        method=code.method,
        person_id=person.person_id,
        name=person.name,
        status=result.status,
        session_id=result.session_id,
        first_seen=result.first_seen,
        detail=result.detail,
    )
