"""A picture of a whole class: everybody in one request, each with their own decision."""

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import cv2
import httpx
import numpy as np
import pytest
from numpy.typing import NDArray

from recognizer.engine.fake import draw_face
from tests.bench.classroom import class_picture, heads

Running = Callable[..., AbstractAsyncContextManager[httpx.AsyncClient]]
Pixels = NDArray[np.uint8]  # (h, w, 3), as OpenCV has it

CLASS = [f"Pupil_{number}" for number in range(20)]


def encode(picture: Pixels) -> bytes:
    done, data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 90])
    assert done
    return data.tobytes()


def read(file: Path) -> Pixels:
    picture = cv2.imread(str(file))
    assert picture is not None
    return np.asarray(picture, np.uint8)


async def look(client: httpx.AsyncClient, picture: bytes, **fields: str) -> dict[str, Any]:
    files = {"image": ("class.jpg", picture, "image/jpeg")}
    response = await client.post("/recognize", files=files, data={"faces": "all", **fields})
    assert response.status_code == 200, response.text
    answer: dict[str, Any] = response.json()
    return answer


def enrol(dataset: Path, folder: str, photos: Sequence[Pixels]) -> None:
    (dataset / folder).mkdir(parents=True)
    for number, photo in enumerate(photos):
        (dataset / folder / f"{number}.jpg").write_bytes(encode(photo))


def drawn_class(people: Sequence[str]) -> bytes:
    """Patterns of 60 pixels in a picture of 2,600 by 1,700, which a frame of 1,280 would make too small."""
    frame = np.full((1_700, 2_600, 3), 128, np.uint8)
    for index, person in enumerate(people):
        draw_face(frame, person, x=200 + index % 5 * 480, y=100 + index // 5 * 380, size=60)
    return encode(np.ascontiguousarray(frame[:, :, ::-1]))


async def test_everybody_who_is_known_is_recorded_under_an_event_of_their_own(
    running: Running, dataset: Path, scripted_logger: Any
) -> None:
    for person in CLASS[:18]:
        frame = np.full((480, 640, 3), 128, np.uint8)
        draw_face(frame, person, x=200, y=100, size=200)
        enrol(dataset, person, [np.ascontiguousarray(frame[:, :, ::-1])])
    async with running() as client:
        picture = drawn_class(CLASS)
        event_id = "7d3c7c0e-6ef1-4d5b-9df2-0c6d3d1b7a10"
        answer = await look(client, picture, event_id=event_id)
        assert sorted(scripted_logger.people) == sorted(str(number) for number in range(18))
        again = await look(client, picture, event_id=event_id)
    decisions = [face["decision"] for face in answer["faces"]]
    assert (decisions.count("known"), decisions.count("unknown")) == (18, 2)
    notes = {face["person_id"]: face["attendance"] for face in answer["faces"] if face["decision"] == "known"}
    assert len({note["event_id"] for note in notes.values()}) == 18
    assert {note["outcome"] for note in notes.values()} == {"recorded"}
    # A repeat is the same events, and nobody is sent twice.
    assert notes == {face["person_id"]: face["attendance"] for face in again["faces"] if face["decision"] == "known"}
    assert len(scripted_logger.people) == 18


async def test_boxes_are_in_pixels_of_the_picture_that_was_sent(running: Running) -> None:
    async with running() as client:
        answer = await look(client, drawn_class(CLASS), record="false")
        alone = await look(client, drawn_class(CLASS[:1]), faces="one")
    assert answer["image"] == {"width": 2_600, "height": 1_700}
    corners = sorted((face["box"]["y"], face["box"]["x"]) for face in answer["faces"])
    expected = sorted((100 + index // 5 * 380, 200 + index % 5 * 480) for index in range(20))
    assert np.abs(np.array(corners) - np.array(expected)).max() <= 4
    assert alone["decision"] == "no_face"  # whoever stands before a camera is larger


async def test_twenty_small_real_faces_are_found_and_two_people_are_named_once(
    running: Running, real_engine: dict[str, object], tmp_path: Path, scripted_logger: Any
) -> None:
    """Twenty seats with two people's faces: nobody can be in a picture twice, so that two are named."""
    collins, hopper = heads()
    seats = [
        np.asarray(cv2.convertScaleAbs(head, alpha=light), np.uint8)
        for light in np.linspace(0.85, 1.15, 10)
        for head in (collins, hopper)
    ]
    enrol(tmp_path / "pair", "Eileen_Collins_1", [collins])
    enrol(tmp_path / "pair", "Grace_Hopper_2", [hopper])
    async with running(dataset_dir=tmp_path / "pair", **real_engine) as client:
        answer = await look(client, encode(class_picture(seats)))
    decisions = [face["decision"] for face in answer["faces"]]
    assert len(decisions) == 20
    assert decisions.count("known") == 2
    assert sorted(scripted_logger.people) == ["1", "2"]


async def test_twenty_people_in_one_picture_are_all_named_and_no_stranger_is(
    running: Running, real_engine: dict[str, object], tmp_path: Path, faces_dir: Path | None, scripted_logger: Any
) -> None:
    """Eighteen people from news photos, each enrolled with other photos, and two strangers; small faces all. Where the
    research photos are not at hand, the two portraits stand in for everybody."""
    known, strangers = _people(faces_dir)
    for number, (name, (_, *others)) in enumerate(known.items()):
        enrol(tmp_path / "class", f"{name}_{number}", others)
    seats = [photos[0] for photos in known.values()] + strangers
    async with running(dataset_dir=tmp_path / "class", **real_engine) as client:
        answer = await look(client, encode(class_picture(seats)))
    named = {face["name"] for face in answer["faces"] if face["decision"] == "known"}
    assert len(named) >= 0.9 * len(known)
    assert named <= {name.replace("_", " ") for name in known}
    assert len(scripted_logger.people) == len(named)
    assert _wrongly_named(answer, list(known), columns=5, seats=len(seats)) == []


def _people(faces_dir: Path | None) -> tuple[dict[str, list[Pixels]], list[Pixels]]:
    """Photos by name, the first of each for the picture; and strangers."""
    if faces_dir is None:
        collins, hopper = heads()
        return {"Grace_Hopper": [hopper, np.ascontiguousarray(hopper[:, ::-1])]}, [collins]
    folders = sorted((faces_dir / "lfw_dev" / "known").iterdir())[:18]
    strangers = sorted((faces_dir / "lfw_dev" / "strangers").glob("*/*.jpg"))[:2]
    known = {folder.name: [read(photo) for photo in sorted(folder.glob("*.jpg"))] for folder in folders}
    return known, [read(photo) for photo in strangers]


def _wrongly_named(answer: dict[str, Any], names: Sequence[str], *, columns: int, seats: int) -> list[str]:
    """Whoever was named in a seat that is not theirs."""
    rows = -(-seats // columns)
    wrong = []
    for face in answer["faces"]:
        if face["decision"] == "known":
            middle_x = face["box"]["x"] + face["box"]["width"] / 2
            middle_y = face["box"]["y"] + face["box"]["height"] / 2
            column = int(middle_x * columns / answer["image"]["width"])
            row = int(middle_y * rows / answer["image"]["height"])
            seat = row * columns + column
            if seat >= len(names) or names[seat].replace("_", " ") != face["name"]:
                wrong.append(face["name"])
    return wrong


@pytest.mark.parametrize("people", [0, 1])
async def test_an_empty_room_and_a_single_face_are_answers_too(running: Running, people: int) -> None:
    async with running() as client:
        answer = await look(client, drawn_class(CLASS[:people]))
    assert answer["decision"] == ("no_face", "unknown")[people]
