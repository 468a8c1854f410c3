"""Query strings of the lists."""

import re
from datetime import date
from typing import Annotated, Self

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from logger.domain.attendance import day_scope
from logger.domain.schedule import YEARS
from logger.services.cursor import MAX_CURSOR_CHARACTERS
from logger.store.base import AttendanceFilter, EventFilter
from shared.contracts.attendance import Method
from shared.contracts.base import Identifier, Name, WireModel
from shared.contracts.events import AttendanceStatus, Outcome

_ISO_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


def _iso_date(text: object) -> object:
    """Pydantic would read a bare number as seconds since 1970."""
    if isinstance(text, str) and not _ISO_DATE.fullmatch(text):
        raise ValueError("must be a date such as 2025-03-03")
    return text


def _within_years(day: date) -> date:
    if day.year not in YEARS:
        raise ValueError(f"must be within the years {YEARS[0]} to {YEARS[-1]}")
    return day


LocalDate = Annotated[date, BeforeValidator(_iso_date), AfterValidator(_within_years)]


class PageQuery(WireModel):
    """A parameter we do not know is refused: a filter that is silently ignored would answer another question."""

    date: LocalDate | None = Field(None, description="one day at the site; instead of from and to")
    from_: LocalDate | None = Field(None, alias="from", description="first day at the site")
    to: LocalDate | None = Field(None, description="last day at the site")
    person_id: Identifier | None = None
    cursor: Annotated[str, Field(max_length=MAX_CURSOR_CHARACTERS)] | None = Field(
        None, description="next_cursor of the page before"
    )
    limit: Annotated[int, Field(ge=1, le=1000)] = 100

    @model_validator(mode="after")
    def _one_way_to_name_days(self) -> Self:
        if self.date and (self.from_ or self.to):
            raise ValueError("give date, or from and to, not both")
        if self.from_ and self.to and self.from_ > self.to:
            raise ValueError("from must not be after to")
        return self

    @property
    def first_date(self) -> LocalDate | None:
        return self.date or self.from_

    @property
    def last_date(self) -> LocalDate | None:
        return self.date or self.to


class AttendanceQuery(PageQuery):
    session_id: Identifier | None = None
    class_id: Identifier | None = Field(None, description="of the session; a day without one is of no class")
    status: AttendanceStatus | None = None
    method: Method | None = None
    outside_sessions: bool = Field(False, description="with date: only who was seen while no session was running")

    @model_validator(mode="after")
    def _a_day_to_be_outside_of(self) -> Self:
        if self.outside_sessions and self.date is None:
            raise ValueError("outside_sessions needs date")
        return self

    def to_filter(self) -> AttendanceFilter:
        return AttendanceFilter(
            scope=day_scope(self.date) if self.date and self.outside_sessions else None,
            first_date=self.first_date,
            last_date=self.last_date,
            person_id=self.person_id,
            session_id=self.session_id,
            class_id=self.class_id,
            status=self.status,
            method=self.method,
        )


class EventsQuery(PageQuery):
    source: Name | None = None
    outcome: Outcome | None = None

    def to_filter(self) -> EventFilter:
        return EventFilter(
            first_date=self.first_date,
            last_date=self.last_date,
            person_id=self.person_id,
            source=self.source,
            outcome=self.outcome,
        )
