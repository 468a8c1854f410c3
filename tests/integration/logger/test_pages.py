"""The pages, as a browser without scripts uses them: links, forms, redirects."""

import re
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from html import unescape
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any

import httpx
import pytest

from logger.services.accounts import AccountsService
from logger.services.audit import AuditService
from logger.services.logins import LoginsService
from logger.services.passwords import Argon2Passwords
from logger.store.sqlite import SqliteStore
from shared.clock import Clock

PASSWORD = "a long enough password for tests"  # noqa: S105

PEOPLE = "roll number,name,department,year\n101,Alice Ahmed,Physics,2\n102,Bo Berg,Physics,2\n103,=SUM(1),Art,1\n"


class Browser:
    """Follows redirects, keeps cookies, and fills in forms by what the last page said."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client
        self.page = ""

    async def open(self, address: str, expected: int = 200) -> str:
        return self._seen(await self._client.get(address, follow_redirects=True), expected)

    async def send(self, address: str, expected: int = 200, **fields: Any) -> str:
        return await self.submit(address, expected, data={"csrf": self.token, **fields})

    async def submit(self, address: str, status: int, **request: Any) -> str:
        headers = {"Referer": "http://logger/"}
        response = await self._client.post(address, headers=headers, follow_redirects=True, **request)
        return self._seen(response, status)

    async def sign_in(self, password: str = PASSWORD, status: int = 200, where: str = "/") -> str:
        fields = {"name": "admin", "password": password, "next": where}
        response = await self._client.post("/sign-in", data=fields)
        if response.status_code != 303:
            return self._seen(response, status)
        for name, cookie in SimpleCookie(response.headers["set-cookie"]).items():  # of the year of the still clock
            self._client.cookies.set(name, cookie.value)
        return await self.open(response.headers["location"], status)

    @property
    def token(self) -> str:
        found = re.search(r'name="csrf" value="(\w+)"', self.page)
        assert found is not None, self.page
        return found[1]

    def link(self, pattern: str) -> str:
        found = re.search(rf'(?:href|action)="({pattern})"', self.page)
        assert found is not None, self.page
        return unescape(found[1])

    def _seen(self, response: httpx.Response, status: int) -> str:
        assert response.status_code == status, response.text
        self.page = response.text
        self.address = response.url.raw_path.decode()
        return self.page


Open = Callable[..., AbstractAsyncContextManager[httpx.AsyncClient]]


@pytest.fixture
def open_site(serve: Callable[..., Any], clock: Clock, tmp_path: Path) -> Open:
    """With its administrator, and nothing else."""

    @asynccontextmanager
    async def make(**changes: Any) -> AsyncIterator[httpx.AsyncClient]:
        store = SqliteStore(tmp_path / "attendance.db")
        passwords = Argon2Passwords()
        accounts = AccountsService(store, LoginsService(store, clock), passwords, AuditService(store, clock), clock)
        async with serve(store, **changes) as client:
            await accounts.ensure_admin(PASSWORD)
            yield client
        passwords.close()

    return make


@pytest.fixture
async def site(open_site: Open) -> AsyncIterator[httpx.AsyncClient]:
    async with open_site() as client:
        yield client


@pytest.fixture
async def browser(site: httpx.AsyncClient) -> Browser:
    one = Browser(site)
    await one.sign_in()
    return one


def shown(page: str) -> str:
    """The secret that is shown this once."""
    found = re.search(r'class="code" readonly value="([^"]+)"', page)
    assert found is not None, page
    return found[1]


async def with_a_class(browser: Browser) -> str:
    """Three people in a class, which begins; the address of its session."""
    await browser.send("/people/import/apply", text=PEOPLE)
    await browser.open("/classes/new")
    rules: dict[str, Any] = {
        "opens_before_min": "15",
        "present_until_min": "10",
        "late_allowed": "yes",
        "absent_at_end": "yes",
    }
    await browser.send("/classes/new", title="Mechanics", room="", roster="everybody", active="yes", **rules)
    class_id = browser.address.removeprefix("/classes/")
    await browser.send("/sessions/begin", class_id=class_id, minutes="60")
    return browser.address


async def test_who_is_not_signed_in_is_sent_to_sign_in_and_then_where_they_were_going(site: httpx.AsyncClient) -> None:
    browser = Browser(site)
    page = await browser.open("/people?q=al")
    assert "<h1>Sign in</h1>" in page
    assert browser.address == "/sign-in?next=%2Fpeople%3Fq%3Dal"
    await browser.sign_in(where="/people?q=al")
    assert browser.address == "/people?q=al"


async def test_a_wrong_password_is_said_on_the_page(site: httpx.AsyncClient) -> None:
    page = await Browser(site).sign_in("something else entirely", 401)
    assert "wrong" in page
    assert 'value="admin"' in page


@pytest.mark.parametrize("where", ["https://example.org/", "//example.org", "/\\example.org", "javascript:alert(1)"])
async def test_signing_in_leads_nowhere_else(site: httpx.AsyncClient, where: str) -> None:
    browser = Browser(site)
    await browser.sign_in(where=where)
    assert browser.address == "/"


async def test_another_sites_form_signs_nobody_in(site: httpx.AsyncClient) -> None:
    fields = {"name": "admin", "password": PASSWORD, "next": "/"}
    response = await site.post("/sign-in", data=fields, headers={"Origin": "https://example.org"})
    assert response.status_code == 403
    assert "set-cookie" not in response.headers


async def test_a_form_without_its_token_does_nothing(browser: Browser, site: httpx.AsyncClient) -> None:
    response = await site.post("/people/import/apply", data={"text": PEOPLE})
    assert response.status_code == 403
    assert "No people yet" in await browser.open("/people")


async def test_signing_out_ends_it(browser: Browser) -> None:
    await browser.open("/")
    await browser.send("/sign-out")
    assert "<h1>Sign in</h1>" in await browser.open("/people")


@pytest.mark.parametrize(
    "address", ["/", "/people", "/people/new", "/people/import", "/classes", "/classes/new", "/schedule", "/reports"]
)
async def test_every_page_of_an_empty_site_opens_under_a_strict_policy(site: httpx.AsyncClient, address: str) -> None:
    await Browser(site).sign_in()
    response = await site.get(address)
    assert response.status_code == 200
    policy = response.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert response.headers["cache-control"] == "no-store"
    assert not re.search(r"<script(?! src=)|<style| style=| on\w+=", response.text)


@pytest.mark.parametrize("address", ["/audit", "/settings", "/account"])
async def test_every_page_of_the_administrator_opens(browser: Browser, address: str) -> None:
    assert "<h1>" in await browser.open(address)


async def test_an_empty_site_says_what_to_do_first(browser: Browser) -> None:
    page = await browser.open("/")
    assert "Bring in your people" in page
    assert browser.link("/people/import")


async def test_an_import_is_looked_at_before_it_is_done(browser: Browser) -> None:
    await browser.open("/people/import")
    files = {"file": ("people.csv", (PEOPLE + "104,,Art,1\n").encode(), "text/csv")}
    page = await browser.submit("/people/import", 200, files=files, data={"csrf": browser.token})
    assert "Nothing has been changed yet" in page
    assert "must not be blank" in page
    assert "Alice Ahmed" in page
    text = re.search(r'<textarea name="text"[^>]*>\n?(.*?)</textarea>', page, re.DOTALL)
    assert text is not None
    page = await browser.send("/people/import/apply", text=unescape(text[1]))
    assert "3 added, 0 changed, 1 left out." in page
    assert "Bo Berg" in page


async def test_a_file_that_is_no_text_is_refused_with_a_reason(browser: Browser) -> None:
    await browser.open("/people/import")
    files = {"file": ("people.csv", b"\xe9\x00\xff", "text/csv")}
    page = await browser.submit("/people/import", 422, files=files, data={"csrf": browser.token})
    assert "CSV UTF-8" in page


async def test_people_are_found_by_name(browser: Browser) -> None:
    await browser.send("/people/import/apply", text=PEOPLE)
    page = await browser.open("/people?q=alice")
    assert "Alice Ahmed" in page
    assert "Bo Berg" not in page
    assert "Nobody like that" in await browser.open("/people?q=zzz")


async def test_what_was_typed_wrongly_is_shown_beside_its_field(browser: Browser) -> None:
    await browser.open("/people/new")
    page = await browser.send("/people/new", 422, person_id="105", name="Cy <Cole>", email="nonsense", active="yes")
    assert "This must be an e-mail address" in page
    assert 'value="Cy &lt;Cole&gt;"' in page


async def test_a_person_is_changed_and_gives_and_withdraws_consent(browser: Browser) -> None:
    await browser.open("/people/new")
    page = await browser.send("/people/new", person_id="A/1", name="Cy Cole", department="", active="yes")
    assert browser.address == "/person?id=A%2F1"
    assert "No consent" in page
    page = await browser.send("/person/consent", person_id="A/1", version="2025", how="paper")
    assert "Consent given" in page
    page = await browser.send("/person/withdraw", person_id="A/1")
    assert "Withdrawn" in page
    version = re.search(r'name="version" value="(\d+)"', page)
    assert version is not None
    page = await browser.send("/person", person_id="A/1", version=version[1], name="Cy Coleman", active="no")
    assert "Cy Coleman" in page
    assert "Inactive" in page


async def test_a_person_is_erased_only_by_their_number_and_with_a_receipt(browser: Browser) -> None:
    await browser.send("/people/import/apply", text=PEOPLE)
    await browser.send("/person/erase", person_id="101", confirm="102")
    assert "Type the roll number" in browser.page
    page = await browser.send("/person/erase", person_id="101", confirm="101")
    assert "Receipt of an erasure" in page
    assert "Alice" not in page
    assert "There is nobody" in await browser.open("/person?id=101", 404)


async def test_what_somebody_else_changed_meanwhile_is_not_overwritten(browser: Browser) -> None:
    await browser.send("/people/import/apply", text=PEOPLE)
    await browser.send("/person", person_id="101", version="1", name="Alice B", active="yes")
    await browser.send("/person", person_id="101", version="1", name="Alice C", active="yes")
    assert 'class="notice problem"' in browser.page
    assert "<h1>Alice B</h1>" in await browser.open("/person?id=101")


async def test_a_session_from_its_start_to_the_report(
    browser: Browser,
    site: httpx.AsyncClient,
    writer: dict[str, str],
    event: Callable[..., dict[str, Any]],
    clock: Any,
) -> None:
    address = await with_a_class(browser)
    assert "ACTIVE" in browser.page
    arrival = await site.post("/v1/events", json={"events": [event("101")]}, headers=writer)
    assert arrival.json()["results"][0]["outcome"] == "recorded"

    today = await browser.open("/")
    assert 'data-arrival="' in today
    assert re.search(r"Missing · 2", today)

    page = await browser.open(address)
    assert page.count("Not marked") == 2
    assert "17:30" in page
    page = await browser.send(f"{address}/correct", person_id="102", status="excused", reason="Doctor's note")
    assert "Doctor&#39;s note" in page
    assert "By hand" in page
    page = await browser.send(f"{address}/undo", person_id="102")
    assert page.count("Not marked") == 2

    await browser.send(f"{address}/correct", person_id="102", status="late", reason="Came by the back door")
    clock.forward(minutes=40)
    page = await browser.send(f"{address}/end")
    assert "ENDED" in page
    assert "Not seen by the end" in page

    report = await browser.open("/reports")
    assert "66.7 %" in report
    report = await browser.open(browser.link("/reports/classes/[0-9a-f]+"))
    assert "Alice Ahmed" in report
    report = await browser.open("/reports/person?id=103")
    assert "0.0 %" in report
    assert "Attendance corrected" in await browser.open("/audit")
    assert "The chain is whole" in await browser.send("/audit/verify")


async def test_a_correction_without_a_reason_is_refused_with_a_sentence(browser: Browser) -> None:
    address = await with_a_class(browser)
    page = await browser.send(f"{address}/correct", person_id="102", status="late", reason=" ")
    assert "The reason must not be blank." in page


async def test_names_are_text_wherever_they_are_shown(browser: Browser) -> None:
    await browser.open("/people/new")
    hostile = "<script>alert(1)</script>\"'&"
    await browser.send("/people/new", person_id="9", name=hostile, active="yes")
    address = await with_a_class(browser)
    for shown in ("/", "/people", "/person?id=9", address):
        page = await browser.open(shown)
        assert "<script>alert" not in page
        assert "&lt;script&gt;alert(1)" in page


async def test_hours_fill_the_week(browser: Browser) -> None:
    await with_a_class(browser)
    await browser.open("/classes")
    address = browser.link("/classes/[0-9a-f]{8,}") + "/schedule"
    await browser.open(address)
    hours: dict[str, Any] = {"starts": "09:00", "ends": "10:30", "first": "2025-03-03", "last": "", "every_weeks": "1"}
    page = await browser.send(f"{address}/weekly", weekdays=["MO", "WE"], **hours)
    assert "Monday and Wednesday, 09:00–10:30" in page
    assert "Mechanics" in await browser.open("/schedule?week=2025-04-16")
    assert browser.page.count('class="slot"') == 2
    page = await browser.open(address)
    fields: dict[str, Any] = dict(re.findall(r'name="(schedule_id|version|original)" value="([^"]+)"', page))
    page = await browser.send(f"{address}/cancel", **fields)
    assert "is left out." in page
    assert "Not on" in page
    page = await browser.send(f"{address}/remove", index="0", schedule_id=fields["schedule_id"], version="2")
    assert "No hours yet" in page


async def test_a_calendar_becomes_hours(browser: Browser) -> None:
    await with_a_class(browser)
    await browser.open("/classes")
    address = browser.link("/classes/[0-9a-f]{8,}") + "/schedule"
    await browser.open(address)
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "BEGIN:VEVENT", "UID:1", "SUMMARY:Lab", "DTSTART:20250310T090000"]
    calendar = "\r\n".join([*lines, "DTEND:20250310T100000", "END:VEVENT", "END:VCALENDAR", ""]).encode()
    files = {"file": ("lab.ics", calendar, "text/calendar")}
    page = await browser.submit(f"{address}/import", 200, files=files, data={"csrf": browser.token})
    assert "1 taken." in page
    assert "Mon 10 Mar 2025, 09:00–10:00" in page


async def test_a_room_an_account_and_a_key_are_made_in_the_settings(browser: Browser) -> None:
    await browser.open("/settings")
    page = await browser.send("/settings/rooms", name="Hall", sources="cam-1, cam-2")
    assert "Cameras: cam-1 and cam-2" in page
    page = await browser.send("/settings/accounts", username="ada", name="Ada", role="teacher", room="")
    assert "This is shown once" in page
    page = await browser.open("/settings")
    assert "Ada" in page
    page = await browser.send("/settings/accounts/active", account_id="ada", active="no")
    assert "Ada may no longer sign in." in page
    page = await browser.send("/settings/rooms/remove", name="Hall")
    assert "No rooms yet" in page


async def test_a_changed_password_signs_out(browser: Browser, site: httpx.AsyncClient) -> None:
    await browser.open("/account")
    new = "another long password, quite new"
    page = await browser.send("/account/password", present=PASSWORD, password=new, again=new)
    assert "<h1>Sign in</h1>" in page
    await browser.sign_in(new)
    assert browser.address == "/"


async def test_an_address_that_is_nothing_is_a_page_that_says_so(browser: Browser) -> None:
    assert "There is no such session" in await browser.open("/sessions/nothing", 404)
    assert "cannot be read" in await browser.open("/schedule?week=nonsense", 422)


async def test_a_person_gets_a_pin_and_a_qr_code_and_is_marked_present_by_them(browser: Browser) -> None:
    session = await with_a_class(browser)
    await browser.open("/person?id=101")
    page = await browser.send("/person/code", person_id="101")
    [pin] = re.findall(r"<dd class=\"pin\">(\d{4} \d{4})</dd>", page)
    assert '<svg role="img" aria-label="QR code"' in page
    assert pin not in await browser.open("/person?id=101")
    await browser.open(session)
    assert "Alice Ahmed is present." in await browser.send(f"{session}/presence", code=pin)
    assert re.search(r'data-label="How">PIN<', browser.page)
    assert "Alice Ahmed was marked before: present." in await browser.send(f"{session}/presence", code=pin)
    for code in ("1234", "", "9" * 500):
        assert "This code is nobody" in await browser.send(f"{session}/presence", code=code)
    await browser.open("/person?id=101")
    assert "nobody&#39;s any more" in await browser.send("/person/code/revoke", person_id="101")
    await browser.open(session)
    assert "This code is nobody" in await browser.send(f"{session}/presence", code=pin)


async def test_faces_without_a_name_are_a_count_on_the_pages_of_the_day(
    browser: Browser, site: httpx.AsyncClient, writer: dict[str, str]
) -> None:
    session = await with_a_class(browser)
    tally = {"origin": "r1", "source": "door", "minute": "2025-03-03T12:00:00Z", "count": 7}
    tallies = [{**tally, "decision": "unknown"}, {**tally, "decision": "spoof", "count": 1}]
    assert (await site.post("/v1/tallies", json={"tallies": tallies}, headers=writer)).status_code == 200
    said = "7&nbsp;sightings of unknown faces, 1 of pictures of a face. They count for nobody."
    assert said in await browser.open(session)
    today = await browser.open("/")
    assert said in today
    assert "<dt>Unknown faces</dt><dd>7</dd>" in today


async def test_the_statuses_of_a_class_are_renamed_added_and_retired(browser: Browser) -> None:
    session = await with_a_class(browser)
    await browser.open(session)
    await browser.send(f"{session}/correct", person_id="101", status="excused", reason="Ill")
    page = await browser.open(browser.link("/classes/[0-9a-f]+"))
    where = browser.link("/classes/[0-9a-f]+/statuses")
    version = re.findall(r'name="version" value="(\d+)"', page)[-1]
    lines: dict[str, Any] = {
        "code": ["present", "late", "absent", "excused", ""],
        "name": ["Here", "Late", "Absent", "Excused", "On a trip"],
        "counts_as": ["present", "late", "absent", "excused", "present"],
        "order": ["2", "3", "4", "5", "9"],
    }
    page = await browser.send(where, version=version, retire=["excused"], **lines)
    assert "Saved." in page
    assert re.findall(r'name="name" value="([^"]*)"', page) == ["Here", "Late", "Absent", "On a trip", ""]
    assert "Excused" in await browser.open(session)  # it has begun, and the mark was made
    unnamed: dict[str, Any] = {**lines, "name": [*lines["name"][:-1], " "]}
    refused = await browser.send(where, version=version, retire=["present", "excused"], **unnamed)
    assert "no status counts as present" in refused
    broken = await browser.send(where, version=version, **{**lines, "order": ["1"]})
    assert "not whole" in broken


async def test_a_record_of_a_day_is_corrected_with_a_reason_and_the_correction_taken_back(
    browser: Browser, site: httpx.AsyncClient, writer: dict[str, str], event: Callable[..., dict[str, Any]]
) -> None:
    assert "Nobody was seen outside sessions" in await browser.open("/reports/day")
    await site.post("/v1/events", json={"events": [event("101"), event("102", name="Bo")]}, headers=writer)
    page = await browser.open("/reports/day")
    assert page.count("badge present") == 2
    record_id = re.findall(r'name="record_id" value="(\w+)"', page)[0]
    where = "/reports/day/correct"
    assert "The reason must not be blank" in await browser.send(where, record_id=record_id, status="absent", reason=" ")
    page = await browser.send(where, record_id=record_id, status="absent", reason="Only passed by")
    assert "absent, present before." in page
    assert browser.address == "/reports/day?day=2025-03-03"
    assert (page.count("badge present"), page.count("badge absent")) == (1, 1)
    page = await browser.send(where, record_id=record_id, status="present", reason="The correction was wrong")
    assert page.count("badge present") == 2
    audit = await browser.open("/audit")
    assert audit.count("Only passed by") == audit.count("The correction was wrong") == 1
    assert "badge present" not in await browser.open("/reports/day?day=2025-03-02")


async def test_a_record_of_a_session_is_not_corrected_as_one_of_a_day(
    browser: Browser, site: httpx.AsyncClient, writer: dict[str, str], event: Callable[..., dict[str, Any]]
) -> None:
    await with_a_class(browser)
    await site.post("/v1/events", json={"events": [event("101")]}, headers=writer)
    listed = (await site.get("/v1/attendance")).json()["items"]
    refused = await browser.send("/reports/day/correct", record_id=listed[0]["id"], status="absent", reason="Ill")
    assert "correct it there" in refused
    alone = await site.get("/v1/attendance", params={"date": "2025-03-03", "outside_sessions": "true"})
    assert alone.json()["items"] == []
    assert (await site.get("/v1/attendance", params={"outside_sessions": "true"})).status_code == 422


async def test_the_tables_of_settings_and_of_a_person_leave_as_files_without_a_secret(
    browser: Browser, site: httpx.AsyncClient
) -> None:
    await with_a_class(browser)
    await browser.send("/settings/accounts", username="t1", name="Tess Teacher", role="teacher")
    await browser.send("/settings/rooms", name="Room 1", sources="cam-1, cam-2")
    secret = shown(await browser.send("/settings/accounts/password", account_id="t1"))
    page = await browser.open("/settings")
    assert 'href="/v1/accounts.csv"' in page
    assert 'href="/v1/rooms.xlsx"' in page
    accounts = (await site.get("/v1/accounts.csv")).text
    assert "Tess Teacher" in accounts
    assert "argon2" not in accounts
    assert secret not in accounts
    assert "cam-1, cam-2" in (await site.get("/v1/rooms.csv")).text
    person = await browser.open("/person?id=101")
    assert 'href="/v1/people/101/marks.csv?from=' not in person  # nothing is marked yet
    for kind in ("csv", "xlsx"):
        assert (await site.get(f"/v1/accounts.{kind}")).status_code == 200


async def test_a_programs_key_is_replaced_without_a_gap_and_its_table_tells_no_secret(open_site: Open) -> None:
    async with open_site(api_keys=None) as site:
        browser = Browser(site)
        await browser.sign_in()
        first = shown(await browser.send("/settings/keys", label="recognizer", scopes="events:write"))
        page = await browser.open("/settings")
        key_id = re.findall(r'name="key_id" value="(\w+)"', page)[0]
        second = shown(await browser.send("/settings/keys/rotate", key_id=key_id))
        page = await browser.open("/settings")
        assert page.count("<strong>recognizer</strong>") == 2
        assert (await browser.send("/settings/keys/revoke", key_id=key_id)).count("<strong>recognizer</strong>") == 1
        table = (await site.get("/v1/keys.csv")).text
        assert table.count("recognizer") == 2  # the revoked one too
        assert first != second
        assert first not in table
        assert second not in table
        assert (await site.get("/v1/keys.xlsx")).status_code == 200


async def test_a_device_gets_another_key_before_the_first_is_withdrawn(browser: Browser) -> None:
    device: dict[str, Any] = {"username": "door", "name": "Door", "role": "device", "room": "Room 1"}
    first = shown(await browser.send("/settings/accounts", **device))
    assert first != shown(await browser.send("/settings/accounts/key", account_id="door"))
    page = await browser.open("/settings")
    first_id, second_id = re.findall(r'name="login_id" value="(\w+)"', page)
    assert "two keys" in await browser.send("/settings/accounts/key", account_id="door")
    page = await browser.send("/settings/accounts/key/withdraw", account_id="door", login_id=first_id)
    assert "The key is withdrawn." in page
    assert re.findall(r'name="login_id" value="(\w+)"', page) == [second_id]
