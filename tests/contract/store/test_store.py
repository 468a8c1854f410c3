"""What every store promises: each event once, one record for a person in a scope, whatever happens on the way."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import count
from typing import Any, TypeVar
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from logger.domain.attendance import Attendance, AttendanceKey, rebuild
from logger.domain.sessions import Session
from logger.domain.sightings import LoggedSighting, Sighting
from logger.store.base import (
    Acknowledgement,
    AttendanceFilter,
    EventFilter,
    Page,
    Position,
    Recorded,
    Store,
    StoredKey,
)
from logger.store.kinds import SESSIONS
from shared.contracts.attendance import Method
from shared.contracts.events import AttendanceStatus, Outcome
from shared.security import Scope, new_key, new_secret

NOON = datetime(2025, 3, 3, 12, 0, tzinfo=UTC)
TODAY = AttendanceKey("day:2025-03-03", "101")
See = Callable[..., Sighting]
Item = TypeVar("Item")


async def attendance(store: Store, **where: Any) -> list[Attendance]:
    return (await store.attendance_page(AttendanceFilter(**where), after=None, limit=1000)).items


async def events(store: Store, **where: Any) -> list[LoggedSighting]:
    return (await store.events_page(EventFilter(**where), after=None, limit=1000)).items


def outcomes(recorded: list[Recorded]) -> list[Outcome]:
    return [one.outcome for one in recorded]


async def test_the_first_sighting_makes_the_record_and_the_next_extends_it(store: Store, see: See) -> None:
    first, second = see(), see(after_s=60)
    assert await store.record([first]) == [Recorded(Outcome.RECORDED, AttendanceStatus.PRESENT, None, NOON)]
    assert await store.record([second]) == [Recorded(Outcome.ALREADY_MARKED, AttendanceStatus.PRESENT, None, NOON)]
    assert await attendance(store) == [rebuild([first, second], None)]


async def test_an_event_is_kept_exactly_as_it_came_to_the_microsecond(store: Store, see: See) -> None:
    exact = replace(see(after_s=0.000001), liveness=0.1 + 0.2, source=None, name="Zoë 👩‍🏫")
    await store.record([exact])
    assert await events(store) == [LoggedSighting(exact, Outcome.RECORDED)]


async def test_an_event_that_comes_again_is_a_duplicate_and_counts_once(store: Store, see: See) -> None:
    sighting = see()
    await store.record([sighting])
    again = replace(sighting, received_at=NOON + timedelta(hours=1))
    assert await store.record([again]) == [Recorded(Outcome.DUPLICATE, AttendanceStatus.PRESENT, None, NOON)]
    assert [record.events for record in await attendance(store)] == [1]
    assert await events(store) == [LoggedSighting(sighting, Outcome.RECORDED)]


async def test_the_same_event_id_with_another_body_is_rejected_and_changes_nothing(store: Store, see: See) -> None:
    sighting = see()
    await store.record([sighting])
    forged = see("999", 3600, event_id=sighting.event_id, body="another")
    assert await store.record([forged]) == [Recorded(Outcome.REJECTED)]
    assert await attendance(store) == [rebuild([sighting], None)]


async def test_a_batch_answers_in_order_and_sees_its_own_repetitions(store: Store, see: See) -> None:
    known, first, other = see("1"), see("2"), see("3")
    await store.record([known])
    batch = [
        first,
        replace(known, digest="another body"),
        first,
        replace(first, digest="another body"),
        see("2", 5),
        other,
        known,
    ]
    assert outcomes(await store.record(batch)) == [
        Outcome.RECORDED,
        Outcome.REJECTED,
        Outcome.DUPLICATE,
        Outcome.REJECTED,
        Outcome.ALREADY_MARKED,
        Outcome.RECORDED,
        Outcome.DUPLICATE,
    ]
    assert {record.key.person_id: record.events for record in await attendance(store)} == {"1": 1, "2": 2, "3": 1}


async def test_fifty_copies_at_once_make_one_event_and_one_record(store: Store, see: See) -> None:
    sighting = see()
    answers = await asyncio.gather(*(store.record([sighting]) for _ in range(50)))
    assert Counter(answer[0].outcome for answer in answers) == {Outcome.RECORDED: 1, Outcome.DUPLICATE: 49}
    assert await attendance(store) == [rebuild([sighting], None)]
    assert len(await events(store)) == 1


async def test_fifty_sightings_of_one_person_at_once_make_one_record_of_fifty_events(store: Store, see: See) -> None:
    sightings = [see(after_s=number % 7) for number in range(50)]
    answers = await asyncio.gather(*(store.record([sighting]) for sighting in sightings))
    assert Counter(answer[0].outcome for answer in answers) == {Outcome.RECORDED: 1, Outcome.ALREADY_MARKED: 49}
    assert await attendance(store) == [rebuild(sightings, None)]


async def test_two_loggers_on_one_store_keep_each_event_once_and_agree_on_the_record(
    store: Store, other_store: Store, see: See
) -> None:
    sightings = [see(after_s=number % 3) for number in range(12)]
    calls = [one.record([sighting]) for sighting in sightings for one in (store, other_store)]
    answers = await asyncio.gather(*calls)
    assert Counter(answer[0].outcome for answer in answers) == {
        Outcome.RECORDED: 1,
        Outcome.ALREADY_MARKED: 11,
        Outcome.DUPLICATE: 12,
    }
    assert await attendance(other_store) == [rebuild(sightings, None)]


async def test_a_record_is_found_by_its_id(store: Store, see: See) -> None:
    sighting = see()
    await store.record([sighting, see("102")])
    assert await store.attendance_of(sighting.record_id) == rebuild([sighting], None)
    assert await store.attendance_of("another") is None


async def test_deliveries_out_of_order_end_in_the_record_that_order_would_have_made(store: Store, see: See) -> None:
    middle = see(after_s=60, source="gate")
    late_first = see(after_s=-0.000001, source="door", method=Method.CLIENT)
    last = see(after_s=120, source="exit")
    tie = see(after_s=120, source="exit")
    for sighting in (last, middle, tie, late_first, middle):
        await store.record([sighting])
    assert await attendance(store) == [rebuild([late_first, middle, last, tie], None)]


people = count(1)


@given(data=st.data())
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_any_order_multiplicity_and_batching_of_the_same_events_ends_in_the_same_record(
    store: Store, see: See, data: st.DataObject
) -> None:
    number = next(people)
    person = str(number)
    drawn = data.draw(
        st.lists(
            st.tuples(st.integers(0, 99), st.integers(-2, 2), st.sampled_from("abc"), st.sampled_from(Method)),
            min_size=1,
            unique_by=lambda one: one[0],
        )
    )
    sightings = [
        see(person, after_s, event_id=UUID(int=(number << 64) + low), source=source, method=method)
        for low, after_s, source, method in drawn
    ]
    again = data.draw(st.lists(st.sampled_from(sightings), max_size=6))
    deliveries = data.draw(st.permutations(sightings + again))
    while deliveries:
        size = data.draw(st.integers(1, len(deliveries)))
        await store.record(deliveries[:size])
        deliveries = deliveries[size:]
    assert await attendance(store, person_id=person) == [rebuild(sightings, None)]


async def test_sightings_of_one_instant_agree_on_the_first_in_either_order(store: Store, see: See) -> None:
    lower, higher = see("1", source="a", event_id=UUID(int=1)), see("1", source="b", event_id=UUID(int=2**127))
    await store.record([higher])
    await store.record([lower])
    assert await attendance(store) == [rebuild([lower, higher], None)]


async def test_people_days_and_sessions_each_have_a_record_of_their_own(store: Store, see: See) -> None:
    tomorrow = date(2025, 3, 4)
    batch = [see("1"), see("2"), see("1", day=tomorrow), see("1", session_id="maths"), see("1", session_id="art")]
    assert outcomes(await store.record(batch)) == [Outcome.RECORDED] * 5
    keys = {record.key for record in await attendance(store)}
    assert keys == {sighting.key for sighting in batch}


async def test_each_event_is_listed_with_the_outcome_it_was_answered(store: Store, see: See) -> None:
    first, second = see(), see(after_s=1)
    await store.record([first, second])
    await store.record([first])
    assert await events(store) == [
        LoggedSighting(second, Outcome.ALREADY_MARKED),
        LoggedSighting(first, Outcome.RECORDED),
    ]


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ({}, {"1", "2", "3", "4"}),
        ({"person_id": "2"}, {"2"}),
        ({"session_id": "maths"}, {"3"}),
        ({"scope": "session:maths"}, {"3"}),
        ({"scope": "day:2025-03-04"}, {"2"}),
        ({"scope": "day:2025-03-05"}, set()),
        ({"method": Method.CLIENT}, {"4"}),
        ({"status": AttendanceStatus.PRESENT}, {"1", "2", "3", "4"}),
        ({"status": AttendanceStatus.LATE}, set()),
        ({"first_date": date(2025, 3, 4)}, {"2", "3"}),
        ({"last_date": date(2025, 3, 4)}, {"1", "2", "4"}),
        ({"first_date": date(2025, 3, 4), "last_date": date(2025, 3, 4)}, {"2"}),
        ({"first_date": date(2025, 3, 4), "person_id": "1"}, set()),
    ],
)
async def test_attendance_filters_narrow_the_list(
    store: Store, see: See, where: dict[str, Any], expected: set[str]
) -> None:
    await store.record(
        [
            see("1"),
            see("2", day=date(2025, 3, 4)),
            see("3", day=date(2025, 3, 5), session_id="maths"),
            see("4", method=Method.CLIENT),
        ]
    )
    assert {record.key.person_id for record in await attendance(store, **where)} == expected


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ({}, {1, 2, 3, 4}),
        ({"person_id": "7"}, {1, 2}),
        ({"source": "gate"}, {2}),
        ({"outcome": Outcome.ALREADY_MARKED}, {2}),
        ({"outcome": Outcome.RECORDED}, {1, 3, 4}),
        ({"first_date": date(2025, 3, 4)}, {3}),
        ({"last_date": date(2025, 3, 3)}, {1, 2, 4}),
    ],
)
async def test_event_filters_narrow_the_list(store: Store, see: See, where: dict[str, Any], expected: set[int]) -> None:
    await store.record([see("7"), see("7", source="gate"), see("8", day=date(2025, 3, 4)), see("9", source=None)])
    assert {logged.sighting.event_id.int for logged in await events(store, **where)} == expected


async def walk(
    read: Callable[[Position | None], Awaitable[Page[Item]]], between: Callable[[], Awaitable[object]]
) -> list[Item]:
    """Every page's items, with something happening after each page."""
    items: list[Item] = []
    after: Position | None = None
    for _ in range(20):
        page = await read(after)
        items += page.items
        if page.next is None:
            return items
        after = page.next
        await between()
    raise AssertionError("the pages never end")


async def test_pages_of_events_neither_repeat_nor_skip_while_others_arrive(store: Store, see: See) -> None:
    there = [see(after_s=number // 3) for number in range(11)]  # instants repeat, so ids must decide
    await store.record(there)
    walked = await walk(
        lambda after: store.events_page(EventFilter(), after=after, limit=2),
        lambda: store.record([see(after_s=3600)]),
    )
    newest_first = sorted(there, key=lambda it: (it.captured_at, str(it.event_id)), reverse=True)
    assert [logged.sighting for logged in walked] == newest_first


async def test_pages_of_attendance_neither_repeat_nor_skip_while_others_arrive(store: Store, see: See) -> None:
    there = [see(str(number), number * 0.000001) for number in range(7)]  # one microsecond apart
    await store.record(there)

    async def arrive() -> None:
        await store.record([see(f"new {see().event_id}", 3600)])
        await store.record([see("3", 7200)])  # a longer stay does not move a record

    walked = await walk(lambda after: store.attendance_page(AttendanceFilter(), after=after, limit=2), arrive)
    assert [record.key.person_id for record in walked] == ["6", "5", "4", "3", "2", "1", "0"]


async def test_pages_of_a_filtered_list_hold_nothing_else(store: Store, see: See) -> None:
    await store.record([see(str(number % 2), number // 4) for number in range(12)])
    where = EventFilter(person_id="1", first_date=date(2025, 3, 3))
    walked = await walk(
        lambda after: store.events_page(where, after=after, limit=2), lambda: store.record([see("0", 3600)])
    )
    assert [logged.sighting.person_id for logged in walked] == ["1"] * 6
    assert len({logged.sighting.event_id for logged in walked}) == 6


async def test_an_earlier_sighting_of_one_person_leaves_the_others_alone(store: Store, see: See) -> None:
    """The instants and ids are such that a condition on them alone would pick the wrong record."""
    await store.record([see("1", 0, event_id=UUID(int=9))])
    await store.record([see("2", 5, event_id=UUID(int=8))])
    await store.record([see("2", 0, event_id=UUID(int=7))])
    first_events = {record.key.person_id: record.first_event.int for record in await attendance(store)}
    assert first_events == {"1": 9, "2": 7}


async def test_a_last_page_that_is_just_full_leads_nowhere(store: Store, see: See) -> None:
    await store.record([see("1"), see("2")])
    assert (await store.attendance_page(AttendanceFilter(), after=None, limit=2)).next is None
    assert (await store.events_page(EventFilter(), after=None, limit=1)).next is not None


async def test_nobody_who_was_not_seen_is_acknowledged(store: Store) -> None:
    assert await store.acknowledge(TODAY, seen_since=NOON, at=NOON) is Acknowledgement.ABSENT


async def test_a_sighting_is_acknowledged_once(store: Store, see: See) -> None:
    sighting = see()
    await store.record([sighting])
    assert await store.acknowledge(TODAY, seen_since=NOON, at=NOON) is Acknowledgement.FIRST
    assert await store.acknowledge(TODAY, seen_since=NOON, at=NOON) is Acknowledgement.AGAIN
    await store.record([see(after_s=30)])
    assert [record.acknowledged_at for record in await attendance(store)] == [NOON]


async def test_an_old_sighting_is_not_acknowledged_until_there_is_a_new_one(store: Store, see: See) -> None:
    await store.record([see()])
    soon = NOON + timedelta(microseconds=1)
    assert await store.acknowledge(TODAY, seen_since=soon, at=soon) is Acknowledgement.AGAIN
    await store.record([see(after_s=0.000001)])
    assert await store.acknowledge(TODAY, seen_since=soon, at=soon) is Acknowledgement.FIRST


async def test_of_fifty_acknowledgements_at_once_one_is_the_first(store: Store, see: See) -> None:
    await store.record([see()])
    answers = await asyncio.gather(*(store.acknowledge(TODAY, seen_since=NOON, at=NOON) for _ in range(50)))
    assert Counter(answers) == {Acknowledgement.FIRST: 1, Acknowledgement.AGAIN: 49}


async def test_an_event_cannot_be_stored_twice_even_past_the_store(store: Store, backdoor: Any, see: See) -> None:
    await store.record([see()])
    with pytest.raises(Exception, match=r"(?i)unique|duplicate"):
        await backdoor.copy_event()


async def test_a_person_cannot_have_two_records_in_a_scope_even_past_the_store(
    store: Store, backdoor: Any, see: See
) -> None:
    await store.record([see()])
    with pytest.raises(Exception, match=r"(?i)unique|duplicate"):
        await backdoor.copy_attendance()


async def test_reconciling_what_is_right_repairs_nothing(store: Store, see: See) -> None:
    await store.record([see("1"), see("1", 5), see("2")])
    report = await store.reconcile()
    assert (report.events, report.attendance, report.repaired) == (3, 2, 0)


async def test_reconciling_brings_back_a_record_that_was_lost(store: Store, backdoor: Any, see: See) -> None:
    sightings = [see(after_s=30, source="gate"), see(), see(after_s=60)]
    await store.record(sightings)
    await backdoor.forget_attendance()
    report = await store.reconcile()
    assert (report.events, report.attendance, report.repaired) == (3, 1, 1)
    assert await attendance(store) == [rebuild(sightings, None)]
    assert (await store.reconcile()).repaired == 0


async def test_reconciling_catches_a_record_up_and_keeps_what_events_do_not_decide(
    store: Store, backdoor: Any, see: See
) -> None:
    sightings = [see(), see(after_s=60)]
    await store.record(sightings)
    await store.acknowledge(TODAY, seen_since=NOON, at=NOON)
    await backdoor.set_last_seen_back()
    assert (await store.reconcile()).repaired == 1
    assert await attendance(store) == [replace(rebuild(sightings, None), acknowledged_at=NOON)]


@pytest.mark.parametrize("outcome", [Outcome.OUTSIDE_SESSION, Outcome.NOT_ON_ROSTER])
async def test_what_is_not_counted_is_kept_as_an_event_and_makes_no_record(
    store: Store, see: See, outcome: Outcome
) -> None:
    counted, not_counted = see("1", session_id="maths"), see("2", 5, session_id="maths", not_counted=outcome)
    forged = replace(not_counted, digest="another body")
    assert await store.record([counted, not_counted, not_counted, forged]) == [
        Recorded(Outcome.RECORDED, AttendanceStatus.PRESENT, "maths", NOON),
        Recorded(outcome, session_id="maths"),
        Recorded(Outcome.DUPLICATE),
        Recorded(Outcome.REJECTED),
    ]
    assert await store.record([not_counted]) == [Recorded(Outcome.DUPLICATE)]
    assert await attendance(store) == [rebuild([counted], None)]
    assert await events(store, outcome=outcome) == [LoggedSighting(not_counted, outcome)]
    report = await store.reconcile()
    assert (report.events, report.attendance, report.repaired) == (2, 1, 0)


async def test_an_event_that_was_not_counted_stays_so_when_it_is_sent_again_as_one_that_is(
    store: Store, see: See
) -> None:
    first = see("2", session_id="maths", not_counted=Outcome.NOT_ON_ROSTER)
    await store.record([first])
    assert await store.record([replace(first, not_counted=None)]) == [Recorded(Outcome.DUPLICATE)]
    assert await attendance(store) == []


async def test_a_status_that_was_set_stays_through_sightings_and_reconciling(
    store: Store, backdoor: Any, see: See
) -> None:
    first = see(session_id="maths")
    await store.set_status(first.key, AttendanceStatus.LATE)
    await store.record([first])
    await store.set_status(first.key, AttendanceStatus.LATE)
    again = see(after_s=-60, session_id="maths")
    assert [one.status for one in await store.record([again])] == [AttendanceStatus.LATE]
    await backdoor.set_last_seen_back()
    await store.reconcile()
    assert await attendance(store, status=AttendanceStatus.LATE) == [
        replace(rebuild([first, again], None), status=AttendanceStatus.LATE)
    ]


async def test_reconciling_an_empty_store_finds_nothing(store: Store) -> None:
    report = await store.reconcile()
    assert (report.events, report.attendance, report.repaired) == (0, 0, 0)


async def test_keys_are_kept_replaced_and_listed_in_the_order_they_were_made(store: Store) -> None:
    later = StoredKey(new_key(new_secret(), [Scope.ATTENDANCE_READ], "office"), NOON + timedelta(seconds=1))
    earlier = StoredKey(new_key(new_secret(), [Scope.EVENTS_WRITE, Scope.ATTENDANCE_READ], "recognizer"), NOON)
    await store.save_key(later)
    await store.save_key(earlier)
    assert await store.keys() == [earlier, later]
    revoked = replace(earlier, revoked_at=NOON + timedelta(days=1))
    await store.save_key(revoked)
    assert await store.keys() == [revoked, later]


async def test_preparing_again_keeps_what_is_there(store: Store, see: See) -> None:
    await store.record([see()])
    await store.prepare()
    await store.check()
    assert len(await events(store)) == 1


async def test_records_are_those_of_a_class_when_it_is_asked_for(store: Store, see: See) -> None:
    of_class = [Session(f"s{number}", f"c{number % 2}", NOON, NOON + timedelta(hours=1)) for number in range(4)]
    await store.save_many(SESSIONS, of_class)
    await store.record([see("101", number, session_id=f"s{number}") for number in range(4)] + [see("101", 9)])

    async def found(**where: Any) -> list[str | None]:
        return [one.session_id for one in await attendance(store, **where)]

    assert await found(class_id="c1") == ["s3", "s1"]
    assert await found(class_id="c0", first_date=NOON.date(), person_id="101") == ["s2", "s0"]
    assert await found(class_id="c0", session_id="s2") == ["s2"]
    assert await found(class_id="c0", session_id="s1") == []
    assert await found(class_id="c9") == []
