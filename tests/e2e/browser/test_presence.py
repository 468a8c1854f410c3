"""Present without a face, in a browser: a PIN is made, a door set up, and both are used."""

import re
from collections.abc import Callable
from typing import Protocol

from playwright.sync_api import Browser, Page, expect

Shoot = Callable[[Page, str], None]


class Site(Protocol):
    url: str


def make_a_class_of_two(page: Page) -> str:
    """The address of its session, which has begun in the room with the door."""
    page.goto("/people/import")
    people = b"roll number,name,department\n101,Alice Ahmed,Physics\n102,Bo Berg,Physics\n"
    page.set_input_files("input[name=file]", {"name": "p.csv", "mimeType": "text/csv", "buffer": people})
    page.get_by_role("button", name="See what it does").click()
    page.get_by_role("button", name=re.compile("Import 2")).click()
    page.goto("/classes/new")
    page.get_by_label("Title").fill("Mechanics II")
    page.get_by_label("Room").fill("Lab 3")
    page.get_by_role("button", name="Make the class").click()
    page.get_by_role("button", name="Start a session now").click()
    expect(page.get_by_text("ACTIVE", exact=True)).to_be_visible()
    return page.url


def make_a_door(page: Page) -> str:
    """Its key."""
    page.goto("/settings")
    accounts = page.locator("#accounts")
    accounts.locator("[name=username]").fill("door-lab-3")
    accounts.locator("[name=name]").fill("Door of Lab 3")
    accounts.get_by_label("Role").select_option("device")
    accounts.get_by_label("Room, of a device").fill("Lab 3")
    accounts.get_by_role("button", name="Add account").click()
    return page.get_by_label("Secret").input_value()


def make_a_code(page: Page, person_id: str) -> str:
    page.goto(f"/person?id={person_id}")
    page.get_by_role("button", name="Make a PIN and QR code").click()
    return page.locator("dd.pin").inner_text()


def test_a_pin_is_made_and_shown_at_a_door_and_in_the_session(page: Page, site: Site, shoot: Shoot) -> None:
    session = make_a_class_of_two(page)
    key = make_a_door(page)
    first = make_a_code(page, "101")
    shoot(page, "21-code")
    page.get_by_role("link", name="I have it").click()
    expect(page.get_by_role("button", name="Replace")).to_be_visible()
    second = make_a_code(page, "102")

    page.goto("/presence")
    expect(page.get_by_role("heading", name="Set this door up")).to_be_visible()
    shoot(page, "22-door-set-up")
    page.get_by_label("Key of this door").fill(key)
    page.get_by_role("button", name="Set up").click()
    shoot(page, "23-door")
    verdict = page.get_by_role("status")
    for digit in first.replace(" ", ""):
        page.get_by_role("button", name=digit, exact=True).click()
    page.get_by_role("button", name="I am here").click()
    expect(verdict).to_have_text("Alice AhmedPresent")
    shoot(page, "24-door-verdict")
    page.keyboard.type("12345678")  # the field has the focus again, as a scanner needs it
    page.keyboard.press("Enter")
    expect(verdict).to_contain_text("This code is nobody's")

    page.goto(session)
    page.get_by_label("PIN, or QR code from a scanner").fill(second)
    page.get_by_role("button", name="Mark present").click()
    expect(page.get_by_role("status")).to_have_text("Bo Berg is present.")
    expect(page.get_by_role("cell", name="PIN", exact=True)).to_have_count(2)
    shoot(page, "25-session-by-pin")


def test_the_statuses_of_a_class_are_changed_on_its_page(page: Page, shoot: Shoot) -> None:
    page.goto(make_a_class_of_two(page))
    page.get_by_role("link", name="Mechanics II").click()
    statuses = page.locator("#statuses")
    statuses.get_by_label("Name of Excused").fill("On leave")
    statuses.get_by_label("Add another").fill("School trip")
    shoot(page, "26-statuses")
    statuses.get_by_role("button", name="Save statuses").click()
    expect(page.get_by_role("status")).to_contain_text("Saved.")
    expect(statuses.get_by_label("Name of School trip")).to_have_value("School trip")
    statuses.get_by_label("Retire Present").check()
    statuses.get_by_role("button", name="Save statuses").click()
    expect(page.get_by_role("status")).to_contain_text("no status counts as present")


def test_a_door_whose_key_is_not_known_says_so_and_asks_for_another(browser: Browser, site: Site) -> None:
    page = browser.new_page(base_url=site.url)  # signed in as nobody, as a tablet at a door is
    page.goto("/presence#key=not-a-key")
    expect(page).to_have_url(f"{site.url}/presence")
    page.keyboard.type("12345678")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_contain_text("This door is not known")
    expect(page.get_by_role("heading", name="Set this door up")).to_be_visible()
    page.close()
