"""PINs and QR codes, the same on every store: made, found, replaced, guessed at; and being present by them."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from prometheus_client import CollectorRegistry

from logger.domain.accounts import Actor, Role
from logger.domain.audit import AuditAction, Deed
from logger.domain.classes import Room, SchoolClass
from logger.domain.people import PersonProfile
from logger.domain.presence import ReadCode
from logger.domain.sessions import Session, SessionState
from logger.errors import NotFound, TooManyAttempts
from logger.metrics import LoggerMetrics
from logger.services.audit import AuditService
from logger.services.classes import ClassesService
from logger.services.ingest import IngestService
from logger.services.live import LiveFeed
from logger.services.marks import MarksService
from logger.services.passwords import Argon2Passwords, Cost
from logger.services.personal_data import PersonalDataService
from logger.services.placement import Placement
from logger.services.presence import RULE, PresenceService
from logger.services.presence_codes import MadeCode, PresenceCodesService
from logger.services.recognizer import NoPhotoKeeper
from logger.services.trail import AuditTrail
from logger.store.base import AttendanceFilter, Store
from logger.store.kinds import CLASSES, PEOPLE, PRESENCE_CODES, ROOMS, SESSIONS
from logger.store.tables import ANY
from shared.clock import Clock
from shared.contracts.attendance import Method
from shared.contracts.events import AttendanceStatus, Outcome
from shared.contracts.presence import PresenceAnswer, ShownCode

SITE = ZoneInfo("Europe/Berlin")
DOOR = Actor("door-1", Role.DEVICE, room="A")
TEACHER = Actor("t1", Role.TEACHER)
WRONG = "1234"  # too short to be anybody's


@pytest.fixture
def passwords() -> Iterator[Argon2Passwords]:
    made = Argon2Passwords(Cost(memory_kib=8, passes=1))
    yield made
    made.close()


@pytest.fixture
async def codes(store: Store, passwords: Argon2Passwords, trail: AuditTrail, clock: Clock) -> PresenceCodesService:
    await store.save_many(PEOPLE, [PersonProfile(number, f"Name {number}") for number in ("101", "102", "900")])
    return PresenceCodesService(store, passwords, trail, clock)


@dataclass
class School:
    """A class of two in room A, whose session has begun a quarter of an hour ago, and another class's beside it."""

    store: Store
    clock: Clock
    codes: PresenceCodesService
    presence: PresenceService

    async def show(self, code: str, by: Actor = DOOR, **given: Any) -> PresenceAnswer:
        return await self.presence.show(ShownCode(code=code, **given), by=by)

    async def methods(self) -> list[Method]:
        page = await self.store.attendance_page(AttendanceFilter(), after=None, limit=10)
        return [record.method for record in page.items]


@pytest.fixture
async def school(store: Store, codes: PresenceCodesService, trail: AuditTrail, clock: Clock) -> School:
    await store.save(ROOMS, Room("A", frozenset({"cam-a"})), ANY)
    starts_at, ends_at = clock.now() - timedelta(minutes=15), clock.now() + timedelta(minutes=45)
    for key, room, roster in (("a", "A", {"101", "102"}), ("b", "B", {"101"})):
        await store.save(CLASSES, SchoolClass(key, key, "t1", SITE, frozenset(roster), room), ANY)
        session = Session(key, key, starts_at, ends_at, room, frozenset({f"cam-{key}"}), state=SessionState.ACTIVE)
        await store.save(SESSIONS, replace(session, started_at=starts_at, started_by="t1"), ANY)
    placement, feed = Placement(store, clock), LiveFeed()
    marks = MarksService(store, store, AuditService(store, clock), feed, site=SITE, clock=clock)
    metrics = LoggerMetrics(CollectorRegistry())
    ingest = IngestService(store, placement, marks, feed, site=SITE, clock=clock, metrics=metrics)
    return School(store, clock, codes, PresenceService(store, codes, ingest, clock))


async def whose(codes: PresenceCodesService, method: Method, digits: str) -> str | None:
    found = await codes.find(ReadCode(method, digits))
    return None if found is None else found.person_id


async def test_a_pin_and_a_qr_code_lead_to_their_person_and_are_kept_by_nobody(
    store: Store, codes: PresenceCodesService, deeds: list[Deed]
) -> None:
    made = await codes.make("101", by="admin")
    assert await whose(codes, Method.PIN, made.pin) == await whose(codes, Method.QR, made.qr) == "101"
    assert await whose(codes, Method.FACE, made.pin) is None
    row = await store.load(PRESENCE_CODES, "101")
    assert row is not None
    written = repr(PRESENCE_CODES.write(row.value)) + repr(deeds)
    assert made.pin not in written
    assert made.qr not in written
    assert [(one.action, one.subject) for one in deeds] == [(AuditAction.PRESENCE_CODE_MADE, "person:101")]


async def test_a_new_code_ends_the_one_before_and_a_revoked_one_is_nobodys(codes: PresenceCodesService) -> None:
    lost, new = await codes.make("101", by="admin"), await codes.make("101", by="admin")
    assert await whose(codes, Method.PIN, lost.pin) is None
    assert await whose(codes, Method.QR, lost.qr) is None
    await codes.revoke("101", by="admin")
    assert await whose(codes, Method.PIN, new.pin) is None
    assert await codes.of_person("101") is None
    with pytest.raises(NotFound):
        await codes.revoke("101", by="admin")
    with pytest.raises(NotFound):
        await codes.make("nobody", by="admin")


async def test_no_two_people_share_a_pin(
    store: Store, codes: PresenceCodesService, passwords: Argon2Passwords, trail: AuditTrail, clock: Clock
) -> None:
    drawn = iter([*"12", *"12", *"34"])
    short = PresenceCodesService(store, passwords, trail, clock, new_digits=lambda _: next(drawn))
    first, second = await short.make("101", by="admin"), await short.make("102", by="admin")
    assert [(one.pin, one.qr) for one in (first, second)] == [("1", "2"), ("3", "4")]


async def test_a_code_is_judged_as_a_recognition_is(school: School, forward: Callable[..., None]) -> None:
    made, guest = await school.codes.make("102", by="t1"), await school.codes.make("900", by="t1")
    answer = await school.show(f"{made.pin[:4]} {made.pin[4:]}")
    assert (answer.outcome, answer.status, answer.session_id) == (Outcome.RECORDED, AttendanceStatus.LATE, "a")
    assert (answer.name, answer.method) == ("Name 102", Method.PIN)
    forward(seconds=1)
    again = await school.show(made.qr)
    assert (again.outcome, again.method, again.first_seen) == (Outcome.ALREADY_MARKED, Method.QR, answer.first_seen)
    stranger = await school.show(guest.qr)
    assert (stranger.outcome, stranger.detail) == (Outcome.NOT_ON_ROSTER, "is not on the roster of this session")
    assert await school.methods() == [Method.PIN]


async def test_a_session_that_is_named_is_the_one_that_counts(school: School, forward: Callable[..., None]) -> None:
    made = await school.codes.make("101", by="t1")
    for session_id in ("a", "b"):
        answer = await school.show(made.qr, TEACHER, session_id=session_id)
        assert (answer.outcome, answer.session_id) == (Outcome.RECORDED, session_id)
    nowhere = await school.show(made.qr, TEACHER, session_id="none")
    assert (nowhere.outcome, nowhere.status) == (Outcome.OUTSIDE_SESSION, None)
    forward(hours=1)
    late = await school.show(made.qr, TEACHER, session_id="a")
    assert late.outcome is Outcome.OUTSIDE_SESSION


async def test_the_same_event_sent_later_is_a_duplicate_and_anothers_code_in_it_is_refused(
    school: School, forward: Callable[..., None]
) -> None:
    made, other = await school.codes.make("101", by="t1"), await school.codes.make("102", by="t1")
    first = await school.show(made.qr, event_id=UUID(int=7))
    forward(minutes=1)
    again = await school.show(made.qr, event_id=UUID(int=7))
    assert (again.outcome, again.first_seen) == (Outcome.DUPLICATE, first.first_seen)
    assert (await school.show(other.qr, event_id=UUID(int=7))).outcome is Outcome.REJECTED


async def test_a_wrong_code_and_that_of_somebody_who_has_left_are_nobodys(school: School) -> None:
    made = await school.codes.make("101", by="t1")
    await school.store.save(PEOPLE, PersonProfile("101", "Name 101", active=False), ANY)
    for code in (WRONG, "00000000", made.pin, made.qr):
        answer = await school.show(code)
        assert (answer.outcome, answer.name, answer.person_id) == (Outcome.REJECTED, None, None)
    assert await school.methods() == []


async def test_a_guesser_waits_longer_and_longer_and_a_code_of_their_own_does_not_help(
    school: School, forward: Callable[..., None]
) -> None:
    mine = await school.codes.make("101", by="t1")
    for _ in range(RULE.free - 1):
        await school.show(WRONG)
    assert (await school.show(mine.qr)).outcome is Outcome.RECORDED
    await school.show(WRONG)
    with pytest.raises(TooManyAttempts) as refused:
        await school.show(mine.qr)
    assert refused.value.retry_after_s == 10
    assert (await school.show(mine.qr, TEACHER, session_id="a")).outcome is Outcome.ALREADY_MARKED  # another caller
    forward(seconds=10)
    await school.show(WRONG)
    with pytest.raises(TooManyAttempts) as refused:
        await school.show(WRONG)
    assert refused.value.retry_after_s == 20
    forward(minutes=15)
    assert (await school.show(mine.qr)).outcome is Outcome.ALREADY_MARKED


async def test_a_school_that_queues_at_a_door_is_no_guesser(school: School) -> None:
    made = await school.codes.make("101", by="t1")
    outcomes = {(await school.show(made.qr)).outcome for _ in range(RULE.free + 5)}
    assert outcomes == {Outcome.RECORDED, Outcome.ALREADY_MARKED}


async def test_a_code_is_told_of_in_the_personal_data_and_erased_with_the_person(
    store: Store, codes: PresenceCodesService, trail: AuditTrail, clock: Clock
) -> None:
    classes = ClassesService(store, trail, site=SITE, new_id=lambda: "c1")
    ids = iter("abcd")
    data = PersonalDataService(store, classes, NoPhotoKeeper(), trail, clock, new_id=lambda: next(ids))
    assert (await data.everything_about("101", by="admin"))["presence_code"] is None
    made: MadeCode = await codes.make("101", by="admin")
    told = (await data.everything_about("101", by="admin"))["presence_code"]
    assert told == {"made_at": clock.now().isoformat()}
    await data.erase("101", by="admin")
    assert await whose(codes, Method.QR, made.qr) is None
    assert await store.load(PRESENCE_CODES, "101") is None
