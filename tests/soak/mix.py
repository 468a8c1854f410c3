"""What is asked, again and again: what cameras send, and what goes wrong with it."""

import json
from base64 import b64encode
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count

from tests.bench import http_load


@dataclass(frozen=True, slots=True)
class Asked:
    kind: str
    to: str  # recognizer or logger
    sent: bytes
    status: int  # of the answer


def mix(pictures: Sequence[bytes], reader_key: str) -> Iterator[Asked]:
    """Without end. More than half are frames to be recorded, no two of them the same bytes."""
    rare = (
        Asked("no part", "recognizer", _head("POST /recognize", "Content-Length: 0"), 400),
        Asked("no key", "recognizer", _head("GET /people"), 401),
        Asked("no route", "recognizer", _head("GET /nowhere"), 404),
        Asked("no picture", "recognizer", http_load.request(b"hello", record=True), 415),
        Asked("readiness", "recognizer", _head("GET /readyz"), 200),
        Asked("attendance", "logger", _head("GET /v1/attendance?limit=20", f"X-API-Key: {reader_key}"), 200),
    )
    for number in count():
        turn = number % 20
        yield rare[turn] if turn < len(rare) else _frame(turn, numbered(pictures[number % len(pictures)], number))


def _frame(turn: int, picture: bytes) -> Asked:
    match turn:
        case 17:
            return Asked("base64", "recognizer", _base64(picture), 200)
        case 18:
            return Asked("not recorded", "recognizer", http_load.request(picture, record=False), 200)
        case 19:
            half = picture[: len(picture) // 2]
            return Asked("half a picture", "recognizer", http_load.request(half, record=True), 400)
        case _:
            return Asked("frame", "recognizer", http_load.request(picture, record=True), 200)


def numbered(picture: bytes, number: int) -> bytes:
    """The same JPEG with a comment in it."""
    comment = number.to_bytes(8)
    return picture[:2] + b"\xff\xfe" + (len(comment) + 2).to_bytes(2) + comment + picture[2:]


def _base64(picture: bytes) -> bytes:
    body = json.dumps({"image": "data:image/jpeg;base64," + b64encode(picture).decode()}).encode()
    return _head("POST /recognize", "Content-Type: application/json", f"Content-Length: {len(body)}") + body


def _head(line: str, *headers: str) -> bytes:
    return "\r\n".join([f"{line} HTTP/1.1", "Host: 127.0.0.1", *headers, "", ""]).encode()
