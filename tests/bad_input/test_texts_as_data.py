"""What looks like a formula, markup, an operator or an address is text like any other, and nothing is ever opened."""

import csv
import io
import sys
import unicodedata
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest

from tests.bad_input.pictures import NOT_PICTURES
from tests.bad_input.scene import Scene

NAMES = ["=1+1", "+49 30", "-1", "@SUM(A1)", "=HYPERLINK(\"http://x\")", "<script>alert(1)</script>", "$ne", "a.b",
         "Zoe\u0308", "👩\u200d🏫", "{{7*7}}"]  # fmt: skip
REFUSED_NAMES = ["\t=1", "a\0b", "a\u202eb", "\u2066a", "A" * 10_240, "\ud800"]
_WATCHED = {"open", "socket.connect", "socket.getaddrinfo"}
_watching: list[list[str]] = []


async def test_names_are_kept_in_one_form_and_inert_in_every_export(services: Scene) -> None:
    key = (await services.asker_of_logger()).key
    async with httpx.AsyncClient(transport=services.logger, base_url="http://service", headers=key) as client:
        for number, name in enumerate(NAMES):
            saved = await client.put(f"/v1/people/{number}", json={"name": name, "version": 0})
            assert (saved.status_code, saved.json()["name"]) == (200, unicodedata.normalize("NFC", name))
        for number, name in enumerate(REFUSED_NAMES):
            body = f'{{"name": "{_escaped(name)}", "version": 0}}'
            refused = await client.put(
                f"/v1/people/r{number}", content=body, headers={"Content-Type": "application/json"}
            )
            assert refused.status_code == 422 or refused.json()["name"] == name.strip(), name
        cells = [cell for row in csv.reader(io.StringIO((await client.get("/v1/people.csv")).text)) for cell in row]
        assert [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\t", "\r"))] == []
        with zipfile.ZipFile(io.BytesIO((await client.get("/v1/people.xlsx")).content)) as book:
            assert all(b"<f>" not in book.read(part) for part in book.namelist())
        assert "<script>alert" not in (await client.get("/people")).text


def _escaped(text: str) -> str:
    return "".join(f"\\u{ord(character):04x}" for character in text)


@pytest.mark.parametrize("path", ["/recognize", "/detect", "/detect_face"])
async def test_an_address_in_place_of_a_picture_opens_no_file_and_no_socket(services: Scene, path: str) -> None:
    async with httpx.AsyncClient(transport=services.recognizer, base_url="http://service") as client:
        with watched() as opened:
            for text in NOT_PICTURES.values():
                if text != "\ud800":
                    assert (await client.post(path, json={"image": text})).status_code == 422
    assert [what for what in opened if "passwd" in what or what.startswith("socket")] == []


@contextmanager
def watched() -> Iterator[list[str]]:
    """What is opened meanwhile, by Python's own audit (PEP 578)."""
    if not _watching:
        sys.addaudithook(_note)  # there is no taking it away
    seen: list[str] = []
    _watching.append(seen)
    yield seen
    _watching[-1:] = [[]]


def _note(event: str, arguments: tuple[object, ...]) -> None:
    if _watching and event in _WATCHED:
        _watching[-1].append(f"{event} {arguments[:2]}")
