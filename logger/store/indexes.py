"""The indexes of the MongoDB store. That an event is there once needs none: its id is the document's `_id`."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Index:
    name: str
    keys: tuple[tuple[str, int], ...]
    unique: bool = False


INDEXES: dict[str, tuple[Index, ...]] = {
    "events": (
        Index("by_time", (("captured_us", -1), ("event_id", -1))),
        Index("by_day", (("local_date", -1), ("captured_us", -1))),
        Index("by_person", (("person_id", 1), ("captured_us", -1))),
        Index("by_source", (("source", 1), ("captured_us", -1))),
        Index("by_outcome", (("outcome", 1), ("captured_us", -1))),
        Index("by_record", (("attendance_id", 1), ("captured_us", 1))),
    ),
    "attendance": (
        Index("one_for_each_person_and_scope", (("scope", 1), ("person_id", 1)), unique=True),
        Index("by_time", (("first_us", -1), ("id", -1))),
        Index("by_day", (("local_date", -1), ("first_us", -1))),
        Index("by_person", (("person_id", 1), ("first_us", -1))),
        Index("by_session", (("session_id", 1), ("first_us", -1))),
        Index("by_status", (("status", 1), ("first_us", -1))),
        Index("by_method", (("method", 1), ("first_us", -1))),
    ),
    "api_keys": (Index("one_for_each_digest", (("digest", 1),), unique=True),),
}
