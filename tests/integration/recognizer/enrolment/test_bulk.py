import io
import json
import zipfile
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import httpx

from shared.contracts.people import BulkPerson, BulkReport, HandedIn

Draw = Callable[..., bytes]
OpenDesk = Callable[..., AbstractAsyncContextManager[Any]]


def archive(entries: Mapping[str, bytes | str]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as writer:
        for name, data in entries.items():
            writer.writestr(name, data)
    return file.getvalue()


async def send(desk: Any, data: bytes) -> httpx.Response:
    answer: httpx.Response = await desk.client.post(
        "/people/bulk", content=data, headers={"Content-Type": "application/zip"}
    )
    return answer


def lines_of(answer: httpx.Response) -> tuple[list[BulkPerson], BulkReport]:
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("application/x-ndjson")
    *people, report = [json.loads(line) for line in answer.text.splitlines()]
    return [BulkPerson.model_validate(line) for line in people], BulkReport.model_validate(report)


async def test_an_archive_of_folders_enrols_everybody_it_can_and_says_why_not_the_others(desk: Any, draw: Draw) -> None:
    data = archive(
        {
            "dataset/Carol_7/1.jpg": draw("Carol"),
            "dataset/Carol_7/2.jpg": draw("Carol", size=200),
            "dataset/Carol_7/3.jpg": b"no picture",
            "dataset/Alicia_8/1.jpg": draw("Alice_101"),
            "dataset/Bert_102/1.jpg": draw("Bert"),
            "dataset/Nobody_9/1.jpg": draw(),
            "1.jpg": draw("Dora"),
        }
    )
    people, report = lines_of(await send(desk, data))
    assert [(line.name, line.enrolled, line.accepted, line.code) for line in people] == [
        ("Alicia", False, 0, "possible_duplicate"),
        ("Bert", False, 0, "person_exists"),
        ("Carol", True, 2, None),
        ("Nobody", False, 0, "no_usable_photo"),
    ]
    assert [(line.done, line.of) for line in people] == [(1, 4), (2, 4), (3, 4), (4, 4)]
    assert [(image.index, image.filename, image.reason) for image in people[2].rejected_images] == [
        (2, "dataset/Carol_7/3.jpg", "unreadable")
    ]
    assert (report.people, report.enrolled, report.images_accepted, report.images_rejected) == (4, 1, 2, 2)
    assert [line.registration and line.registration.delivery for line in people] == [None, None, HandedIn.QUEUED, None]
    assert report.profiles == {HandedIn.QUEUED: 1}  # there is no logger here
    assert [problem.where for problem in report.problems] == ["."]
    assert await desk.recognize(draw("Carol", size=180)) == "Carol 7"


async def test_a_table_in_the_archive_says_who_is_who(desk: Any, draw: Draw, dataset: Path) -> None:
    table = "person_id,name,email,photos\n7,Carol Danvers,c@example.org,c.jpg\n8,,,d.jpg\n"
    answer = await send(desk, archive({"people.csv": table, "c.jpg": draw("Carol"), "d.jpg": draw("Dora")}))
    people, report = lines_of(answer)
    assert [(line.person_id, line.enrolled) for line in people] == [("7", True)]
    assert [problem.where for problem in report.problems] == ["line 3"]
    assert (dataset / "Carol_Danvers_7").is_dir()


async def test_what_is_no_archive_or_too_large_is_refused_before_anything_is_done(
    open_desk: OpenDesk, draw: Draw
) -> None:
    whole = archive({"Carol_7/1.jpg": draw("Carol")})
    async with open_desk(bulk_max_bytes=len(whole)) as desk:
        for data in (b"", b"no archive", whole[:-30], archive({"people.csv": b"\xff\xfe"})):
            answer = await send(desk, data)
            assert (answer.status_code, answer.json()["code"]) == (400, "invalid_archive")
        assert (await send(desk, whole + b" ")).status_code == 413
        assert lines_of(await send(desk, whole))[1].enrolled == 1


async def test_a_photo_that_is_too_large_is_named_and_the_person_enrolled_with_the_others(
    open_desk: OpenDesk, draw: Draw
) -> None:
    small, large = draw("Carol"), draw("Carol", suffix=".png") + bytes(20_000)
    async with open_desk(max_bytes=len(small) + 10) as desk:
        people, _ = lines_of(await send(desk, archive({"Carol_7/1.jpg": small, "Carol_7/2.png": large})))
    [line] = people
    assert (line.enrolled, line.accepted) == (True, 1)
    assert [(image.index, image.reason) for image in line.rejected_images] == [(1, "unreadable")]


async def test_nothing_of_an_archive_is_left_behind(desk: Any, draw: Draw, tmp_path: Path) -> None:
    before = sorted((tmp_path / "state").iterdir())
    await send(desk, archive({"Carol_7/1.jpg": draw("Carol")}))
    assert sorted((tmp_path / "state").iterdir()) == before
