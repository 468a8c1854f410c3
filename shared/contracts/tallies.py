"""The wire of `POST /v1/tallies`: how many faces without a name a camera saw in each minute. Nothing of the faces."""

from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, Field

from shared.contracts.base import Identifier, Instant, Source, WireModel

MAX_TALLIES = 200


class Nameless(StrEnum):
    """The decisions that name nobody, by the words of `DecisionKind`."""

    UNKNOWN = "unknown"
    AMBIGUOUS = "ambiguous"
    SPOOF = "spoof"


def _start_of_minute(instant: Instant) -> Instant:
    if instant.second or instant.microsecond:
        raise ValueError("must be the start of a minute")
    return instant


class SightingTally(WireModel):
    """What one recognizer, its `origin`, has counted by now. A later count of the same minute is not smaller: the
    highest that was seen counts, so that sending one again, or an older one, changes nothing."""

    origin: Identifier
    source: Source | None = None  # the camera
    decision: Nameless
    minute: Annotated[Instant, AfterValidator(_start_of_minute)]
    count: Annotated[int, Field(ge=1, le=1_000_000)]


class TallyBatch(WireModel):
    tallies: Annotated[list[SightingTally], Field(min_length=1, max_length=MAX_TALLIES)]


class TalliesKept(WireModel):
    kept: int
    too_far: int = 0  # more than a day from the logger's clock: those are not kept
