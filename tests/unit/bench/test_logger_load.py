"""What the logger is measured with is what a logger takes."""

import json
from itertools import islice

from shared.contracts.events import EventBatch
from tests.bench.logger_fill import school
from tests.bench.logger_load import recognitions, request


def test_a_post_is_one_whole_request_of_events_that_the_wire_takes() -> None:
    head, _, body = request("secret", list(islice(recognitions(), 3))).partition(b"\r\n\r\n")
    assert b"Content-Length: %d" % len(body) in head
    assert len({event.event_id for event in EventBatch.model_validate(json.loads(body)).events}) == 3


def test_a_school_has_each_person_once_a_day_and_the_same_ones_on_every_run() -> None:
    sightings = list(school(people=5, days=4))
    assert len({sighting.key for sighting in sightings}) == len(sightings) == 20
    assert len({sighting.event_id for sighting in sightings}) == 20
    assert len({sighting.local_date for sighting in sightings}) == 4
    assert sightings == list(school(people=5, days=4))
