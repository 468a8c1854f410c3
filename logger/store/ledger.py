"""What a batch of sightings makes of the events and records that are there already."""

from collections.abc import Collection
from dataclasses import dataclass, field
from uuid import UUID

from logger.domain.attendance import Attendance, begin, extend
from logger.domain.sightings import LoggedSighting, Sighting
from logger.store.base import Recorded
from shared.contracts.events import Outcome


@dataclass(frozen=True, slots=True)
class KeptEvent:
    digest: str
    record_id: str


@dataclass(slots=True)
class Ledger:
    """Needs, of what is kept, the events with the ids of the sightings and every record that either belongs to."""

    events: dict[UUID, KeptEvent]
    records: dict[str, Attendance]
    new_events: list[LoggedSighting] = field(default_factory=list)
    _changed: set[str] = field(default_factory=set)

    @property
    def changed_records(self) -> Collection[Attendance]:
        return [self.records[record_id] for record_id in self._changed]

    def enter(self, sighting: Sighting) -> Recorded:
        kept = self.events.get(sighting.event_id)
        if kept is None:
            return self._enter_new(sighting)
        if kept.digest != sighting.digest:
            return Recorded(Outcome.REJECTED)
        record = self.records.get(kept.record_id)
        return Recorded(Outcome.DUPLICATE) if record is None else _recorded(Outcome.DUPLICATE, record)

    def _enter_new(self, sighting: Sighting) -> Recorded:
        if sighting.not_counted is not None:
            return self._enter_not_counted(sighting, sighting.not_counted)
        record_id = sighting.record_id
        known = self.records.get(record_id)
        outcome = Outcome.RECORDED if known is None else Outcome.ALREADY_MARKED
        record = begin(sighting) if known is None else extend(known, sighting)
        self.events[sighting.event_id] = KeptEvent(sighting.digest, record_id)
        self.records[record_id] = record
        self.new_events.append(LoggedSighting(sighting, outcome))
        self._changed.add(record_id)
        return _recorded(outcome, record)

    def _enter_not_counted(self, sighting: Sighting, outcome: Outcome) -> Recorded:
        self.events[sighting.event_id] = KeptEvent(sighting.digest, sighting.record_id)
        self.new_events.append(LoggedSighting(sighting, outcome))
        return Recorded(outcome, session_id=sighting.session_id)


def _recorded(outcome: Outcome, record: Attendance) -> Recorded:
    return Recorded(outcome, record.status, record.session_id, record.first_seen)
