"""A face in, an attendance record out, whatever is killed on the way."""

from collections.abc import Callable
from typing import Any, Protocol
from uuid import uuid4


class Process(Protocol):
    def start(self) -> "Process": ...
    def ready(self) -> "Process": ...
    def stop(self) -> int: ...
    def kill(self) -> None: ...
    def log(self) -> str: ...


class Pair(Protocol):
    logger: Process
    recognizer: Process

    def recognize(self, picture: bytes, **fields: str) -> dict[str, Any]: ...
    def attendance(self) -> list[dict[str, Any]]: ...
    def events(self) -> list[str]: ...
    def waiting(self) -> int: ...


def start(pair: Pair) -> None:
    pair.logger.start().ready()
    pair.recognizer.start().ready()


def test_each_person_is_recorded_once_and_strangers_never(
    pair: Pair, photos: Any, jpeg: Callable[[Any], bytes]
) -> None:
    start(pair)
    first = pair.recognize(jpeg(photos.hopper_again))
    assert (first["match"], first["person"], first["decision"]) == (True, "Grace Hopper demo1", "known")
    assert (first["attendance"]["delivery"], first["attendance"]["outcome"]) == ("delivered", "recorded")
    again = pair.recognize(jpeg(photos.hopper))
    assert again["attendance"]["outcome"] == "already_marked"

    stranger = pair.recognize(jpeg(photos.collins))
    assert (stranger["match"], stranger["person"], stranger["decision"]) == (False, "Unknown", "unknown")
    together = pair.recognize(jpeg(photos.two_people))
    assert (together["match"], together["decision"], together["attendance"]) == (False, "multiple_faces", None)
    assert pair.recognize(jpeg(photos.nobody))["decision"] == "no_face"

    [record] = pair.attendance()
    assert (record["person_id"], record["status"], record["events"]) == ("demo1", "present", 2)


def test_a_logger_killed_in_the_middle_loses_nothing_and_counts_nothing_twice(
    pair: Pair, photos: Any, jpeg: Callable[[Any], bytes], until: Callable[[Callable[[], bool]], None]
) -> None:
    start(pair)
    picture = jpeg(photos.hopper)
    accepted = [pair.recognize(picture)["attendance"]]
    pair.logger.kill()
    accepted += [pair.recognize(picture)["attendance"] for _ in range(3)]
    assert [each["delivery"] for each in accepted] == ["delivered", "queued", "queued", "queued"]
    pair.logger.start().ready()
    accepted.append(pair.recognize(picture)["attendance"])
    until(lambda: pair.waiting() == 0)
    assert sorted(pair.events()) == sorted(each["event_id"] for each in accepted)
    [record] = pair.attendance()
    assert record["events"] == len(accepted)


def test_a_recognizer_killed_after_its_answer_still_delivers(
    pair: Pair, photos: Any, jpeg: Callable[[Any], bytes], until: Callable[[Callable[[], bool]], None]
) -> None:
    pair.recognizer.start().ready()
    accepted = [pair.recognize(jpeg(photos.hopper))["attendance"] for _ in range(2)]
    assert {each["delivery"] for each in accepted} == {"queued"}
    pair.recognizer.kill()
    pair.logger.start().ready()
    pair.recognizer.start().ready()
    until(lambda: pair.waiting() == 0)
    assert sorted(pair.events()) == sorted(each["event_id"] for each in accepted)
    [record] = pair.attendance()
    assert record["events"] == 2


def test_a_clients_repeat_after_a_lost_answer_is_recorded_once(
    pair: Pair, photos: Any, jpeg: Callable[[Any], bytes], until: Callable[[Callable[[], bool]], None]
) -> None:
    start(pair)
    event_id = str(uuid4())
    picture = jpeg(photos.hopper)
    first = pair.recognize(picture, event_id=event_id)
    pair.recognizer.kill()
    pair.recognizer.start().ready()
    repeat = pair.recognize(picture, event_id=event_id)
    assert repeat["attendance"]["event_id"] == first["attendance"]["event_id"] == event_id
    until(lambda: pair.waiting() == 0)
    assert pair.events() == [event_id]


def test_both_services_stop_cleanly_and_say_no_name(pair: Pair, photos: Any, jpeg: Callable[[Any], bytes]) -> None:
    start(pair)
    pair.recognize(jpeg(photos.hopper))
    assert pair.recognizer.stop() == 0
    assert pair.logger.stop() == 0
    for process in (pair.logger, pair.recognizer):
        log = process.log()
        assert '"event": "request"' in log
        assert "Hopper" not in log
        assert "Traceback" not in log
