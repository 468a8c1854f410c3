"""Chromium with a camera that plays what a test gives it, and the recognizer's pages with nothing behind them."""

import hashlib
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import uvicorn
from fastapi import FastAPI
from numpy.typing import NDArray
from playwright.sync_api import Browser, ConsoleMessage, Page, ViewportSize

from recognizer.routes import pages

Pixels = NDArray[np.uint8]  # (h, w, 3), RGB
SHOTS = Path(__file__).parents[4] / "var" / "screenshots"
WIDTH, HEIGHT = 640, 480
WALL = (70, 78, 92)
ALWAYS = ("--no-sandbox", "--disable-gpu", "--disable-quic", "--host-resolver-rules=MAP kiosk.test 127.0.0.1")
POLICIES = ("Content Security Policy", "Permissions-Policy", "Permissions policy")
LOOKS = (
    ("desk-light", ViewportSize(width=1280, height=800), "light"),
    ("desk-dark", ViewportSize(width=1280, height=800), "dark"),
    ("phone-light", ViewportSize(width=390, height=844), "light"),
    ("phone-dark", ViewportSize(width=390, height=844), "dark"),
    ("phone-landscape", ViewportSize(width=844, height=390), "light"),
)


@pytest.fixture(scope="session")
def before_camera() -> Callable[..., Pixels]:
    """A photo as a camera sees it: 640 × 480, so much larger, so many pixels beside the middle."""

    def place(photo: Pixels, *, scale: float = 1.0, right: int = 0, down: int = 0) -> Pixels:
        height, width = photo.shape[:2]
        fits = min(WIDTH / width, HEIGHT / height) * scale
        beside, above = (WIDTH - width * fits) / 2 + right, (HEIGHT - height * fits) / 2 + down
        move = np.array([[fits, 0, beside], [0, fits, above]], np.float32)
        frame = cv2.warpAffine(photo, move, (WIDTH, HEIGHT), flags=cv2.INTER_AREA, borderValue=WALL)
        return frame.astype(np.uint8)

    return place


@dataclass
class Launcher:
    """A browser for each kind of camera, since that is chosen when a browser starts."""

    browser: Browser
    chromium: str
    folder: Path
    stack: ExitStack
    running: dict[tuple[str, ...], Browser] = field(default_factory=dict)

    def launch(self, *flags: str) -> Browser:
        if flags not in self.running:
            started = self.browser.browser_type.launch(executable_path=self.chromium, args=[*ALWAYS, *flags])
            self.stack.callback(started.close)
            self.running[flags] = started
        return self.running[flags]

    def clip(self, frames: Sequence[Pixels]) -> Path:
        """Motion JPEG, named by what is in it."""
        film = b"".join(_jpeg(frame) for frame in frames)
        file = self.folder / f"{hashlib.sha256(film).hexdigest()}.mjpeg"
        file.write_bytes(film)
        return file


@dataclass
class Cameras:
    """Pages before cameras. What a script breaks on, and what the policy of the pages forbids, is a complaint."""

    launcher: Launcher
    stack: ExitStack
    complaints: list[str] = field(default_factory=list)

    def open(self, frames: Sequence[Pixels], url: str, **options: Any) -> Page:
        """A page at the address, before a camera that plays these frames again and again."""
        page = self.page(frames, **options)
        page.goto(url)
        return page

    def page(
        self, frames: Sequence[Pixels] | None = None, *, count: int = 1, allowed: bool = True, **options: Any
    ) -> Page:
        """Before so many cameras, of these frames or of Chromium's own test picture."""
        flags = [f"--use-fake-device-for-media-stream=device-count={count}"]
        flags += ["--use-fake-ui-for-media-stream" if allowed else "--deny-permission-prompts"]
        flags += [f"--use-file-for-fake-video-capture={self.launcher.clip(frames)}"] if frames else []
        viewport = options.pop("viewport", LOOKS[0][1])
        context = self.launcher.launch(*flags).new_context(viewport=viewport, reduced_motion="reduce", **options)
        self.stack.callback(context.close)
        page = context.new_page()
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("console", self._hear)
        return page

    def _hear(self, message: ConsoleMessage) -> None:
        if any(policy in message.text for policy in POLICIES):
            self.complaints.append(message.text)


def _jpeg(frame: Pixels) -> bytes:
    ok, data = cv2.imencode(".jpg", np.ascontiguousarray(frame[:, :, ::-1]), [cv2.IMWRITE_JPEG_QUALITY, 95])
    assert ok
    return data.tobytes()


@pytest.fixture(scope="module")
def launcher(browser: Browser, chromium_file: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Launcher]:
    with ExitStack() as stack:
        yield Launcher(browser, chromium_file, tmp_path_factory.mktemp("clips"), stack)


@pytest.fixture
def cameras(launcher: Launcher) -> Iterator[Cameras]:
    with ExitStack() as stack:
        opened = Cameras(launcher, stack)
        yield opened
    assert opened.complaints == []


@pytest.fixture(scope="module")
def pages_url() -> Iterator[str]:
    """The pages alone, under a path as behind a proxy; a test says itself what the service would."""
    app = FastAPI()
    app.include_router(pages.router, prefix="/rollcall")
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_config=None))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive()
        thread.join(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    yield f"http://localhost:{port}/rollcall/"
    server.should_exit = True
    thread.join(30)


@pytest.fixture
def shoot() -> Callable[[Page, str], None]:
    """Keeps a page as it looks on a desk, on a phone, in the light and in the dark, in var/screenshots."""
    SHOTS.mkdir(parents=True, exist_ok=True)

    def take(page: Page, name: str, *, whole: bool = False) -> None:
        for look, size, scheme in LOOKS:
            page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
            page.set_viewport_size(size)
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{name} is too wide ({look})"
            page.screenshot(path=SHOTS / f"{name}-{look}.png", full_page=whole)
        page.emulate_media(color_scheme="light")
        page.set_viewport_size(LOOKS[0][1])

    return take
