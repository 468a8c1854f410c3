"""The WebSocket client over a real connection."""

import json
from collections.abc import Callable
from typing import Any, Protocol

from websockets.sync.client import connect
from websockets.typing import Origin


class Process(Protocol):
    url: str
    settings: dict[str, str]

    def start(self) -> "Process": ...
    def ready(self) -> "Process": ...
    def stop(self) -> int: ...
    def log(self) -> str: ...


class Pair(Protocol):
    logger: Process
    recognizer: Process

    def attendance(self) -> list[dict[str, Any]]: ...


def test_a_camera_is_answered_and_an_open_connection_does_not_hold_up_the_stop(
    pair: Pair, photos: Any, jpeg: Callable[[Any], bytes]
) -> None:
    pair.recognizer.settings["RECOGNIZER_STOP_TIMEOUT_S"] = "600"  # longer than the test waits
    pair.logger.start().ready()
    pair.recognizer.start().ready()
    address = pair.recognizer.url.replace("http://", "ws://") + "/ws"
    with connect(address, origin=Origin("http://localhost:3000"), proxy=None) as camera:
        messages = []
        for picture in (photos.hopper_again, photos.hopper, photos.collins, photos.two_people, photos.nobody):
            camera.send(jpeg(picture))
            messages.append(json.loads(camera.recv(timeout=30))["message"])
        assert messages == [
            "Attendance marked for Grace Hopper",
            "Grace Hopper - Your attendance was already taken recently",
            "Face not recognized as any known student",
            "Multiple faces detected. Can't mark attendance",
            "No face detected",
        ]
        assert [(record["person_id"], record["events"]) for record in pair.attendance()] == [("demo1", 2)]
        assert pair.recognizer.stop() == 0
    assert "Traceback" not in pair.recognizer.log()
