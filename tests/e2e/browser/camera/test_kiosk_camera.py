"""What the kiosk does about the camera: none, one that is not allowed, two, and a page that came without https."""

from collections.abc import Callable
from typing import Protocol

import pytest
from playwright.sync_api import Page, expect

Shoot = Callable[..., None]


class Cameras(Protocol):
    def page(self, *, count: int = 1, allowed: bool = True) -> Page: ...


def test_a_camera_that_is_not_allowed_is_explained(cameras: Cameras, pages_url: str, shoot: Shoot) -> None:
    page = cameras.page(allowed=False)
    page.goto(pages_url)
    problem = page.get_by_role("alert")
    expect(problem).to_contain_text("The camera is not allowed here")
    expect(problem.get_by_role("button", name="Try again")).to_be_visible()
    shoot(page, "kiosk-a-not-allowed")


def test_a_camera_that_is_not_there_is_explained(cameras: Cameras, pages_url: str) -> None:
    page = cameras.page(count=0)
    page.goto(pages_url)
    expect(page.get_by_role("alert")).to_contain_text("No camera was found")


def test_a_page_without_https_says_why_it_needs_it_and_where_to_go(
    cameras: Cameras, pages_url: str, shoot: Shoot
) -> None:
    page = cameras.page()
    page.goto(pages_url.replace("localhost", "kiosk.test"))
    problem = page.get_by_role("alert")
    expect(problem).to_contain_text("This page needs https for the camera")
    expect(problem.get_by_role("link", name="Open with https")).to_have_attribute(
        "href", pages_url.replace("http://localhost", "https://kiosk.test")
    )
    expect(problem.get_by_role("button", name="Try again")).to_be_hidden()
    shoot(page, "kiosk-b-needs-https")


def test_another_camera_is_one_press_away_and_remembered(cameras: Cameras, pages_url: str) -> None:
    page = cameras.page(count=2)
    page.goto(pages_url)
    used = "document.getElementById('video').srcObject.getVideoTracks()[0].label"
    flip = page.get_by_role("button", name="Switch camera")
    expect(flip).to_be_visible()
    page.get_by_role("button", name="Settings").click()
    names = page.locator("#camera").locator("option").all_text_contents()[2:]
    assert len(names) == 2
    for name in names:
        page.locator("#camera").select_option(label=name)
        page.wait_for_function(f"(name) => {used} === name", arg=name)
    page.reload()
    page.wait_for_function(f"(name) => {used} === name", arg=names[1])


@pytest.mark.parametrize("name", ["", "enroll"])
def test_the_pages_load_nothing_from_elsewhere(cameras: Cameras, pages_url: str, name: str) -> None:
    page = cameras.page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(pages_url + name)
    page.wait_for_load_state("networkidle")
    assert len(asked) > 5
    assert [url for url in asked if not url.startswith((pages_url, pages_url.replace("http", "ws")))] == []
