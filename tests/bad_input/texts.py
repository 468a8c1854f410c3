"""What no text, number or time should be, and where such things are sent: JSON, forms, addresses, queries, headers."""

import base64
import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import quote, urlencode

from tests.bad_input.asking import CLEAR, Bad

JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
DEEP = b"[" * 50_000 + b"]" * 50_000
TEN_KB = "A" * 10_240

# Never taken for a text. A number is not one of them: some clients send theirs so.
OPERATORS: Mapping[str, Any] = {
    "$ne": {"$ne": None},
    "$gt": {"$gt": ""},
    "$where": {"$where": "sleep(1000)"},
    "dotted": {"a.b": 1},
    "list": ["101"],
}
TEXTS: Mapping[str, str] = {
    "empty": "",
    "blank": " \t ",
    "NUL": "a\0b",
    "bidi": "a\u202eb",
    "ten KB": TEN_KB,
    "formula": '=HYPERLINK("http://x")',
    "markup": "<script>alert(1)</script>",
    "emoji": "👩\u200d🏫",
    "quotes": "'; DROP TABLE rows; --\"",
    "path": "../../etc/passwd",
    "address": "http://[",
    "template": "{{7*7}}${7*7}%s%n",
    "line": "a\r\nSet-Cookie: b=c",
    "year 0": "0000-01-01",
    "first day": "0001-01-01",
    "last day": "9999-12-31",
    "no such day": "2025-02-30",
    "first instant": "0001-01-01T00:00:00+14:00",
    "last instant": "9999-12-31T23:59:59-14:00",
    "no zone": "2025-03-03T12:00:00",
    "other digits": "٢٠٢٥-٠٣-٠٣",
    "month": "0000-01",
    "last month": "9999-12",
    "huge": "9" * 400,
    "minus": "-1",
    "beyond 64 bits": "9223372036854775808",
    "float": "1e400",
    "NaN": "NaN",
    "true": "true",
}
_VALUES: Mapping[str, Any] = {
    **OPERATORS,
    **TEXTS,
    "surrogate": "\ud800",
    "null": None,
    "whole": 10**400,
    "beyond 64 bits": 2**63,
    "object": {},
    "empty list": [],
    "minus": -1,
    "yes": True,
}
_BROKEN_JSON: Mapping[str, bytes] = {
    "empty": b"",
    "open": b"{",
    "NUL": b"\0",
    "deep": DEEP,
    "deep inside": b'{"a":' + DEEP + b"}",
    "twice": b'{"a": 1, "a": 2}',
    "NaN": b'{"a": NaN}',
    "Infinity": b'{"a": -Infinity}',
    "1e400": b'{"a": 1e400}',
    "digits": b'{"a": ' + b"9" * 5_000 + b"}",
    "UTF-16": '{"a": 1}'.encode("utf-16"),
    "UTF-32": '{"a": 1}'.encode("utf-32"),
    "not UTF-8": b'{"a": "\xff\xfe"}',
    "trailing": b"{} {}",
    "null": b"null",
    "list": b"[]",
    "text": b'"a"',
    "number": b"1e5",
    "operator": b'{"$where": "sleep(1000)"}',
}
_PATHS: Mapping[str, str] = {
    "up": "..%2f..%2fetc%2fpasswd",
    "NUL": "%00",
    "bidi": "%E2%80%AE101",
    "not UTF-8": "%ff%fe",
    "surrogate": "%ED%A0%80",
    "ten KB": TEN_KB,
    "operator": quote('{"$ne":null}', safe=""),
    "line": "a%0d%0ab",
    "huge": "9" * 400,
    "minus": "-1",
    "zero": "0",
    "markup": quote("<script>", safe=""),
    "template": quote("{{7*7}}%s", safe=""),
}
_NOT_FORMS: Mapping[str, tuple[str, bytes]] = {
    "a form of nothing": (FORM, b""),
    "a form of noise": (FORM, bytes(range(256)) * 8),
    "a form not of UTF-8": (FORM, b"name=%ff%fe&title=%ED%A0%80"),
    "a form of 2,000 fields": (FORM, b"&".join(b"a%d=b" % number for number in range(2_000))),
    "no boundary": ("multipart/form-data", b"--a\r\n\r\nb\r\n--a--\r\n"),
    "wrong boundary": ("multipart/form-data; boundary=a", b"--b\r\n\r\n--b--\r\n"),
    "no close": ("multipart/form-data; boundary=a", b'--a\r\nContent-Disposition: form-data; name="a"\r\n\r\nb'),
    "unknown charset": (
        "multipart/form-data; boundary=a; charset=none",
        b'--a\r\nContent-Disposition: form-data; name="a"\r\n\r\n\xff\r\n--a--\r\n',
    ),
}


def broken_json(expected: Collection[int] = (400, 422)) -> Iterator[Bad]:
    for name, content in _BROKEN_JSON.items():
        yield Bad(f"JSON, {name}", content, JSON, expected=expected)


def json_fields(
    body: Mapping[str, Any],
    texts: Collection[str],
    *,
    refused: Collection[int] = (422,),
    twice: Collection[int] = (400, 422),
) -> Iterator[Bad]:
    """The body with each of its fields as it should not be; one of `texts` is never anything but a text."""
    for field in body:
        for name, value in _VALUES.items():
            expected = refused if field in texts and name in OPERATORS else CLEAR
            content = json.dumps({**body, field: value}).encode()
            yield Bad(f"{field}: {name}", content, JSON, expected=expected)
    yield Bad("another field", json.dumps({**body, "$set": {"a": 1}, "a.b": 1}).encode(), JSON)
    yield Bad("a field twice", _twice(body), JSON, expected=twice)
    yield Bad("the whole in UTF-16", json.dumps(body).encode("utf-16"), JSON, expected=twice)


def _twice(body: Mapping[str, Any]) -> bytes:
    first = next(iter(body))
    return json.dumps(dict(body)).encode()[:-1] + f", {json.dumps(first)}: {json.dumps(body[first])}}}".encode()


def not_json(
    content_types: Iterable[str] = ("text/plain", FORM, "", "application/json; charset=none"),
) -> Iterator[Bad]:
    for content_type in content_types:
        yield Bad(f"announced as {content_type!r}", b"a=b", content_type)


def form_fields(fields: Mapping[str, str]) -> Iterator[Bad]:
    """A page's form, with each field as it should not be."""
    for field in fields:
        others = {name: text for name, text in fields.items() if name != field}
        yield Bad(f"no {field}", urlencode(others).encode(), FORM)
        yield Bad(f"{field}[$ne]", urlencode({**others, f"{field}[$ne]": ""}).encode(), FORM)
        yield Bad(f"{field}: surrogate", urlencode(others).encode() + f"&{field}=%ED%A0%80".encode(), FORM)
        for name, text in TEXTS.items():
            yield Bad(f"{field}: {name}", urlencode({**others, field: text}).encode(), FORM)


def not_forms() -> Iterator[Bad]:
    for name, (content_type, content) in _NOT_FORMS.items():
        yield Bad(name, content, content_type)


def queries(names: Collection[str]) -> Iterator[Bad]:
    for name in names:
        for what, text in TEXTS.items():
            yield Bad(f"?{name}={what}", query=urlencode({name: text}))
        yield Bad(f"?{name}[$ne]", query=f"{name}[$ne]=")
        yield Bad(f"?{name} twice", query=f"{name}=1&{name}=2")
        yield Bad(f"?{name}: surrogate", query=f"{name}=%ED%A0%80")
    if {"from", "to"} <= set(names):
        for what, text in TEXTS.items():
            yield Bad(f"?from and to={what}", query=urlencode({"from": text, "to": text}))


def paths(names: Iterable[str]) -> Iterator[Bad]:
    for name in names:
        for what, text in _PATHS.items():
            yield Bad(f"/{{{name}}}: {what}", path={name: text})


def heads() -> Iterator[Bad]:
    """What may stand in front of any body, or where no body belongs."""
    yield Bad("a body where none belongs", b"\xff" * 1_000, "application/octet-stream")
    yield Bad("an endless body", b"x" * 65_536, "application/octet-stream", endless=True)
    yield Bad("cookies of noise", headers={"Cookie": "rollcall=%00\udcff; rollcall_flash=W10; ;;="})
    yield Bad("a flash of somebody else's", headers={"Cookie": f"rollcall_flash={_flash()}"})
    yield Bad("a request id of lines", headers={"X-Request-ID": "a" * 10_000})
    yield Bad("no such host", headers={"Host": "\u202e.example", "Referer": "http://[", "Origin": "http://["})
    yield Bad("a host that cannot be read", headers={"Host": "[", "Referer": "http://[/"})
    yield Bad("a host and a path", headers={"Host": "a/b?c#d", "Referer": "http://a/b"})
    yield Bad("a length of letters", headers={"Content-Length": "many"})
    yield Bad("a length of minus one", headers={"Content-Length": "-1"})
    yield Bad("an unknown query", query="%00=%ff&$where=1&a[b]=c&=&&")


def _flash() -> str:
    return base64.urlsafe_b64encode(json.dumps([{"a": "\ud800"}, []]).encode()).decode()


def without_a_key(*, expected: Collection[int] = (401,)) -> Iterator[Bad]:
    unsigned = ".".join(_segment(part) for part in ({"alg": "none"}, {"sub": "admin"})) + "."
    for name, authorization in {
        "no key": "",
        "an unknown key": "Bearer " + "x" * 43,
        "a long key": "Bearer " + TEN_KB,
        "alg: none": f"Bearer {unsigned}",
        "a key of noise": "Bearer \udcff\0",
        "a name and a password": "Basic YWRtaW46YWRtaW4=",
    }.items():
        yield Bad(name, headers={"Authorization": authorization}, expected=expected)


def _segment(part: Mapping[str, str]) -> str:
    return base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=")
