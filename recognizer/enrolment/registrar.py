"""What enrolment and the logger tell each other: whether a person's face may be taken, and who the person is.

Profiles and consents are kept in the journal before anything is sent, and sent again until the logger has answered for
them: at once where it answers in time, later where it does not. What its answer means:

    2xx                     delivered
    404, 409 on the way     somebody else changed the person meanwhile: asked afresh, a few times
    400, 422                the logger will not take it as it is: kept as refused, for an operator
    anything else, no answer  nothing is wrong with the message: it waits
"""

import asyncio
import contextlib
import random
from collections.abc import Mapping
from enum import StrEnum
from typing import Any, TypeVar
from urllib.parse import quote

import httpx
from pydantic import ValidationError

from recognizer.enrolment.journal import Journal, KeptMessage, Message
from recognizer.enrolment.requests import Registration
from recognizer.errors import JournalUnavailable, NotPermitted, PermissionUnknown
from shared.contracts.enrolment import ConsentState, EnrolmentAnswer
from shared.contracts.people import HandedIn
from shared.contracts.profiles import ProfileChange, ProfileRecord
from shared.logs import get_logger

log = get_logger(__name__)

Answer = TypeVar("Answer", EnrolmentAnswer, ProfileRecord)

_ATTEMPTS = 4  # at a person whom others are editing
_BATCH = 100
_NEVER = {400, 422}


class ConsentRule(StrEnum):
    """When the logger is asked whether a person's face may be taken."""

    OFF = "off"  # never
    ASK = "ask"  # its no is a no; while it is away, enrolment goes on
    REQUIRE = "require"  # while it is away, nobody is enrolled


class _Away(Exception):
    """No answer, or one that says nothing about the message."""


class _Refused(Exception):
    """The message will never be taken."""


class Registrar:
    """Owns one background task, which delivers what waits in the journal."""

    def __init__(
        self,
        client: httpx.AsyncClient,
        journal: Journal,
        *,
        rule: ConsentRule,
        budget_s: float,  # how long an enrolment waits for the logger to take its profile
        pause_s: float = 0.5,  # doubled with each failure in a row
        longest_pause_s: float = 60.0,
    ) -> None:
        self._client = client
        self._journal = journal
        self._rule = rule
        self._budget_s = budget_s
        self._pause_s = pause_s
        self._longest_pause_s = longest_pause_s
        self._failures = 0
        self._sending = asyncio.Lock()
        self._wake = asyncio.Event()
        self._stopping = False
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.create_task(self._relay(), name="registrar")

    async def close(self) -> None:
        """What is not delivered stays in the journal."""
        self._stopping = True
        self._wake.set()
        if self._task is not None:
            await asyncio.wait([self._task])

    def healthy(self) -> bool:
        return self._task is not None and not self._task.done()

    async def check_permitted(self, person_id: str, *, with_consent: bool) -> None:
        """`with_consent`: the enrolment itself brings the person's consent. Raises NotPermitted, PermissionUnknown."""
        if self._rule is ConsentRule.OFF:
            return
        try:
            response = await self._send("GET", f"{_path(person_id)}/enrolment")
            answer = _read(EnrolmentAnswer, response)
        except (_Away, _Refused) as error:
            log.warning("the logger was not asked whether a person may be enrolled", reason=str(error))
            if self._rule is ConsentRule.REQUIRE:
                raise PermissionUnknown("The logger cannot be asked whether this person has agreed") from error
            return
        brings_what_is_missing = with_consent and answer.consent is ConsentState.NONE and answer.consent_required
        if not answer.allowed and not brings_what_is_missing:
            raise NotPermitted(answer.reason)

    async def hand_in(self, message: Message) -> Registration:
        """Durable when it returns. Raises JournalUnavailable."""
        kept = await self._journal.keep(message)
        if self._failures:  # it is away: the relay goes on trying
            return Registration(HandedIn.QUEUED)
        try:
            async with asyncio.timeout(self._budget_s):
                return await self._settle(kept)
        except (TimeoutError, _Away):
            self._wake.set()
            return Registration(HandedIn.QUEUED)

    async def forget(self, person_id: str, *, pseudonym: str) -> int:
        """What was still to be told of a person is not told any more when this returns; how much that was. A pseudonym
        stands for them in the journal from then on. Raises JournalUnavailable."""
        async with self._sending:
            return await self._journal.forget(person_id, pseudonym=pseudonym)

    async def _relay(self) -> None:
        while not self._stopping:
            self._wake.clear()
            try:
                for kept in await self._journal.waiting(_BATCH):
                    await self._settle(kept)
                self._failures = 0
            except (_Away, JournalUnavailable) as error:
                self._failures += 1
                log.warning("profiles wait for the logger", reason=str(error), failures=self._failures)
            except Exception as error:
                self._failures += 1
                log.exception("handing in profiles broke", exc_info=error)
            if not self._stopping:
                await self._rest()

    async def _rest(self) -> None:
        """Until there is something to do; after failures, for a while (full jitter) whatever there is."""
        longest_s = min(self._longest_pause_s, self._pause_s * 2 ** min(self._failures, 16))
        pause_s = random.uniform(0, longest_s) if self._failures else self._longest_pause_s  # noqa: S311 - no secret
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(pause_s):
                await self._wake.wait()

    async def _settle(self, kept: KeptMessage) -> Registration:
        async with self._sending:  # in the order they came, and none twice
            standing = await self._journal.standing(kept)
            if standing is not HandedIn.QUEUED:  # somebody else was faster, or the person was erased
                return Registration(standing)
            try:
                await self._tell(kept.message)
            except _Refused as refused:
                log.error("a profile was refused by the logger", reason=str(refused))  # noqa: TRY400 - no fault of ours
                await self._journal.refuse(kept, str(refused))
                return Registration(HandedIn.REFUSED, str(refused))
            await self._journal.drop(kept)
            return Registration(HandedIn.DELIVERED)

    async def _tell(self, message: Message) -> None:
        for _ in range(_ATTEMPTS):
            known = await self._known(message.person_id)
            if await self._save(message, known) and await self._agree(message, known):
                return
        raise _Away("others keep changing this person")

    async def _known(self, person_id: str) -> ProfileRecord | None:
        response = await self._send("GET", _path(person_id), {404})
        return None if response.status_code == 404 else _read(ProfileRecord, response)

    async def _save(self, message: Message, known: ProfileRecord | None) -> bool:
        """A person whom the logger knows keeps the name that they have there."""
        fields = message.profile.given()
        if known is None:
            change = ProfileChange.model_validate({**fields, "name": message.name, "version": 0})
        elif fields:
            change = ProfileChange.model_validate({**fields, "version": known.version})
        else:
            return True
        body = change.model_dump(exclude_none=True)
        return (await self._send("PUT", _path(message.person_id), {404, 409}, body)).is_success

    async def _agree(self, message: Message, known: ProfileRecord | None) -> bool:
        """A repeat must not date the consent anew."""
        if message.consent is None:
            return True
        noted = None if known is None else known.consent
        if noted is not None and noted.version == message.consent.version and noted.withdrawn_at is None:
            return True
        body = {"version": message.consent.version, "how": message.consent.how}
        return (await self._send("POST", f"{_path(message.person_id)}/consent", {404, 409}, body)).is_success

    async def _send(
        self, method: str, path: str, expected: set[int] | None = None, body: Mapping[str, Any] | None = None
    ) -> httpx.Response:
        """A success, or one of the expected answers. Raises _Refused, _Away."""
        try:
            response = await self._client.request(method, path, json=body)
        except httpx.HTTPError as error:
            raise _Away(type(error).__name__) from error
        if response.is_success or response.status_code in (expected or set()):
            return response
        if response.status_code in _NEVER:
            raise _Refused(f"the logger answered {response.status_code}")
        raise _Away(f"the logger answered {response.status_code}")


def _path(person_id: str) -> str:
    return f"/v1/people/{quote(person_id, safe='')}"


def _read(kind: type[Answer], response: httpx.Response) -> Answer:
    try:
        return kind.model_validate_json(response.content)
    except ValidationError:
        raise _Away("the logger's answer cannot be read") from None
