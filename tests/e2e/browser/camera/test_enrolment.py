"""Both services as processes, closed to whoever has no key: somebody is enrolled in one page and known in the other."""

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import pytest
from numpy.typing import NDArray
from playwright.sync_api import Page, expect

Pixels = NDArray[np.uint8]
KEY = "rollcall_" + "e" * 43


class Process(Protocol):
    url: str
    settings: dict[str, str]

    def start(self) -> "Process": ...
    def ready(self) -> "Process": ...


class Pair(Protocol):
    logger: Process
    recognizer: Process

    def attendance(self) -> list[dict[str, object]]: ...


class Cameras(Protocol):
    def open(self, frames: Sequence[Pixels], url: str, **options: Any) -> Page: ...


class Photos(Protocol):
    collins: Pixels
    collins_again: Pixels


@pytest.fixture
def closed_pair(pair: Pair, demo_dataset: Path, tmp_path: Path) -> Pair:
    """With a dataset of its own, where everything needs a key."""
    shutil.copytree(demo_dataset, tmp_path / "dataset")
    pair.recognizer.settings |= {
        "RECOGNIZER_DATASET_DIR": "dataset",
        "RECOGNIZER_AUTH": "key",
        "RECOGNIZER_ENROLL_KEY": KEY,
    }
    for process in (pair.logger, pair.recognizer):
        process.start()
    for process in (pair.logger, pair.recognizer):
        process.ready()
    return pair


def enrol(page: Page) -> None:
    page.get_by_label("Enrolment key").fill(KEY)
    page.get_by_label("Roll number").fill("demo2")
    page.get_by_label("Name").fill("Eileen Collins")
    page.get_by_text("They agreed to be recognized").click()
    page.get_by_role("button", name="Start the camera").click()
    expect(page.locator("#shots .taken")).to_have_text("Straight", timeout=20_000)
    page.get_by_role("button", name="Take it now").click()
    expect(page.locator("#tray li")).to_have_count(2, timeout=20_000)
    page.get_by_role("button", name="Enrol", exact=True).click()
    expect(page.get_by_role("heading", name="Eileen Collins is enrolled")).to_be_visible(timeout=20_000)


def test_whoever_is_enrolled_through_the_page_is_greeted_by_the_kiosk(
    closed_pair: Pair,
    cameras: Cameras,
    photos: Photos,
    before_camera: Callable[..., Pixels],
    shoot: Callable[..., None],
) -> None:
    address = closed_pair.recognizer.url
    page = cameras.open([before_camera(photos.collins)], f"{address}/enroll")
    enrol(page)
    shoot(page, "enrol-live-1-result", whole=True)
    kiosk = cameras.open([before_camera(photos.collins_again)], address)
    dialog = kiosk.get_by_role("dialog", name="This kiosk needs a key")
    dialog.get_by_label("Key").fill(KEY)
    dialog.get_by_role("button", name="Use this key").click()
    expect(kiosk.locator("#state")).to_have_text("Ready", timeout=20_000)
    expect(kiosk.locator("#greeting .who")).to_have_text("Eileen Collins", timeout=20_000)
    expect(kiosk.locator("#greeting")).to_contain_text("You are marked present.")
    assert [record["person_id"] for record in closed_pair.attendance()] == ["demo2"]
