"""What every answer of both services carries, whatever was asked and whatever came of it."""

import re
from typing import Any

import httpx

MALFORMED: list[tuple[str, str, dict[str, Any]]] = [
    ("GET", "/there-is-no-such-thing", {}),
    ("GET", "/..%2f..%2fetc%2fpasswd", {}),
    ("PATCH", "/healthz", {}),
    ("POST", "/recognize", {"content": b"{", "headers": {"Content-Type": "application/json"}}),
    ("POST", "/recognize", {"content": b"x", "headers": {"Content-Length": "99999999999"}}),
    ("POST", "/v1/events", {"content": b"x", "headers": {"Content-Length": "99999999999"}}),
    ("GET", "http://evil.example:8000/", {}),
]
MADE_ELSEWHERE = ("/docs", "/redoc")  # with inline scripts of their own, and nothing of ours in them
GUARDS = {"x-content-type-options", "referrer-policy", "content-security-policy", "cache-control", "x-request-id"}


def check(answer: httpx.Response) -> None:
    headers = answer.headers
    assert set(headers) >= GUARDS, answer.request.url
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] in {"no-referrer", "same-origin"}
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert headers["cache-control"] != "public"
    assert "server" not in headers
    assert "x-powered-by" not in headers
    is_page = headers.get("content-type", "").startswith("text/html")
    if is_page and not answer.request.url.path.startswith(MADE_ELSEWHERE):
        assert not re.search(r"script-src[^;]*(unsafe|\*|data:)", headers["content-security-policy"])
        assert "default-src 'none'" in headers["content-security-policy"]


async def test_every_answer_to_a_stranger_is_guarded(target: Any) -> None:
    routes = target.routes()
    assert len(routes) > 10
    for method, path in routes:
        if path.endswith("/live"):  # a stream; strangers are not let in, and its headers are those of any answer
            continue
        check(await target.client.request(method, re.sub(r"{\w+(:\w+)?}", "x", path)))


async def test_every_refusal_is_guarded(target: Any) -> None:
    for method, path, what in MALFORMED:
        answer = await target.client.request(method, path, **what)
        assert 400 <= answer.status_code < 500
        check(answer)


async def test_every_page_of_the_administrator_is_guarded(logger: Any) -> None:
    await logger.sign_in()
    pages = [path for method, path in logger.routes() if method == "GET" and "{" not in path and "live" not in path]
    shown = 0
    for path in pages:
        answer = await logger.client.get(path)
        check(answer)
        shown += answer.status_code == 200 and answer.headers["content-type"].startswith("text/html")
    assert shown >= 10


async def test_a_name_in_the_request_is_never_a_header_of_the_answer(target: Any) -> None:
    injected = "x\r\nSet-Cookie: a=b"
    headers = {"X-Request-ID": "x y: z", "Origin": "http://evil.example", "X-Forwarded-Host": "evil.example"}
    for path in ("/", "/healthz", "/sign-in"):
        answer = await target.client.get(path, params={"next": injected, "said": injected}, headers=headers)
        assert "set-cookie" not in answer.headers
        assert "evil" not in str(answer.headers.raw)
        assert answer.headers["x-request-id"] != headers["X-Request-ID"]
