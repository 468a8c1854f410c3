"""The order of steps of an enrolment and of an erasure."""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from functools import partial
from typing import TypeVar
from uuid import uuid4

from recognizer.enrolment.filing import Filed, Filing, LookedAt, possible_duplicate
from recognizer.enrolment.journal import Deed, Journal, Message
from recognizer.enrolment.looking import PhotoReader
from recognizer.enrolment.naming import new_person
from recognizer.enrolment.register import PeoplePage, Register
from recognizer.enrolment.registrar import Registrar
from recognizer.enrolment.requests import (
    EnrolledPerson,
    Enrolment,
    EnrolRequest,
    PhotoUpload,
    Receipt,
    Registration,
)
from recognizer.gallery.dataset import Person
from recognizer.outbox import Outbox
from shared.clock import Clock

T = TypeVar("T")


class EnrolmentService:
    """Every method raises DatasetUnavailable when photos cannot be read or written; those that change something also
    DatasetBusy and JournalUnavailable."""

    def __init__(
        self,
        *,
        filing: Filing,
        reader: PhotoReader,
        register: Register,
        registrar: Registrar,
        journal: Journal,
        outbox: Outbox,
        models: Executor,  # looks at photos
        files: Executor,  # may wait for other replicas
        clock: Clock,
    ) -> None:
        self._filing = filing
        self._reader = reader
        self._register = register
        self._registrar = registrar
        self._journal = journal
        self._outbox = outbox
        self._models = models
        self._files = files
        self._clock = clock

    async def enroll(self, request: EnrolRequest) -> Enrolment:
        """The person can be recognized, here and on every replica, when this returns. A repeat changes nothing; for
        somebody who is enrolled already it adds photos.

        Raises InvalidField for names that cannot be kept, NotPermitted and PermissionUnknown, PersonExists,
        PossibleDuplicate, NoUsablePhoto: then nothing was written.
        """
        person = new_person(request.person_id, request.name)
        await self._in_files(self._filing.claim, person)
        await self._registrar.check_permitted(person.person_id, with_consent=request.consent is not None)
        filed = await self._file(
            person, request.photos, Deed.ENROLLED, by=request.by, allow_duplicate=request.allow_duplicate
        )
        return Enrolment(filed.person, filed.accepted, filed.rejected, await self._hand_in(request, filed.person))

    async def add_photos(
        self, person_id: str, photos: Sequence[PhotoUpload], *, by: str, allow_duplicate: bool = False
    ) -> Enrolment:
        """Raises NoSuchPerson, and what `enroll` raises."""
        person = await self._in_files(self._filing.find, person_id)
        await self._registrar.check_permitted(person_id, with_consent=False)
        filed = await self._file(person, photos, Deed.IMAGES_ADDED, by=by, allow_duplicate=allow_duplicate)
        return Enrolment(filed.person, filed.accepted, filed.rejected)

    async def remove_photo(self, person_id: str, image_id: str, *, by: str) -> None:
        """Raises NoSuchPerson, NoSuchImage, LastPhoto."""
        await self._in_files(self._filing.remove_photo, person_id, image_id)
        await self._journal.note(Deed.IMAGE_REMOVED, person_id, by=by)

    async def erase(self, person_id: str, *, by: str) -> Receipt:
        """Photos, templates, and what waits to be told of the person or was kept of it. Raises NoSuchPerson; what
        failed half way is gone on with by asking again."""
        receipt_id = uuid4().hex
        messages = await self._registrar.forget(person_id, pseudonym=receipt_id)
        events = await self._outbox.forget(person_id)
        removed = await self._in_files(self._filing.erase, person_id)
        await self._journal.note(Deed.ERASED, receipt_id, by=by)
        counts = {**removed, "messages": messages, "events": events}
        return Receipt(receipt_id, person_id, self._clock.now(), by, counts)

    def healthy(self) -> bool:
        """Whether what is to be told the logger is being told."""
        return self._registrar.healthy()

    async def people(self, after: str | None = None, limit: int = 100) -> PeoplePage:
        """By id, beginning after the one that is given."""
        return await self._in_files(self._register.page, after, limit)

    async def person(self, person_id: str) -> EnrolledPerson:
        """Raises NoSuchPerson."""
        return await self._in_files(self._register.person, person_id)

    async def photo(self, person_id: str, image_id: str) -> tuple[bytes, str]:
        """The bytes and their media type. Raises NoSuchPerson, NoSuchImage."""
        return await self._in_files(self._register.photo, person_id, image_id)

    async def _file(
        self, person: Person, photos: Sequence[PhotoUpload], deed: Deed, *, by: str, allow_duplicate: bool
    ) -> Filed:
        """What is allowed against the rule is written down before it is done."""
        looked = [LookedAt(upload, await self._in(self._models, self._reader.look, upload.data)) for upload in photos]
        twin = await self._in_files(self._filing.twin, person.person_id, looked)
        if twin is not None:
            if not allow_duplicate:
                raise possible_duplicate(twin)
            await self._journal.note(Deed.DUPLICATE_ALLOWED, person.person_id, by=by, other_id=twin.person_id)
        filed = await self._in_files(partial(self._filing.file, although=twin), person, looked)
        await self._journal.note(deed, person.person_id, by=by)
        return filed

    async def _hand_in(self, request: EnrolRequest, person: Person) -> Registration:
        return await self._registrar.hand_in(Message(person.person_id, person.name, request.profile, request.consent))

    async def _in_files(self, work: Callable[..., T], *arguments: object) -> T:
        return await self._in(self._files, work, *arguments)

    async def _in(self, executor: Executor, work: Callable[..., T], *arguments: object) -> T:
        return await asyncio.get_running_loop().run_in_executor(executor, partial(work, *arguments))
