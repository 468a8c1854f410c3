"""What the kiosk says when the service says so. The service is played by the test, over the wire as it is."""

import json
import re
from collections.abc import Callable, Sequence
from typing import Any, Protocol

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from playwright.sync_api import Page, Route, WebSocketRoute, expect

Pixels = NDArray[np.uint8]
Shoot = Callable[..., None]
LIVE = "**/rollcall/live**"

WELCOME = {
    "type": "welcome",
    "frames_needed": 3,
    "window_s": 3.0,
    "liveness": "off",
    "max_bytes": 8_388_608,
    "max_fps": 10.0,
    "idle_s": 60.0,
    "record": True,
}


class Cameras(Protocol):
    def page(self, frames: Sequence[Pixels], **options: Any) -> Page: ...


class Photos(Protocol):
    collins: Pixels
    hopper: Pixels


def frame(
    decision: str = "no_face", reason: str = "No face was found. Look at the camera.", **more: Any
) -> dict[str, Any]:
    return {
        "type": "frame",
        "seq": 1,
        "dropped": 0,
        "decision": decision,
        "reason": reason,
        "image": {"width": 640, "height": 480},
        "faces": [],
        "confirmation": None,
        "challenge": None,
        "attendance": None,
        "timings_ms": {},
        "request_id": "r",
    } | more


def note(outcome: str | None, status: str | None = None, delivery: str = "delivered", **more: Any) -> dict[str, Any]:
    return {
        "event_id": "0b7b3c9e-6a0e-4a63-9d3b-5f9a8d7c1e11",
        "delivery": delivery,
        "outcome": outcome,
        "status": status,
        "session_id": None,
        "first_seen": "2026-03-02T08:02:00Z" if outcome == "recorded" else None,
        "detail": None,
    } | more


def face(name: str | None, attendance: dict[str, Any] | None = None) -> dict[str, Any]:
    return {
        "box": {"x": 230, "y": 70, "width": 150, "height": 200},
        "landmarks": [],
        "score": 0.99,
        "quality": {"sharpness": 90, "brightness": 120, "size": 150, "yaw": 0, "pitch": 0, "reason": None},
        "decision": "known" if name else "unknown",
        "person": f"{name} 101" if name else None,
        "person_id": "101" if name else None,
        "name": name,
        "distance": 0.1,
        "similarity": 0.9,
        "liveness": None,
        "attendance": attendance,
    }


def greeted(attendance: dict[str, Any], name: str = "Grace Hopper") -> dict[str, Any]:
    return frame("known", "Recognized.", faces=[face(name, attendance)], attendance=attendance, confirmation=agreed(3))


def agreed(count: int, name: str = "Grace Hopper") -> dict[str, Any]:
    return {"person_id": "101", "person": f"{name} 101", "name": name, "agreeing": count, "needed": 3}


class Service:
    """Answers each picture with `answer`, or keeps silent; remembers what came."""

    def __init__(self, answer: dict[str, Any] | None) -> None:
        self.answer = answer
        self.pictures: list[bytes] = []
        self.texts: list[str] = []
        self.connections: list[WebSocketRoute] = []

    def connect(self, socket: WebSocketRoute) -> None:
        self.connections.append(socket)
        socket.on_message(lambda message: self._hear(socket, message))
        socket.send(json.dumps(WELCOME))

    def _hear(self, socket: WebSocketRoute, message: str | bytes) -> None:
        if isinstance(message, str):
            self.texts.append(message)
            return
        self.pictures.append(message)
        if self.answer is not None:
            socket.send(json.dumps(self.answer))


Kiosk = tuple[Page, Service]
OpenKiosk = Callable[..., Kiosk]


@pytest.fixture
def open_kiosk(cameras: Cameras, pages_url: str, photos: Photos, before_camera: Callable[..., Pixels]) -> OpenKiosk:
    """The page before Grace Hopper, and the service behind it."""

    def open_page(answer: dict[str, Any] | None, query: str = "", script: str = "", **options: Any) -> Kiosk:
        service = Service(answer)
        page = cameras.page([before_camera(photos.hopper)], **options)
        page.route_web_socket(LIVE, service.connect)
        page.add_init_script(script)
        page.goto(pages_url + query)
        return page, service

    return open_page


def wait_for(page: Page, condition: Callable[[], bool]) -> None:
    """Lets the page go on until then."""
    for _ in range(400):
        if condition():
            return
        page.evaluate("new Promise((resolve) => setTimeout(resolve, 25))")
    pytest.fail("it did not happen in time")


def let_frames_pass(page: Page, count: int) -> None:
    page.evaluate(
        """async (count) => {
            const video = document.getElementById("video");
            for (let at = 0; at < count; at += 1) await new Promise((go) => video.requestVideoFrameCallback(go));
        }""",
        count,
    )


SAID = (
    (note("recorded", "present"), "You are marked present. First seen at"),
    (note("recorded", "late"), "You are marked late."),
    (note("already_marked", "present"), "You were marked present already."),
    (note("already_marked", "late"), "You were marked late already."),
    (note("duplicate"), "This was recorded before."),
    (note("outside_session"), "Not counted"),
    (note("not_on_roster"), "You are not on the list of this class."),
    (note("rejected", detail="captured_at is odd"), "The school's server did not take it: captured_at is odd."),
    (note(None, delivery="queued"), "It will be recorded as soon as the school's server answers."),
    (note(None), "The server did not say what became of it."),
)


def test_each_verdict_of_the_logger_is_told_as_it_is(open_kiosk: OpenKiosk, shoot: Shoot) -> None:
    page, service = open_kiosk(frame(), "?source=Room%20204")
    expect(page.locator("#hint")).to_have_text("No face was found. Look at the camera.")
    shoot(page, "kiosk-1-nobody")
    for number, (said, words) in enumerate(SAID):
        service.answer = greeted({**said, "event_id": str(number)})
        expect(page.locator("#greeting")).to_contain_text(words)
        expect(page.locator("#greeting .who")).to_have_text("Grace Hopper")
        if number in {0, 8}:
            shoot(page, f"kiosk-2-{said['status'] or said['delivery']}")
    assert "source=Room+204" in service.connections[0].url


def test_whoever_takes_the_place_of_a_person_is_not_given_their_verdict(open_kiosk: OpenKiosk) -> None:
    page, service = open_kiosk(greeted(note("recorded", "present")))
    expect(page.locator("#greeting .who")).to_have_text("Grace Hopper")
    other = face("Ada Lovelace") | {"person_id": "102"}
    service.answer = frame("known", "Recognized.", faces=[other], attendance=note("recorded", "present"))
    expect(page.locator("#greeting")).to_be_empty()
    expect(page.locator("#recent-list li")).to_have_count(1)


def test_a_stranger_is_told_the_reason_and_no_name(open_kiosk: OpenKiosk, shoot: Shoot) -> None:
    reason = "This face belongs to nobody who is enrolled."
    page, _ = open_kiosk(frame("unknown", reason, faces=[face(None)]))
    expect(page.locator("#hint")).to_have_text(reason)
    expect(page.locator("#announcer")).to_have_text(reason)
    expect(page.locator("#greeting")).to_be_empty()
    shoot(page, "kiosk-3-stranger")


def test_the_picture_on_the_screen_is_mirrored_and_the_one_that_is_sent_is_not(
    open_kiosk: OpenKiosk, photos: Photos, before_camera: Callable[..., Pixels]
) -> None:
    page, service = open_kiosk(frame(), viewport={"width": 640, "height": 480})
    wait_for(page, lambda: bool(service.pictures))
    expect(page.locator("#video.mirrored")).to_be_visible()
    sent = cv2.imdecode(np.frombuffer(service.pictures[0], np.uint8), cv2.IMREAD_COLOR)
    assert sent is not None
    filmed = before_camera(photos.hopper)[:, :, ::-1].astype(float)
    assert sent.shape == filmed.shape
    assert abs(sent - filmed).mean() < 10 < abs(sent[:, ::-1] - filmed).mean()


def test_what_the_screen_does_not_show_is_not_sent(open_kiosk: OpenKiosk) -> None:
    page, service = open_kiosk(frame(), viewport={"width": 600, "height": 600})
    wait_for(page, lambda: bool(service.pictures))
    sent = cv2.imdecode(np.frombuffer(service.pictures[0], np.uint8), cv2.IMREAD_COLOR)
    assert sent is not None
    assert sent.shape == (480, 480, 3)


def test_no_picture_is_sent_before_the_last_one_was_answered(open_kiosk: OpenKiosk) -> None:
    page, service = open_kiosk(None)
    wait_for(page, lambda: bool(service.pictures))
    let_frames_pass(page, 30)
    assert len(service.pictures) == 1
    service.connections[0].send(json.dumps(frame()))
    wait_for(page, lambda: len(service.pictures) == 2)


def test_a_busy_server_is_left_alone_for_as_long_as_it_asks(open_kiosk: OpenKiosk) -> None:
    busy = {"type": "error", "seq": 1, "dropped": 0, "status": 503, "code": "overloaded", "request_id": "r"}
    page, service = open_kiosk({**busy, "detail": "Too many frames in flight", "retry_after_s": 1})
    expect(page.locator("#state")).to_have_text(re.compile(r"Next try in \d+ s"))
    expect(page.locator("#hint")).to_have_text("Too many frames in flight")
    let_frames_pass(page, 10)
    assert len(service.pictures) == 1
    service.answer = frame()
    expect(page.locator("#state")).to_have_text("Ready")


def test_a_recognition_that_a_lost_connection_swallowed_is_shown_as_not_sent(
    open_kiosk: OpenKiosk, shoot: Shoot
) -> None:
    page, service = open_kiosk(frame("known", "Recognized.", faces=[face("Grace Hopper")], confirmation=agreed(2)))
    expect(page.locator("#hint-dots i.done")).to_have_count(2)
    shoot(page, "kiosk-4-hold-still")
    service.answer = None
    sent = len(service.pictures)
    wait_for(page, lambda: len(service.pictures) > sent)
    service.answer = frame()
    service.connections[-1].close(code=1011)
    expect(page.locator("#recent-list")).to_contain_text("Not sent")
    expect(page.locator("#greeting")).to_be_empty()
    expect(page.locator("#state")).to_have_text("Ready")
    shoot(page, "kiosk-5-not-sent")
    service.answer = greeted(note("recorded", "present"))
    expect(page.locator("#recent-list")).to_contain_text("You are marked present.")
    expect(page.locator("#recent-list")).not_to_contain_text("Not sent")


def test_where_no_websocket_gets_through_pictures_are_posted_and_recorded_once(open_kiosk: OpenKiosk) -> None:
    asked: list[str] = []

    def recognize(route: Route) -> None:
        form = route.request.post_data_buffer or b""
        if b'name="image"' not in form:
            route.fulfill(status=400, json={"detail": "No image file in request", "code": "missing_image"})
            return
        records = b'name="record"\r\n\r\ntrue' in form
        asked.append("record" if records else "look")
        attendance = note("recorded", "present") if records else None
        known = frame("known", "Recognized.", faces=[face("Grace Hopper", attendance)], attendance=attendance)
        route.fulfill(json={**known, "match": True, "person": "Grace Hopper 101", "person_id": "101", "name": "Grace"})

    page, _ = open_kiosk(frame())
    expect(page.locator("#state")).to_have_text("Ready")
    page.route("**/rollcall/recognize", recognize)
    page.route_web_socket(LIVE, lambda socket: socket.close(code=1006))
    page.reload()
    expect(page.locator("#state")).to_have_text("Ready, over plain HTTP")
    expect(page.locator("#greeting")).to_contain_text("You are marked present.")
    wait_for(page, lambda: len(asked) >= 6)
    assert asked[:4] == ["look", "look", "look", "record"]
    assert asked.count("record") == 1


def test_where_one_picture_is_not_enough_the_fallback_says_so(open_kiosk: OpenKiosk) -> None:
    why = "Recognized. Attendance is taken at the camera page, which asks for a few movements."
    seen = frame("known", why, faces=[face("Grace Hopper")])

    def recognize(route: Route) -> None:
        route.fulfill(json={**seen, "match": True, "person": "Grace Hopper 101", "person_id": "101", "name": "Grace"})

    page, _ = open_kiosk(frame())
    page.route("**/rollcall/recognize", recognize)
    page.route_web_socket(LIVE, lambda socket: socket.close(code=1006))
    page.reload()
    expect(page.locator("#hint")).to_have_text(why)
    expect(page.locator("#greeting")).to_be_empty()


def test_a_key_is_asked_for_where_the_service_wants_one(open_kiosk: OpenKiosk, shoot: Shoot) -> None:
    offered: list[str | None] = []

    def knock(route: Route) -> None:
        offered.append(route.request.headers.get("x-api-key"))
        known = offered[-1] == "rollcall_right"
        status, detail = (400, "No image file in request") if known else (401, "The key is not known")
        route.fulfill(status=status, json={"detail": detail, "code": "unauthenticated"})

    page, _ = open_kiosk(frame())
    page.route("**/rollcall/recognize", knock)
    page.route_web_socket(LIVE, lambda socket: socket.close(code=1006))
    page.reload()
    dialog = page.get_by_role("dialog", name="This kiosk needs a key")
    dialog.get_by_label("Key").fill("rollcall_wrong")
    shoot(page, "kiosk-6-key")
    dialog.get_by_role("button", name="Use this key").click()
    expect(dialog).to_contain_text("The key is not known")
    dialog.get_by_label("Key").fill("rollcall_right")
    page.keyboard.press("Enter")
    expect(page.locator("#state")).to_have_text("Ready, over plain HTTP")
    assert offered == [None, "rollcall_wrong", "rollcall_right"]
    assert "rollcall_right" in page.evaluate("JSON.stringify(sessionStorage)")
    assert "rollcall_right" not in page.evaluate("JSON.stringify(localStorage)")


def challenge(step: int, state: str, **more: Any) -> dict[str, Any]:
    instruction = "Turn your head to your left, then look at the camera again"
    return {
        "step": step,
        "of": 3,
        "instruction": instruction,
        "state": state,
        "expires_in_s": 21.0,
        "detail": None,
    } | more


def test_the_challenge_is_shown_as_it_runs_and_can_be_begun_again(open_kiosk: OpenKiosk, shoot: Shoot) -> None:
    seen = frame("known", "Recognized.", faces=[face("Grace Hopper")], confirmation=agreed(3))
    page, service = open_kiosk({**seen, "challenge": challenge(2, "running")})
    expect(page.locator("#challenge-order")).to_have_text("Turn your head to your left, then look at the camera again")
    expect(page.locator("#challenge-steps .done")).to_have_count(1)
    shoot(page, "kiosk-7-challenge")
    why = "That was another movement than the one asked for. Please try again."
    service.answer = {**seen, "challenge": challenge(2, "failed", detail=why)}
    expect(page.locator("#challenge-order")).to_have_text(why)
    shoot(page, "kiosk-8-challenge-failed")
    page.get_by_role("button", name="Try again").click()
    wait_for(page, lambda: service.texts == ['{"type":"restart"}'])
    service.answer = greeted(note("recorded", "present"))
    expect(page.locator("#challenge")).to_be_hidden()
    expect(page.locator("#greeting")).to_contain_text("You are marked present.")


def test_the_greeting_is_spoken_once_and_only_when_that_is_wanted(open_kiosk: OpenKiosk) -> None:
    script = "globalThis.heard = []; speechSynthesis.speak = (words) => heard.push(words.text);"
    page, service = open_kiosk(greeted(note("recorded", "present")), script=script)
    expect(page.locator("#greeting .who")).to_be_visible()
    page.get_by_role("button", name="Speak aloud").click()
    service.answer = greeted(note("recorded", "late", event_id="another"))
    expect(page.locator("#greeting")).to_contain_text("late")
    let_frames_pass(page, 20)
    assert page.evaluate("heard") == ["Welcome, Grace Hopper. You are marked late."]


def test_a_trial_says_that_nothing_is_recorded(open_kiosk: OpenKiosk) -> None:
    seen = frame("known", "Recognized.", faces=[face("Grace Hopper")], confirmation=agreed(3))
    page, service = open_kiosk(seen, "?record=false")
    expect(page.locator("#state")).to_have_text("Trial: nothing is recorded")
    expect(page.locator("#greeting")).to_contain_text("This is a trial: nothing is recorded.")
    assert "record=false" in service.connections[0].url


def test_a_screen_reader_is_told_what_to_do_and_what_became_of_it(open_kiosk: OpenKiosk) -> None:
    page, service = open_kiosk(frame())
    expect(page.locator("#announcer[role=status]")).to_have_text("No face was found. Look at the camera.")
    service.answer = greeted(note("recorded", "present"))
    greeting = page.get_by_role("status").filter(has_text="Grace Hopper")
    expect(greeting).to_contain_text("You are marked present.")
    expect(greeting).to_have_attribute("aria-atomic", "true")


def test_settings_are_reached_by_keyboard_and_remembered(open_kiosk: OpenKiosk, shoot: Shoot) -> None:
    page, service = open_kiosk(frame())
    expect(page.locator("#state")).to_have_text("Ready")
    while not page.evaluate("document.activeElement.id === 'open-settings'"):
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name="Settings")
    expect(dialog).to_be_visible()
    shoot(page, "kiosk-9-settings")
    dialog.get_by_label("Room or camera name").fill("Lab 3")
    dialog.get_by_label("Pictures a second, at most").select_option("2")
    dialog.get_by_label("Mirror the preview").uncheck()
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(page.locator("#video:not(.mirrored)")).to_be_visible()
    wait_for(page, lambda: "source=Lab+3" in service.connections[-1].url)
    page.reload()
    expect(page.locator("#room")).to_have_text("Lab 3")
    assert page.locator("#per-second").input_value() == "2"
