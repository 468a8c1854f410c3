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
from enum import StrEnum

from recognizer.client import ClientError, InConflict, LoggerClient, NotThere, Refused
from recognizer.enrolment.journal import Journal, KeptMessage, Message
from recognizer.enrolment.requests import Consent, Registration
from recognizer.errors import JournalUnavailable, NotPermitted, PermissionUnknown
from shared.contracts.enrolment import ConsentState
from shared.contracts.people import HandedIn
from shared.contracts.profiles import ConsentGiven, ProfileChange, ProfileRecord
from shared.logs import get_logger

log = get_logger(__name__)

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
        logger: LoggerClient,
        journal: Journal,
        *,
        rule: ConsentRule,
        budget_s: float,  # how long an enrolment waits for the logger to take its profile
        pause_s: float = 0.5,  # doubled with each failure in a row
        longest_pause_s: float = 60.0,
    ) -> None:
        self._logger = logger
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
            answer = await self._logger.enrolment(person_id)
        except ClientError as error:
            log.warning("the logger was not asked whether a person may be enrolled", reason=_reason(error))
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
        """Raises _Refused, _Away."""
        try:
            for _ in range(_ATTEMPTS):
                with contextlib.suppress(NotThere, InConflict):  # changed by somebody else since it was read
                    await self._hand_over(message)
                    return
        except ClientError as error:
            raise (_Refused if _is_final(error) else _Away)(_reason(error)) from error
        raise _Away("others keep changing this person")

    async def _hand_over(self, message: Message) -> None:
        """Raises ClientError."""
        known = await self._known(message.person_id)
        change = _change(message, known)
        if change is not None:
            await self._logger.save_person(message.person_id, change)
        if message.consent is not None and not _is_noted(message.consent, known):
            given = ConsentGiven(version=message.consent.version, how=message.consent.how)
            await self._logger.give_consent(message.person_id, given)

    async def _known(self, person_id: str) -> ProfileRecord | None:
        try:
            return await self._logger.person(person_id)
        except NotThere:
            return None


def _change(message: Message, known: ProfileRecord | None) -> ProfileChange | None:
    """A person whom the logger knows keeps the name that they have there."""
    fields = message.profile.given()
    if known is None:
        return ProfileChange.model_validate({**fields, "name": message.name, "version": 0})
    return ProfileChange.model_validate({**fields, "version": known.version}) if fields else None


def _is_noted(consent: Consent, known: ProfileRecord | None) -> bool:
    """A repeat must not date the consent anew."""
    noted = None if known is None else known.consent
    return noted is not None and noted.version == consent.version and noted.withdrawn_at is None


def _is_final(error: ClientError) -> bool:
    return isinstance(error, Refused) and error.status in _NEVER


def _reason(error: ClientError) -> str:
    """Without what the logger says of it, which may speak of the person."""
    return f"the logger answered {error.status}" if isinstance(error, Refused) else str(error)
