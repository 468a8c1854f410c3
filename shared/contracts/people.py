"""Enrolment on the wire: `/people` of the recognizer."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from shared.contracts.base import Identifier, Name, WireModel

MAX_IMAGES = 50  # of one request

ConsentHow = Literal["paper", "online", "spoken"]
Short = Annotated[str, StringConstraints(max_length=100)]


class EnrolFields(WireModel):
    """What stands in the form beside the parts `images`. Profile and consent go on to the logger, which has the last
    word on what it keeps; a field that is left out stays there as it is."""

    person_id: Identifier
    name: Name
    department: Short | None = None
    year: Annotated[str, StringConstraints(max_length=20)] | None = None
    email: Annotated[str, StringConstraints(max_length=254)] | None = None
    phone: Annotated[str, StringConstraints(max_length=40)] | None = None
    consent_version: Annotated[Name, StringConstraints(max_length=100)] | None = None  # of the text agreed to
    consent_how: ConsentHow | None = None
    allow_duplicate: bool = False  # although the face is somebody's already; written down with the key

    @model_validator(mode="after")
    def _whole_consent(self) -> Self:
        if (self.consent_version is None) != (self.consent_how is None):
            raise ValueError("consent_version and consent_how belong together")
        return self


class MoreImagesFields(WireModel):
    allow_duplicate: bool = False


class AcceptedImage(WireModel):
    index: int  # among the parts `images`, from 0
    filename: str
    image_id: str


class RejectedImage(WireModel):
    index: int
    filename: str
    reason: str  # a word for programs
    detail: str  # a sentence for people


class HandedIn(StrEnum):
    """What became of profile and consent on their way to the logger."""

    DELIVERED = "delivered"
    QUEUED = "queued"  # safe here; the logger has not answered yet
    REFUSED = "refused"  # the logger will not take it as it is


class RegistrationNote(WireModel):
    delivery: HandedIn
    detail: str | None = None


class EnrolmentResult(WireModel):
    person_id: str
    name: str
    person: str  # the label: name and id
    accepted: list[AcceptedImage]
    rejected_images: list[RejectedImage]
    registration: RegistrationNote | None = None  # None where photos were added alone


class ImageRecord(WireModel):
    image_id: str
    bytes: int
    media_type: str


class EnrolledSummary(WireModel):
    person_id: str
    name: str
    person: str
    recognizable: bool  # False where none of the photos can be used
    images: int


class EnrolledPage(WireModel):
    items: list[EnrolledSummary]
    next_cursor: str | None = None


class EnrolledRecord(WireModel):
    person_id: str
    name: str
    person: str
    recognizable: bool  # False where none of the photos can be used
    images: list[ImageRecord]


class ErasureReceipt(WireModel):
    receipt_id: str
    person_id: str
    erased_at: datetime
    by: str  # the key that asked
    removed: Annotated[dict[str, int], Field(description="how many folders, photos, templates, and messages waiting")]


class BulkPerson(WireModel):
    """A line of the answer to `POST /people/bulk` (application/x-ndjson)."""

    type: Literal["person"] = "person"
    done: int  # people, this one among them
    of: int
    person_id: str
    name: str
    enrolled: bool = False
    accepted: int = 0  # photos
    rejected_images: list[RejectedImage] = Field(default_factory=list)
    registration: RegistrationNote | None = None  # None for who is not enrolled
    code: str | None = None  # why this person is not enrolled
    detail: str | None = None

    def enrolled_with(
        self, accepted: int, rejected: list[RejectedImage], registration: RegistrationNote | None
    ) -> Self:
        made = {"enrolled": True, "accepted": accepted, "rejected_images": rejected, "registration": registration}
        return self.model_copy(update=made)

    def refused(self, code: str, detail: str, rejected: list[RejectedImage]) -> Self:
        return self.model_copy(update={"code": code, "detail": detail, "rejected_images": rejected})


class BulkProblem(WireModel):
    where: str  # a path in the archive, or a line of its table
    detail: str


class BulkReport(WireModel):
    """The last line."""

    type: Literal["report"] = "report"
    people: int
    enrolled: int
    images_accepted: int
    images_rejected: int
    profiles: dict[HandedIn, int] = Field(default_factory=dict)  # how many, of those enrolled, went on to the logger
    problems: list[BulkProblem]  # what was passed over before anybody was looked at


BulkLine = Annotated[BulkPerson | BulkReport, Field(discriminator="type")]
