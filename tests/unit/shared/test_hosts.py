from collections.abc import Callable

import httpx
import pytest
from httpx import ASGITransport
from hypothesis import given
from hypothesis import strategies as st
from starlette.responses import PlainTextResponse
from starlette.types import Message, Receive, Scope, Send

from shared.settings import ServiceSettings
from shared.web.hosts import HostRule, Hosts, host_rule

OPEN = HostRule((), is_local=False)
LOCAL = HostRule((), is_local=True)
NAMED = HostRule(("attendance.example.org", "*.school.example"), is_local=False)


@pytest.mark.parametrize(
    "host",
    ["localhost:8000", "127.0.0.1:8000", "[::1]:8000", "192.168.1.7:8000", "recognizer:8000", "pc.local:8000",
     "recognizer.localhost:8000", "10.0.0.7", "LOCALHOST", ""],
)  # fmt: skip
@pytest.mark.parametrize("rule", [OPEN, LOCAL, NAMED])
def test_addresses_and_names_that_nobody_can_have_are_always_taken(rule: HostRule, host: str) -> None:
    assert rule.admits(host, 8000)


@pytest.mark.parametrize(
    "host",
    [
        "evil.example:8000",
        "EVIL.EXAMPLE:8000",
        "evil.example.:8000",
        "127.0.0.1.evil.example:8000",
    ],
)
def test_a_page_elsewhere_whose_name_points_here_is_refused(host: str) -> None:
    assert not LOCAL.admits(host, 8000)
    assert not NAMED.admits(host, 8000)


@pytest.mark.parametrize("host", ["a1b2.ngrok-free.app", "attendance.example.org", "attendance.example.org:8443"])
def test_tunnels_and_proxies_in_front_work_without_a_setting(host: str) -> None:
    assert LOCAL.admits(host, 8000)
    assert OPEN.admits(host, 8000)


def test_on_the_usual_port_the_name_alone_is_that_port() -> None:
    assert not LOCAL.admits("evil.example", 80)
    assert HostRule(("evil.example",), is_local=True).admits("evil.example", 80)


@pytest.mark.parametrize(
    ("host", "taken"),
    [
        ("attendance.example.org:8000", True),
        ("Attendance.Example.org", True),
        ("a.b.school.example", True),
        ("school.example", False),
        ("evilschool.example", False),
        ("attendance.example.org.evil.example", False),
        ("a1b2.ngrok-free.app", False),
    ],
)
def test_where_names_are_listed_others_are_refused(host: str, taken: bool) -> None:
    assert NAMED.admits(host, 8000) is taken


@pytest.mark.parametrize(
    "host",
    [
        "evil.example/",
        "a@evil.example",
        "evil.example:port",
        "evil.example:123456",
        "[::1",
        "a b.c",
        "evil.example:8000:8000",
    ],
)
def test_what_is_no_host_is_refused(host: str) -> None:
    assert not OPEN.admits(host, 8000)


def test_any_name_can_be_allowed() -> None:
    assert HostRule(("*",), is_local=True).admits("evil.example:8000", 8000)


@given(host=st.text(max_size=60), port=st.one_of(st.none(), st.integers(0, 65535)))
def test_no_text_breaks_it(host: str, port: int | None) -> None:
    for rule in (OPEN, LOCAL, NAMED):
        rule.admits(host, port)


def test_the_rule_follows_the_settings() -> None:
    make: Callable[..., ServiceSettings] = ServiceSettings.model_validate
    assert host_rule(make({"port": 1})) == LOCAL
    assert host_rule(make({"port": 1, "host": "::"})) == OPEN
    allowed = "attendance.example.org, *.school.example"
    assert host_rule(make({"port": 1, "host": "10.0.0.7", "allowed_hosts": allowed})) == NAMED


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    assert scope["type"] == "http"
    await PlainTextResponse("hello")(scope, receive, send)


async def test_the_answer_says_what_to_do() -> None:
    async with httpx.AsyncClient(transport=ASGITransport(Hosts(app, LOCAL))) as client:
        assert (await client.get("http://localhost:8000/")).text == "hello"
        refused = await client.get("http://evil.example:8000/")
    assert refused.status_code == 421
    assert refused.json()["code"] == "misdirected"
    assert "ALLOWED_HOSTS" in refused.json()["detail"]
    assert "evil" not in refused.text


async def test_websockets_are_refused_before_they_are_accepted() -> None:
    async def receive() -> Message:
        return {"type": "websocket.connect"}

    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {
        "type": "websocket",
        "path": "/live",
        "headers": [(b"host", b"evil.example:8000")],
        "server": ("127.0.0.1", 8000),
        "extensions": {"websocket.http.response": {}},
    }
    await Hosts(app, LOCAL)(scope, receive, send)
    assert [message["type"] for message in sent] == ["websocket.http.response.start", "websocket.http.response.body"]
    assert sent[0]["status"] == 421
