"""Names that are scripts, on every page of the logger: shown as text, and never once against the policy."""

import re
from typing import Any, Protocol
from urllib.parse import quote

from playwright.sync_api import Page

SCRIPTS = (
    "<script>window.pwned = 1</script>",
    '"><img src=x onerror="window.pwned = 1">',
    "'><svg onload=window.pwned=1>",
    "javascript:window.pwned=1//{{7*7}}${7*7}",
    "</title></textarea></script><iframe srcdoc='<script>parent.pwned=1</script>'>",
)
COUNT = """
window.violations = [];
document.addEventListener('securitypolicyviolation', one => window.violations.push(one.violatedDirective));
"""


class Site(Protocol):
    url: str

    def arrive(self, person_id: str, name: str, source: str = "cam-1") -> str: ...


class Office:
    """What the administrator's browser sends besides its pages."""

    def __init__(self, page: Page) -> None:
        self._page = page
        token = page.locator('input[name="csrf"]').first.get_attribute("value")
        self._headers = {"X-CSRF-Token": token or ""}

    def send(self, method: str, path: str, body: dict[str, Any]) -> dict[str, Any]:
        answer = self._page.request.fetch(path, method=method, data=body, headers=self._headers)
        assert answer.ok, answer.text()
        made: dict[str, Any] = answer.json()
        return made


def fill(office: Office, site: Site) -> list[str]:
    """Everything that has a name; the addresses of the pages that are about one thing."""
    pages = []
    for number, script in enumerate(SCRIPTS):
        person_id = f"{number}{script[:20]}".replace("/", "")
        fields = {"name": script, "department": script[:80], "version": 0}
        office.send("PUT", f"/v1/people/{quote(person_id, safe='')}", fields)
        site.arrive(person_id, script, source=script[:60])
        made = office.send("POST", "/v1/classes", {"title": script, "teacher_id": "admin", "room": script[:60]})
        class_id = made["class_id"]
        office.send("PUT", f"/v1/classes/{class_id}/roster", {"people": [person_id]})
        begun = office.send("POST", "/v1/sessions", {"class_id": class_id, "minutes": 45})
        mark = {"status": "late", "reason": script}
        office.send("PUT", f"/v1/sessions/{begun['session_id']}/marks/{quote(person_id, safe='')}", mark)
        about = quote(person_id, safe="")
        pages += [f"/person?id={about}", f"/reports/person?id={about}", f"/classes/{class_id}"]
        pages += [f"/classes/{class_id}/schedule", f"/reports/classes/{class_id}", f"/sessions/{begun['session_id']}"]
    return pages


def test_a_script_in_a_name_is_text_on_every_page(page: Page, site: Site) -> None:
    page.add_init_script(COUNT)
    about_one = fill(Office(page), site)
    searched = f"/people?q={quote(SCRIPTS[0])}"
    of_all = ["/", "/people", "/classes", "/schedule", "/reports", "/audit", "/settings", "/account", "/presence"]
    shown = ""
    for address in [*of_all, searched, *about_one]:
        answer = page.goto(address)
        assert answer is not None
        assert answer.status == 200, address
        assert page.evaluate("window.pwned") is None, address
        assert page.evaluate("window.violations") == [], address
        assert page.locator("main img[src=x], main iframe, main svg[onload]").count() == 0, address
        shown += page.inner_text("body")
    for script in SCRIPTS:
        assert re.sub(r"\s+", " ", script) in re.sub(r"\s+", " ", shown)
