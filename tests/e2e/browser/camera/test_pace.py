"""How often the pages ask the service, by a clock that the test moves."""

from typing import Any, Protocol

import pytest
from playwright.sync_api import Page

WATCH = """async (perSecond) => {
    const { Pace } = await import(new URL("static/pace.js", location.href));
    const pace = new Pace();
    globalThis.turns = 0;
    (async () => {
        while (turns < 5) {
            await pace.turn(perSecond);
            turns += 1;
        }
    })();
}"""
BACK_OFF_MS = """async ([failures, retryAfterS, chance]) => {
    const { backOffMs } = await import(new URL("static/pace.js", location.href));
    return backOffMs(failures, retryAfterS, () => chance);
}"""


class Cameras(Protocol):
    def page(self, **options: Any) -> Page: ...


@pytest.fixture
def page(cameras: Cameras, pages_url: str) -> Page:
    page = cameras.page()
    page.goto(f"{pages_url}enroll")
    return page


def test_no_more_pictures_a_second_are_sent_than_were_chosen(page: Page) -> None:
    page.clock.install(time=0)
    page.clock.pause_at(1_000)
    page.evaluate(WATCH, 2)

    turns = [page.evaluate("turns")]
    for ms in (499, 1, 499, 1):
        page.clock.run_for(ms)
        turns.append(page.evaluate("turns"))

    assert turns == [1, 1, 2, 2, 3]


@pytest.mark.parametrize(
    ("failures", "retry_after_s", "chance", "waited_ms"),
    [(0, None, 0, 250), (0, None, 1, 500), (3, None, 1, 4_000), (40, None, 1, 20_000), (0, 30, 0, 30_250)],
)
def test_a_busy_server_is_asked_ever_less_and_never_before_it_said(
    page: Page, failures: int, retry_after_s: int | None, chance: float, waited_ms: float
) -> None:
    assert page.evaluate(BACK_OFF_MS, [failures, retry_after_s, chance]) == waited_ms
