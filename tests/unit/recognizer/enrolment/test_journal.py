import stat
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from recognizer.enrolment.journal import Deed, Journal, Message
from recognizer.enrolment.requests import Consent, Profile
from recognizer.errors import JournalUnavailable
from shared.clock import Clock

ALICE = Message("101", "Alice", Profile(email="alice@example.org"), Consent("2026-1", "paper"))
BOB = Message("102", "Bob", Profile(), None)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "state" / "enrolment.db"


@pytest.fixture
def journal(file: Path, clock: Clock) -> Iterator[Journal]:
    opened = Journal(file, clock=clock)
    yield opened
    opened.close()


async def test_messages_outlive_the_process_and_keep_their_order(journal: Journal, file: Path, clock: Clock) -> None:
    await journal.keep(ALICE)
    await journal.keep(BOB)
    journal.close()
    again = Journal(file, clock=clock)
    try:
        assert [kept.message for kept in await again.waiting(10)] == [ALICE, BOB]
    finally:
        again.close()


async def test_what_was_delivered_or_refused_does_not_wait_any_more(journal: Journal) -> None:
    alice, bob = await journal.keep(ALICE), await journal.keep(BOB)
    await journal.drop(alice)
    await journal.refuse(bob, "the logger answered 422")
    assert await journal.waiting(10) == []
    assert journal.read_refused() == [("102", "the logger answered 422")]


async def test_deeds_say_who_did_what_when_and_to_whom(journal: Journal) -> None:
    await journal.note(Deed.DUPLICATE_ALLOWED, "101", by="key-1", other_id="102")
    [entry] = journal.read_deeds()
    assert (entry.deed, entry.person_id, entry.other_id, entry.by) == (Deed.DUPLICATE_ALLOWED, "101", "102", "key-1")
    assert entry.at == datetime(2026, 3, 2, 8, 0, tzinfo=UTC)


async def test_who_is_forgotten_is_a_pseudonym_in_every_deed_and_in_no_message(journal: Journal, file: Path) -> None:
    await journal.keep(ALICE)
    await journal.keep(BOB)
    await journal.note(Deed.ENROLLED, "101", by="key-1")
    await journal.note(Deed.DUPLICATE_ALLOWED, "102", by="key-1", other_id="101")
    assert await journal.forget("101", pseudonym="p-1") == 1
    assert [kept.message for kept in await journal.waiting(10)] == [BOB]
    assert [(entry.person_id, entry.other_id) for entry in journal.read_deeds()] == [("102", "p-1"), ("p-1", None)]
    journal.close()
    assert b"alice@example.org" not in b"".join(each.read_bytes() for each in file.parent.iterdir())


async def test_only_its_owner_may_read_it(journal: Journal, file: Path) -> None:
    await journal.keep(ALICE)
    assert {stat.S_IMODE(each.stat().st_mode) for each in file.parent.iterdir()} == {0o600}


def test_a_journal_that_cannot_be_opened_says_so(tmp_path: Path, clock: Clock) -> None:
    (tmp_path / "state").write_text("a file where the folder should be")
    with pytest.raises(JournalUnavailable):
        Journal(tmp_path / "state" / "enrolment.db", clock=clock)


async def test_a_journal_that_is_closed_says_so(journal: Journal) -> None:
    journal.close()
    with pytest.raises(JournalUnavailable):
        await journal.keep(ALICE)
