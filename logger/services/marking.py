"""What the React front end is told when it reports a recognition that it was shown."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum, auto
from typing import assert_never
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from pydantic import TypeAdapter, ValidationError

from logger.domain.attendance import AttendanceKey
from logger.domain.days import local_day
from logger.errors import StoreUnavailable
from logger.services.ingest import IngestService
from logger.services.placement import Placement
from logger.store.base import Acknowledgement, AttendanceStore
from shared.clock import Clock
from shared.contracts.attendance import Method
from shared.contracts.base import Identifier, Name
from shared.contracts.events import RecognitionEvent
from shared.logs import get_logger

log = get_logger(__name__)

MAX_DISTANCE = 0.5  # the front end's own limit; the recognizer's threshold is stricter
_name = TypeAdapter[str](Name)
_identifier = TypeAdapter[str](Identifier)


class Marking(StrEnum):
    PROCESSED = auto()
    ALREADY_MARKED = auto()
    NOT_RECOGNIZED = auto()  # no such sighting, or nothing that could be one
    NOT_A_LABEL = auto()  # the name is not "Username RollNo"
    FAILED = auto()  # the store could not be asked


@dataclass(frozen=True, slots=True)
class Report:
    """A front end's word: whom it was shown, and how close."""

    label: str
    name: str
    person_id: str
    distance: float


class MarkingService:
    """By default nobody is marked on a browser's word: it is told what the recognizer has recorded already."""

    def __init__(
        self,
        store: AttendanceStore,
        ingest: IngestService,
        placement: Placement,
        *,
        site: ZoneInfo,
        clock: Clock,
        window: timedelta,
        trusted: bool,
        new_event_id: Callable[[], UUID] = uuid4,
    ) -> None:
        """`window` is how long after a sighting a front end may still be the one that reports it. `trusted` records
        each report as a sighting of its own."""
        self._store = store
        self._ingest = ingest
        self._placement = placement
        self._site = site
        self._clock = clock
        self._window = window
        self._trusted = trusted
        self._new_event_id = new_event_id

    async def mark(self, body: object) -> Marking:
        """Takes whatever the request held."""
        report = _read(body)
        if isinstance(report, Marking):
            return report
        try:
            return await self._mark(report)
        except StoreUnavailable as error:
            log.exception("marking failed", code=error.code, exc_info=error)
            return Marking.FAILED

    async def _mark(self, report: Report) -> Marking:
        now = self._clock.now()
        if self._trusted:
            await self._ingest.ingest([self._event(report, now)], Method.CLIENT)
        answer = await self._acknowledge(report.person_id, now)
        match answer:
            case Acknowledgement.FIRST:
                return Marking.PROCESSED
            case Acknowledgement.AGAIN:
                return Marking.ALREADY_MARKED
            case Acknowledgement.ABSENT:
                return Marking.NOT_RECOGNIZED
            case _:
                assert_never(answer)

    async def _acknowledge(self, person_id: str, now: datetime) -> Acknowledgement:
        """In the session that is running for the person, or else on this day."""
        day = local_day(now, self._site)
        for session_id in (*await self._placement.expecting(person_id, now), None):
            key = AttendanceKey.of(person_id, day, session_id)
            answer = await self._store.acknowledge(key, seen_since=now - self._window, at=now)
            if answer is not Acknowledgement.ABSENT:
                return answer
        return Acknowledgement.ABSENT

    def _event(self, report: Report, now: datetime) -> RecognitionEvent:
        return RecognitionEvent(
            event_id=self._new_event_id(),
            person_id=report.person_id,
            person=report.label,
            name=report.name,
            distance=report.distance,
            similarity=1 - report.distance,
            threshold=MAX_DISTANCE,
            engine="client",
            captured_at=now,
        )


def _read(body: object) -> Report | Marking:
    given = body if isinstance(body, dict) else {}
    label, distance = given.get("name"), _distance(given.get("distance"))
    if label is None or label == "" or distance is None:
        return Marking.NOT_RECOGNIZED
    try:
        return _report(label, distance)
    except ValidationError:
        return Marking.NOT_A_LABEL


def _distance(value: object) -> float | None:
    """None unless it is a number, no more than a match may have; True is not a number here."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= MAX_DISTANCE:
        return None
    return float(value)


def _report(label: object, distance: float) -> Report:
    """Raises ValidationError unless the label is a name and, as its last word, a roll number."""
    normal = _name.validate_python(label, strict=True)
    name, _, roll_number = normal.rpartition(" ")
    return Report(normal, _name.validate_python(name), _identifier.validate_python(roll_number), distance)
