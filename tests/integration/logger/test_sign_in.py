"""Signing in over HTTP: cookies that only our pages can use, tokens for programs, keys for devices."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import httpx
import pytest

from logger.domain.accounts import Role
from logger.domain.classes import Room
from logger.services.accounts import AccountFields, AccountsService, Made
from logger.services.audit import AuditService
from logger.services.logins import LoginsService
from logger.services.passwords import Argon2Passwords
from logger.store.kinds import ROOMS
from logger.store.sqlite import SqliteStore
from logger.store.tables import NEW
from shared.clock import Clock

ADMIN, TEACHER = "correct horse battery", "another horse entirely"
Serve = Callable[..., AbstractAsyncContextManager[httpx.AsyncClient]]


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqliteStore]:
    opened = SqliteStore(tmp_path / "accounts.db")
    yield opened
    await opened.close()


@pytest.fixture
async def accounts(store: SqliteStore, clock: Clock) -> AccountsService:
    """An administrator and a teacher."""
    logins, audit = LoginsService(store, clock), AuditService(store, clock)
    made = AccountsService(store, logins, Argon2Passwords(), audit, clock)
    await made.ensure_admin(ADMIN)
    await made.add("zoe", AccountFields("Zoë", Role.TEACHER), password=TEACHER, by="admin")
    return made


@pytest.fixture
async def kiosk(accounts: AccountsService, store: SqliteStore) -> Made:
    await store.save(ROOMS, Room("Room 1", frozenset({"door", "window"})), NEW)
    return await accounts.add("kiosk", AccountFields("Door", Role.DEVICE, room="Room 1"), password=None, by="admin")


@pytest.fixture
async def browser(serve: Serve, store: SqliteStore, accounts: AccountsService) -> AsyncIterator[httpx.AsyncClient]:
    async with serve(store, api_keys=None) as client:
        yield client


async def sign_in(client: httpx.AsyncClient, username: str = "admin", password: str = ADMIN, **extra: Any) -> Any:
    return await client.post("/auth/login", json={"username": username, "password": password}, **extra)


async def csrf(client: httpx.AsyncClient, *credentials: str) -> dict[str, str]:
    """Signs in, and returns the header that changes have to carry."""
    answer = await sign_in(client, *credentials)
    assert answer.status_code == 200, answer.text
    return {"X-CSRF-Token": answer.json()["csrf_token"]}


async def test_a_browser_is_signed_in_by_a_cookie_that_scripts_and_other_sites_cannot_use(
    browser: httpx.AsyncClient,
) -> None:
    assert (await browser.get("/v1/account")).status_code == 401
    answer = await sign_in(browser)
    [cookie] = answer.headers.get_list("set-cookie")
    name, *attributes = cookie.lower().split("; ")
    assert name.startswith("rollcall=")
    assert {"httponly", "samesite=lax", "path=/"} <= set(attributes)
    assert "secure" not in attributes
    body = (await browser.get("/v1/account")).json()
    assert (body["account"]["account_id"], body["account"]["role"]) == ("admin", "admin")
    assert [login["current"] for login in body["logins"]] == [True]


async def test_over_https_the_cookie_is_bound_to_the_host_and_another_cookie_opens_nothing(
    browser: httpx.AsyncClient,
) -> None:
    browser.base_url = httpx.URL("https://logger")
    answer = await sign_in(browser)
    [cookie] = answer.headers.get_list("set-cookie")
    assert cookie.startswith("__Host-rollcall=")
    assert {"secure", "path=/"} <= set(cookie.lower().split("; "))
    assert "domain" not in cookie.lower()
    assert (await browser.get("/v1/account")).status_code == 200
    secret = browser.cookies["__Host-rollcall"]
    browser.cookies.clear()
    planted = {"cookie": f"rollcall={secret}"}
    assert (await browser.get("/v1/account", headers=planted)).status_code == 401


async def test_every_sign_in_has_a_secret_of_its_own_whatever_cookie_came_with_it(browser: httpx.AsyncClient) -> None:
    browser.cookies.set("rollcall", "rollcall-login_planted", domain="logger.local")
    seen = {"rollcall-login_planted"}
    for _ in range(2):
        [cookie] = (await sign_in(browser)).headers.get_list("set-cookie")
        secret = cookie.split(";")[0].partition("=")[2]
        assert secret not in seen
        seen.add(secret)
    browser.cookies.clear()
    planted = {"cookie": "rollcall=rollcall-login_planted"}
    assert (await browser.get("/v1/account", headers=planted)).status_code == 401


async def test_what_changes_something_needs_the_token_of_this_very_sign_in(browser: httpx.AsyncClient) -> None:
    token = await csrf(browser, "zoe", TEACHER)
    browser.cookies.clear()
    own = await csrf(browser)
    account = {"username": "ann", "name": "Ann", "role": "viewer"}
    for headers in ({}, token, {"X-CSRF-Token": ""}, {"X-CSRF-Token": "ö"}):
        answer = await browser.post("/v1/accounts", json=account, headers=httpx.Headers(headers, encoding="utf-8"))
        assert answer.status_code == 403
    assert (await browser.post("/v1/accounts", json=account, headers=own)).status_code == 201


async def test_a_form_may_carry_the_token_as_a_field(browser: httpx.AsyncClient) -> None:
    token = (await csrf(browser))["X-CSRF-Token"]
    wrong = await browser.post("/auth/logout", data={"csrf": "x"})
    assert wrong.status_code == 403
    assert (await browser.post("/auth/logout", data={"csrf": token})).status_code == 204


async def test_signing_out_ends_the_sign_in_itself_and_not_only_the_cookie(browser: httpx.AsyncClient) -> None:
    headers = await csrf(browser)
    kept = {"cookie": f"rollcall={browser.cookies['rollcall']}"}
    assert (await browser.post("/auth/logout", headers=headers)).status_code == 204
    assert "rollcall" not in browser.cookies
    assert (await browser.get("/v1/account", headers=kept)).status_code == 401


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"sec-fetch-site": "cross-site"}, 403),
        ({"sec-fetch-site": "same-site"}, 403),
        ({"origin": "https://elsewhere.example"}, 403),
        ({"origin": "null"}, 403),
        ({"sec-fetch-site": "same-origin", "origin": "http://behind-a-proxy"}, 200),
        ({"sec-fetch-site": "none"}, 200),
        ({"origin": "http://logger"}, 200),
        ({}, 200),
    ],
)
async def test_a_page_elsewhere_cannot_sign_a_browser_in(
    browser: httpx.AsyncClient, headers: dict[str, str], status: int
) -> None:
    assert (await sign_in(browser, headers=headers)).status_code == status


async def test_a_guesser_is_told_how_long_to_wait(browser: httpx.AsyncClient, clock: Any) -> None:
    for _ in range(5):
        answer = await sign_in(browser, "admin", "wrong")
        assert (answer.status_code, answer.json()["code"]) == (401, "wrong_password")
    answer = await sign_in(browser)
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "30")
    clock.forward(seconds=30)
    assert (await sign_in(browser)).status_code == 200


@pytest.mark.parametrize(
    "body",
    [
        {"username": {"$ne": None}, "password": ADMIN},
        {"username": "admin", "password": ["x"]},
        {"username": "admin"},
        {"username": "admin", "password": ADMIN, "role": "admin"},
        [],
    ],
)
async def test_what_is_no_name_and_password_is_refused(browser: httpx.AsyncClient, body: Any) -> None:
    assert (await browser.post("/auth/login", json=body)).status_code == 422


@pytest.mark.parametrize("username", ["\x00", "a" * 10_000, "admin\u202e", "ADMIN/../", ""])
async def test_a_strange_name_is_a_wrong_name(browser: httpx.AsyncClient, username: str) -> None:
    assert (await sign_in(browser, username)).status_code == 401


async def test_a_program_acts_for_somebody_with_a_token_until_it_is_withdrawn(browser: httpx.AsyncClient) -> None:
    body = {"username": "zoe", "password": TEACHER, "label": "timetable"}
    made = (await browser.post("/auth/token", json=body)).json()
    token = {"Authorization": f"Bearer {made['token']}"}
    own = (await browser.get("/v1/account", headers=token)).json()
    assert [(login["kind"], login["label"]) for login in own["logins"]] == [("program", "timetable")]
    assert (await browser.get("/v1/accounts", headers=token)).status_code == 403
    as_cookie = {"cookie": f"rollcall={made['token']}"}
    assert (await browser.get("/v1/account", headers=as_cookie)).status_code == 401
    path = f"/v1/account/logins/{made['login_id']}"
    assert (await browser.delete(path, headers=token)).status_code == 204
    assert (await browser.get("/v1/account", headers=token)).status_code == 401


async def test_a_browsers_cookie_is_no_token_with_which_to_pass_by_the_check_of_forms(
    browser: httpx.AsyncClient,
) -> None:
    await csrf(browser)
    stolen = {"Authorization": f"Bearer {browser.cookies['rollcall']}"}
    assert (await browser.get("/v1/account", headers=stolen)).status_code == 401


async def test_changing_ones_password_asks_for_the_present_one_and_signs_out_everywhere(
    browser: httpx.AsyncClient,
) -> None:
    await csrf(browser, "zoe", TEACHER)
    elsewhere = {"cookie": f"rollcall={browser.cookies['rollcall']}"}
    browser.cookies.clear()
    headers = await csrf(browser, "zoe", TEACHER)
    path, fresh = "/v1/account/password", "a third horse again"
    for present, password, status in (("wrong", fresh, 401), (TEACHER, "short", 422), (TEACHER, fresh, 204)):
        answer = await browser.post(path, json={"present": present, "password": password}, headers=headers)
        assert answer.status_code == status
    assert "rollcall" not in browser.cookies
    assert (await browser.get("/v1/account", headers=elsewhere)).status_code == 401
    assert (await sign_in(browser, "zoe", TEACHER)).status_code == 401
    assert (await sign_in(browser, "zoe", fresh)).status_code == 200


async def test_an_administrator_keeps_the_accounts(browser: httpx.AsyncClient) -> None:
    headers = await csrf(browser)
    new = {"username": "Ann", "name": "Ann", "role": "viewer"}
    made = (await browser.post("/v1/accounts", json=new, headers=headers)).json()
    assert (await browser.post("/v1/accounts", json=new, headers=headers)).status_code == 409
    assert (await sign_in(httpx_of(browser), "ann", made["secret"])).status_code == 200
    change = {"name": "Ann B", "role": "viewer", "active": False}
    assert (await browser.put("/v1/accounts/ann", json=change, headers=headers)).json()["active"] is False
    assert (await sign_in(httpx_of(browser), "ann", made["secret"])).status_code == 401
    names = [one["account_id"] for one in (await browser.get("/v1/accounts")).json()["items"]]
    assert names == ["admin", "ann", "zoe"]
    assert "argon2" not in (await browser.get("/v1/accounts")).text
    alone = await browser.put("/v1/accounts/admin", json={"name": "A", "role": "viewer"}, headers=headers)
    assert alone.status_code == 409
    assert (await browser.put("/v1/accounts/nobody", json=change, headers=headers)).status_code == 404
    made = (await browser.post("/v1/accounts/zoe/password", json={}, headers=headers)).json()
    assert (await sign_in(httpx_of(browser), "zoe", made["secret"])).status_code == 200
    [login] = (await browser.get("/v1/accounts/zoe/logins")).json()["items"]
    gone = await browser.delete(f"/v1/accounts/zoe/logins/{login['login_id']}", headers=headers)
    assert gone.status_code == 204
    assert (await browser.get("/v1/accounts/zoe/logins")).json()["items"] == []


async def test_a_device_sends_what_its_own_rooms_cameras_saw_and_nothing_else(
    browser: httpx.AsyncClient, kiosk: Made, event: Callable[..., dict[str, Any]]
) -> None:
    key = {"X-API-Key": str(kiosk.secret)}
    for source in ("door", "window", "Room 1"):
        answer = await browser.post("/v1/events", json={"events": [event(source=source)]}, headers=key)
        assert answer.status_code == 200
    for events in ([event(source="elsewhere")], [event(source=None)], [event(source="door"), event(source="hall")]):
        answer = await browser.post("/v1/events", json={"events": events}, headers=key)
        assert answer.status_code == 403
    assert (await browser.get("/v1/attendance", headers=key)).status_code == 403


async def test_a_devices_key_is_replaced_without_a_gap(browser: httpx.AsyncClient, kiosk: Made) -> None:
    headers = await csrf(browser)
    second = (await browser.post("/v1/accounts/kiosk/keys", json={"label": "new"}, headers=headers)).json()["secret"]
    third = await browser.post("/v1/accounts/kiosk/keys", json={"label": "newer"}, headers=headers)
    assert third.status_code == 409
    logins = (await browser.get("/v1/accounts/kiosk/logins")).json()["items"]
    first = next(login["login_id"] for login in logins if login["label"] == "first key")
    assert (await browser.delete(f"/v1/accounts/kiosk/logins/{first}", headers=headers)).status_code == 204
    client = httpx_of(browser)
    for secret, status in ((kiosk.secret, 401), (second, 422)):
        answer = await client.post("/v1/events", json={}, headers={"X-API-Key": str(secret)})
        assert answer.status_code == status


async def test_keys_of_programs_are_made_rotated_and_revoked(browser: httpx.AsyncClient, clock: Any) -> None:
    headers = await csrf(browser)
    body = {"label": "signage", "scopes": ["attendance:read"]}
    first = (await browser.post("/v1/keys", json=body, headers=headers)).json()
    clock.forward(seconds=1)
    second = (await browser.post(f"/v1/keys/{first['key_id']}/rotation", headers=headers)).json()
    again = await browser.post(f"/v1/keys/{first['key_id']}/rotation", headers=headers)
    assert again.status_code == 409
    assert (await browser.delete(f"/v1/keys/{first['key_id']}", headers=headers)).json()["revoked_at"] is not None
    assert (await browser.delete("/v1/keys/nothing", headers=headers)).status_code == 404
    clock.forward(seconds=10)
    client = httpx_of(browser)
    for secret, status in ((first["secret"], 401), (second["secret"], 200)):
        assert (await client.get("/v1/attendance", headers={"X-API-Key": secret})).status_code == status
    listed = await browser.get("/v1/keys")
    assert [(key["label"], key["revoked_at"] is None) for key in listed.json()["items"]] == [
        ("signage", False),
        ("signage", True),
    ]
    assert first["secret"] not in listed.text
    for scopes in ([], ["everything"]):
        answer = await browser.post("/v1/keys", json={"label": "x", "scopes": scopes}, headers=headers)
        assert answer.status_code == 422


async def test_keys_of_a_setting_are_not_kept_here(serve: Serve, store: SqliteStore, accounts: AccountsService) -> None:
    async with serve(store) as client:
        await csrf(client)
        assert (await client.get("/v1/keys")).status_code == 409


def httpx_of(client: httpx.AsyncClient) -> httpx.AsyncClient:
    """Another browser on the same application, without its cookies."""
    return httpx.AsyncClient(transport=client._transport, base_url=client.base_url)
