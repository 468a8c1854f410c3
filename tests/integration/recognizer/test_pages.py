"""The pages and their files, as they are given out."""

import re
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

import httpx
import pytest

Running = Callable[..., AbstractAsyncContextManager[httpx.AsyncClient]]
PAGES = ("/", "/enroll")


@pytest.mark.parametrize("page", PAGES)
async def test_a_page_may_load_its_own_files_alone_and_use_the_camera(client: httpx.AsyncClient, page: str) -> None:
    response = await client.get(page)
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    policy = response.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; style-src 'self'; script-src 'self';")
    assert "unsafe" not in policy
    assert response.headers["permissions-policy"].startswith("camera=(self), microphone=()")
    assert response.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("page", PAGES)
async def test_a_page_has_no_script_or_style_inside_and_only_relative_addresses(
    client: httpx.AsyncClient, page: str
) -> None:
    text = (await client.get(page)).text
    addresses = re.findall(r'(?:src|href)="([^"]*)"', text)
    assert [each for each in addresses if each.startswith(("/", "http", "data:", "javascript:"))] == []
    assert re.search(r"<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)", text) is None


@pytest.mark.parametrize("page", PAGES)
async def test_every_file_that_a_page_or_its_modules_name_is_there(client: httpx.AsyncClient, page: str) -> None:
    text = (await client.get(page)).text
    wanted = {name.removeprefix("static/") for name in re.findall(r'(?:src|href)="(static/[^"]+)"', text)}
    seen: set[str] = set()
    while wanted - seen:
        name = (wanted - seen).pop()
        seen.add(name)
        response = await client.get(f"/static/{name}")
        assert response.status_code == 200, name
        wanted |= set(re.findall(r'from "\./([^"]+)"', response.text))
    assert len(seen) > 8


@pytest.mark.parametrize("address", [*PAGES, "/static/kiosk.js"])
async def test_what_a_browser_has_already_is_not_sent_again(client: httpx.AsyncClient, address: str) -> None:
    first = await client.get(address)
    again = await client.get(address, headers={"If-None-Match": first.headers["etag"]})
    assert (first.status_code, again.status_code, again.content) == (200, 304, b"")
    assert first.headers["cache-control"] == "no-cache"


@pytest.mark.parametrize("name", ["nothing.js", "kiosk.html", "..%2Fapp.py", "%2e%2e"])
async def test_nothing_but_the_files_of_the_pages_is_given_out(client: httpx.AsyncClient, name: str) -> None:
    assert (await client.get(f"/static/{name}")).status_code == 404


async def test_the_pages_are_open_where_recognition_needs_a_key(running: Running) -> None:
    async with running(auth="key") as client:
        assert [(await client.get(page)).status_code for page in PAGES] == [200, 200]
        assert (await client.post("/recognize")).status_code == 401
