"""The files that pages load."""

import httpx
import pytest

from logger.web.assets import address_of


@pytest.mark.parametrize("name", ["style.css", "pages.js", "icon.svg"])
async def test_a_file_is_kept_for_ever_under_the_address_with_its_version(client: httpx.AsyncClient, name: str) -> None:
    response = await client.get(address_of(name))
    assert response.status_code == 200
    assert "immutable" in response.headers["cache-control"]
    assert response.headers["x-content-type-options"] == "nosniff"


async def test_a_file_that_is_known_already_is_not_sent_again(client: httpx.AsyncClient) -> None:
    first = await client.get("/static/style.css")
    again = await client.get("/static/style.css", headers={"If-None-Match": f'"other", W/{first.headers["etag"]}'})
    assert (first.status_code, again.status_code, again.content) == (200, 304, b"")
    assert again.headers["cache-control"] == "no-cache"


async def test_another_version_of_a_file_is_sent(client: httpx.AsyncClient) -> None:
    response = await client.get("/static/style.css?v=older", headers={"If-None-Match": '"older"'})
    assert response.status_code == 200
    assert response.headers["cache-control"] == "no-cache"


@pytest.mark.parametrize("name", ["..%2Frendering.py", "nothing.css", "%2e%2e"])
async def test_nothing_but_these_files_is_given_out(client: httpx.AsyncClient, name: str) -> None:
    assert (await client.get(f"/static/{name}")).status_code == 404
