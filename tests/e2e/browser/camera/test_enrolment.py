"""Both services as processes, closed to whoever has no key: somebody is enrolled in one page and known in the other."""

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol

import cv2
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
    def profile(self, person_id: str) -> dict[str, Any]: ...


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


@pytest.fixture
def collins(photos: Photos, before_camera: Callable[..., Pixels]) -> tuple[Pixels, Pixels]:
    """As two cameras see her, on two days."""
    return before_camera(photos.collins), before_camera(photos.collins_again)


@pytest.fixture
def from_a_phone(photos: Photos, tmp_path: Path) -> Path:
    """Too many bytes and too many pixels to be sent as it is."""
    side = 5_200
    photo = cv2.resize(photos.collins[:, :, ::-1], (side, side), interpolation=cv2.INTER_CUBIC)
    grain = np.random.default_rng(1).integers(0, 24, (side, side, 3), np.uint8)
    file = tmp_path / "phone.jpg"
    assert cv2.imwrite(str(file), cv2.add(photo, grain), [cv2.IMWRITE_JPEG_QUALITY, 97])
    assert file.stat().st_size > 8 * 1024 * 1024
    return file


def enrol(page: Page, phone_photo: Path) -> None:
    page.get_by_label("Enrolment key").fill(KEY)
    page.get_by_label("Roll number").fill("demo2")
    page.get_by_label("Name").fill("Eileen Collins")
    page.get_by_text("They agreed to be recognized").click()
    page.get_by_role("button", name="Start the camera").click()
    expect(page.locator("#shots .taken")).to_have_text("Straight", timeout=20_000)
    page.get_by_role("button", name="Take it now").click()
    expect(page.locator("#tray li")).to_have_count(2, timeout=20_000)
    page.get_by_role("button", name="Files").click()
    page.set_input_files("#files", phone_photo)
    expect(page.locator("#tray li").nth(2)).to_contain_text("Good", timeout=20_000)
    page.get_by_role("button", name="Enrol", exact=True).click()
    expect(page.get_by_role("heading", name="Eileen Collins is enrolled")).to_be_visible(timeout=20_000)


def test_whoever_is_enrolled_through_the_page_is_greeted_by_the_kiosk(
    closed_pair: Pair,
    cameras: Cameras,
    collins: tuple[Pixels, Pixels],
    shoot: Callable[..., None],
    from_a_phone: Path,
) -> None:
    address = closed_pair.recognizer.url
    page = cameras.open([collins[0]], f"{address}/enroll")
    enrol(page, from_a_phone)
    expect(page.locator("#result")).to_contain_text("3 photos were taken")
    expect(page.locator("#result")).not_to_contain_text("as soon as its server has taken them")
    shoot(page, "enrol-live-1-result", whole=True)
    profile = closed_pair.profile("demo2")
    assert (profile["name"], profile["consent"]["how"]) == ("Eileen Collins", "paper")
    kiosk = cameras.open([collins[1]], address)
    dialog = kiosk.get_by_role("dialog", name="This kiosk needs a key")
    dialog.get_by_label("Key").fill(KEY)
    dialog.get_by_role("button", name="Use this key").click()
    expect(kiosk.locator("#state")).to_have_text("Ready", timeout=20_000)
    expect(kiosk.locator("#greeting .who")).to_have_text("Eileen Collins", timeout=20_000)
    expect(kiosk.locator("#greeting")).to_contain_text("You are marked present.")
    assert [record["person_id"] for record in closed_pair.attendance()] == ["demo2"]
