"""`/v1/reports`: attendance counted."""

from typing import Annotated

from fastapi import APIRouter, Query

from logger.deps import SchoolDep, allowed
from logger.domain.accounts import Action
from logger.errors import InvalidRequest, NotFound, StoreUnavailable
from logger.routes.school_queries import SpanQuery
from logger.routes.school_wire import LineRecord, ReportRecord, TallyRecord
from logger.services.reports import Report
from shared.web.errors import Forbidden, Unauthenticated, problems

router = APIRouter(
    prefix="/v1/reports",
    tags=["reports"],
    responses=problems(Unauthenticated, Forbidden, InvalidRequest, StoreUnavailable),
    dependencies=[allowed(Action.SEE_REPORTS)],
)

Span = Annotated[SpanQuery, Query()]


@router.get("/classes/{class_id}", responses=problems(NotFound))
async def class_report(class_id: str, span: Span, school: SchoolDep) -> ReportRecord:
    """One class: by person and by month."""
    return _record(await school.reports.school_class(class_id, span.from_, span.to))


@router.get("/people/{person_id:path}", responses=problems(NotFound))
async def person_report(person_id: str, span: Span, school: SchoolDep) -> ReportRecord:
    """One person: by class and by month."""
    return _record(await school.reports.person(person_id, span.from_, span.to))


@router.get("/months/{year}/{month}")
async def month_report(year: int, month: int, school: SchoolDep) -> ReportRecord:
    """One month of the whole school: by class and by person."""
    return _record(await school.reports.month(year, month))


def _record(report: Report) -> ReportRecord:
    threshold = report.threshold_percent
    return ReportRecord(
        title=report.title,
        first=report.first,
        last=report.last,
        threshold_percent=threshold,
        total=TallyRecord.of(report.total, threshold),
        months=[LineRecord.of(line, threshold) for line in report.months],
        people=[LineRecord.of(line, threshold) for line in report.people],
        classes=[LineRecord.of(line, threshold) for line in report.classes],
    )
