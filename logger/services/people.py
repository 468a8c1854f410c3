"""People: kept, imported, and asked for consent."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from logger.domain.audit import AuditAction
from logger.domain.people import (
    Consent,
    ConsentHow,
    InvalidProfile,
    PersonProfile,
    ProfileField,
    consent_state,
    enrolment_of,
    read_profile,
)
from logger.domain.people_import import ImportPreview, UnreadableImport, read_people_csv
from logger.domain.text import Unfit, clean_name
from logger.errors import InvalidRequest, NotFound, Outdated
from logger.services.rows import RowPage, every_row, page_where
from logger.services.trail import AuditTrail
from logger.store.kinds import PEOPLE
from logger.store.tables import NEW, Place, Row, RowStore, Selection
from shared.clock import Clock
from shared.contracts.enrolment import ConsentState, EnrolmentAnswer

SAVE_ATTEMPTS = 5


@dataclass(frozen=True, slots=True)
class PeopleFilter:
    """None asks for nothing. `query` is looked for in names and roll numbers, whatever their case."""

    query: str | None = None
    department: str | None = None
    year: str | None = None
    active: bool | None = None
    consent: ConsentState | None = None

    @property
    def terms(self) -> dict[str, str]:
        active = None if self.active is None else "yes" if self.active else "no"
        asked = {"department": self.department, "year": self.year, "active": active}
        return {term: value for term, value in asked.items() if value is not None}

    def keeps(self, person: PersonProfile) -> bool:
        """Of what the terms do not decide."""
        if self.consent is not None and consent_state(person) is not self.consent:
            return False
        return not self.query or self.query.casefold() in f"{person.label} {person.person_id}".casefold()


class PeopleService:
    """Every method raises StoreUnavailable."""

    def __init__(self, store: RowStore, trail: AuditTrail, clock: Clock, *, consent_required: bool = False) -> None:
        self._store = store
        self._trail = trail
        self._clock = clock
        self.consent_required = consent_required  # before a face is enrolled

    async def get(self, person_id: str) -> Row[PersonProfile]:
        """Raises NotFound."""
        row = await self._store.load(PEOPLE, person_id)
        if row is None:
            raise NotFound(f"There is nobody with the number {person_id}")
        return row

    async def page(self, where: PeopleFilter, *, after: Place | None, limit: int) -> RowPage[PersonProfile]:
        """By name."""
        selection = Selection(terms=where.terms, after=after, limit=limit)
        return await page_where(self._store, PEOPLE, selection, where.keeps)

    async def everybody(self) -> dict[str, PersonProfile]:
        """By id, in the order of their names."""
        return {row.value.person_id: row.value async for row in every_row(self._store, PEOPLE)}

    async def add(self, fields: Mapping[ProfileField, str], *, by: str) -> Row[PersonProfile]:
        """Raises InvalidRequest, and Outdated when the number is somebody's."""
        return await self._save(_read(fields, None), NEW, sorted(fields), by)

    async def change(
        self, person_id: str, fields: Mapping[ProfileField, str], *, version: int, by: str
    ) -> Row[PersonProfile]:
        """Fields that are not given stay. Raises NotFound, Outdated, and InvalidRequest, also for another number:
        attendance is kept under it."""
        known = await self.get(person_id)
        profile = _read(fields, known.value)
        if profile.person_id != person_id:
            raise InvalidRequest("A number cannot be changed: attendance is kept under it")
        return await self._save(profile, version, sorted(fields), by)

    async def preview_import(self, text: str) -> ImportPreview:
        """What applying the file would do; nothing is changed. Raises InvalidRequest."""
        known = await self.everybody()
        try:
            return read_people_csv(text, known)
        except UnreadableImport as unreadable:
            raise InvalidRequest(str(unreadable)) from unreadable

    async def apply_import(self, text: str, *, by: str) -> ImportPreview:
        """Does what a preview made at this moment says. Repeating it changes nothing. Raises InvalidRequest."""
        preview = await self.preview_import(text)
        counts = {"added": len(preview.to_add), "changed": len(preview.to_change), "refused": len(preview.bad)}
        async with self._trail.doing(AuditAction.PEOPLE_IMPORTED, "people", by=by, after=counts):
            await self._store.save_many(PEOPLE, preview.profiles)
        return preview

    async def give_consent(self, person_id: str, *, version: str, how: ConsentHow, by: str) -> Row[PersonProfile]:
        """Consent to this version of the text, now. Raises NotFound, InvalidRequest."""
        try:
            consent = Consent(clean_name(version, 100), self._clock.now(), how, by)
        except Unfit as unfit:
            raise InvalidRequest(f"The version of the consent text {unfit}") from unfit
        after = {"version": consent.version, "how": how.value}
        async with self._trail.doing(AuditAction.CONSENT_GIVEN, f"person:{person_id}", by=by, after=after):
            return await self._change_now(person_id, lambda person: replace(person, consent=consent))

    async def withdraw_consent(self, person_id: str, *, by: str) -> Row[PersonProfile]:
        """Raises NotFound, and InvalidRequest where there is no consent. Again, it stays withdrawn since the first
        time."""
        async with self._trail.doing(AuditAction.CONSENT_WITHDRAWN, f"person:{person_id}", by=by):
            return await self._change_now(person_id, self._withdrawn)

    def _withdrawn(self, person: PersonProfile) -> PersonProfile:
        if person.consent is None:
            raise InvalidRequest("There is no consent to withdraw")
        return replace(person, consent=person.consent.withdraw(self._clock.now()))

    async def enrolment(self, person_id: str) -> EnrolmentAnswer:
        """Whether this person's face may be taken into the gallery, by what is noted at this moment."""
        row = await self._store.load(PEOPLE, person_id)
        person = None if row is None else row.value
        answer = enrolment_of(person, consent_required=self.consent_required)
        return EnrolmentAnswer(
            allowed=answer.allowed,
            reason=answer.reason,
            consent_required=self.consent_required,
            consent=consent_state(person),
        )

    async def _change_now(self, person_id: str, change: Callable[[PersonProfile], PersonProfile]) -> Row[PersonProfile]:
        """Beside whatever else is being edited. Raises Outdated when others never stop editing."""
        for attempts_left in reversed(range(SAVE_ATTEMPTS)):
            row = await self.get(person_id)
            try:
                return await self._store.save(PEOPLE, change(row.value), row.version)
            except Outdated:
                if not attempts_left:
                    raise
        raise AssertionError("the last attempt returns or raises")

    async def _save(self, profile: PersonProfile, version: int, changed: list[str], by: str) -> Row[PersonProfile]:
        """What the fields were is not written down: an audit is for ever, and a person may be erased."""
        subject, after = f"person:{profile.person_id}", {"fields": changed}
        async with self._trail.doing(AuditAction.PERSON_SAVED, subject, by=by, after=after):
            return await self._store.save(PEOPLE, profile, version)


def _read(fields: Mapping[ProfileField, str], known: PersonProfile | None) -> PersonProfile:
    try:
        return read_profile(fields, known)
    except InvalidProfile as invalid:
        raise InvalidRequest(str(invalid)) from invalid
