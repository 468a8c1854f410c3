"""The first day of a school: from an empty site to a report, in a browser."""

import csv
import io
import re
import zipfile
from collections.abc import Callable
from datetime import date, timedelta
from typing import Protocol

import httpx
from playwright.sync_api import Page, expect

ROLL = "roll number,name,department,year\n" + "".join(
    f"{number},{name},{department},{year}\n"
    for number, name, department, year in (
        ("101", "Alice Ahmed", "Physics", 2),
        ("102", "Bo Berg", "Physics", 2),
        ("103", "Chiara Conti", "Physics", 1),
        ("104", "Dmitri Danilov", "Mathematics", 2),
        ("105", "Eun-ji Eom", "Mathematics", 1),
        ("106", "Farid Fazli", "Physics", 2),
        ("107", "Grace Gill", "Mathematics", 3),
        ("108", "Hana Horák", "Physics", 3),
    )
)


def next_week() -> date:
    return date.today() + timedelta(days=7)  # noqa: DTZ011 - any day of a week to come will do


Shoot = Callable[[Page, str], None]


class Site(Protocol):
    url: str

    def arrive(self, person_id: str, name: str) -> str: ...

    def count_strangers(self, count: int) -> None: ...


def import_people(page: Page) -> None:
    page.get_by_role("link", name="Import people").click()
    page.set_input_files("input[name=file]", {"name": "p.csv", "mimeType": "text/csv", "buffer": ROLL.encode()})
    page.get_by_role("button", name="See what it does").click()


def make_a_class(page: Page) -> None:
    page.get_by_role("navigation").get_by_role("link", name="Today").click()
    page.get_by_role("link", name="Make a class").click()
    page.get_by_label("Title").fill("Mechanics II")
    page.get_by_label("Room").fill("Lab 3")
    page.get_by_role("button", name="Make the class").click()


def taken(page: Page, kind: str) -> bytes:
    """The file behind a link."""
    with page.expect_download() as waiting:
        page.get_by_role("link", name=kind, exact=True).click()
    assert waiting.value.suggested_filename == f"Mechanics II.{kind.lower()}"
    return waiting.value.path().read_bytes()


def test_from_an_empty_site_to_a_report(page: Page, site: Site, shoot: Shoot) -> None:
    shoot(page, "01-first-run")
    import_people(page)
    expect(page.get_by_text("Nothing has been changed yet")).to_be_visible()
    shoot(page, "02-import")
    page.get_by_role("button", name=re.compile("Import 8")).click()
    expect(page.get_by_role("status")).to_have_text("8 added, 0 changed, 0 left out.")
    shoot(page, "03-people")
    make_a_class(page)
    expect(page.get_by_role("heading", name="Mechanics II")).to_be_visible()
    shoot(page, "04-class")
    session = start_and_fill(page, site, shoot)
    page.goto(session)
    correct_and_end(page, site, shoot)
    report_and_export(page, shoot)


def start_and_fill(page: Page, site: Site, shoot: Shoot) -> str:
    """The address of the session that people arrive in, seen from Today."""
    page.get_by_role("button", name="Start a session now").click()
    expect(page.get_by_text("ACTIVE", exact=True)).to_be_visible()
    session = page.url
    page.get_by_role("navigation").get_by_role("link", name="Today").click()
    expect(page.get_by_text("Nobody yet.")).to_be_visible()
    assert site.arrive("101", "Alice Ahmed") == "recorded"
    expect(page.locator("[data-arrival]")).to_have_count(1)  # by itself: nothing was loaded again
    for person_id, name in (("103", "Chiara Conti"), ("104", "Dmitri Danilov"), ("106", "Farid Fazli")):
        assert site.arrive(person_id, name) == "recorded"
    expect(page.locator("[data-arrival]")).to_have_count(4)
    expect(page.get_by_role("heading", name="Missing · 4")).to_be_visible()
    site.count_strangers(3)
    expect(page.locator(".figure").filter(has_text="Unknown faces")).to_contain_text("3")
    shoot(page, "05-today")
    return session


def correct_and_end(page: Page, site: Site, shoot: Shoot) -> None:
    site.count_strangers(5)
    expect(page.get_by_text(re.compile("5.sightings of unknown faces"))).to_be_visible()
    expect(page.get_by_role("button", name="Print")).to_be_visible()  # on a page that has followed
    row = page.get_by_role("row").filter(has_text="Bo Berg")
    row.get_by_text("Correct", exact=False).first.click()
    row.get_by_label("Reason").fill("Doctor's note")
    shoot(page, "06-correction")
    row.get_by_role("button", name="Excused").click()
    expect(page.get_by_role("row").filter(has_text="Bo Berg")).to_contain_text("Doctor's note")
    page.get_by_role("row").filter(has_text="Bo Berg").get_by_role("button", name="Undo").click()
    expect(page.get_by_role("row").filter(has_text="Bo Berg")).to_contain_text("Not marked")
    shoot(page, "07-session")
    page.get_by_role("button", name="End session").click()
    expect(page.get_by_text("ENDED", exact=True)).to_be_visible()
    expect(page.get_by_text("Not seen by the end")).to_have_count(4)
    shoot(page, "08-ended")


def report_and_export(page: Page, shoot: Shoot) -> None:
    page.get_by_role("navigation").get_by_role("link", name="Reports").click()
    expect(page.get_by_role("cell", name=re.compile("50.0 %")).first).to_be_visible()
    shoot(page, "09-reports")
    page.get_by_role("link", name="Mechanics II").click()
    shoot(page, "10-report-of-a-class")
    names = [row[1] for row in csv.reader(io.StringIO(taken(page, "CSV").decode("utf-8-sig")))]
    assert names == ["Name", *sorted(named.split(",")[1] for named in ROLL.splitlines()[1:]), "Total"]
    with zipfile.ZipFile(io.BytesIO(taken(page, "XLSX"))) as book:
        sheet = book.read("xl/worksheets/sheet1.xml").decode()
    assert all(f"<t>{name}</t>" in sheet for name in names)
    page.emulate_media(media="print")
    expect(page.get_by_role("navigation")).to_be_hidden()
    expect(page.get_by_role("cell", name="100.0 %").first).to_be_visible()
    page.emulate_media(media="screen")


def test_every_other_page(page: Page, shoot: Shoot) -> None:
    import_people(page)
    page.get_by_role("button", name=re.compile("Import 8")).click()
    make_a_class(page)
    address = page.url
    page.goto(f"{address}/schedule")
    page.get_by_label("Monday").check()
    page.get_by_label("Thursday").check()
    page.get_by_role("button", name="Add", exact=True).first.click()
    expect(page.get_by_text("Monday and Thursday, 09:00–10:00")).to_be_visible()
    shoot(page, "11-schedule-of-a-class")
    row = page.get_by_role("listitem").filter(has_text="Leave out").nth(1)
    row.get_by_text("Move", exact=True).click()
    row.get_by_label("From").fill("14:00")
    row.get_by_label("To (needed)").fill("15:30")
    row.get_by_label("Another room").fill("Lab 4")
    shoot(page, "22-move-a-date")
    row.get_by_role("button", name="Move this date").click()
    expect(page.get_by_text("is moved to")).to_be_visible()
    expect(page.get_by_role("listitem").filter(has_text="14:00–15:30").filter(has_text="Lab 4").first).to_be_visible()
    page.get_by_role("button", name="Make an address").click()
    feed = httpx.get(page.get_by_label("Address").input_value(), trust_env=False)  # as a phone would: not signed in
    assert "SUMMARY:Mechanics II" in feed.text
    shoot(page, "21-calendar")
    page.get_by_role("link", name="I have it").click()
    page.get_by_role("button", name="Revoke").click()
    assert httpx.get(str(feed.url), trust_env=False).status_code == 404
    for name, where in (
        ("12-schedule", f"/schedule?week={next_week()}"),
        ("13-person", "/person?id=101"),
        ("14-classes", "/classes"),
        ("15-audit", "/audit"),
        ("16-settings", "/settings"),
        ("23-outside-sessions", "/reports/day"),
        ("17-account", "/account"),
        ("18-add-person", "/people/new"),
        ("19-make-class", "/classes/new"),
    ):
        page.goto(where)
        shoot(page, name)
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    shoot(page, "20-sign-in")


def test_a_keyboard_is_enough(page: Page) -> None:
    page.goto("/people")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Import CSV").first).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Import people")).to_be_visible()
