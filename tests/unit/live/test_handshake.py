import pytest

from recognizer.live.handshake import chosen_subprotocol, is_own_origin, offered_secret

ALLOWED = ("https://school.example", "http://localhost:3000")


@pytest.mark.parametrize(
    ("origin", "host"),
    [
        (None, "127.0.0.1:8000"),  # not a browser
        ("http://127.0.0.1:8000", "127.0.0.1:8000"),
        ("https://abc.ngrok.app", "abc.ngrok.app"),  # a tunnel speaks TLS, and plain HTTP to us
        ("https://Door.School.example", "door.school.example"),
        ("https://school.example", "recognizer:8000"),
        ("http://localhost:3000", "127.0.0.1:8000"),
        ("http://[::1]:8000", "[::1]:8000"),
    ],
)
def test_our_own_pages_and_those_that_are_allowed_may_connect(origin: str | None, host: str) -> None:
    assert is_own_origin(origin, host, ALLOWED)


@pytest.mark.parametrize(
    ("origin", "host"),
    [
        ("https://evil.example", "127.0.0.1:8000"),
        ("http://127.0.0.1:8000.evil.example", "127.0.0.1:8000"),
        ("http://127.0.0.1:8000@evil.example", "127.0.0.1:8000"),
        ("http://127.0.0.1", "127.0.0.1:8000"),  # another port is another page
        ("https://school.example.evil.example", "recognizer:8000"),
        ("null", "127.0.0.1:8000"),
        ("null", ""),
        ("", ""),
        ("http://", ""),
        ("file://", ""),
        ("http://[", "["),
    ],
)
def test_a_page_from_elsewhere_may_not(origin: str, host: str) -> None:
    assert not is_own_origin(origin, host, ALLOWED)


def test_the_key_comes_as_a_subprotocol_and_is_never_repeated() -> None:
    offered = ["rollcall", "key.rollcall_abc-DEF_1"]
    assert offered_secret(offered) == "rollcall_abc-DEF_1"
    assert chosen_subprotocol(offered) == "rollcall"
    assert chosen_subprotocol(["key.rollcall_abc"]) is None


@pytest.mark.parametrize("offered", [[], ["rollcall"], ["key."], ["rollcall_abc"]])
def test_no_key_is_no_key(offered: list[str]) -> None:
    assert offered_secret(offered) is None
