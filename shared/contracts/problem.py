"""The body of every error: RFC 9457, and `error` for older clients."""

from shared.contracts.base import WireModel
from shared.contracts.people import RejectedImage

PROBLEM_MEDIA_TYPE = "application/problem+json"


class FieldProblem(WireModel):
    where: str
    what: str


class Problem(WireModel):
    type: str = "about:blank"
    title: str
    status: int
    detail: str
    code: str
    request_id: str
    error: str  # repeats detail
    fields: list[FieldProblem] | None = None
    rejected_images: list[RejectedImage] | None = None  # of an enrolment, beside `no_usable_photo`
    person_id: str | None = None  # whose face it seems to be, beside `possible_duplicate`
