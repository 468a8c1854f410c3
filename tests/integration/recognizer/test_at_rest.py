"""The whole service over a dataset that is sealed, and what an intruder finds who takes its disk."""

import shutil
import sqlite3
from base64 import b64encode
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, closing
from pathlib import Path

import httpx
import pytest

from recognizer.at_rest.person_keys import key_files
from recognizer.at_rest.rotation import rotate
from recognizer.cli import main
from recognizer.errors import StartError
from shared.contracts.events import RecognitionEvent

KEY = "rollcall_" + "v" * 43
Running = Callable[..., AbstractAsyncContextManager[httpx.AsyncClient]]
Draw = Callable[..., bytes]


@pytest.fixture
def key_file(tmp_path: Path, dataset: Path) -> Path:
    file = tmp_path / "keys" / "vault.key"
    rotate(file, dataset)
    return file


@pytest.fixture
async def sealed(running: Running, key_file: Path) -> AsyncIterator[httpx.AsyncClient]:
    async with running(enroll_key=KEY, vault_key_file=key_file) as client:
        client.headers["X-API-Key"] = KEY
        yield client


async def enroll(client: httpx.AsyncClient, person_id: str, name: str, photo: bytes) -> None:
    files = [("images", ("photo.png", photo))]
    answer = await client.post("/people", data={"person_id": person_id, "name": name}, files=files)
    assert answer.status_code == 201, answer.text


async def named(client: httpx.AsyncClient, picture: bytes) -> str:
    return str((await client.post("/recognize", files={"image": picture})).json()["person"])


def on_disk(folder: Path) -> Iterator[tuple[Path, bytes]]:
    return ((file, file.read_bytes()) for file in sorted(folder.rglob("*")) if file.is_file())


async def test_sealed_and_plain_people_are_recognized_alike(sealed: httpx.AsyncClient, draw: Draw) -> None:
    await enroll(sealed, "7", "Dora", draw("Dora", suffix=".png"))
    assert await named(sealed, draw("Dora")) == "Dora 7"
    assert await named(sealed, draw("Alice_101")) == "Alice 101"
    photos = (await sealed.get("/people/7")).json()["images"]
    photo = await sealed.get(f"/people/7/images/{photos[0]['image_id']}")
    assert photo.content == draw("Dora", suffix=".png")
    assert photo.headers["content-type"] == "image/png"


async def test_somebody_who_was_sealed_is_known_after_a_restart_without_another_look(
    running: Running, key_file: Path, draw: Draw, tmp_path: Path
) -> None:
    async with running(enroll_key=KEY, vault_key_file=key_file) as client:
        client.headers["X-API-Key"] = KEY
        await enroll(client, "7", "Dora", draw("Dora"))
    before = templates_in(tmp_path / "state")
    async with running(vault_key_file=key_file) as client:
        assert await named(client, draw("Dora")) == "Dora 7"
    assert sorted(templates_in(tmp_path / "state")) == sorted(before)  # sealed anew, they would differ


async def test_an_intruder_finds_no_picture_and_no_template(
    running: Running, dataset: Path, draw: Draw, tmp_path: Path, key_file: Path
) -> None:
    photo = draw("Dora", suffix=".png")
    (dataset / "Dora_7").mkdir()
    (dataset / "Dora_7" / "1.png").write_bytes(photo)
    async with running(state_dir=tmp_path / "before"):
        templates = templates_in(tmp_path / "before")
        assert len(templates) == 4
    shutil.rmtree(dataset / "Dora_7")

    async with running(enroll_key=KEY, vault_key_file=key_file) as client:
        client.headers["X-API-Key"] = KEY
        await enroll(client, "7", "Dora", photo)
        assert await named(client, draw("Dora")) == "Dora 7"
        written = dict([*on_disk(dataset), *on_disk(tmp_path / "state")])
    pictures = {file.parent.name for file, data in written.items() if b"\x89PNG" in data or b"\xff\xd8\xff" in data}
    assert pictures == {"Alice_101", "Bob_102", "Mary_Ann_Lee_UE245051"}  # which were plain, and are until `seal`
    assert not [file for file, data in written.items() if photo[40:200] in data]
    assert not [file for file, data in written.items() for template in templates if template in data]


def templates_in(state: Path) -> list[bytes]:
    with closing(sqlite3.connect(state / "templates.db")) as db:
        return [row[0] for row in db.execute("SELECT template FROM results")]


def test_what_waits_for_the_logger_holds_no_face() -> None:
    """The outbox keeps these fields and no others; not one of them is a picture or a template."""
    assert set(RecognitionEvent.model_fields) == {
        "event_id",
        "person_id",
        "person",
        "name",
        "distance",
        "similarity",
        "threshold",
        "engine",
        "source",
        "captured_at",
        "liveness",
    }


async def test_erasure_destroys_the_persons_key(sealed: httpx.AsyncClient, draw: Draw, dataset: Path) -> None:
    await enroll(sealed, "7", "Dora", draw("Dora"))
    before = set(key_files(dataset))
    answer = await sealed.delete("/people/7")
    assert answer.status_code == 200
    assert len(before) - len(key_files(dataset)) == 1
    assert await named(sealed, draw("Dora")) == "Unknown"


async def test_the_key_is_rotated_under_a_running_service(
    sealed: httpx.AsyncClient, draw: Draw, key_file: Path, dataset: Path
) -> None:
    await enroll(sealed, "7", "Dora", draw("Dora", suffix=".png"))
    assert rotate(key_file, dataset) == 4
    await enroll(sealed, "8", "Eve", draw("Eve"))
    assert await named(sealed, draw("Dora")) == "Dora 7"
    assert await named(sealed, draw("Eve")) == "Eve 8"
    [image] = (await sealed.get("/people/7")).json()["images"]
    assert (await sealed.get(f"/people/7/images/{image['image_id']}")).status_code == 200


@pytest.mark.parametrize(
    ("key", "said"),
    [(None, "there is no key"), (b64encode(bytes(32)), "sealed with another key"), (b"what?", "is not a key")],
)
async def test_the_service_does_not_start_without_the_right_key(
    running: Running, key_file: Path, draw: Draw, key: bytes | None, said: str
) -> None:
    async with running(enroll_key=KEY, vault_key_file=key_file) as client:
        client.headers["X-API-Key"] = KEY
        await enroll(client, "7", "Dora", draw("Dora"))
    key_file.unlink()
    if key is not None:
        key_file.write_bytes(key)
    with pytest.raises(StartError, match=said):
        async with running(vault_key_file=key_file):
            pass
    with pytest.raises(StartError, match="RECOGNIZER_VAULT_KEY_FILE"):
        async with running():
            pass


async def test_a_photo_that_cannot_be_unsealed_costs_nobody_else_anything(
    running: Running, key_file: Path, draw: Draw, dataset: Path
) -> None:
    (dataset / "Dora_7").mkdir()
    (dataset / "Dora_7" / "1.jpg.sealed").write_bytes(b"RPS1 and no more")
    async with running(vault_key_file=key_file) as client:
        assert await named(client, draw("Alice_101")) == "Alice 101"
        assert (await client.get("/readyz")).json()["info"]["photos_not_used"] == "1"


def test_the_commands_seal_rotate_and_make_plain_again(
    key_file: Path, dataset: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("RECOGNIZER_DATASET_DIR", str(dataset))
    assert main(["rotate-key"]) == 1
    assert "RECOGNIZER_VAULT_KEY_FILE" in capsys.readouterr().err
    monkeypatch.setenv("RECOGNIZER_VAULT_KEY_FILE", str(key_file))
    before = {data for file, data in on_disk(dataset) if file.suffix == ".png"}

    assert main(["seal"]) == 0
    assert "3 photos sealed, 0 left" in capsys.readouterr().out
    assert main(["rotate-key"]) == 0
    assert "the keys of 3 people sealed with it" in capsys.readouterr().out
    assert not [file for file, _ in on_disk(dataset) if file.suffix == ".png"]
    assert main(["unseal"]) == 0
    assert {data for file, data in on_disk(dataset) if file.suffix == ".png"} == before
    monkeypatch.delenv("RECOGNIZER_VAULT_KEY_FILE")
    assert key_files(dataset) == []
