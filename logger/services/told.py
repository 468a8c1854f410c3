"""What clients were told, held against what is stored."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from uuid import UUID

from logger.domain.sightings import Sighting
from logger.store.base import AttendanceStore, EventFilter
from shared.contracts.base import Identifier, WireModel

_PAGE = 1_000


class Told(WireModel):
    """One event that a client has asked for. `safe` once it was told that the event is kept, `delivered` or `queued`;
    before that the event may be there or not."""

    event_id: UUID
    person_id: Identifier
    safe: bool = True


@dataclass(slots=True)
class Comparison:
    """`missing` and `misnamed` are events that a client was told are safe. `unasked` are stored and nobody speaks of
    them: other clients', when the file is not everybody's."""

    safe: int
    missing: list[UUID] = field(default_factory=list)  # not stored
    misnamed: list[UUID] = field(default_factory=list)  # stored with another person
    unasked: int = 0

    @property
    def kept(self) -> bool:
        return not self.missing and not self.misnamed


async def compare(store: AttendanceStore, told: Mapping[UUID, Told], *, page: int = _PAGE) -> Comparison:
    """Reads every event that is stored, `page` at a time. What retention has removed is missing, and whoever was erased
    is misnamed. Raises StoreUnavailable."""
    awaited = {event_id: one.person_id for event_id, one in told.items() if one.safe}
    comparison = Comparison(safe=len(awaited))
    async for sighting in _stored(store, page):
        comparison.unasked += sighting.event_id not in told
        if awaited.pop(sighting.event_id, sighting.person_id) != sighting.person_id:
            comparison.misnamed.append(sighting.event_id)
    comparison.missing = list(awaited)
    return comparison


async def _stored(store: AttendanceStore, limit: int) -> AsyncIterator[Sighting]:
    position, more = None, True
    while more:
        page = await store.events_page(EventFilter(), after=position, limit=limit)
        for logged in page.items:
            yield logged.sighting
        position, more = page.next, page.next is not None
