"""A logger as a process, and Debian's Chromium looking at it.

Playwright drives the Chromium that is installed (`CHROMIUM` names another one); it downloads none. Where there is none
and the tests run as root on Debian, apt installs it.
"""

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from playwright.sync_api import Browser, Page, ViewportSize, expect, sync_playwright

ROOT = Path(__file__).parents[3]
SHOTS = ROOT / "var" / "screenshots"
PASSWORD = "a long enough password for tests"  # noqa: S105
PHONE = ViewportSize(width=390, height=844)
DESK = ViewportSize(width=1280, height=860)


def chromium() -> str:
    """Where it is. Fails with a sentence where it is not and cannot be brought in."""
    named = os.environ.get("CHROMIUM")
    found = named or shutil.which("chromium") or _installed()
    if not found:
        pytest.fail("The browser tests need Chromium: apt-get install chromium, or CHROMIUM=/path/to/chromium")
    return found


def _installed() -> str | None:
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        return None
    for command in (["apt-get", "update", "-q"], ["apt-get", "install", "-qy", "--no-install-recommends", "chromium"]):
        subprocess.run(command, check=True, capture_output=True)
    return shutil.which("chromium")


@pytest.fixture(scope="session", autouse=True)
def _patience() -> None:
    """A busy machine shows late what an idle one shows at once; a page that never does fails all the same."""
    expect.set_options(timeout=20_000)


@pytest.fixture(scope="session")
def chromium_file() -> str:
    return chromium()


@pytest.fixture(scope="module")
def browser(chromium_file: str) -> Iterator[Browser]:
    """Gone with its module: Playwright keeps an event loop running, beside which no asynchronous test could run."""
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(
            executable_path=chromium_file, args=["--no-sandbox"]
        )  # root has no sandbox
        yield started
        started.close()


class Site:
    """A running logger with nothing in it but its administrator, and the recognizer's key to it."""

    def __init__(self, url: str, key: str) -> None:
        self.url = url
        self._key = key

    def arrive(self, person_id: str, name: str, source: str = "cam-1") -> str:
        """What the recognizer sends when somebody is recognized; the outcome."""
        event = {
            "event_id": str(uuid4()),
            "person_id": person_id,
            "person": f"{name} {person_id}",
            "name": name,
            "distance": 0.18,
            "similarity": 0.82,
            "threshold": 0.25,
            "engine": "Dlib/mtcnn",
            "source": source,
            "captured_at": datetime.now(UTC).isoformat(),
            "liveness": None,
        }
        headers = {"X-API-Key": self._key}
        answer = httpx.post(f"{self.url}/v1/events", json={"events": [event]}, headers=headers, trust_env=False)
        assert answer.status_code == 200, answer.text
        outcome: str = answer.json()["results"][0]["outcome"]
        return outcome

    def count_strangers(self, count: int) -> None:
        """What the recognizer sends of faces that are nobody's."""
        minute = datetime.now(UTC).replace(second=0, microsecond=0).isoformat()
        tally = {"origin": "r1", "source": "cam-1", "decision": "unknown", "minute": minute, "count": count}
        headers = {"X-API-Key": self._key}
        answer = httpx.post(f"{self.url}/v1/tallies", json={"tallies": [tally]}, headers=headers, trust_env=False)
        assert answer.status_code == 200, answer.text


@pytest.fixture
def site(tmp_path: Path, process: Callable[..., Any]) -> Iterator[Site]:
    key = "w" * 40
    logger = process(
        {
            "LOGGER_TIMEZONE": "Europe/Berlin",
            "LOGGER_ADMIN_PASSWORD": PASSWORD,
            "LOGGER_API_KEYS": f"events:write={key}",
        }
    )
    yield Site(logger.url, key)
    logger.stop()


@pytest.fixture
def page(browser: Browser, site: Site) -> Iterator[Page]:
    """Signed in; whatever a script or the policy complains of fails the test."""
    context = browser.new_context(base_url=site.url, viewport=DESK, reduced_motion="reduce")
    opened = context.new_page()
    complaints: list[str] = []
    opened.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    opened.on("dialog", lambda dialog: dialog.accept())
    opened.goto("/")
    opened.get_by_label("Name").fill("admin")
    opened.get_by_label("Password").fill(PASSWORD)
    opened.get_by_role("button", name="Sign in").click()
    opened.get_by_role("heading", name="Today").wait_for()
    yield opened
    context.close()
    assert complaints == []


@pytest.fixture
def shoot() -> Callable[[Page, str], None]:
    """Keeps a page as it looks in the light, in the dark and on a phone, in var/screenshots."""
    SHOTS.mkdir(parents=True, exist_ok=True)

    def take(page: Page, name: str) -> None:
        for look, size in (("light", DESK), ("dark", DESK), ("phone", PHONE)):
            page.emulate_media(color_scheme="dark" if look == "dark" else "light")
            page.set_viewport_size(size)
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{name} is too wide ({look})"
            page.screenshot(path=SHOTS / f"{name}-{look}.png", full_page=True)
        page.emulate_media(color_scheme="light")
        page.set_viewport_size(DESK)

    return take
