"""Whether a person's face may be enrolled: the logger's answer to `GET /v1/people/{person_id}/enrolment`."""

from enum import StrEnum

from shared.contracts.base import WireModel


class ConsentState(StrEnum):
    GIVEN = "given"
    WITHDRAWN = "withdrawn"
    NONE = "none"


class EnrolmentAnswer(WireModel):
    """Asked by the recognizer before it takes photos of somebody. Never an error: who is not known is an answer too."""

    allowed: bool
    reason: str  # one sentence for whoever wanted to enrol the person
    consent_required: bool  # at this site
    consent: ConsentState
