"""People: the list, one person, the import."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Annotated
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel

from logger.app_state import State
from logger.deps import caller_of
from logger.domain.accounts import Action, Actor, Reach, Subject, may, reach_of
from logger.domain.marking import Mark
from logger.domain.people import ConsentHow, InvalidProfile, PersonProfile, ProfileField, read_profile
from logger.domain.people_import import ImportPreview, UnreadableImport, decode_csv
from logger.errors import InvalidRequest
from logger.routes.contacts import contacts_for
from logger.routes.pages.forms import Form, FormDep
from logger.routes.pages.frame import PageRoute, StateDep, go, page
from logger.routes.pages.paging import PEOPLE_A_PAGE, next_address
from logger.routes.pages.rights import EditsPeople, ErasesPeople, SeesPeople
from logger.services.cursor import decode_place
from logger.services.people import PeopleFilter
from logger.store.kinds import PEOPLE
from logger.store.tables import Row
from logger.web.rendering import person_page
from shared.contracts.enrolment import ConsentState

router = APIRouter(include_in_schema=False, route_class=PageRoute)

HISTORY = timedelta(days=90)
MOST_HISTORY = 50

_YES_NO = {"yes": True, "no": False}
_CONSENT = {state.value: state for state in ConsentState}
_BLANK = PersonProfile("", "")


@dataclass(frozen=True, slots=True)
class HistoryLine:
    """One person in one session."""

    session_id: str
    title: str
    day: date
    mark: Mark


class PeopleQuery(BaseModel):
    """The search form. What is blank asks for nothing."""

    q: str = ""
    department: str = ""
    year: str = ""
    consent: str = ""
    active: str = ""
    after: str | None = None

    @property
    def where(self) -> PeopleFilter:
        return PeopleFilter(
            query=self.q.strip() or None,
            department=self.department.strip() or None,
            year=self.year.strip() or None,
            active=_YES_NO.get(self.active),
            consent=_CONSENT.get(self.consent),
        )

    @property
    def address_of_exports(self) -> str:
        """The query that finds the same people in a file."""
        given = {name: value for name, value in self.model_dump(exclude={"after"}).items() if value}
        return f"?{urlencode(given)}" if given else ""


@router.get("/people")
async def people(
    request: Request, state: StateDep, asked: Annotated[PeopleQuery, Query()], actor: SeesPeople
) -> Response:
    place = decode_place(PEOPLE, asked.after)
    found = await state.school.people.page(asked.where, after=place, limit=PEOPLE_A_PAGE)
    return page(
        request,
        "people.html",
        here="people",
        people=found.values,
        next_page=next_address(request, PEOPLE, found.next),
        asked=asked,
        exported=asked.address_of_exports,
        filtered=asked.where != PeopleFilter() or place is not None,
        may_edit=may(actor, Action.EDIT_PEOPLE),
    )


@router.get("/people/new")
async def new_person(request: Request, _: EditsPeople) -> Response:
    return _new_page(request, _values(_BLANK))


@router.post("/people/new")
async def add_person(request: Request, state: StateDep, actor: EditsPeople, form: FormDep) -> Response:
    fields = _fields(form)
    try:
        read_profile(fields)
    except InvalidProfile as invalid:
        return _new_page(request, _typed(fields), invalid)
    saved = await state.school.people.add(fields, by=actor.account_id)
    return go(person_page(saved.value), f"{saved.value.name} is in the list.")


@router.get("/people/import")
async def choose_import(request: Request, _: EditsPeople) -> Response:
    return _import_page(request)


@router.post("/people/import")
async def preview_import(request: Request, state: StateDep, _: EditsPeople, form: FormDep) -> Response:
    """Reads the file and says what it would do. What it holds goes back and forth in the page: nothing is kept."""
    try:
        text = decode_csv(await form.file("file")) or form.text("text")
        preview = await state.school.people.preview_import(text)
    except (UnreadableImport, InvalidRequest) as problem:
        return _import_page(request, problem=str(problem))
    return _import_page(request, preview=preview, text=text)


@router.post("/people/import/apply")
async def apply_import(state: StateDep, actor: EditsPeople, form: FormDep) -> Response:
    done = await state.school.people.apply_import(form.text("text"), by=actor.account_id)
    said = f"{len(done.to_add):,} added, {len(done.to_change):,} changed, {len(done.bad):,} left out."
    return go("/people", said)


@router.get("/person")
async def person(
    request: Request, state: StateDep, person_id: Annotated[str, Query(alias="id")], _: SeesPeople
) -> Response:
    row = await state.school.people.get(person_id)
    return await _person_page(request, state, row)


@router.post("/person")
async def save_person(request: Request, state: StateDep, actor: EditsPeople, form: FormDep) -> Response:
    row = await state.school.people.get(form.text("person_id"))
    fields = _fields(form)
    try:
        read_profile(fields, row.value)
    except InvalidProfile as invalid:
        return await _person_page(request, state, row, fields, invalid)
    saved = await state.school.people.change(
        row.value.person_id, fields, version=form.number("version"), by=actor.account_id
    )
    return go(person_page(saved.value), "Saved.")


@router.post("/person/consent")
async def give_consent(state: StateDep, actor: EditsPeople, form: FormDep) -> Response:
    how = ConsentHow(form.choice("how", list(ConsentHow)))
    row = await state.school.people.give_consent(
        form.text("person_id"), version=form.text("version"), how=how, by=actor.account_id
    )
    return go(person_page(row.value), "The consent is noted.")


@router.post("/person/withdraw")
async def withdraw_consent(state: StateDep, actor: EditsPeople, form: FormDep) -> Response:
    row = await state.school.people.withdraw_consent(form.text("person_id"), by=actor.account_id)
    return go(person_page(row.value), "The consent is withdrawn.")


@router.post("/person/erase")
async def erase(request: Request, state: StateDep, actor: ErasesPeople, form: FormDep) -> Response:
    person_id = form.text("person_id")
    if form.text("confirm").strip() != person_id:
        raise InvalidRequest("Type the roll number of the person to erase them.")
    receipt = await state.school.personal_data.erase(person_id, by=actor.account_id)
    return page(request, "receipt.html", here="people", receipt=receipt)


def _new_page(request: Request, values: Mapping[str, object], invalid: InvalidProfile | None = None) -> Response:
    return page(
        request,
        "person_new.html",
        here="people",
        status=422 if invalid else 200,
        values=values,
        problems=_problems(invalid),
    )


async def _person_page(
    request: Request,
    state: State,
    row: Row[PersonProfile],
    typed: Mapping[ProfileField, str] | None = None,
    invalid: InvalidProfile | None = None,
) -> Response:
    """With what was typed, when it has to be put right."""
    actor, known = caller_of(request).actor, row.value
    return page(
        request,
        "person.html",
        here="people",
        status=422 if invalid else 200,
        person=known,
        version=row.version,
        values=_typed(typed) if typed else _values(known),
        problems=_problems(invalid),
        consent_required=state.school.people.consent_required,
        contacts=(await contacts_for(actor, state.school))(known.person_id),
        history=await _history(state, known.person_id, actor),
        exports=f"/v1/people/{quote(known.person_id)}/marks",
        exported=f"?from={state.pages.today() - HISTORY}&to={state.pages.today()}",
        may_edit=may(actor, Action.EDIT_PEOPLE),
        may_issue=may(actor, Action.ISSUE_CODES, await state.access.subject_of_person(known.person_id, actor)),
        code=await state.presence_codes.of_person(known.person_id),
        may_report=reach_of(actor, Action.SEE_REPORTS) is Reach.ANY,
        may_export=may(actor, Action.EXPORT_PERSON),
        may_erase=may(actor, Action.ERASE_PEOPLE),
    )


async def _history(state: State, person_id: str, actor: Actor) -> list[HistoryLine]:
    """The latest marks first; of one's own classes, for who sees no others."""
    classes = await state.school.classes.all()
    seen = {
        one.class_id: one.title
        for one in classes.values()
        if may(actor, Action.SEE_ATTENDANCE, Subject(teacher_id=one.teacher_id))
    }
    last = state.pages.today()
    marks = await state.marks.marks_of_person(person_id, last - HISTORY, last)
    lines = [
        HistoryLine(kept.session_id, seen[kept.class_id], kept.local_date, kept.mark)
        for kept in reversed(marks)
        if kept.mark is not None and kept.class_id in seen
    ]
    return lines[:MOST_HISTORY]


def _import_page(
    request: Request, *, preview: ImportPreview | None = None, text: str = "", problem: str | None = None
) -> Response:
    return page(
        request,
        "people_import.html",
        here="people",
        status=422 if problem else 200,
        preview=preview,
        text=text,
        problem=problem,
    )


def _fields(form: Form) -> dict[ProfileField, str]:
    return {field: form.text(field.value) for field in ProfileField if form.has(field.value)}


def _typed(fields: Mapping[ProfileField, str]) -> dict[str, object]:
    """What was typed, to be put right."""
    return {**_values(_BLANK), **{field.value: text for field, text in fields.items()}}


def _values(person: PersonProfile) -> dict[str, object]:
    values = {field.value: getattr(person, field.value) for field in ProfileField}
    return {**values, "active": "yes" if person.active else "no"}


def _problems(invalid: InvalidProfile | None) -> dict[str, str]:
    """A sentence for each field, blank where there is none."""
    found = {problem.field: problem.sentence for problem in invalid.problems} if invalid else {}
    return {field.value: f"This {found[field]}." if field in found else "" for field in ProfileField}
