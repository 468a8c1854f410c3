"""The week of all classes, and the hours of one."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from fastapi import APIRouter, Request, Response

from logger.app_state import State
from logger.domain.accounts import Action, Actor, Subject, may
from logger.domain.calendar_import import CalendarImport
from logger.domain.classes import SchoolClass
from logger.domain.days import local_day
from logger.domain.schedule import (
    Hours,
    InvalidSchedule,
    Schedule,
    SingleDate,
    Weekday,
    WeeklyRule,
    leave_out,
    move,
)
from logger.domain.sessions import SessionState
from logger.errors import InvalidRequest
from logger.routes.pages.classes import own_classes_of
from logger.routes.pages.forms import Form, FormDep
from logger.routes.pages.frame import PageRoute, StateDep, go, page
from logger.routes.pages.rights import EditsSchedule, SeesClass, SeesClasses
from logger.routes.pages.schedule_lines import lines_of
from logger.routes.queries import LocalDate
from logger.services.schedules import Meeting, ScheduleDetails
from logger.web.rendering import short_day

router = APIRouter(include_in_schema=False, route_class=PageRoute)

WEEK = timedelta(days=7)
AHEAD = timedelta(days=28)


@dataclass(frozen=True, slots=True)
class Slot:
    """A session in the week, whether it is stored already or only planned."""

    title: str
    starts_at: datetime
    ends_at: datetime
    room: str | None
    cancelled: bool
    address: str


@dataclass(frozen=True, slots=True)
class Day:
    day: date
    slots: Sequence[Slot]


@router.get("/schedule")
async def schedule(
    request: Request,
    state: StateDep,
    actor: SeesClasses,
    week: LocalDate | None = None,
) -> Response:
    day = week or state.pages.today()
    monday = day - timedelta(days=day.weekday())
    classes = await _classes(state, actor)
    days = [monday + timedelta(days=index) for index in range(7)]
    meetings = await state.school.schedules.meetings(days[0], days[-1], _seen_by(actor))
    slots = [(local_day(one.session.starts_at, state.pages.site), _slot(one)) for one in meetings]
    return page(
        request,
        "schedule.html",
        here="schedule",
        days=[Day(one, [slot for on, slot in slots if on == one]) for one in days],
        previous=(monday - WEEK).isoformat(),
        following=(monday + WEEK).isoformat(),
        exported=f"?from={days[0]}&to={days[-1]}",
        teaches=any(one.teacher_id == actor.account_id for one in classes),
        link=await state.school.calendars.find(actor.account_id, None),
        classes=[(one.class_id, one.title) for one in classes],
    )


@router.get("/classes/{class_id}/schedule")
async def class_schedule(request: Request, state: StateDep, class_id: str, actor: SeesClass) -> Response:
    one = (await state.school.classes.get(class_id)).value
    rows = await state.school.schedules.of_class(class_id)
    lines = [line for row in rows for line in lines_of(row, state.pages.today())]
    return page(
        request,
        "class_schedule.html",
        here="schedule",
        one=one,
        rules=[line for line in lines if not line.over],
        past=[line for line in lines if line.over],
        occurrences=await state.school.schedules.occurrences(class_id, ahead=AHEAD),
        version_of={row.value.schedule_id: row.version for row in rows},
        may_edit=may(actor, Action.EDIT_SCHEDULE, Subject(teacher_id=one.teacher_id)),
        weekdays=[(one.value, one.name.capitalize()) for one in Weekday],
        link=await state.school.calendars.find(actor.account_id, class_id),
        exported=f"?from={state.pages.today()}&to={state.pages.today() + AHEAD}",
    )


@router.post("/classes/{class_id}/schedule/weekly")
async def add_weekly(state: StateDep, class_id: str, actor: EditsSchedule, form: FormDep) -> Response:
    details = ScheduleDetails((_weekly(form),))
    await state.school.schedules.create(class_id, details, by=actor.account_id)
    return await _planned(state, class_id, "The hours are added.")


@router.post("/classes/{class_id}/schedule/single")
async def add_single(state: StateDep, class_id: str, actor: EditsSchedule, form: FormDep) -> Response:
    details = ScheduleDetails((SingleDate(form.day("day"), _hours(form)),))
    await state.school.schedules.create(class_id, details, by=actor.account_id)
    return await _planned(state, class_id, "The date is added.")


@router.post("/classes/{class_id}/schedule/remove")
async def remove_part(state: StateDep, class_id: str, actor: EditsSchedule, form: FormDep) -> Response:
    """A rule or an exception; with the last rule the schedule goes."""
    known = await _of_class(state, class_id, form)
    index, rules = form.number("index"), len(known.rules)
    kept = tuple(rule for at, rule in enumerate(known.rules) if at != index)
    exceptions = tuple(one for at, one in enumerate(known.exceptions, rules) if at != index)
    if kept:
        await _change(state, replace(known, rules=kept, exceptions=exceptions), form, actor)
    else:
        await state.school.schedules.remove(known.schedule_id, by=actor.account_id)
    return await _planned(state, class_id, "Removed.")


@router.post("/classes/{class_id}/schedule/cancel")
async def cancel_date(state: StateDep, class_id: str, actor: EditsSchedule, form: FormDep) -> Response:
    known, original = await _of_class(state, class_id, form), form.moment("original")
    await _change(state, leave_out(known, original), form, actor)
    return await _planned(state, class_id, f"{short_day(original.date())} is left out.")


@router.post("/classes/{class_id}/schedule/move")
async def move_date(state: StateDep, class_id: str, actor: EditsSchedule, form: FormDep) -> Response:
    """One date of what comes again and again."""
    known, original, day = await _of_class(state, class_id, form), form.moment("original"), form.day("day")
    try:
        moved = move(known, original, day, _hours(form), form.text("room").strip() or None)
    except InvalidSchedule as invalid:
        raise InvalidRequest(f"It cannot be moved: {invalid}.") from invalid
    await _change(state, moved, form, actor)
    return await _planned(state, class_id, f"{short_day(original.date())} is moved to {short_day(day)}.")


@router.post("/classes/{class_id}/schedule/import")
async def import_calendar(state: StateDep, class_id: str, actor: EditsSchedule, form: FormDep) -> Response:
    try:
        text = (await form.file("file")).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InvalidRequest("The file is not UTF-8, as iCalendar files are.") from None
    done = await state.school.schedules.import_calendar(class_id, text, by=actor.account_id)
    return await _planned(state, class_id, _said(done), problem=not done.schedules)


async def _planned(state: State, class_id: str, said: str, *, problem: bool = False) -> Response:
    """Sessions that have not begun follow at once; the clock would see to it within seconds."""
    await state.sessions.replan()
    return go(f"/classes/{class_id}/schedule", said, problem=problem)


def _said(done: CalendarImport) -> str:
    said = f"{len(done.schedules)} taken."
    if done.refused:
        first = done.refused[0]
        said += f" {len(done.refused)} left out; line {first.line}, {first.title or 'untitled'}: {first.sentence}"
    return said


async def _classes(state: State, actor: Actor) -> Sequence[SchoolClass]:
    teacher_id = own_classes_of(actor)
    found = await state.school.classes.all()
    return [one for one in found.values() if one.active and teacher_id in {None, one.teacher_id}]


def _seen_by(actor: Actor) -> Callable[[SchoolClass], bool]:
    return lambda one: may(actor, Action.SEE_CLASS, Subject(teacher_id=one.teacher_id))


def _slot(meeting: Meeting) -> Slot:
    session = meeting.session
    return Slot(
        title=meeting.school_class.title,
        starts_at=session.starts_at,
        ends_at=session.ends_at,
        room=session.room,
        cancelled=session.state is SessionState.CANCELLED,
        address=f"/sessions/{session.session_id}" if meeting.is_kept else f"/classes/{session.class_id}/schedule",
    )


def _hours(form: Form) -> Hours:
    """Raises InvalidRequest."""
    try:
        return Hours(form.time("starts"), form.time("ends"))
    except InvalidSchedule as invalid:
        raise InvalidRequest(f"These hours cannot be: {invalid}.") from invalid


def _weekly(form: Form) -> WeeklyRule:
    """Raises InvalidRequest."""
    try:
        return WeeklyRule(
            weekdays=frozenset(Weekday(day) for day in form.texts("weekdays")),
            hours=_hours(form),
            first=form.day("first"),
            last=form.day("last") if form.text("last") else None,
            every_weeks=form.number("every_weeks", least=1, most=52),
        )
    except InvalidSchedule as invalid:
        raise InvalidRequest(f"These hours cannot be: {invalid}.") from invalid
    except ValueError:
        raise InvalidRequest("Choose days of the week.") from None


async def _of_class(state: State, class_id: str, form: Form) -> Schedule:
    """The schedule that a form names, when it is of this class. Raises NotFound."""
    rows = await state.school.schedules.of_class(class_id)
    wanted = form.choice("schedule_id", [row.value.schedule_id for row in rows])
    return next(row.value for row in rows if row.value.schedule_id == wanted)


async def _change(state: State, changed: Schedule, form: Form, actor: Actor) -> None:
    details = ScheduleDetails(changed.rules, changed.exceptions, changed.room, changed.zone)
    version = form.number("version")
    await state.school.schedules.change(changed.schedule_id, details, version=version, by=actor.account_id)
