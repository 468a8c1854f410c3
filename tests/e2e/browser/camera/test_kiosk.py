"""Both services as processes, and people before the kiosk's camera."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import pytest
from numpy.typing import NDArray
from playwright.sync_api import Page, expect

Pixels = NDArray[np.uint8]
BeforeCamera = Callable[..., Pixels]
STRANGER = "This face belongs to nobody who is enrolled."


class Process(Protocol):
    url: str
    settings: dict[str, str]

    def start(self) -> "Process": ...
    def ready(self) -> "Process": ...
    def stop(self) -> int: ...


class Pair(Protocol):
    logger: Process
    recognizer: Process

    def attendance(self) -> list[dict[str, object]]: ...
    def events(self) -> list[str]: ...
    def waiting(self) -> int: ...


class Cameras(Protocol):
    def open(self, frames: Sequence[Pixels], url: str, **options: Any) -> Page: ...


class Photos(Protocol):
    collins: Pixels
    hopper: Pixels
    hopper_again: Pixels


@pytest.fixture
def started(pair: Pair) -> Callable[..., Pair]:
    def start(**settings: str) -> Pair:
        pair.recognizer.settings |= settings
        for process in (pair.logger, pair.recognizer):
            process.start()
        for process in (pair.logger, pair.recognizer):
            process.ready()
        return pair

    return start


@dataclass(frozen=True)
class Clips:
    known: Sequence[Pixels]
    known_still: Sequence[Pixels]
    stranger: Sequence[Pixels]


@pytest.fixture
def clips(photos: Photos, before_camera: BeforeCamera) -> Clips:
    def swaying(photo: Pixels) -> list[Pixels]:
        """A photo that is moved to and fro."""
        return [before_camera(photo, right=round(24 * np.sin(step / 4))) for step in range(25)]

    return Clips(swaying(photos.hopper_again), [before_camera(photos.hopper)], swaying(photos.collins))


def test_a_known_person_is_greeted_and_recorded_once_and_a_stranger_is_not(
    started: Callable[..., Pair],
    cameras: Cameras,
    clips: Clips,
    until: Callable[[Callable[[], bool]], None],
    shoot: Callable[..., None],
) -> None:
    pair = started()
    kiosk = f"{pair.recognizer.url}/?source=room-1"
    known = cameras.open(clips.known, kiosk)
    expect(known.locator("#greeting")).to_contain_text("Grace Hopper", timeout=20_000)
    expect(known.locator("#greeting")).to_contain_text("You are marked present.")
    stranger = cameras.open(clips.stranger, kiosk)
    expect(stranger.locator("#hint")).to_have_text(STRANGER, timeout=20_000)
    expect(known.locator("#greeting")).to_contain_text("Grace Hopper")
    assert [record["person_id"] for record in pair.attendance()] == ["demo1"]
    assert len(pair.events()) == 1
    expect(stranger.locator("#greeting")).to_be_empty()
    shoot(known, "kiosk-live-1-known")
    shoot(stranger, "kiosk-live-2-stranger")
    stranger.close()

    pair.logger.stop()
    known.reload()
    expect(known.locator("#greeting")).to_contain_text("school's server answers", timeout=20_000)
    pair.logger.start().ready()
    until(lambda: pair.waiting() == 0)
    assert len(pair.events()) == 2
    assert len(pair.attendance()) == 1


@pytest.mark.parametrize("held", ["known_still", "known"])
def test_a_photo_held_to_the_camera_fails_the_challenge(
    started: Callable[..., Pair], cameras: Cameras, clips: Clips, held: str
) -> None:
    pair = started(RECOGNIZER_LIVENESS="challenge", RECOGNIZER_CHALLENGE_S="5")
    page = cameras.open(getattr(clips, held), pair.recognizer.url)
    expect(page.locator("#challenge-steps i")).to_have_count(3, timeout=20_000)
    expect(page.locator("#challenge.failed")).to_contain_text("Please try again", timeout=20_000)
    expect(page.locator("#greeting")).to_be_empty()
    assert pair.events() == []
