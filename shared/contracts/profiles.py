"""Who a person is, without the face: `/v1/people` of the logger."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

from pydantic import Field

from shared.contracts.base import WireModel

Version = Annotated[int, Field(ge=0, description="of the row that was read; 0 adds")]
Typed = Annotated[str, Field(max_length=500)]  # read by the logger, which says what is wrong with it


class ProfileChange(WireModel):
    """A field that is left out stays as it is; an empty one is emptied."""

    name: Typed | None = None
    department: Typed | None = None
    year: Typed | None = None
    email: Typed | None = None
    phone: Typed | None = None
    active: bool | None = None
    version: Version


class ConsentGiven(WireModel):
    """To be recognized by face, as of now."""

    version: Typed  # of the text that was agreed to
    how: Typed


class ConsentRecord(WireModel):
    """To be recognized by face."""

    version: str  # of the text that was agreed to
    given_at: datetime
    how: str
    by: str  # the account that wrote it down
    withdrawn_at: datetime | None = None


class ProfileRecord(WireModel):
    person_id: str  # the roll number
    name: str
    department: str | None
    year: str | None
    email: str | None  # this and the phone are there for who may see them
    phone: str | None
    active: bool
    consent: ConsentRecord | None
    version: int


class ProfilePage(WireModel):
    items: Sequence[ProfileRecord]
    next_cursor: str | None
