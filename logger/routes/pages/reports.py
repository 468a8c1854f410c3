"""Reports: a month of the school, a class, a person."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Depends, Query, Request, Response

from logger.domain.accounts import Action, Actor, Reach, may, reach_of
from logger.domain.reports import Tally
from logger.routes.pages.frame import PageRoute, StateDep, page
from logger.routes.pages.rights import SeesReport, SeesReports
from logger.routes.queries import LocalDate
from logger.routes.school_queries import reported_teacher
from logger.services.reports import Line, Report
from logger.web.charts import Bar
from logger.web.rendering import percent
from shared.contracts.events import AttendanceStatus

router = APIRouter(include_in_schema=False, route_class=PageRoute)

LOOK_BACK = timedelta(days=180)
MOST_WARNED = 20
KINDS = tuple(AttendanceStatus)
_MONTH = r"^(19[7-9]|2[01][0-9])[0-9]-(0[1-9]|1[0-2])$"  # within YEARS


@dataclass(frozen=True, slots=True)
class ReportLine:
    """One person or class, as it is shown."""

    title: str
    address: str
    tally: Tally
    low: bool
    note: str = ""

    @property
    def counts(self) -> Mapping[AttendanceStatus, int]:
        return {kind: self.tally.counted_as(kind) for kind in KINDS}


async def read_days(
    state: StateDep, from_: Annotated[LocalDate | None, Query(alias="from")] = None, to: LocalDate | None = None
) -> tuple[date, date]:
    """Both included; half a year up to today when nothing is asked for."""
    last = to or state.pages.today()
    return from_ or last - LOOK_BACK, last


PersonId = Annotated[str, Query(alias="id")]
DaysDep = Annotated[tuple[date, date], Depends(read_days)]


@router.get("/reports")
async def reports(
    request: Request,
    state: StateDep,
    actor: SeesReports,
    month: Annotated[str | None, Query(pattern=_MONTH)] = None,
) -> Response:
    """A month by class; of one's own classes, for who sees no others."""
    first = date.fromisoformat(f"{month}-01") if month else state.pages.today().replace(day=1)
    last = _next_month(first) - timedelta(days=1)
    teacher_id = reported_teacher(actor)
    report = await state.school.reports.overview(first, last, teacher_id=teacher_id)
    return page(
        request,
        "reports.html",
        here="reports",
        title=f"{first:%B %Y}",
        sees_all=may(actor, Action.SEE_ATTENDANCE),
        exports=f"/v1/months/{first.year}/{first.month}",
        previous=first - timedelta(days=1),
        following=_next_month(first) if last < state.pages.today() else None,
        kinds=KINDS,
        lines=_lines(report.classes, report, _class_page),
        overall=report.total,
        threshold=report.threshold_percent,
        warned=_lines(report.warned[:MOST_WARNED], report, _page_of_people(actor)),
        all_warned=len(report.warned),
    )


@router.get("/reports/classes/{class_id}")
async def class_report(request: Request, state: StateDep, class_id: str, days: DaysDep, actor: SeesReport) -> Response:
    first, last = days
    report = await state.school.reports.school_class(class_id, first, last)
    lines = _lines(report.people, report, _page_of_people(actor))
    return _report_page(
        request,
        report,
        lines,
        heading="By person",
        column="Name",
        exports=f"/v1/classes/{class_id}/report",
    )


@router.get("/reports/person")
async def person_report(
    request: Request,
    state: StateDep,
    person_id: PersonId,
    days: DaysDep,
    _: SeesReport,
) -> Response:
    first, last = days
    report = await state.school.reports.person(person_id, first, last)
    lines = _lines(report.classes, report, _class_page)
    return _report_page(
        request,
        report,
        lines,
        heading="By class",
        column="Class",
        person_id=person_id,
        exports=f"/v1/people/{quote(person_id)}/report",
    )


def _report_page(
    request: Request,
    report: Report,
    lines: Sequence[ReportLine],
    *,
    heading: str,
    column: str,
    person_id: str = "",
    exports: str = "",
) -> Response:
    bars = [Bar(_short(line.name), line.tally.percent) for line in report.months]
    return page(
        request,
        "report.html",
        here="reports",
        title=report.title,
        first=report.first,
        last=report.last,
        overall=report.total,
        threshold=report.threshold_percent,
        kinds=KINDS,
        bars=bars,
        said=", ".join(f"{bar.label} {percent(bar.percent)}" for bar in bars),
        lines=lines,
        heading=heading,
        column=column,
        person_id=person_id,
        exports=exports,
    )


def _lines(found: Iterable[Line], report: Report, address: Callable[[str], str]) -> list[ReportLine]:
    return [
        ReportLine(
            title=line.name,
            address=address(line.key),
            tally=line.tally,
            low=line.tally.warns(report.threshold_percent),
            note=line.key if address is not _class_page else "",
        )
        for line in found
    ]


def _sees_all(actor: Actor) -> bool:
    return reach_of(actor, Action.SEE_REPORTS) is Reach.ANY


def _class_page(class_id: str) -> str:
    return f"/reports/classes/{quote(class_id, safe='')}"


def _person_page(person_id: str) -> str:
    return f"/reports/person?id={quote(person_id, safe='')}"


def _page_of_people(actor: Actor) -> Callable[[str], str]:
    """A person's report is of all their classes: who may not see all is led to the person."""
    return _person_page if _sees_all(actor) else _profile_page


def _profile_page(person_id: str) -> str:
    return f"/person?id={quote(person_id, safe='')}"


def _next_month(first: date) -> date:
    return (first + timedelta(days=31)).replace(day=1)


def _short(month: str) -> str:
    return f"{date.fromisoformat(f'{month}-01'):%b %y}"
