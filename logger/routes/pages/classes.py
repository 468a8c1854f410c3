"""Classes: the list, one class with its roster and its rules."""

from typing import Any

from fastapi import APIRouter, Request, Response

from logger.app_state import State
from logger.domain.accounts import HUMAN, Action, Actor, Reach, Subject, may, reach_of
from logger.domain.classes import SchoolClass
from logger.domain.policy import DEFAULT_STATUSES, MAX_MINUTES, AttendancePolicy, StatusSet
from logger.domain.status_edits import StatusEdit
from logger.errors import InvalidRequest
from logger.routes.pages.forms import Form, FormDep
from logger.routes.pages.frame import PageRoute, StateDep, go, page
from logger.routes.pages.paging import CLASSES_A_PAGE, next_address
from logger.routes.pages.rights import EditsClass, EditsRoster, MakesClasses, SeesClass, SeesClasses
from logger.services.classes import ClassDetails
from logger.services.cursor import decode_place
from logger.services.statuses import change_statuses
from logger.store.kinds import CLASSES
from shared.contracts.events import AttendanceStatus

router = APIRouter(include_in_schema=False, route_class=PageRoute)


@router.get("/classes")
async def classes(
    request: Request,
    state: StateDep,
    actor: SeesClasses,
    after: str | None = None,
) -> Response:
    teacher_id = own_classes_of(actor)
    found = await state.school.classes.page(
        teacher_id=teacher_id, after=decode_place(CLASSES, after), limit=CLASSES_A_PAGE
    )
    return page(
        request,
        "classes.html",
        here="classes",
        classes=found.values,
        names=await _names(state),
        next_page=next_address(request, CLASSES, found.next),
        may_create=may(actor, Action.CREATE_CLASS),
    )


@router.get("/classes/new")
async def new_class(request: Request, state: StateDep, actor: MakesClasses) -> Response:
    blank = SchoolClass("", "", actor.account_id, state.pages.site)
    return page(
        request,
        "class_new.html",
        here="classes",
        values=blank,
        people=len(await state.school.people.everybody()),
        **await _choices(state, actor),
    )


@router.post("/classes/new")
async def make_class(state: StateDep, actor: MakesClasses, form: FormDep) -> Response:
    roster = form.words("person_ids") if form.text("roster") == "ids" else list(await state.school.people.everybody())
    details = _details(form, form.text("teacher_id", actor.account_id), DEFAULT_STATUSES)
    made = await state.school.classes.create(details, by=actor.account_id)
    class_id = made.value.class_id
    await state.school.classes.replace_roster(class_id, roster, by=actor.account_id)
    return go(f"/classes/{class_id}", f"{made.value.title} is ready. Start a session, or give it a schedule.")


@router.get("/classes/{class_id}")
async def one_class(request: Request, state: StateDep, class_id: str, actor: SeesClass) -> Response:
    row = await state.school.classes.get(class_id)
    subject = Subject(teacher_id=row.value.teacher_id)
    return page(
        request,
        "class.html",
        here="classes",
        one=row.value,
        version=row.version,
        names=await _names(state),
        roster=await state.school.classes.roster(class_id),
        may_edit=may(actor, Action.EDIT_CLASS, subject),
        may_edit_roster=may(actor, Action.EDIT_ROSTER, subject),
        may_run=may(actor, Action.RUN_SESSION, subject),
        may_report=may(actor, Action.SEE_REPORTS, subject),
        kinds=[(kind.value, kind.value.capitalize()) for kind in AttendanceStatus],
        **await _choices(state, actor),
    )


@router.post("/classes/{class_id}")
async def save_class(state: StateDep, class_id: str, actor: EditsClass, form: FormDep) -> Response:
    known = (await state.school.classes.get(class_id)).value
    teacher_id = form.text("teacher_id", known.teacher_id) if may(actor, Action.ASSIGN_TEACHER) else known.teacher_id
    details = _details(form, teacher_id, known.policy.statuses)
    await state.school.classes.change(class_id, details, version=form.number("version"), by=actor.account_id)
    return go(f"/classes/{class_id}", "Saved. Sessions that have begun keep the rules they began with.")


@router.post("/classes/{class_id}/statuses")
async def save_statuses(state: StateDep, class_id: str, actor: EditsClass, form: FormDep) -> Response:
    version = form.number("version")
    await change_statuses(state.school.classes, class_id, _edits(form), version=version, by=actor.account_id)
    return go(f"/classes/{class_id}#statuses", "Saved. Sessions that have begun, and marks, keep theirs.")


@router.post("/classes/{class_id}/roster")
async def change_roster(state: StateDep, class_id: str, actor: EditsRoster, form: FormDep) -> Response:
    add, remove = form.words("add"), form.texts("remove")
    await state.school.classes.change_roster(class_id, add=add, remove=remove, by=actor.account_id)
    return go(f"/classes/{class_id}#roster", f"{len(add)} added." if add else f"{len(remove)} removed.")


def own_classes_of(actor: Actor) -> str | None:
    """Whose classes a list is cut down to; None when all are seen."""
    return None if reach_of(actor, Action.SEE_CLASS) is Reach.ANY else actor.account_id


def _details(form: Form, teacher_id: str, statuses: StatusSet) -> ClassDetails:
    """Raises InvalidRequest."""
    policy = AttendancePolicy(
        opens_before_min=form.number("opens_before_min", most=MAX_MINUTES),
        present_until_min=form.number("present_until_min", most=MAX_MINUTES),
        late_allowed=form.ticked("late_allowed"),
        absent_at_end=form.ticked("absent_at_end"),
        statuses=statuses,
    )
    return ClassDetails(
        title=form.text("title"),
        teacher_id=teacher_id,
        room=form.text("room").strip() or None,
        policy=policy,
        active=form.ticked("active"),
    )


def _edits(form: Form) -> list[StatusEdit]:
    """A line without a name adds nothing, one that is ticked is retired. Raises InvalidRequest."""
    columns = (form.texts("code"), form.texts("name"), form.texts("counts_as"), form.texts("order"))
    retired, kinds = set(form.texts("retire")), {kind.value: kind for kind in AttendanceStatus}
    if len({len(column) for column in columns}) != 1 or not set(columns[2]) <= kinds.keys():
        raise InvalidRequest("This form is not whole; open the page again.")
    return [
        StatusEdit(code or None, name, kinds[counts_as], int(order) if order.isascii() and order.isdecimal() else place)
        for place, (code, name, counts_as, order) in enumerate(zip(*columns, strict=True), 1)
        if code not in retired and (code or name.strip())
    ]


async def _names(state: State) -> dict[str, str]:
    """Of whoever may sign in, by what they sign in as."""
    return {one.account_id: one.name for one in await state.accounts.all()}


async def _choices(state: State, actor: Actor) -> dict[str, Any]:
    """Whom a class can be given, and where it can meet."""
    accounts = await state.accounts.all() if may(actor, Action.ASSIGN_TEACHER) else []
    return {
        "teachers": [(one.account_id, one.name) for one in accounts if one.role in HUMAN and one.active],
        "rooms": [room.name for room in await state.school.classes.rooms()],
    }
