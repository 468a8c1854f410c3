import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from recognizer.client import LoggerClient, Patience
from recognizer.enrolment.journal import Journal, Message
from recognizer.enrolment.registrar import ConsentRule, Registrar
from recognizer.enrolment.requests import Consent, Profile
from recognizer.errors import NotPermitted, PermissionUnknown
from shared.clock import Clock
from shared.contracts.enrolment import ConsentState, EnrolmentAnswer
from shared.contracts.people import HandedIn
from shared.contracts.profiles import ConsentRecord, ProfileChange, ProfileRecord

ALICE = Message("1/2 A", "Alice", Profile(department="Physics", email="alice@example.org"), Consent("v1", "paper"))
NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
PATIENCE_S = 10.0


class People:
    """`/v1/people` of a logger, as far as enrolment uses it. Answers `failures` first."""

    def __init__(self) -> None:
        self.answer = EnrolmentAnswer(
            allowed=True, reason="Nobody minds.", consent_required=False, consent=ConsentState.NONE
        )
        self.records: dict[str, ProfileRecord] = {}
        self.failures: list[int | Exception] = []
        self.calls: list[str] = []
        self.settled = asyncio.Event()

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        self.calls.append(f"{request.method} {request.url.raw_path.decode()}")
        if self.failures:
            failure = self.failures.pop(0)
            if isinstance(failure, Exception):
                raise failure
            return httpx.Response(failure)
        return self._respond(request)

    def _respond(self, request: httpx.Request) -> httpx.Response:
        person_id = request.url.path.removeprefix("/v1/people/").removesuffix("/enrolment").removesuffix("/consent")
        known = self.records.get(person_id)
        if request.url.path.endswith("/enrolment"):
            return httpx.Response(200, text=self.answer.model_dump_json())
        if request.method == "PUT":
            return self._save(person_id, known, ProfileChange.model_validate_json(request.content))
        if known is None:
            return httpx.Response(404)
        if request.method == "POST":
            return self._agree(person_id, known, json.loads(request.content))
        return httpx.Response(200, text=known.model_dump_json())

    def _agree(self, person_id: str, known: ProfileRecord, body: Mapping[str, str]) -> httpx.Response:
        consent = ConsentRecord(version=body["version"], given_at=NOW, how=body["how"], by="recognizer")
        self.records[person_id] = known.model_copy(update={"consent": consent, "version": known.version + 1})
        self.settled.set()
        return httpx.Response(200, text=self.records[person_id].model_dump_json())

    def _save(self, person_id: str, known: ProfileRecord | None, change: ProfileChange) -> httpx.Response:
        version = 0 if known is None else known.version
        if change.version != version:
            return httpx.Response(409)
        before = known or ProfileRecord(
            person_id=person_id,
            name="",
            department=None,
            year=None,
            email=None,
            phone=None,
            active=True,
            consent=None,
            version=0,
        )
        given = change.model_dump(exclude_none=True)
        self.records[person_id] = before.model_copy(update={**given, "version": version + 1})
        return httpx.Response(200, text=self.records[person_id].model_dump_json())


Open = Callable[..., AbstractAsyncContextManager[Registrar]]


@pytest.fixture
def people() -> People:
    return People()


@pytest.fixture
def journal(tmp_path: Path, clock: Clock) -> Iterator[Journal]:
    opened = Journal(tmp_path / "enrolment.db", clock=clock)
    yield opened
    opened.close()


@pytest.fixture
def running(people: People, journal: Journal) -> Open:
    @asynccontextmanager
    async def run(rule: ConsentRule = ConsentRule.ASK) -> AsyncIterator[Registrar]:
        async with LoggerClient(
            "http://logger", patience=Patience(attempts=1), transport=httpx.MockTransport(people)
        ) as logger:
            registrar = Registrar(logger, journal, rule=rule, budget_s=PATIENCE_S, pause_s=0, longest_pause_s=0.01)
            registrar.start()
            try:
                yield registrar
            finally:
                await registrar.close()

    return run


async def until_delivered(journal: Journal) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while await journal.waiting(1):
            await asyncio.sleep(0)


async def test_somebody_new_is_added_with_their_consent(running: Open, people: People, journal: Journal) -> None:
    async with running() as registrar:
        assert (await registrar.hand_in(ALICE)).state is HandedIn.DELIVERED
    record = people.records["1/2 A"]
    assert (record.name, record.department, record.email) == ("Alice", "Physics", "alice@example.org")
    assert record.consent is not None
    assert (record.consent.version, record.consent.how) == ("v1", "paper")
    assert "PUT /v1/people/1%2F2%20A" in people.calls
    assert await journal.waiting(1) == []


async def test_somebody_known_keeps_their_name_and_whatever_is_not_said(running: Open, people: People) -> None:
    async with running() as registrar:
        await registrar.hand_in(ALICE)
        await registrar.hand_in(Message("1/2 A", "Alicia", Profile(year="2"), None))
    record = people.records["1/2 A"]
    assert (record.name, record.department, record.year) == ("Alice", "Physics", "2")
    assert record.consent is not None


async def test_a_consent_that_is_noted_is_not_dated_anew(running: Open, people: People) -> None:
    async with running() as registrar:
        await registrar.hand_in(ALICE)
        await registrar.hand_in(ALICE)
    assert sum(call.endswith("/consent") for call in people.calls) == 1


@pytest.mark.parametrize("failure", [httpx.ConnectError("away"), 500, 503, 429, 401, 403])
async def test_what_the_logger_cannot_take_now_is_delivered_later(
    running: Open, people: People, journal: Journal, failure: int | Exception
) -> None:
    people.failures = [failure] * 3
    async with running() as registrar:
        assert (await registrar.hand_in(ALICE)).state is HandedIn.QUEUED
        await until_delivered(journal)
    assert people.records["1/2 A"].consent is not None


async def test_what_was_kept_by_a_process_that_is_gone_is_delivered(
    running: Open, people: People, journal: Journal
) -> None:
    await journal.keep(ALICE)
    async with running():
        await until_delivered(journal)
    assert people.records["1/2 A"].name == "Alice"


async def test_a_person_whom_somebody_is_editing_is_read_again(running: Open, people: People) -> None:
    people.failures = [404, 409]  # unknown a moment ago, and added by another since
    async with running() as registrar:
        assert (await registrar.hand_in(ALICE)).state is HandedIn.DELIVERED
    assert people.records["1/2 A"].department == "Physics"


async def test_what_the_logger_refuses_is_said_and_not_sent_again(
    running: Open, people: People, journal: Journal
) -> None:
    people.failures = [404, 422]
    async with running() as registrar:
        assert (await registrar.hand_in(ALICE)).state is HandedIn.REFUSED
        assert journal.read_refused() == [("1/2 A", "the logger answered 422")]
        assert await journal.waiting(1) == []
    assert people.records == {}


async def test_the_loggers_no_is_a_no(running: Open, people: People) -> None:
    people.answer = people.answer.model_copy(
        update={"allowed": False, "reason": "It was withdrawn.", "consent": ConsentState.WITHDRAWN}
    )
    async with running() as registrar:
        for with_consent in (False, True):
            with pytest.raises(NotPermitted, match="It was withdrawn"):
                await registrar.check_permitted("101", with_consent=with_consent)


async def test_an_enrolment_may_bring_the_consent_that_is_missing(running: Open, people: People) -> None:
    people.answer = people.answer.model_copy(
        update={"allowed": False, "reason": "None is noted.", "consent_required": True}
    )
    async with running() as registrar:
        await registrar.check_permitted("101", with_consent=True)
        with pytest.raises(NotPermitted):
            await registrar.check_permitted("101", with_consent=False)


@pytest.mark.parametrize("failure", [httpx.ConnectError("away"), 500, 403, 404, 400])
async def test_while_nobody_can_be_asked_the_rule_decides(
    running: Open, people: People, failure: int | Exception
) -> None:
    people.failures = [failure, failure]
    async with running(ConsentRule.ASK) as registrar:
        await registrar.check_permitted("101", with_consent=False)
    async with running(ConsentRule.REQUIRE) as registrar:
        with pytest.raises(PermissionUnknown):
            await registrar.check_permitted("101", with_consent=False)


async def test_with_the_rule_off_nobody_is_asked(running: Open, people: People) -> None:
    async with running(ConsentRule.OFF) as registrar:
        await registrar.check_permitted("101", with_consent=False)
    assert people.calls == []


async def test_what_a_person_who_was_erased_had_to_tell_is_not_told(
    running: Open, people: People, journal: Journal
) -> None:
    kept = await journal.keep(ALICE)
    async with running() as registrar:
        people.calls.clear()
        assert await registrar.forget("1/2 A", pseudonym="p-1") in {0, 1}  # the relay may have been faster
        people.calls.clear()
        people.records.clear()
        await registrar._settle(kept)  # as a relay does that read it before
        assert people.calls == []
    assert people.records == {}
