"""Marks are kept whole and counted alike, the same on every store."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest

from logger.domain.kept_marks import KeptMark, counted_from_texts, first_place, last_place
from logger.domain.marking import Basis, Correction, Facts, Mark
from logger.domain.policy import DEFAULT_STATUSES
from logger.store.base import Store
from logger.store.kinds import MARKS
from logger.store.tables import NEW, Selection

AT = datetime(2026, 3, 2, 8, tzinfo=UTC)
PRESENT, LATE, ABSENT, _ = DEFAULT_STATUSES


def kept(session: int, person_id: str, status: int | None, class_id: str = "c1") -> KeptMark:
    starts_at = AT + timedelta(days=session)
    mark = None
    if status is not None:
        mark = Mark(f"s{session}", person_id, list(DEFAULT_STATUSES)[status], Basis.SIGHTING, starts_at)
    return KeptMark(f"s{session}", person_id, class_id, starts_at.date(), starts_at, Facts(), mark)


async def test_a_mark_is_read_back_with_all_its_facts(store: Store) -> None:
    word = Correction(UUID(int=1), "late", "Bus", "t1", AT)
    facts = Facts(AT, (word,), frozenset({UUID(int=2)}))
    whole = replace(kept(0, "101/a", 1), facts=facts)
    await store.save(MARKS, whole, NEW)
    row = await store.load(MARKS, whole.key)
    assert row is not None
    assert row.value == whole


async def test_marks_are_counted_by_what_a_report_counts(store: Store) -> None:
    marks = [kept(session, person, session % 3) for session in range(6) for person in ("101", "102")]
    marks += [kept(7, "101", None), kept(0, "103", 0, "c2"), kept(40, "101", 0)]
    await store.save_many(MARKS, marks)
    of_class = Selection(
        terms={"class": "c1"}, first=first_place(date(2026, 3, 1)), last=last_place(date(2026, 3, 31)), limit=1
    )
    found = await store.tally(MARKS, "counted", of_class)
    counted = counted_from_texts(found)
    assert {(one.person_id, one.status, one.times) for one in counted} == {
        (person, status, 2) for person in ("101", "102") for status in (PRESENT, LATE, ABSENT)
    }
    assert {(one.class_id, one.local_date) for one in counted} == {("c1", date(2026, 3, 1))}
    everything = await store.tally(MARKS, "counted", Selection())
    assert sum(everything.values()) == 14
    with pytest.raises(ValueError, match="has no term"):
        await store.tally(MARKS, "counted", Selection(terms={"shoe": "9"}))
