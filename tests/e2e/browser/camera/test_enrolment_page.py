"""What the enrolment page does with what the service says. The service is played by the test."""

import re
from collections.abc import Callable, Sequence
from typing import Any, Protocol

import numpy as np
import pytest
from numpy.typing import NDArray
from playwright.sync_api import Page, Route, expect

Pixels = NDArray[np.uint8]
BeforeCamera = Callable[..., Pixels]
Shoot = Callable[..., None]
POSES = {
    "straight": {"yaw": 2.0, "pitch": 1.0, "size": 150.0},
    "left": {"yaw": 22.0, "pitch": 1.0, "size": 150.0},
    "right": {"yaw": -20.0, "pitch": 1.0, "size": 150.0},
    "up": {"yaw": 3.0, "pitch": 14.0, "size": 150.0},
    "closer": {"yaw": 2.0, "pitch": 1.0, "size": 220.0},
}


class Cameras(Protocol):
    def page(self, frames: Sequence[Pixels], **options: Any) -> Page: ...


class Photos(Protocol):
    collins: Pixels


class Service:
    """Sees the face as `pose` says, and answers enrolments with `enrolled`, a status and a body."""

    def __init__(self) -> None:
        self.pose: dict[str, float] | None = POSES["straight"]
        self.sizes: Sequence[float] = ()  # of the faces, where there is not just one
        self.reason: str | None = None
        self.enrolled: tuple[int, dict[str, Any]] = (201, {})
        self.keys: list[str | None] = []
        self.forms: list[str] = []

    def detect(self, route: Route) -> None:
        quality = {"sharpness": 90, "brightness": 120, "reason": self.reason, **(self.pose or {})}
        faces = (
            [] if self.pose is None else [{"box": {}, "quality": {**quality, "size": size}} for size in self._sizes()]
        )
        route.fulfill(json={"faces": faces, "image": {"width": 640, "height": 480}})

    def _sizes(self) -> Sequence[float]:
        return self.sizes or [self.pose["size"] if self.pose else 0]

    def people(self, route: Route) -> None:
        self.keys.append(route.request.headers.get("x-api-key"))
        self.forms.append((route.request.post_data_buffer or b"").decode("latin-1"))
        status, body = self.enrolled
        route.fulfill(status=status, json=body)

    def took(self, count: int, *rejected: dict[str, Any], delivery: str = "delivered") -> tuple[int, dict[str, Any]]:
        accepted = [{"index": at, "filename": f"{at}.jpg", "image_id": str(at)} for at in range(count)]
        who = {"person_id": "102", "name": "Eileen Collins", "person": "Eileen Collins 102"}
        registration = {"delivery": delivery, "detail": None}
        return 201, {**who, "accepted": accepted, "rejected_images": list(rejected), "registration": registration}


@pytest.fixture
def enrolment(cameras: Cameras, pages_url: str, photos: Photos, before_camera: BeforeCamera) -> tuple[Page, Service]:
    service = Service()
    page = cameras.page([before_camera(photos.collins)])
    page.route("**/rollcall/detect", service.detect)
    page.route("**/rollcall/people", service.people)
    page.goto(f"{pages_url}enroll")
    return page, service


def fill(page: Page) -> None:
    page.get_by_label("Enrolment key").fill("rollcall_enrol")
    page.get_by_label("Roll number").fill("102")
    page.get_by_label("Name").fill("Eileen Collins")


def add_files(page: Page, jpeg: Callable[[Pixels], bytes], *pictures: Pixels) -> None:
    page.get_by_role("button", name="Files").click()
    files = [
        {"name": f"{at}.jpg", "mimeType": "image/jpeg", "buffer": jpeg(picture)} for at, picture in enumerate(pictures)
    ]
    page.set_input_files("#files", files)  # type: ignore[arg-type]
    expect(page.locator("#tray li")).to_have_count(len(pictures))


def test_each_guided_shot_is_taken_when_the_head_is_held_as_asked(
    enrolment: tuple[Page, Service], shoot: Shoot
) -> None:
    page, service = enrolment
    shoot(page, "enrol-1-empty", whole=True)
    fill(page)
    page.get_by_text("They agreed to be recognized").click()
    service.reason = "More light on the face is needed"
    page.get_by_role("button", name="Start the camera").click()
    expect(page.locator("#advice")).to_have_text("More light on the face is needed")
    expect(page.locator("#tray li")).to_have_count(0)
    service.reason = None
    for count, (name, label) in enumerate(
        (("left", "Left"), ("right", "Right"), ("up", "Up"), ("closer", "Closer")), 1
    ):
        expect(page.locator("#shots [aria-current]")).to_have_text(label)
        expect(page.locator("#tray li")).to_have_count(count)
        if name == "right":
            shoot(page, "enrol-2-guided", whole=True)
        service.pose = POSES[name]
    expect(page.locator("#advice")).to_have_text("All shots are done")
    service.enrolled = service.took(5)
    page.get_by_role("button", name="Enrol", exact=True).click()
    expect(page.get_by_role("heading", name="Eileen Collins is enrolled")).to_be_visible()
    assert service.keys == ["rollcall_enrol"]
    sent = service.forms[0]
    assert sent.count('name="images"; filename=') == 5
    for field, value in (
        ("person_id", "102"),
        ("name", "Eileen Collins"),
        ("consent_version", "1"),
        ("consent_how", "paper"),
    ):
        assert re.search(f'name="{field}"\r\n\r\n{value}\r\n', sent)


def test_the_wrong_pose_is_not_taken_unless_somebody_says_so(enrolment: tuple[Page, Service]) -> None:
    page, service = enrolment
    service.pose = POSES["left"]
    page.get_by_role("button", name="Start the camera").click()
    expect(page.locator("#advice")).to_have_text("Look straight at the camera")
    page.get_by_role("button", name="Skip this one").click()
    service.pose = None
    expect(page.locator("#advice")).to_have_text("No face is seen. Come into the oval.")
    expect(page.locator("#tray li")).to_have_count(0)
    page.get_by_role("button", name="Take it now").click()
    expect(page.locator("#tray li")).to_contain_text("No face is seen.")


def test_files_are_looked_at_and_refused_ones_are_told_with_their_reason(
    enrolment: tuple[Page, Service], photos: Photos, jpeg: Callable[[Pixels], bytes], shoot: Shoot
) -> None:
    page, service = enrolment
    fill(page)
    service.reason = "Hold still for a moment: the picture is blurred"
    add_files(page, jpeg, photos.collins, photos.collins[:, ::-1])
    expect(page.locator("#tray li").first).to_contain_text("the picture is blurred")
    refusal = {"index": 1, "filename": "1.jpg", "reason": "blurred", "detail": "The picture is blurred."}
    service.enrolled = service.took(1, refusal, delivery="queued")
    page.get_by_role("button", name="Enrol", exact=True).click()
    result = page.locator("#result")
    expect(result).to_contain_text("One photo was taken")
    expect(result).to_contain_text("1.jpg: The picture is blurred.")
    expect(result).to_contain_text("as soon as its server has taken them")
    shoot(page, "enrol-4-result", whole=True)
    page.get_by_role("button", name="Enrol somebody else").click()
    expect(page.get_by_label("Roll number")).to_be_focused()
    expect(page.get_by_label("Enrolment key")).to_have_value("rollcall_enrol")
    expect(page.locator("#tray li")).to_have_count(0)


@pytest.mark.parametrize(("sizes", "said"), [((150, 45), "Good"), ((150, 90), "Several faces are seen.")])
def test_whoever_passes_far_behind_does_not_count(
    enrolment: tuple[Page, Service],
    photos: Photos,
    jpeg: Callable[[Pixels], bytes],
    sizes: tuple[float, ...],
    said: str,
) -> None:
    page, service = enrolment
    service.sizes = sizes
    add_files(page, jpeg, photos.collins)
    expect(page.locator("#tray li")).to_contain_text(said)


def test_a_possible_duplicate_is_enrolled_only_when_somebody_says_it_is_another_person(
    enrolment: tuple[Page, Service], photos: Photos, jpeg: Callable[[Pixels], bytes], shoot: Shoot
) -> None:
    page, service = enrolment
    fill(page)
    add_files(page, jpeg, photos.collins)
    detail = "This face is very much like that of Grace Hopper 101."
    service.enrolled = (409, {"detail": detail, "code": "possible_duplicate", "person_id": "101"})
    page.get_by_role("button", name="Enrol", exact=True).click()
    expect(page.locator("#result")).to_contain_text(detail)
    shoot(page, "enrol-5-duplicate", whole=True)
    override = page.get_by_role("button", name="Enrol all the same")
    expect(override).to_be_disabled()
    page.get_by_text("I have checked that this is another person").click()
    service.enrolled = service.took(1)
    override.click()
    expect(page.get_by_role("heading", name="Eileen Collins is enrolled")).to_be_visible()
    assert ['name="allow_duplicate"' in form for form in service.forms] == [False, True]


def test_what_is_missing_is_said_before_anything_is_sent(enrolment: tuple[Page, Service]) -> None:
    page, service = enrolment
    expect(page.locator("#send-note")).to_have_text("Enrolment key is missing.")
    page.get_by_label("Enrolment key").fill("rollcall_enrol")
    page.get_by_role("button", name="Enrol", exact=True).click()
    expect(page.get_by_label("Roll number")).to_be_focused()
    assert service.forms == []


def test_a_key_that_is_not_known_enrols_nobody(
    enrolment: tuple[Page, Service], photos: Photos, jpeg: Callable[[Pixels], bytes]
) -> None:
    page, service = enrolment
    fill(page)
    add_files(page, jpeg, photos.collins)
    service.enrolled = (401, {"detail": "The key is not known", "code": "unauthenticated"})
    page.get_by_role("button", name="Enrol", exact=True).click()
    expect(page.locator("#result")).to_contain_text("The key is missing or not known.")
    expect(page.locator("#tray li")).to_have_count(1)
