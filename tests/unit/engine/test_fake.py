from itertools import combinations

import cv2
import numpy as np
import pytest

from recognizer.engine.base import Embeddings, Frame
from recognizer.engine.fake import FakeDetector, FakeEmbedder, draw_face
from recognizer.vision.align import align


def embeddings(frame: Frame) -> Embeddings:
    embedder = FakeEmbedder()
    faces = FakeDetector().detect(frame)
    return embedder.embed(np.stack([align(frame, face, embedder.alignment) for face in faces]))


def drawn(person: str, size: int = 120, x: int = 50, y: int = 40) -> Frame:
    frame = np.full((300, 400, 3), 90, np.uint8)
    draw_face(frame, person, x=x, y=y, size=size)
    return frame


def test_a_drawn_face_is_found_where_it_was_drawn() -> None:
    (face,) = FakeDetector().detect(drawn("Alice", size=120, x=50, y=40))
    assert (face.box.x, face.box.y, face.box.width, face.box.height) == (50, 40, 120, 120)


def test_faces_below_the_smallest_size_are_not_found() -> None:
    assert FakeDetector(min_face_px=81).detect(drawn("Alice", size=80)) == []
    assert len(FakeDetector(min_face_px=80).detect(drawn("Alice", size=80))) == 1


@pytest.mark.parametrize("quality", [60, 95])
@pytest.mark.parametrize("size", [60, 120, 200])
def test_a_person_is_known_again_through_jpeg_in_any_size_and_place(quality: int, size: int) -> None:
    reference = embeddings(drawn("Alice"))
    encoded, data = cv2.imencode(".jpg", drawn("Alice", size, x=130, y=70), [cv2.IMWRITE_JPEG_QUALITY, quality])
    assert encoded
    again = embeddings(np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8))
    assert (1 - again @ reference.T).item() < FakeEmbedder.defaults.threshold / 2


def test_sixty_people_are_far_apart() -> None:
    rows = np.concatenate([embeddings(drawn(f"person {number}")) for number in range(60)])
    nearest = min(1 - float(rows[i] @ rows[j]) for i, j in combinations(range(60), 2))
    assert nearest > FakeEmbedder.defaults.threshold + FakeEmbedder.defaults.margin


def test_a_green_patch_that_is_no_rectangle_is_not_found() -> None:
    frame = np.full((300, 400, 3), 90, np.uint8)
    cv2.circle(frame, (150, 150), 80, (0, 220, 0), thickness=-1)
    assert FakeDetector().detect(frame) == []
