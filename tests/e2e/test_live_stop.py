"""Live cameras of a recognizer that is a process of its own."""

import json
from collections.abc import Callable
from typing import Any, Protocol

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect


class Process(Protocol):
    port: int
    settings: dict[str, str]

    def start(self) -> "Process": ...
    def ready(self) -> "Process": ...
    def stop(self) -> int: ...
    def log(self) -> str: ...


class Pair(Protocol):
    logger: Process
    recognizer: Process

    def attendance(self) -> list[dict[str, Any]]: ...


def camera(recognizer: Process) -> ClientConnection:
    return connect(f"ws://127.0.0.1:{recognizer.port}/live?source=door", proxy=None)


def hear(connection: ClientConnection) -> dict[str, Any]:
    said: dict[str, Any] = json.loads(connection.recv(timeout=60))
    return said


def test_a_person_before_a_live_camera_is_marked_and_a_stop_does_not_wait_for_the_camera(
    pair: Pair, photos: Any, jpeg: Callable[[Any], bytes]
) -> None:
    pair.recognizer.settings["RECOGNIZER_STOP_TIMEOUT_S"] = "3600"  # a stop that waited would never end
    pair.recognizer.settings["RECOGNIZER_CONFIRM_WINDOW_S"] = "60"  # on a busy machine, too
    pair.logger.start().ready()
    pair.recognizer.start().ready()
    with camera(pair.recognizer) as live, camera(pair.recognizer) as idle:
        assert hear(live)["type"] == hear(idle)["type"] == "welcome"
        for _ in range(3):
            live.send(jpeg(photos.hopper_again))
            said = hear(live)
        assert said["attendance"]["outcome"] == "recorded"
        assert pair.recognizer.stop() == 0
        for connection in (live, idle):
            with pytest.raises(ConnectionClosed) as closed:
                connection.recv(timeout=60)
            assert closed.value.rcvd is not None
            assert closed.value.rcvd.code in {1001, 1012}
    [record] = pair.attendance()
    assert (record["person_id"], record["events"]) == ("demo1", 1)
    assert "Traceback" not in pair.recognizer.log()


def test_a_message_larger_than_a_picture_may_be_is_refused_before_it_is_read(pair: Pair) -> None:
    pair.recognizer.settings["RECOGNIZER_MAX_BYTES"] = "5000"
    pair.recognizer.start().ready()
    with camera(pair.recognizer) as live:
        assert hear(live)["max_bytes"] == 5000
        live.send(bytes(5_001))
        with pytest.raises(ConnectionClosed) as closed:
            live.recv(timeout=60)
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1009
