import pytest

from shared.web.strict_json import InvalidJson, parse_strict_json


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b'{"a": NaN}',
        b'{"a": -Infinity}',
        b'{"a": 1e400}',
        b'{"a": 1, "a": 2}',
        b"[" * 50_000 + b"]" * 50_000,
        b'{"a": ' * 50_000 + b"1" + b"}" * 50_000,
        b"1" * 5_000,
        '{"a": 1}'.encode("utf-16"),
        b'{"a": "\xff"}',
        b'\xef\xbb\xbf{"a": 1}',
    ],
    ids=lambda body: repr(body[:20]),
)
def test_what_two_parsers_could_read_differently_is_refused(body: bytes) -> None:
    with pytest.raises(InvalidJson):
        parse_strict_json(body)


def test_plain_json_is_read() -> None:
    assert parse_strict_json('{"name": "Zoë", "n": [1, 2.5, null, true]}'.encode()) == {
        "name": "Zoë",
        "n": [1, 2.5, None, True],
    }
