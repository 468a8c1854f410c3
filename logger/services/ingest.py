"""Recognitions in, attendance out."""

from collections.abc import Sequence
from datetime import timedelta
from zoneinfo import ZoneInfo

from logger.domain.days import OutsideCalendar, local_day
from logger.domain.sightings import Sighting, body_digest
from logger.errors import StoreUnavailable
from logger.metrics import LoggerMetrics
from logger.store.base import AttendanceStore, Recorded
from shared.clock import Clock
from shared.contracts.attendance import Method
from shared.contracts.events import EventResult, EventResults, Outcome, RecognitionEvent

MAX_AHEAD = timedelta(hours=24)  # a camera's clock may be wrong, but not by more than a day

_ANOTHER_BODY = "this event_id was here before with another body"


class Refused(ValueError):
    """This event alone cannot be kept; sending it again will not help."""


class IngestService:
    def __init__(self, store: AttendanceStore, *, site: ZoneInfo, clock: Clock, metrics: LoggerMetrics) -> None:
        self._store = store
        self._site = site
        self._clock = clock
        self._metrics = metrics

    async def ingest(self, events: Sequence[RecognitionEvent], method: Method = Method.FACE) -> EventResults:
        """One result for each event, in their order, once all that was accepted is durable. Raises StoreUnavailable;
        then any part of the batch may have been kept, and sending it again is safe."""
        judged = [self._judge(event, method) for event in events]
        recorded = iter(await self._record([one for one in judged if isinstance(one, Sighting)]))
        results = [
            _result(event, next(recorded)) if isinstance(one, Sighting) else _rejected(event, str(one))
            for event, one in zip(events, judged, strict=True)
        ]
        for result in results:
            self._metrics.events.labels(result.outcome.value).inc()
        return EventResults(results=results)

    def _judge(self, event: RecognitionEvent, method: Method) -> Sighting | Refused:
        try:
            return self._sighting(event, method)
        except Refused as refusal:
            return refusal

    def _sighting(self, event: RecognitionEvent, method: Method) -> Sighting:
        now = self._clock.now()
        if event.captured_at - now > MAX_AHEAD:
            raise Refused("captured_at is more than 24 hours ahead of the logger's clock")
        try:
            day = local_day(event.captured_at, self._site)
        except OutsideCalendar as error:
            raise Refused(f"captured_at {error}") from error
        return Sighting(
            event_id=event.event_id,
            person_id=event.person_id,
            person=event.person,
            name=event.name,
            distance=event.distance,
            similarity=event.similarity,
            threshold=event.threshold,
            engine=event.engine,
            source=event.source,
            captured_at=event.captured_at,
            received_at=now,
            local_date=day,
            session_id=None,
            liveness=event.liveness,
            method=method,
            digest=body_digest(event),
        )

    async def _record(self, sightings: Sequence[Sighting]) -> list[Recorded]:
        if not sightings:
            return []
        try:
            with self._metrics.commit_s.time():
                recorded = await self._store.record(sightings)
        except StoreUnavailable:
            self._metrics.store_up.set(0)
            raise
        self._metrics.store_up.set(1)
        return recorded


def _result(event: RecognitionEvent, recorded: Recorded) -> EventResult:
    if recorded.outcome is Outcome.REJECTED:
        return _rejected(event, _ANOTHER_BODY)
    return EventResult(
        event_id=event.event_id,
        outcome=recorded.outcome,
        status=recorded.status,
        session_id=recorded.session_id,
        first_seen=recorded.first_seen,
    )


def _rejected(event: RecognitionEvent, detail: str) -> EventResult:
    return EventResult(event_id=event.event_id, outcome=Outcome.REJECTED, detail=detail, code=422)
