from uuid import uuid4

import pytest

from recognizer.replays import RecordedFrames

FRAME, OTHER = b"f" * 32, b"o" * 32


class Now:
    s = 1_000.0

    def __call__(self) -> float:
        return self.s


@pytest.fixture
def now() -> Now:
    return Now()


def test_the_same_frame_of_the_same_person_is_the_same_event(now: Now) -> None:
    frames = RecordedFrames(10, now_s=now)
    first = uuid4()
    assert frames.event_of(FRAME, "101", first) == first
    now.s += 9.9
    assert frames.event_of(FRAME, "101", uuid4()) == first


def test_another_frame_and_another_person_are_events_of_their_own(now: Now) -> None:
    frames = RecordedFrames(10, now_s=now)
    events = [uuid4() for _ in range(3)]
    asked = ((FRAME, "101"), (OTHER, "101"), (FRAME, "102"))
    assert [frames.event_of(frame, who, event) for (frame, who), event in zip(asked, events, strict=True)] == events


def test_the_window_begins_with_the_first_and_repeats_do_not_draw_it_out(now: Now) -> None:
    frames = RecordedFrames(10, now_s=now)
    first, later = uuid4(), uuid4()
    frames.event_of(FRAME, "101", first)
    now.s += 6
    assert frames.event_of(FRAME, "101", uuid4()) == first
    now.s += 4
    assert frames.event_of(FRAME, "101", later) == later


def test_without_a_window_nothing_is_remembered(now: Now) -> None:
    frames = RecordedFrames(0, now_s=now)
    frames.event_of(FRAME, "101", uuid4())
    second = uuid4()
    assert frames.event_of(FRAME, "101", second) == second
    assert len(frames) == 0


def test_memory_is_bounded_and_the_oldest_go_first(now: Now) -> None:
    frames = RecordedFrames(1_000, max_frames=3, now_s=now)
    events = [uuid4() for _ in range(5)]
    for number, event in enumerate(events):
        frames.event_of(bytes([number]), "101", event)
    assert len(frames) == 3
    assert frames.event_of(bytes([4]), "101", uuid4()) == events[4]
    new = uuid4()
    assert frames.event_of(bytes([0]), "101", new) == new


def test_what_is_over_is_forgotten(now: Now) -> None:
    frames = RecordedFrames(10, now_s=now)
    for number in range(100):
        frames.event_of(bytes([number]), "101", uuid4())
    now.s += 11
    frames.event_of(FRAME, "101", uuid4())
    assert len(frames) == 1
