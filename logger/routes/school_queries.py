"""Query strings of a school's lists and reports."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from logger.domain.accounts import Action, Actor, Reach, reach_of
from logger.routes.queries import LocalDate
from logger.routes.school_wire import Cursor, Limit
from logger.services.people import PeopleFilter
from shared.contracts.base import Identifier, Name, WireModel
from shared.contracts.enrolment import ConsentState


class PeopleWhere(WireModel):
    q: Annotated[str, Field(max_length=200)] | None = Field(None, description="in names and numbers")
    department: Name | None = None
    year: Name | None = None
    active: bool | None = None
    consent: ConsentState | None = None

    def to_filter(self) -> PeopleFilter:
        return PeopleFilter(self.q, self.department, self.year, self.active, self.consent)


class PeopleQuery(PeopleWhere):
    cursor: Cursor | None = None
    limit: Limit = 100


class ClassesQuery(WireModel):
    q: Annotated[str, Field(max_length=200)] | None = Field(None, description="in titles")
    teacher_id: Identifier | None = None
    active: bool | None = None
    cursor: Cursor | None = None
    limit: Limit = 100


def teacher_for(actor: Actor, asked: str | None = None) -> str | None:
    """Whose classes are listed: who may see their own alone is shown no others."""
    return asked if reach_of(actor, Action.SEE_CLASS) is Reach.ANY else actor.account_id


def reported_teacher(actor: Actor) -> str | None:
    """Whose classes a report is of: those of who may see no others; None for the whole school."""
    return None if reach_of(actor, Action.SEE_REPORTS) is Reach.ANY else actor.account_id


class SpanQuery(WireModel):
    from_: LocalDate = Field(alias="from", description="first day at the site")
    to: LocalDate = Field(description="last day at the site")

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.from_ > self.to:
            raise ValueError("from must not be after to")
        return self
