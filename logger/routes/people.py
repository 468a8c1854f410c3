"""`/v1/people`: who may be on a roster."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response

from logger.deps import PresenceCodesDep, SchoolDep, allowed, person_in_path
from logger.domain.accounts import Action, Actor
from logger.domain.people import ProfileField
from logger.domain.people_import import UnreadableImport, decode_csv
from logger.errors import InvalidCursor, InvalidRequest, NotFound, Outdated, SignInBusy, StoreUnavailable
from logger.routes.contacts import contacts_for
from logger.routes.school_queries import PeopleQuery
from logger.routes.school_wire import ConsentBody, ImportRecord, PersonBody, PersonPage, PersonRecord, ReceiptRecord
from logger.services.cursor import decode_place, encode_place
from logger.store.kinds import PEOPLE
from shared.contracts.enrolment import EnrolmentAnswer
from shared.contracts.presence import MadeCode
from shared.web.errors import Forbidden, Unauthenticated, problems
from shared.web.strict_json_route import StrictJsonRoute

router = APIRouter(
    prefix="/v1/people",
    tags=["people"],
    responses=problems(Unauthenticated, Forbidden, StoreUnavailable),
    route_class=StrictJsonRoute,
)

IssuesCodes = Annotated[Actor, allowed(Action.ISSUE_CODES, subject=person_in_path)]

_CSV = {"requestBody": {"required": True, "content": {"text/csv": {"schema": {"type": "string", "format": "binary"}}}}}


@router.get("", responses=problems(InvalidCursor))
async def people(
    query: Annotated[PeopleQuery, Query()], school: SchoolDep, actor: Annotated[Actor, allowed(Action.SEE_PEOPLE)]
) -> PersonPage:
    """People by name. E-mail and phone are there for who may see them."""
    after = decode_place(PEOPLE, query.cursor)
    page = await school.people.page(query.to_filter(), after=after, limit=query.limit)
    may_see = await contacts_for(actor, school)
    items = [PersonRecord.of(row, with_contacts=may_see(row.value.person_id)) for row in page.rows]
    return PersonPage(items=items, next_cursor=encode_place(PEOPLE, page.next))


@router.post("/import/preview", openapi_extra=_CSV, dependencies=[allowed(Action.EDIT_PEOPLE)])
async def preview_import(request: Request, school: SchoolDep) -> ImportRecord:
    """What importing this CSV file would do, with each row that cannot be taken. Nothing is changed."""
    return ImportRecord.of(await school.people.preview_import(await _csv(request)))


@router.post("/import", openapi_extra=_CSV)
async def apply_import(
    request: Request, school: SchoolDep, actor: Annotated[Actor, allowed(Action.EDIT_PEOPLE)]
) -> ImportRecord:
    """Adds and changes people as the CSV file says; rows that cannot be taken are left out and named."""
    return ImportRecord.of(await school.people.apply_import(await _csv(request), by=actor.account_id))


@router.post("/{person_id:path}/consent", responses=problems(NotFound, InvalidRequest))
async def give_consent(
    person_id: str, body: ConsentBody, school: SchoolDep, actor: Annotated[Actor, allowed(Action.EDIT_PEOPLE)]
) -> PersonRecord:
    """Writes down the consent to be recognized by face, as of now."""
    row = await school.people.give_consent(person_id, version=body.version, how=body.how, by=actor.account_id)
    return PersonRecord.of(row, with_contacts=True)


@router.delete("/{person_id:path}/consent", responses=problems(NotFound, InvalidRequest))
async def withdraw_consent(
    person_id: str, school: SchoolDep, actor: Annotated[Actor, allowed(Action.EDIT_PEOPLE)]
) -> PersonRecord:
    """What was agreed to is kept, and since when it no longer holds."""
    row = await school.people.withdraw_consent(person_id, by=actor.account_id)
    return PersonRecord.of(row, with_contacts=True)


@router.post("/{person_id:path}/code", status_code=201, responses=problems(NotFound, SignInBusy))
async def make_code(person_id: str, codes: PresenceCodesDep, actor: IssuesCodes) -> MadeCode:
    """A PIN and a QR code to be present by, shown this once. Those before them are nobody's from now on."""
    made = await codes.make(person_id, by=actor.account_id)
    return MadeCode(pin=made.pin, qr=made.qr)


@router.delete("/{person_id:path}/code", status_code=204, responses=problems(NotFound))
async def revoke_code(person_id: str, codes: PresenceCodesDep, actor: IssuesCodes) -> Response:
    """The PIN and the QR code are nobody's from now on."""
    await codes.revoke(person_id, by=actor.account_id)
    return Response(status_code=204)


@router.get("/{person_id:path}/everything", responses=problems(NotFound))
async def everything(
    person_id: str, school: SchoolDep, actor: Annotated[Actor, allowed(Action.EXPORT_PERSON)]
) -> dict[str, Any]:
    """All that is held on a person: profile, consent, classes, marks, attendance, events and deeds."""
    return await school.personal_data.everything_about(person_id, by=actor.account_id)


@router.get("/{person_id:path}/enrolment", dependencies=[allowed(Action.SEE_PEOPLE)])
async def enrolment(person_id: str, school: SchoolDep) -> EnrolmentAnswer:
    """Whether this person's face may be taken into the gallery: asked before it is, also for who is not known here."""
    return await school.people.enrolment(person_id)


@router.get("/{person_id:path}", responses=problems(NotFound))
async def person(
    person_id: str, school: SchoolDep, actor: Annotated[Actor, allowed(Action.SEE_PEOPLE)]
) -> PersonRecord:
    """One person."""
    row = await school.people.get(person_id)
    return PersonRecord.of(row, with_contacts=(await contacts_for(actor, school))(person_id))


@router.put("/{person_id:path}", responses=problems(NotFound, InvalidRequest, Outdated))
async def save_person(
    person_id: str, body: PersonBody, school: SchoolDep, actor: Annotated[Actor, allowed(Action.EDIT_PEOPLE)]
) -> PersonRecord:
    """Adds a person (`version` 0), or changes the fields that are given of the version that was read."""
    if body.version:
        row = await school.people.change(person_id, body.fields(), version=body.version, by=actor.account_id)
    else:
        fields = {**body.fields(), ProfileField.PERSON_ID: person_id}
        row = await school.people.add(fields, by=actor.account_id)
    return PersonRecord.of(row, with_contacts=True)


@router.delete("/{person_id:path}", responses=problems(NotFound))
async def erase(
    person_id: str, school: SchoolDep, actor: Annotated[Actor, allowed(Action.ERASE_PEOPLE)]
) -> ReceiptRecord:
    """Removes profile, contact and photos; attendance stays under a pseudonym. What failed half way is gone on with by
    asking again."""
    return ReceiptRecord.of(await school.personal_data.erase(person_id, by=actor.account_id))


async def _csv(request: Request) -> str:
    try:
        return decode_csv(await request.body())
    except UnreadableImport as unreadable:
        raise InvalidRequest(str(unreadable)) from unreadable
