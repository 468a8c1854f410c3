import sqlite3
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol

import pytest

from recognizer.errors import OutboxFull, OutboxUnavailable
from recognizer.outbox import EntryState, Outbox
from shared.clock import Clock
from shared.contracts.events import EventResult, Outcome, RecognitionEvent


class MovableClock(Clock, Protocol):
    def pass_s(self, seconds: float) -> None: ...


Make = Callable[[str], RecognitionEvent]
LEASE_S = 15.0


@pytest.fixture
def open_outbox(tmp_path: Path, clock: Clock) -> Iterator[Callable[[str], Outbox]]:
    opened: list[Outbox] = []

    def open_as(owner: str) -> Outbox:
        opened.append(Outbox(tmp_path / "outbox.db", clock=clock, owner=owner, lease_s=LEASE_S, max_pending=3))
        return opened[-1]

    yield open_as
    for outbox in opened:
        outbox.close()


@pytest.fixture
def outbox(open_outbox: Callable[[str], Outbox]) -> Outbox:
    return open_outbox("first")


def delivered(event: RecognitionEvent) -> EventResult:
    return EventResult(event_id=event.event_id, outcome=Outcome.RECORDED)


def rejected(event: RecognitionEvent) -> EventResult:
    return EventResult(event_id=event.event_id, outcome=Outcome.REJECTED, detail="another body")


async def test_what_was_appended_outlives_the_process(
    open_outbox: Callable[[str], Outbox], make_event: Make, tmp_path: Path
) -> None:
    event = make_event("1")
    await open_outbox("first").append(event, lease=False)
    copy = tmp_path / "after-the-kill.db"  # what the disk holds at this moment, with nothing closed or checkpointed
    for suffix in ("", "-wal"):
        Path(f"{copy}{suffix}").write_bytes((tmp_path / f"outbox.db{suffix}").read_bytes())
    row = sqlite3.connect(copy).execute("SELECT event_id, state FROM outbox").fetchone()
    assert row == (str(event.event_id), "pending")


async def test_a_leased_event_is_not_given_to_another_publisher(
    open_outbox: Callable[[str], Outbox], make_event: Make
) -> None:
    first, second = open_outbox("first"), open_outbox("second")
    await first.append(make_event("1"), lease=True)
    free = make_event("2")
    await first.append(free, lease=False)
    assert await second.claim(10) == [free]
    assert await first.claim(10) == []


async def test_a_lease_ends_by_itself(
    open_outbox: Callable[[str], Outbox], make_event: Make, clock: MovableClock
) -> None:
    first, second = open_outbox("first"), open_outbox("second")
    event = make_event("1")
    await first.append(event, lease=True)
    clock.pass_s(LEASE_S + 1)
    assert await second.claim(10) == [event]


async def test_a_clock_set_back_an_hour_locks_nothing_up(outbox: Outbox, make_event: Make, clock: MovableClock) -> None:
    event = make_event("1")
    await outbox.append(event, lease=True)
    clock.pass_s(-3600)
    assert await outbox.claim(10) == [event]


async def test_released_events_can_be_claimed_again_oldest_first(outbox: Outbox, make_event: Make) -> None:
    events = [make_event(str(number)) for number in range(3)]
    for event in events:
        await outbox.append(event, lease=True)
    await outbox.release([event.event_id for event in reversed(events)])
    assert await outbox.claim(2) == events[:2]
    assert await outbox.claim(2) == events[2:]


async def test_a_repeated_event_id_gets_the_first_answer_and_is_not_sent_again(
    outbox: Outbox, make_event: Make
) -> None:
    event = make_event("1")
    assert (await outbox.append(event, lease=True)).fresh
    await outbox.settle([delivered(event)])
    repeat = await outbox.append(event.model_copy(update={"distance": 0.2}), lease=True)
    assert not repeat.fresh
    assert repeat.state is EntryState.DELIVERED
    assert repeat.answer == delivered(event)
    assert repeat.event == event
    assert (await outbox.counts()).pending == 0


async def test_rejected_events_are_kept_counted_and_can_be_sent_again(outbox: Outbox, make_event: Make) -> None:
    event = make_event("1")
    await outbox.append(event, lease=True)
    await outbox.settle([rejected(event)])
    letters = await outbox.dead_letters()
    assert [(letter.event, letter.reason) for letter in letters] == [(event, "another body")]
    assert await outbox.claim(10) == []
    assert await outbox.revive() == 1
    assert await outbox.claim(10) == [event]


async def test_a_full_outbox_refuses_and_keeps_what_it_has(outbox: Outbox, make_event: Make) -> None:
    events = [make_event(str(number)) for number in range(3)]
    for event in events:
        await outbox.append(event, lease=False)
    with pytest.raises(OutboxFull):
        await outbox.append(make_event("4"), lease=False)
    with pytest.raises(OutboxFull):
        await outbox.check()
    await outbox.settle([delivered(events[0])])
    assert (await outbox.append(make_event("4"), lease=False)).fresh


async def test_delivered_events_are_forgotten_after_a_day(
    outbox: Outbox, make_event: Make, clock: MovableClock
) -> None:
    old = make_event("1")
    await outbox.append(old, lease=True)
    await outbox.settle([delivered(old)])
    clock.pass_s(25 * 3600)
    await outbox.append(make_event("2"), lease=False)
    assert (await outbox.append(old, lease=False)).fresh


async def test_an_unwritable_outbox_says_so(tmp_path: Path, clock: Clock) -> None:
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(OutboxUnavailable):
        Outbox(tmp_path / "file" / "outbox.db", clock=clock, owner="a", lease_s=1, max_pending=1)


async def test_a_file_that_is_no_database_says_so(tmp_path: Path, clock: Clock) -> None:
    (tmp_path / "outbox.db").write_bytes(b"garbage" * 1000)
    with pytest.raises(OutboxUnavailable):
        Outbox(tmp_path / "outbox.db", clock=clock, owner="a", lease_s=1, max_pending=1)


async def test_nobody_but_the_owner_may_read_it(outbox: Outbox, make_event: Make, tmp_path: Path) -> None:
    await outbox.append(make_event("1"), lease=False)
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.glob("outbox.db*")}
    assert modes == {"outbox.db": 0o600, "outbox.db-wal": 0o600, "outbox.db-shm": 0o600}
