"""A school over HTTP: people, classes, schedules, reports and files."""

import csv
import io
import zipfile
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from datetime import date
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from logger.domain.accounts import Account, Role
from logger.domain.kept_marks import KeptMark
from logger.domain.logins import LoginKind
from logger.domain.marking import Basis, Facts, Mark
from logger.domain.policy import DEFAULT_STATUSES
from logger.services.logins import LoginsService
from logger.store.kinds import ACCOUNTS, MARKS
from logger.store.sqlite import SqliteStore
from logger.store.tables import NEW
from shared.clock import Clock

OFFICE = "o" * 40
SCOPES = "people:read+people:write+classes:write+attendance:read"
PEOPLE = "Roll number,Name,E-mail\n2021/CS/1,Ada Lovelace,ada@example.org\n102,=Zed,\n"
CALENDAR = (
    "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:a\r\nSUMMARY:Physics\r\nDTSTART:20250304T090000\r\n"
    "DTEND:20250304T100000\r\nRRULE:FREQ=WEEKLY;BYDAY=TU\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
)
MONDAYS = {
    "weekdays": ["MO"],
    "hours": {"starts": "09:00", "ends": "10:00"},
    "first": "2025-03-03",
}
MOVED = {"original": "2025-03-10T09:00", "day": "2025-03-11", "hours": {"starts": "11:00", "ends": "12:00"}}
YEAR = {"from": "2025-01-01", "to": "2025-12-31"}
Serve = Callable[..., AbstractAsyncContextManager[httpx.AsyncClient]]


@pytest.fixture
def store(tmp_path: Path) -> SqliteStore:
    return SqliteStore(tmp_path / "attendance.db")


@pytest.fixture
async def office(serve: Serve, store: SqliteStore) -> AsyncIterator[httpx.AsyncClient]:
    """A program that may do what an office does."""
    async with serve(store, api_keys=SecretStr(f"{SCOPES}={OFFICE}")) as client:
        client.headers["Authorization"] = f"Bearer {OFFICE}"
        await client.post("/v1/people/import", content=PEOPLE)
        yield client


@pytest.fixture
async def physics(office: httpx.AsyncClient) -> str:
    """A class of t1 with Ada in it."""
    answer = await office.post("/v1/classes", json={"title": "Physics", "teacher_id": "t1"})
    assert answer.status_code == 201
    class_id: str = answer.json()["class_id"]
    await office.patch(f"/v1/classes/{class_id}/roster", json={"add": ["2021/CS/1"]})
    return class_id


@pytest.fixture
async def teacher(office: httpx.AsyncClient, store: SqliteStore, clock: Clock) -> dict[str, str]:
    """The headers of t1's token."""
    account = Account("t1", "Marie", Role.TEACHER)
    await store.save(ACCOUNTS, account, NEW)
    opened = await LoginsService(store, clock).open(account, LoginKind.PROGRAM, "test")
    return {"Authorization": f"Bearer {opened.secret}"}


@pytest.fixture
async def marked(store: SqliteStore, physics: str, clock: Clock) -> date:
    """The day on which Ada was late."""
    at = clock.now()
    mark = Mark("s1", "2021/CS/1", list(DEFAULT_STATUSES)[1], Basis.SIGHTING, at)
    await store.save(MARKS, KeptMark("s1", "2021/CS/1", physics, at.date(), at, Facts(at), mark), NEW)
    return at.date()


def rows_of(answer: httpx.Response) -> list[list[str]]:
    assert answer.status_code == 200, answer.text
    return list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))


async def test_people_are_imported_listed_by_pages_and_changed(office: httpx.AsyncClient) -> None:
    preview = await office.post("/v1/people/import/preview", content="id,name\n,Nobody\n102,Zed\n")
    assert preview.json()["changed"] == ["102"]
    assert preview.json()["bad"] == [{"line": 2, "field": "person_id", "problem": "must not be blank"}]
    first = (await office.get("/v1/people", params={"limit": 1})).json()
    second = (await office.get("/v1/people", params={"limit": 1, "cursor": first["next_cursor"]})).json()
    assert [page["items"][0]["name"] for page in (first, second)] == ["=Zed", "Ada Lovelace"]
    assert second["next_cursor"] is None
    changed = await office.put("/v1/people/2021/CS/1", json={"year": "2", "version": 1})
    assert (changed.json()["year"], changed.json()["email"]) == ("2", "ada@example.org")
    again = await office.put("/v1/people/2021/CS/1", json={"year": "3", "version": 1})
    assert (again.status_code, again.json()["code"]) == (409, "outdated")
    added = await office.put("/v1/people/7", json={"name": "Seven", "version": 0})
    assert (added.status_code, added.json()["version"]) == (200, 1)


async def test_consent_is_given_and_withdrawn(office: httpx.AsyncClient) -> None:
    given = await office.post("/v1/people/2021/CS/1/consent", json={"version": "2025", "how": "paper"})
    assert given.json()["consent"]["withdrawn_at"] is None
    withdrawn = await office.delete("/v1/people/2021/CS/1/consent")
    assert withdrawn.json()["consent"]["withdrawn_at"] is not None
    assert (await office.delete("/v1/people/102/consent")).status_code == 422


async def test_before_a_face_is_enrolled_the_recognizer_asks(office: httpx.AsyncClient) -> None:
    for person_id in ("2021/CS/1", "nobody"):
        answer = await office.get(f"/v1/people/{person_id}/enrolment")
        assert answer.json() == {
            "allowed": True,
            "reason": "This site asks for no consent.",
            "consent_required": False,
            "consent": "none",
        }


async def test_where_the_site_asks_for_consent_nobody_is_enrolled_without(serve: Serve, store: SqliteStore) -> None:
    headers = {"Authorization": f"Bearer {OFFICE}"}
    async with serve(store, api_keys=SecretStr(f"{SCOPES}={OFFICE}"), consent_required=True) as client:
        await client.post("/v1/people/import", content=PEOPLE, headers=headers)
        before = await client.get("/v1/people/2021/CS/1/enrolment", headers=headers)
        consent = {"version": "2025", "how": "paper"}
        await client.post("/v1/people/2021/CS/1/consent", json=consent, headers=headers)
        after = await client.get("/v1/people/2021/CS/1/enrolment", headers=headers)
    assert [before.json()["allowed"], after.json()["allowed"]] == [False, True]
    assert (after.json()["consent_required"], after.json()["consent"]) == (True, "given")


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "/v1/people/nobody", None, 404),
        ("PUT", "/v1/people/9", {"version": 0}, 422),
        ("PUT", "/v1/people/9", {"name": {"$ne": None}, "version": 0}, 422),
        ("PUT", "/v1/people/9", {"name": "N", "version": 0, "colour": "red"}, 422),
        ("GET", "/v1/people?cursor=bm9uc2Vuc2U", None, 422),
        ("GET", "/v1/people?cursor=WyJwZW9wbGUiLCAiXHVkODAwIiwgIngiXQ", None, 422),
        ("GET", "/v1/people?shoe=9", None, 422),
        ("POST", "/v1/classes", {"title": "A", "teacher_id": "t1", "zone": "America"}, 422),
        ("POST", "/v1/classes", {"title": "A", "teacher_id": "t1", "policy": {"opens_before_min": -1}}, 422),
        ("PUT", "/v1/rooms/A", {"sources": ["\u202e"]}, 422),
        ("DELETE", "/v1/rooms/none", None, 404),
        ("GET", "/v1/classes/none/calendar.ics", None, 404),
        ("DELETE", "/v1/schedules/none", None, 404),
        ("GET", "/v1/reports/months/2025/13", None, 422),
        ("GET", "/v1/reports/classes/none?from=2025-01-02&to=2025-01-01", None, 422),
        ("GET", "/v1/people.pdf", None, 422),
    ],
)
async def test_what_cannot_be_is_answered_with_a_reason(
    office: httpx.AsyncClient, method: str, path: str, body: dict[str, Any] | None, status: int
) -> None:
    answer = await office.request(method, path, json=body)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"


async def test_a_file_that_is_no_text_is_refused_with_advice(office: httpx.AsyncClient, physics: str) -> None:
    for path in ("/v1/people/import", f"/v1/classes/{physics}/schedules/import"):
        answer = await office.post(path, content=b"\xff\x00\xfe")
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")
        assert "UTF-8" in answer.json()["detail"]


async def test_a_class_is_made_changed_and_given_people(office: httpx.AsyncClient, physics: str) -> None:
    one = (await office.get(f"/v1/classes/{physics}")).json()
    assert (one["people"], one["zone"], one["policy"]["present_until_min"]) == (1, "Asia/Kolkata", 10)
    body = {"title": "Optics", "teacher_id": "t1", "version": one["version"], "policy": {"late_allowed": False}}
    changed = (await office.put(f"/v1/classes/{physics}", json=body)).json()
    assert (changed["title"], changed["policy"]["late_allowed"], changed["people"]) == ("Optics", False, 1)
    roster = await office.put(f"/v1/classes/{physics}/roster", json={"people": ["102"]})
    assert roster.json() == {"items": [{"person_id": "102", "name": "=Zed"}]}
    unknown = await office.put(f"/v1/classes/{physics}/roster", json={"people": ["77"]})
    assert unknown.status_code == 422


async def test_rooms_are_kept_with_their_cameras(office: httpx.AsyncClient) -> None:
    await office.put("/v1/rooms/Lab", json={"sources": ["cam-2", "cam-1"]})
    assert (await office.get("/v1/rooms")).json() == {"items": [{"name": "Lab", "sources": ["cam-1", "cam-2"]}]}
    assert (await office.delete("/v1/rooms/Lab")).status_code == 204


async def test_a_schedule_is_posted_read_changed_and_fed_to_calendars(office: httpx.AsyncClient, physics: str) -> None:
    path = f"/v1/classes/{physics}/schedules"
    made = await office.post(path, json={"rules": [MONDAYS], "exceptions": [MOVED]})
    assert made.status_code == 201, made.text
    assert made.json()["exceptions"] == [
        {**MOVED, "original": "2025-03-10T09:00:00", "room": None}
        | {"hours": {"starts": "11:00:00", "ends": "12:00:00"}}
    ]
    one = f"/v1/schedules/{made.json()['schedule_id']}"
    zoned = {"rules": [MONDAYS], "exceptions": [{**MOVED, "original": "2025-03-10T09:00:00Z"}], "version": 1}
    assert (await office.put(one, json=zoned)).status_code == 422
    assert (await office.put(one, json={"rules": [MONDAYS], "version": 1})).json()["version"] == 2
    assert (await office.post(f"{path}/import/preview", content=CALENDAR)).json()["taken"] == ["Physics"]
    await office.post(f"{path}/import", content=CALENDAR)
    assert len((await office.get(path)).json()["items"]) == 2
    feed = await office.get(f"/v1/classes/{physics}/calendar.ics")
    assert feed.headers["content-type"] == "text/calendar; charset=utf-8"
    assert feed.text.count("DTSTART:20250304T033000Z") == 1
    assert (await office.delete(one)).status_code == 204


async def test_a_teacher_sees_their_own_classes_and_the_contacts_of_their_own_people(
    office: httpx.AsyncClient, physics: str, teacher: dict[str, str]
) -> None:
    other = (await office.post("/v1/classes", json={"title": "Art", "teacher_id": "t2"})).json()["class_id"]
    people = (await office.get("/v1/people", headers=teacher)).json()["items"]
    assert {one["person_id"]: one["email"] for one in people} == {"102": None, "2021/CS/1": "ada@example.org"}
    rows = rows_of(await office.get("/v1/people.csv", headers=teacher))
    assert [row[4] for row in rows[1:]] == ["", "ada@example.org"]
    assert [row[1] for row in rows_of(await office.get("/v1/classes.csv"))] == ["Title", "Art", "Physics"]
    assert [row[1] for row in rows_of(await office.get("/v1/classes.csv", headers=teacher))] == ["Title", "Physics"]
    classes = (await office.get("/v1/classes", params={"teacher_id": "t2"}, headers=teacher)).json()["items"]
    assert [one["class_id"] for one in classes] == [physics]
    assert (await office.get(f"/v1/classes/{other}", headers=teacher)).status_code == 403
    away = {"title": "Physics", "teacher_id": "t2", "version": 2}
    assert (await office.put(f"/v1/classes/{physics}", json=away, headers=teacher)).status_code == 403


async def test_reports_count_what_was_marked(office: httpx.AsyncClient, physics: str, marked: date) -> None:
    one = (await office.get(f"/v1/reports/classes/{physics}", params=YEAR)).json()
    assert (one["title"], one["total"]["late"], one["total"]["percent"]) == ("Physics", 1, 100)
    person = (await office.get("/v1/reports/people/2021/CS/1", params=YEAR)).json()
    assert [line["name"] for line in person["classes"]] == ["Physics"]
    month = (await office.get(f"/v1/reports/months/{marked.year}/{marked.month}")).json()
    assert month["total"]["sessions"] == 1


async def test_files_have_what_the_tables_have_and_nothing_that_calculates(
    office: httpx.AsyncClient, physics: str, marked: date
) -> None:
    people = rows_of(await office.get("/v1/people.csv"))
    assert people[1][:2] == ["102", "'=Zed"]
    again = await office.post("/v1/people/import/preview", content=(await office.get("/v1/people.csv")).content)
    assert (again.json()["changed"], again.json()["unchanged"]) == ([], 2)
    marks = rows_of(await office.get(f"/v1/classes/{physics}/marks.csv", params=YEAR))
    assert marks[1][:7] == [
        "2025-03-03",
        "2025-03-03T17:30:00+05:30",
        "Physics",
        "2021/CS/1",
        "Ada Lovelace",
        "Late",
        "2025-03-03T17:30:00+05:30",
    ]
    report = rows_of(await office.get(f"/v1/classes/{physics}/report.csv", params=YEAR))
    assert [row[:5] for row in report[1:]] == [
        ["2021/CS/1", "Ada Lovelace", "1", "0", "1"],
        ["", "Total", "1", "0", "1"],
    ]
    month = rows_of(await office.get("/v1/months/2025/3/report.csv"))
    assert month[1][1:3] == ["Physics", "1"]


async def test_whatever_is_shown_as_a_table_can_be_taken_along(
    office: httpx.AsyncClient, physics: str, marked: date, teacher: dict[str, str]
) -> None:
    other = (await office.post("/v1/classes", json={"title": "Art", "teacher_id": "t2"})).json()["class_id"]
    for class_id in (physics, other):
        await office.post(f"/v1/classes/{class_id}/schedules", json={"rules": [MONDAYS]})
    span = {"from": "2025-03-03", "to": "2025-03-10"}
    roster = rows_of(await office.get(f"/v1/classes/{physics}/roster.csv"))
    assert [row[:2] for row in roster[1:]] == [["2021/CS/1", "Ada Lovelace"]]
    week = rows_of(await office.get("/v1/schedule.csv", params=span))
    assert sorted(row[3] for row in week[1:]) == ["Art", "Physics"]
    own = rows_of(await office.get("/v1/schedule.csv", params=span, headers=teacher))
    assert [row[:4] for row in own[1:]] == [
        ["2025-03-10", *(f"2025-03-10T{at}:00:00+05:30" for at in ("09", "10")), "Physics"]
    ]
    assert rows_of(await office.get(f"/v1/classes/{physics}/schedule.csv", params=span)) == own
    person = rows_of(await office.get("/v1/people/2021/CS/1/report.csv", params=YEAR))
    assert [row[1:5] for row in person[1:]] == [["Physics", "1", "0", "1"], ["Total", "1", "0", "1"]]
    month = rows_of(await office.get("/v1/months/2025/3/people.csv"))
    assert [row[:3] for row in month[1:]] == [["2021/CS/1", "Ada Lovelace", "1"], ["", "Total", "1"]]
    marks = rows_of(await office.get("/v1/people/2021/CS/1/marks.csv", params=YEAR))
    assert [row[2:6] for row in marks[1:]] == [["Physics", "2021/CS/1", "Ada Lovelace", "Late"]]


async def test_what_a_teacher_takes_along_is_of_their_own_classes(
    office: httpx.AsyncClient, physics: str, marked: date, teacher: dict[str, str]
) -> None:
    addresses = ("/v1/months/2025/3/report.csv", "/v1/people/2021/CS/1/marks.csv")
    of_own = [rows_of(await office.get(address, params=YEAR, headers=teacher)) for address in addresses]
    assert of_own == [rows_of(await office.get(address, params=YEAR)) for address in addresses]
    known = (await office.get(f"/v1/classes/{physics}")).json()
    given_away = {name: known[name] for name in ("title", "version")} | {"teacher_id": "t2"}
    assert (await office.put(f"/v1/classes/{physics}", json=given_away)).status_code == 200
    report, marks = [rows_of(await office.get(address, params=YEAR, headers=teacher)) for address in addresses]
    assert [row[1:3] for row in report[1:]] == [["Total", "0"]]
    assert marks[1:] == []


async def test_sessions_are_taken_along_with_their_counts(
    office: httpx.AsyncClient, store: SqliteStore, physics: str, teacher: dict[str, str], clock: Clock
) -> None:
    begun = await office.post("/v1/sessions", json={"class_id": physics, "minutes": 45}, headers=teacher)
    path = f"/v1/sessions/{begun.json()['session_id']}"
    await office.put(f"{path}/marks/2021/CS/1", json={"status": "late", "reason": "Bus"}, headers=teacher)
    day = {"from": "2025-03-03", "to": "2025-03-03"}
    header, only = rows_of(await office.get("/v1/sessions.csv", params=day, headers=teacher))
    assert dict(zip(header[3:], only[3:], strict=True)) == {
        "Class": "Physics",
        "Teacher": "t1",
        "Room": "",
        "State": "active",
        "Marked": "1",
        "Present": "0",
        "Late": "1",
        "Absent": "0",
        "Excused": "0",
    }


async def test_a_workbook_is_one_that_opens(office: httpx.AsyncClient, marked: date) -> None:
    answer = await office.get("/v1/people.xlsx")
    assert answer.headers["content-disposition"] == "attachment; filename*=UTF-8''People.xlsx"
    with zipfile.ZipFile(io.BytesIO(answer.content)) as book:
        sheet = book.read("xl/worksheets/sheet1.xml").decode()
    assert "Ada Lovelace" in sheet
    assert "<f>" not in sheet


async def test_attendance_is_exported_by_the_filters_of_its_list(
    office: httpx.AsyncClient, store: SqliteStore, serve: Serve, writer: dict[str, str], event: Callable[..., Any]
) -> None:
    async with serve(None) as recognizer:
        await recognizer.post("/v1/events", json={"events": [event("102")]}, headers=writer)
    rows = rows_of(await office.get("/v1/attendance.csv", params={"date": "2025-03-03"}))
    assert [row[1] for row in rows] == ["Roll number", "102"]
    assert len(rows_of(await office.get("/v1/attendance.csv", params={"date": "2025-03-04"}))) == 1


async def test_a_person_takes_all_that_is_held_and_is_erased(
    office: httpx.AsyncClient, physics: str, marked: date
) -> None:
    held = (await office.get("/v1/people/2021/CS/1/everything")).json()
    assert (held["profile"]["name"], held["classes"], len(held["marks"])) == ("Ada Lovelace", ["Physics"], 1)
    receipt = (await office.delete("/v1/people/2021/CS/1")).json()
    assert (receipt["done"], receipt["profile"], receipt["photos"]) == (True, True, "not_asked")
    assert (await office.get("/v1/people/2021/CS/1")).status_code == 404
    report = (await office.get(f"/v1/reports/classes/{physics}", params=YEAR)).json()
    assert (report["total"]["late"], report["people"][0]["name"][:7]) == (1, "erased-")
