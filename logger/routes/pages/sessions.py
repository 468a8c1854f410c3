"""One session: its roster, its state, and everybody's correction."""

from collections import Counter
from datetime import timedelta

from fastapi import APIRouter, Request, Response

from logger.domain.accounts import Action, Subject, may
from logger.domain.policy import MAX_MINUTES
from logger.routes.pages.forms import FormDep
from logger.routes.pages.frame import PageRoute, StateDep, go, page
from logger.routes.pages.rights import BeginsSessions, CorrectsAttendance, RunsSession, SeesAttendance
from logger.routes.pages.today import LIVE, kinds_of
from logger.services.access import require

router = APIRouter(include_in_schema=False, route_class=PageRoute)


@router.post("/sessions/begin")
async def begin(state: StateDep, actor: BeginsSessions, form: FormDep) -> Response:
    """A session that nobody had planned."""
    class_id = form.text("class_id")
    require(actor, Action.RUN_SESSION, await state.access.subject_of_class(class_id))
    minutes = form.number("minutes", least=1, most=MAX_MINUTES)
    session = await state.sessions.begin_now(class_id, minutes, actor.account_id)
    return go(f"/sessions/{session.session_id}", "The session is running.")


@router.get("/sessions/{session_id}")
async def session(request: Request, state: StateDep, session_id: str, actor: SeesAttendance) -> Response:
    detail = await state.session_views.detail(session_id)
    codes = Counter(line.mark.status.code for line in detail.roster if line.mark)
    subject = Subject(teacher_id=detail.school_class.teacher_id)
    return page(
        request,
        "session.html",
        here="today",
        live=LIVE,
        detail=detail,
        kinds=kinds_of(detail.session, codes),
        local_day=detail.session.starts_at.astimezone(state.pages.site).date(),
        may_run=may(actor, Action.RUN_SESSION, subject),
        may_show=may(actor, Action.SHOW_PRESENCE, subject),
        may_correct=may(actor, Action.CORRECT_ATTENDANCE, subject),
    )


@router.post("/sessions/{session_id}/start")
async def start(state: StateDep, session_id: str, actor: RunsSession) -> Response:
    await state.sessions.start(session_id, actor.account_id)
    return go(f"/sessions/{session_id}", "The session is running.")


@router.post("/sessions/{session_id}/end")
async def end(state: StateDep, session_id: str, actor: RunsSession) -> Response:
    await state.sessions.end(session_id, actor.account_id)
    return go(f"/sessions/{session_id}", "The session has ended.")


@router.post("/sessions/{session_id}/cancel")
async def cancel(state: StateDep, session_id: str, actor: RunsSession) -> Response:
    await state.sessions.cancel(session_id, actor.account_id)
    return go(f"/sessions/{session_id}", "The session is cancelled.")


@router.post("/sessions/{session_id}/extend")
async def extend(state: StateDep, session_id: str, actor: RunsSession, form: FormDep) -> Response:
    minutes = form.number("minutes", least=1, most=MAX_MINUTES)
    ends_at = (await state.session_views.get(session_id)).ends_at + timedelta(minutes=minutes)
    await state.sessions.extend(session_id, ends_at, actor.account_id)
    return go(f"/sessions/{session_id}", f"The session lasts {minutes} minutes longer.")


@router.post("/sessions/{session_id}/correct")
async def correct(state: StateDep, session_id: str, actor: CorrectsAttendance, form: FormDep) -> Response:
    mark = await state.marks.correct(
        session_id, form.text("person_id"), form.text("status"), form.text("reason"), actor.account_id
    )
    return go(f"/sessions/{session_id}", f"Marked {mark.status.name}. It can be undone in the roster.")


@router.post("/sessions/{session_id}/undo")
async def undo(state: StateDep, session_id: str, actor: CorrectsAttendance, form: FormDep) -> Response:
    await state.marks.undo(session_id, form.text("person_id"), actor.account_id)
    return go(f"/sessions/{session_id}", "The correction is undone.")
