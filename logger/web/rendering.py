"""Templates into pages. The one file that imports jinja2."""

from collections.abc import Iterable
from datetime import date, datetime
from pathlib import Path
from urllib.parse import quote
from zoneinfo import ZoneInfo

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from logger.domain.people import PersonProfile
from logger.web import charts
from logger.web.assets import address_of
from shared.clock import Clock

TEMPLATES = Path(__file__).parent / "templates"


class Pages:
    """Everything is escaped, nothing that is missing passes for empty, and every instant is shown by the clock on the
    wall of the site."""

    def __init__(self, site: ZoneInfo, clock: Clock) -> None:
        self.site = site
        self.clock = clock
        self._environment = Environment(
            loader=FileSystemLoader(TEMPLATES),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.globals |= {"asset": address_of, "site": site.key, "charts": charts, "today": self.today}
        self._environment.filters |= {
            "hm": self._hm,
            "moment": self._moment,
            "day": long_day,
            "short_day": short_day,
            "percent": percent,
            "count": counted,
            "words": words,
            "person_page": person_page,
        }

    def today(self) -> date:
        return self.clock.now().astimezone(self.site).date()

    def render(self, template: str, **context: object) -> str:
        return self._environment.get_template(template).render(context)

    def _hm(self, instant: datetime | None) -> str:
        return "–" if instant is None else f"{instant.astimezone(self.site):%H:%M}"

    def _moment(self, instant: datetime | None) -> str:
        return "–" if instant is None else f"{instant.astimezone(self.site):%Y-%m-%d %H:%M}"


def long_day(day: date) -> str:
    return f"{day:%A}, {day.day} {day:%B} {day.year}"


def short_day(day: date) -> str:
    return f"{day:%a} {day.day} {day:%b}"


def percent(value: float | None) -> str:
    """One digit after the point; a dash where there was nothing to count."""
    return "–" if value is None else f"{value:.1f} %"


def counted(number: int, one: str, many: str | None = None) -> Markup:
    """“1 person”, “2,000 people”, the two words never torn apart."""
    return Markup("{}&nbsp;{}").format(f"{number:,}", one if number == 1 else many or f"{one}s")


def words(items: Iterable[str]) -> str:
    """“a, b and c”."""
    *front, last = [*items] or ["none"]
    return f"{', '.join(front)} and {last}" if front else last


def person_page(person: PersonProfile) -> str:
    """In the query, since a number may hold a slash or be two dots."""
    return f"/person?id={quote(person.person_id, safe='')}"
