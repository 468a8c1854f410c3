"""The service of people, the same on every store."""

from collections.abc import Callable

import pytest

from logger.domain.audit import AuditAction, Deed
from logger.domain.people import ConsentHow, ProfileField, consent_state
from logger.errors import InvalidRequest, NotFound, Outdated
from logger.services.people import PeopleFilter, PeopleService
from logger.services.trail import AuditTrail
from logger.store.base import Store
from logger.store.tables import Place
from shared.clock import Clock
from shared.contracts.enrolment import ConsentState


@pytest.fixture
def people(store: Store, trail: AuditTrail, clock: Clock) -> PeopleService:
    return PeopleService(store, trail, clock)


PEOPLE_CSV = "Roll number,Name,Dept,Year,E-mail\n101,Ada Lovelace,Maths,1,ada@example.org\n102,Émile Noether,Maths,2,\n"
ADA = {ProfileField.PERSON_ID: "101", ProfileField.NAME: "Ada Lovelace", ProfileField.EMAIL: "ada@example.org"}


async def test_a_person_is_added_once_and_changed_by_who_read_the_last_version(people: PeopleService) -> None:
    added = await people.add(ADA, by="admin")
    with pytest.raises(Outdated):
        await people.add(ADA, by="admin")
    changed = await people.change("101", {ProfileField.YEAR: "2"}, version=added.version, by="admin")
    assert (changed.value.year, changed.value.email) == ("2", "ada@example.org")
    with pytest.raises(Outdated):
        await people.change("101", {ProfileField.YEAR: "3"}, version=added.version, by="admin")
    with pytest.raises(NotFound):
        await people.get("nobody")


async def test_what_cannot_be_kept_is_named_and_a_number_stays(people: PeopleService) -> None:
    with pytest.raises(InvalidRequest, match="email must be an e-mail"):
        await people.add({**ADA, ProfileField.EMAIL: "nowhere"}, by="admin")
    await people.add(ADA, by="admin")
    with pytest.raises(InvalidRequest, match="number cannot be changed"):
        await people.change("101", {ProfileField.PERSON_ID: "7"}, version=1, by="admin")


async def test_the_audit_names_fields_and_never_what_was_in_them(people: PeopleService, deeds: list[Deed]) -> None:
    await people.add(ADA, by="admin")
    assert [(deed.action, deed.subject, deed.by) for deed in deeds] == [
        (AuditAction.PERSON_SAVED, "person:101", "admin")
    ]
    assert deeds[0].after == '{"fields":["email","name","person_id"]}'


async def test_an_import_is_looked_at_before_it_is_made_and_may_be_repeated(people: PeopleService) -> None:
    preview = await people.preview_import(PEOPLE_CSV)
    assert [person.person_id for person in preview.to_add] == ["101", "102"]
    assert await people.everybody() == {}
    await people.apply_import(PEOPLE_CSV, by="admin")
    assert list(await people.everybody()) == ["101", "102"]
    again = await people.apply_import(PEOPLE_CSV, by="admin")
    assert (len(again.unchanged), again.profiles) == (2, ())
    assert (await people.get("101")).version == 1
    with pytest.raises(InvalidRequest, match="no column"):
        await people.preview_import("colour\nred\n")


async def test_an_import_leaves_consent_as_it_is(people: PeopleService) -> None:
    await people.add(ADA, by="admin")
    await people.give_consent("101", version="2026-1", how=ConsentHow.PAPER, by="admin")
    await people.apply_import("id;name\n101;Ada King\n", by="admin")
    person = (await people.get("101")).value
    assert (person.name, consent_state(person)) == ("Ada King", ConsentState.GIVEN)


async def test_people_are_found_by_words_and_by_what_they_are(people: PeopleService) -> None:
    await people.apply_import(PEOPLE_CSV, by="admin")
    await people.add({ProfileField.PERSON_ID: "7", ProfileField.NAME: "Zed", ProfileField.ACTIVE: "no"}, by="admin")
    await people.give_consent("102", version="1", how=ConsentHow.ONLINE, by="admin")

    async def found(where: PeopleFilter) -> list[str]:
        page = await people.page(where, after=None, limit=10)
        return [person.person_id for person in page.values]

    assert await found(PeopleFilter()) == ["101", "102", "7"]
    assert await found(PeopleFilter(query="NOETHER")) == ["102"]
    assert await found(PeopleFilter(query="10")) == ["101", "102"]
    assert await found(PeopleFilter(department="Maths", year="2")) == ["102"]
    assert await found(PeopleFilter(active=False)) == ["7"]
    assert await found(PeopleFilter(consent=ConsentState.GIVEN)) == ["102"]
    assert await found(PeopleFilter(consent=ConsentState.NONE, active=True)) == ["101"]


async def test_pages_lose_nobody_and_show_nobody_twice(people: PeopleService) -> None:
    rows = "".join(f"{number},Name {number % 3},{'AB'[number % 2]}\n" for number in range(20))
    await people.apply_import(f"id,name,department\n{rows}", by="admin")
    seen: list[str] = []
    after: Place | None = None
    while True:
        page = await people.page(PeopleFilter(query="1", department="B"), after=after, limit=3)
        seen += [person.person_id for person in page.values]
        if page.next is None:
            break
        after = page.next
    assert sorted(seen, key=int) == [
        str(number) for number in range(20) if number % 2 and "1" in f"Name {number % 3} {number}"
    ]
    assert len(set(seen)) == len(seen)


async def test_consent_says_who_when_and_how_and_stays_withdrawn(
    people: PeopleService, clock: Clock, forward: Callable[..., None], deeds: list[Deed]
) -> None:
    await people.add(ADA, by="admin")
    with pytest.raises(InvalidRequest, match="no consent"):
        await people.withdraw_consent("101", by="admin")
    given = await people.give_consent("101", version="2026-1", how=ConsentHow.PAPER, by="t1")
    assert given.value.consent is not None
    assert (given.value.consent.by, given.value.consent.given_at) == ("t1", clock.now())
    forward(days=1)
    first = await people.withdraw_consent("101", by="t1")
    forward(days=1)
    again = await people.withdraw_consent("101", by="t1")
    assert first.value.consent == again.value.consent
    assert deeds[-1].action is AuditAction.CONSENT_WITHDRAWN
    with pytest.raises(InvalidRequest, match="must not be blank"):
        await people.give_consent("101", version=" ", how=ConsentHow.PAPER, by="t1")


async def test_enrolment_is_answered_by_the_consent_that_is_noted_now(
    store: Store, trail: AuditTrail, clock: Clock
) -> None:
    people = PeopleService(store, trail, clock, consent_required=True)
    assert (await people.enrolment("101")).consent is ConsentState.NONE
    await people.add(ADA, by="admin")
    answers = [await people.enrolment("101")]
    await people.give_consent("101", version="2025-1", how=ConsentHow.PAPER, by="admin")
    answers.append(await people.enrolment("101"))
    await people.withdraw_consent("101", by="admin")
    answers.append(await people.enrolment("101"))
    assert [one.allowed for one in answers] == [False, True, False]
    assert [one.consent for one in answers] == [ConsentState.NONE, ConsentState.GIVEN, ConsentState.WITHDRAWN]
