import asyncio
import hashlib
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any, Protocol

import httpx

from recognizer.gallery.dataset import scan
from shared.contracts.people import EnrolledRecord, EnrolmentResult, ErasureReceipt
from shared.contracts.problem import Problem

Draw = Callable[..., bytes]


class Desk(Protocol):
    client: httpx.AsyncClient

    async def enroll(
        self, person_id: str, name: str, *photos: bytes | tuple[str, bytes], **fields: str
    ) -> httpx.Response: ...

    async def recognize(self, picture: bytes) -> str: ...


OpenDesk = Callable[..., AbstractAsyncContextManager[Desk]]


def problem_of(answer: httpx.Response) -> Problem:
    return Problem.model_validate(answer.json())


async def test_somebody_new_is_recognized_the_moment_they_are_enrolled(desk: Desk, draw: Draw, dataset: Path) -> None:
    assert await desk.recognize(draw("Carol")) == "Unknown"
    answer = await desk.enroll("7", "Carol  Danvers", draw("Carol"), draw("Carol", size=200))
    assert answer.status_code == 201
    result = EnrolmentResult.model_validate(answer.json())
    assert (result.person_id, result.name, result.person) == ("7", "Carol Danvers", "Carol Danvers 7")
    assert len(result.accepted) == 2
    assert result.rejected_images == []
    assert await desk.recognize(draw("Carol", size=180)) == "Carol Danvers 7"
    assert (dataset / "Carol_Danvers_7").is_dir()


async def test_each_photo_that_cannot_be_used_is_named_with_the_reason(desk: Desk, draw: Draw) -> None:
    answer = await desk.enroll(
        "7",
        "Carol",
        ("good.jpg", draw("Carol")),
        ("empty.jpg", draw()),
        ("crowd.jpg", draw("Carol", "Dora")),
        ("other.jpg", draw("Dora")),
        ("again.jpg", draw("Carol", size=200)),
        ("notes.txt", b"no picture"),
        ("cut.jpg", draw("Carol")[:400]),
        ("../../far.png", draw("Carol", size=28, suffix=".png")),
    )
    assert answer.status_code == 201
    result = EnrolmentResult.model_validate(answer.json())
    assert [photo.filename for photo in result.accepted] == ["good.jpg", "again.jpg"]
    assert [(photo.index, photo.filename, photo.reason) for photo in result.rejected_images] == [
        (1, "empty.jpg", "no_face"),
        (2, "crowd.jpg", "several_faces"),
        (3, "other.jpg", "unlike_the_others"),
        (5, "notes.txt", "unreadable"),
        (6, "cut.jpg", "unreadable"),
        (7, "../../far.png", "no_face"),
    ]
    assert all(photo.detail.endswith(".") for photo in result.rejected_images)


async def test_when_no_photo_can_be_used_nothing_is_written(desk: Desk, draw: Draw, dataset: Path) -> None:
    before = sorted(dataset.rglob("*"))
    answer = await desk.enroll("7", "Carol", ("empty.jpg", draw()))
    assert answer.status_code == 422
    problem = problem_of(answer)
    assert problem.code == "no_usable_photo"
    assert [(photo.filename, photo.reason) for photo in problem.rejected_images or ()] == [("empty.jpg", "no_face")]
    assert [path for path in sorted(dataset.rglob("*")) if path.name[0] != "."] == before


async def test_a_repeat_changes_nothing(desk: Desk, draw: Draw, dataset: Path) -> None:
    first = await desk.enroll("7", "Carol", draw("Carol"))
    files = sorted(dataset.rglob("*"))
    again = await desk.enroll("7", "Carol", draw("Carol"))
    assert (again.status_code, again.json()) == (201, first.json())
    assert sorted(dataset.rglob("*")) == files


async def test_a_face_that_is_somebodys_needs_to_be_allowed(desk: Desk, draw: Draw, dataset: Path) -> None:
    answer = await desk.enroll("7", "Alicia", draw("Alice_101"))
    assert answer.status_code == 409
    problem = problem_of(answer)
    assert (problem.code, problem.person_id) == ("possible_duplicate", "101")
    assert not (dataset / "Alicia_7").exists()
    allowed = await desk.enroll("7", "Alicia", draw("Alice_101"), allow_duplicate="true")
    assert allowed.status_code == 201


async def test_an_id_that_is_somebodys_with_another_name_is_not_taken_over(desk: Desk, draw: Draw) -> None:
    answer = await desk.enroll("101", "Mallory", draw("Mallory"))
    assert (answer.status_code, problem_of(answer).code) == (409, "person_exists")
    assert await desk.recognize(draw("Mallory")) == "Unknown"


async def test_fields_that_cannot_be_kept_are_refused(desk: Desk, draw: Draw) -> None:
    for person_id, name in (("a/b", "Carol"), ("UE_1", "Carol"), ("7", ".x"), ("7", "")):
        answer = await desk.enroll(person_id, name, draw("Carol"))
        assert (answer.status_code, problem_of(answer).code) == (422, "invalid_field"), (person_id, name)
    for field, text in {"consent_version": "v1", "consent_how": "paper", "unknown": "x", "email": "x" * 300}.items():
        answer = await desk.enroll("7", "Carol", draw("Carol"), **{field: text})
        assert (answer.status_code, problem_of(answer).code) == (422, "invalid_field"), field


async def test_photos_are_listed_shown_added_and_removed(desk: Desk, draw: Draw) -> None:
    photo, more = draw("Carol"), draw("Carol", size=200, suffix=".png")
    await desk.enroll("7", "Carol", photo)
    added = await desk.client.post("/people/7/images", files=[("images", ("more.png", more)), ("images", draw("Dora"))])
    assert added.status_code == 201
    result = EnrolmentResult.model_validate(added.json())
    assert [rejected.reason for rejected in result.rejected_images] == ["unlike_the_others"]
    record = EnrolledRecord.model_validate((await desk.client.get("/people/7")).json())
    assert record.recognizable
    assert sorted(image.bytes for image in record.images) == sorted([len(photo), len(more)])
    [image] = [image for image in record.images if image.media_type == "image/png"]
    shown = await desk.client.get(f"/people/7/images/{image.image_id}")
    assert (shown.content, shown.headers["content-type"]) == (more, "image/png")
    assert (await desk.client.delete(f"/people/7/images/{image.image_id}")).status_code == 204
    assert (await desk.client.get(f"/people/7/images/{image.image_id}")).json()["code"] == "no_such_image"
    [left] = EnrolledRecord.model_validate((await desk.client.get("/people/7")).json()).images
    last = await desk.client.delete(f"/people/7/images/{left.image_id}")
    assert (last.status_code, last.json()["code"]) == (409, "last_photo")


async def test_people_are_listed_page_by_page(desk: Desk) -> None:
    seen: list[str] = []
    cursor: str | None = None
    for _ in range(4):
        asked = {"limit": "1"} if cursor is None else {"limit": "1", "cursor": cursor}
        page = (await desk.client.get("/people", params=asked)).json()
        seen += [item["person"] for item in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert seen == ["Alice 101", "Bob 102", "Mary Ann Lee UE245051"]


async def test_who_is_erased_is_unknown_at_once_and_leaves_nothing(
    desk: Desk, draw: Draw, dataset: Path, tmp_path: Path
) -> None:
    photo = draw("Carol")
    await desk.enroll("7", "Carol", photo, draw("Carol", size=200), email="carol@example.org")
    assert await desk.recognize(draw("Carol")) == "Carol 7"
    answer = await desk.client.delete("/people/7")
    assert answer.status_code == 200
    receipt = ErasureReceipt.model_validate(answer.json())
    assert receipt.removed["photos"] == 2
    assert receipt.removed["templates"] == 2
    assert await desk.recognize(draw("Carol")) == "Unknown"
    files = [*dataset.rglob("*"), *(tmp_path / "state").rglob("*")]
    kept = b"".join(path.read_bytes() for path in files if path.is_file())
    for trace in (b"Carol", b"carol@example.org", hashlib.sha256(photo).digest(), photo[100:200]):
        assert trace not in kept
    again = await desk.client.delete("/people/7")
    assert (again.status_code, again.json()["code"]) == (404, "no_such_person")


async def test_nobody_has_an_id_that_no_folder_can_have(desk: Desk) -> None:
    answer = await desk.client.delete("/people/CS%2F2021%2F7")
    assert (answer.status_code, answer.json()["code"]) == (404, "no_such_person")


async def test_without_the_right_key_nothing_is_done(desk: Desk, dataset: Path) -> None:
    del desk.client.headers["X-API-Key"]
    for method, path in (
        ("GET", "/people"),
        ("POST", "/people"),
        ("POST", "/people/bulk"),
        ("GET", "/people/101"),
        ("DELETE", "/people/101"),
        ("POST", "/people/101/images"),
        ("GET", "/people/101/images/x"),
        ("DELETE", "/people/101/images/x"),
    ):
        assert (await desk.client.request(method, path)).status_code == 401
        assert (await desk.client.request(method, path, headers={"X-API-Key": "wrong"})).status_code == 401
    assert len(scan(dataset).people) == 3


async def test_each_key_opens_what_it_is_for(open_desk: OpenDesk) -> None:
    camera, office = "c" * 40, "o" * 40
    digests = {secret: hashlib.sha256(secret.encode()).hexdigest() for secret in (camera, office)}
    async with open_desk(api_keys=(digests[camera], f"enroll={digests[office]}"), auth="key") as desk:
        for secret, people, recognize in ((camera, 403, 415), (office, 200, 403)):
            headers = {"X-API-Key": secret}
            assert (await desk.client.get("/people", headers=headers)).status_code == people
            recognized = await desk.client.post("/recognize", headers=headers, files={"image": b"x"})
            assert recognized.status_code == recognize


async def test_more_photos_than_a_picture_may_weigh_are_taken_and_not_more_than_is_allowed(
    open_desk: OpenDesk, draw: Draw
) -> None:
    photo = draw("Carol")
    async with open_desk(max_bytes=len(photo) + 500, enroll_max_bytes=3 * len(photo) + 2_000) as desk:
        small = [draw("Carol", size=size) for size in (150, 154)]
        assert (await desk.enroll("7", "Carol", photo, *small)).status_code == 201
        assert (await desk.enroll("7", "Carol", photo, photo, photo, photo)).status_code == 413
        assert (await desk.enroll("7", "Carol", photo + bytes(1_000))).status_code == 413


async def test_a_replica_that_shares_the_folder_knows_at_once_who_comes_and_goes(
    open_desk: OpenDesk, draw: Draw, tmp_path: Path
) -> None:
    async with open_desk() as here, open_desk(state_dir=tmp_path / "other") as there:
        for number in range(5):
            who = f"Person{number}"
            assert (await here.enroll(str(number), who, draw(who))).status_code == 201
            assert await there.recognize(draw(who)) == f"{who} {number}"
            assert (await there.client.delete(f"/people/{number}")).status_code == 200
            assert await here.recognize(draw(who)) == "Unknown"


async def test_of_two_who_claim_an_id_at_once_one_gets_it(
    open_desk: OpenDesk, draw: Draw, tmp_path: Path, dataset: Path
) -> None:
    async with open_desk() as here, open_desk(state_dir=tmp_path / "other") as there:
        answers = await asyncio.gather(
            here.enroll("7", "Carol", draw("Carol")), there.enroll("7", "Dora", draw("Dora"))
        )
        assert sorted(answer.status_code for answer in answers) == [201, 409]
        assert sum(folder.person.person_id == "7" for folder in scan(dataset).people) == 1


async def test_of_two_who_bring_one_face_at_once_one_is_enrolled(
    open_desk: OpenDesk, draw: Draw, tmp_path: Path
) -> None:
    async with open_desk() as here, open_desk(state_dir=tmp_path / "other") as there:
        answers = await asyncio.gather(
            here.enroll("7", "Carol", draw("Carol")), there.enroll("8", "Karol", draw("Carol", size=200))
        )
        assert sorted(answer.status_code for answer in answers) == [201, 409]


async def test_what_a_crash_left_is_gone_after_the_next_start(open_desk: OpenDesk, dataset: Path) -> None:
    (dataset / ".coming-1").mkdir()
    (dataset / ".coming-1" / "x.jpg").write_bytes(b"half")
    async with open_desk():
        assert not (dataset / ".coming-1").exists()


async def test_with_the_logger_away_people_are_enrolled_unless_it_must_be_asked(
    open_desk: OpenDesk, draw: Draw, scripted_logger: Any
) -> None:
    scripted_logger.status = 503
    async with open_desk() as desk:
        answer = await desk.enroll("7", "Carol", draw("Carol"), email="carol@example.org")
        assert answer.status_code == 201
        assert answer.json()["registration"]["delivery"] == "queued"
    async with open_desk(consent="require") as desk:
        refused = await desk.enroll("8", "Dora", draw("Dora"))
        assert (refused.status_code, refused.json()["code"]) == (503, "permission_unknown")
        assert await desk.recognize(draw("Dora")) == "Unknown"


async def test_a_form_without_photos_says_what_is_missing(desk: Desk) -> None:
    answer = await desk.client.post("/people", data={"person_id": "7", "name": "Carol"}, files={"other": b"x"})
    assert (answer.status_code, answer.json()["code"]) == (400, "missing_image")
    answer = await desk.client.post("/people", json={"person_id": "7", "name": "Carol"})
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_form")
