"""Recognitions in, attendance out."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import assert_never
from zoneinfo import ZoneInfo

from logger.domain.days import OutsideCalendar, local_day
from logger.domain.placing import InSession, NotCounted
from logger.domain.sightings import NOT_COUNTED, Sighting, body_digest
from logger.errors import StoreUnavailable
from logger.metrics import LoggerMetrics
from logger.services.live import LiveEvent, LiveFeed, LiveKind
from logger.services.marks import MarksService, Seen
from logger.services.placement import Placement
from logger.store.base import AttendanceStore, Recorded
from shared.clock import Clock
from shared.contracts.attendance import Method
from shared.contracts.events import EventResult, EventResults, Outcome, RecognitionEvent

MAX_AHEAD = timedelta(hours=24)  # a camera's clock may be wrong, but not by more than a day

_DETAILS = {
    Outcome.NOT_ON_ROSTER: "is not on the roster of this session",
    Outcome.OUTSIDE_SESSION: "was seen outside the time in which this session counts",
}
_ANOTHER_BODY = "this event_id was here before with another body"


class Refused(ValueError):
    """This event alone cannot be kept; sending it again will not help."""


class IngestService:
    def __init__(
        self,
        store: AttendanceStore,
        placement: Placement,
        marks: MarksService,
        feed: LiveFeed,
        *,
        site: ZoneInfo,
        clock: Clock,
        metrics: LoggerMetrics,
    ) -> None:
        self._store = store
        self._placement = placement
        self._marks = marks
        self._feed = feed
        self._site = site
        self._clock = clock
        self._metrics = metrics

    async def ingest(
        self,
        events: Sequence[RecognitionEvent],
        method: Method = Method.FACE,
        *,
        session_id: str | None = None,
        digest: Callable[[RecognitionEvent], str] = body_digest,
    ) -> EventResults:
        """One result for each event, in their order, once all that was accepted is durable. They count in the session
        that is named, if in any, or else where their cameras and times put them; `digest` says which are the same.
        Raises StoreUnavailable; then any part of the batch may have been kept, and sending it again is safe."""
        judged = [await self._judge(event, method, session_id, digest(event)) for event in events]
        sightings = [one for one in judged if isinstance(one, Sighting)]
        recorded = await self._record(sightings)
        answers = iter(await self._mark(sightings, recorded))
        results = [
            _result(event, next(answers)) if isinstance(one, Sighting) else _rejected(event, str(one))
            for event, one in zip(events, judged, strict=True)
        ]
        for result in results:
            self._metrics.events.labels(result.outcome.value).inc()
        return EventResults(results=results)

    async def _judge(
        self, event: RecognitionEvent, method: Method, session_id: str | None, digest: str
    ) -> Sighting | Refused:
        try:
            sighting = self._sighting(event, method, digest)
        except Refused as refusal:
            return refusal
        try:
            placed = await self._place(event, session_id)
        except StoreUnavailable:
            self._metrics.store_up.set(0)
            raise
        match placed:
            case None:
                return sighting
            case InSession():
                return replace(sighting, session_id=placed.session_id)
            case NotCounted():
                return replace(sighting, session_id=placed.session_id, not_counted=placed.outcome)
            case _:
                assert_never(placed)

    async def _place(self, event: RecognitionEvent, session_id: str | None) -> InSession | NotCounted | None:
        if session_id is None:
            return await self._placement.place(event.person_id, event.source, event.captured_at)
        return await self._placement.place_in(session_id, event.person_id, event.captured_at)

    async def _mark(self, sightings: Sequence[Sighting], recorded: Sequence[Recorded]) -> Sequence[Recorded]:
        """The answers, with the status of each one's mark where there is one. Where a sighting was put when it first
        came counts, not where it would be put by now."""
        seen = [_seen(*one) for one in zip(sightings, recorded, strict=True)]
        self._tell_not_counted(sightings, recorded)
        if not any(seen):
            return recorded
        marks = await self._marks.seen([one for one in seen if one])
        return [
            replace(one, status=marks[who.key].status.counts_as) if who and who.key in marks else one
            for who, one in zip(seen, recorded, strict=True)
        ]

    def _tell_not_counted(self, sightings: Sequence[Sighting], recorded: Sequence[Recorded]) -> None:
        for sighting, one in zip(sightings, recorded, strict=True):
            if one.outcome in NOT_COUNTED:
                self._feed.publish(
                    LiveEvent(
                        LiveKind.NOT_COUNTED,
                        sighting.captured_at,
                        session_id=sighting.session_id,
                        person_id=sighting.person_id,
                        name=sighting.name,
                        detail=one.outcome,
                    )
                )

    def _sighting(self, event: RecognitionEvent, method: Method, digest: str) -> Sighting:
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
            digest=digest,
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


def _seen(sighting: Sighting, recorded: Recorded) -> Seen | None:
    if recorded.session_id is None or recorded.status is None or recorded.first_seen is None:
        return None
    return Seen(recorded.session_id, sighting.person_id, recorded.first_seen, recorded.status)


def _result(event: RecognitionEvent, recorded: Recorded) -> EventResult:
    if recorded.outcome is Outcome.REJECTED:
        return _rejected(event, _ANOTHER_BODY)
    return EventResult(
        event_id=event.event_id,
        outcome=recorded.outcome,
        status=recorded.status,
        session_id=recorded.session_id,
        first_seen=recorded.first_seen,
        detail=_DETAILS.get(recorded.outcome),
    )


def _rejected(event: RecognitionEvent, detail: str) -> EventResult:
    return EventResult(event_id=event.event_id, outcome=Outcome.REJECTED, detail=detail, code=422)
