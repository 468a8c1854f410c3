"""Words, numbers and instants as pages show them."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from jinja2 import UndefinedError

from logger.domain.people import PersonProfile
from logger.web.rendering import TEMPLATES, Pages, counted, long_day, percent, person_page, words


class Noon:
    """Stands at noon in UTC on a day on which it is tomorrow in Auckland."""

    def now(self) -> datetime:
        return datetime(2025, 3, 3, 12, tzinfo=UTC)


def test_today_is_the_day_at_the_site() -> None:
    assert Pages(ZoneInfo("Pacific/Auckland"), Noon()).today() == date(2025, 3, 4)


def test_instants_are_shown_by_the_clock_of_the_site() -> None:
    pages = Pages(ZoneInfo("Asia/Kolkata"), Noon())
    filters = pages._environment.filters
    assert filters["hm"](Noon().now()) == "17:30"
    assert filters["moment"](Noon().now()) == "2025-03-03 17:30"
    assert filters["hm"](None) == "–"


def test_what_a_template_was_not_given_is_an_error_and_not_a_blank() -> None:
    with pytest.raises(UndefinedError):
        Pages(ZoneInfo("UTC"), Noon()).render("problem.html", title="T")


def test_what_a_template_was_given_is_escaped() -> None:
    page = Pages(ZoneInfo("UTC"), Noon()).render("problem.html", title="<b>", detail="a & b")
    assert "<h1>&lt;b&gt;</h1>" in page
    assert "a &amp; b" in page


@pytest.mark.parametrize("template", sorted(file.name for file in TEMPLATES.glob("*.html")))
def test_no_template_needs_a_weaker_policy(template: str) -> None:
    """No style or script of its own, no handler in an attribute, nothing from elsewhere."""
    text = (TEMPLATES / template).read_text().lower()
    assert not any(
        word in text for word in ("<style", " style=", "onclick", "onload", "javascript:", "http://", "https://")
    )
    assert text.count("<script") == text.count("<script src")


def test_numbers_and_words() -> None:
    assert [counted(1, "person", "people"), counted(2_000, "mark")] == ["1&nbsp;person", "2,000&nbsp;marks"]
    assert [percent(None), percent(66.666)] == ["–", "66.7 %"]
    assert [words([]), words(["a"]), words(["a", "b", "c"])] == ["none", "a", "a, b and c"]
    assert long_day(date(2025, 3, 3)) == "Monday, 3 March 2025"


@pytest.mark.parametrize("person_id", ["UE/24/51", "..", "a b&c=d", "7#1"])
def test_every_number_has_an_address(person_id: str) -> None:
    address = person_page(PersonProfile(person_id, "Ada"))
    assert not set(address.removeprefix("/person?id=")) & set("/#&= ")
