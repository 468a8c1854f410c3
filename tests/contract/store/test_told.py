"""What clients were told against what each store has."""

from collections.abc import Callable
from uuid import UUID, uuid4

from logger.domain.sightings import Sighting
from logger.services.told import Told, compare
from logger.store.base import Store

See = Callable[..., Sighting]


def told(*sightings: Sighting, safe: bool = True) -> dict[UUID, Told]:
    return {one.event_id: Told(event_id=one.event_id, person_id=one.person_id, safe=safe) for one in sightings}


async def test_what_is_stored_as_it_was_told_is_kept(store: Store, see: See) -> None:
    sightings = [see(str(number)) for number in range(5)]
    await store.record(sightings)
    comparison = await compare(store, told(*sightings), page=2)
    assert (comparison.kept, comparison.safe, comparison.unasked) == (True, 5, 0)


async def test_what_was_told_and_is_not_there_is_missing(store: Store, see: See) -> None:
    kept, lost = see(), see()
    await store.record([kept])
    comparison = await compare(store, told(kept, lost))
    assert (comparison.kept, comparison.missing) == (False, [lost.event_id])


async def test_another_person_under_the_same_event_is_not_what_was_told(store: Store, see: See) -> None:
    sighting = see("101")
    await store.record([sighting])
    wrong = Told(event_id=sighting.event_id, person_id="102")
    comparison = await compare(store, {sighting.event_id: wrong})
    assert (comparison.kept, comparison.misnamed) == (False, [sighting.event_id])


async def test_what_was_asked_without_an_answer_may_be_there_or_not(store: Store, see: See) -> None:
    arrived, never_arrived = see(), see()
    await store.record([arrived])
    comparison = await compare(store, told(arrived, never_arrived, safe=False))
    assert (comparison.kept, comparison.safe, comparison.unasked) == (True, 0, 0)


async def test_an_event_that_nobody_asked_for_is_counted(store: Store, see: See) -> None:
    await store.record([see()])
    assert (await compare(store, {uuid4(): Told(event_id=uuid4(), person_id="1", safe=False)})).unasked == 1
