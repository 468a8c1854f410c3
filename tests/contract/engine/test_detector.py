"""What every Detector promises. YuNet takes part where its file is found; the list of cases says which do."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import numpy as np
import pytest

from recognizer.engine.base import Detection, Detector, Frame


def _near(found: Detection, expected: Detection, shift: tuple[int, int] = (0, 0), tolerance_px: float = 0.01) -> bool:
    box, other = found.box, expected.box
    corners = np.array([box.x, box.y, box.x + box.width, box.y + box.height])
    wanted = np.array([other.x, other.y, other.x + other.width, other.y + other.height]) + np.tile(shift, 2)
    landmarks = expected.landmarks + np.array(shift)
    return bool(
        np.abs(corners - wanted).max() <= tolerance_px and np.abs(found.landmarks - landmarks).max() <= tolerance_px
    )


def _noise(height: int, width: int) -> Frame:
    return np.random.default_rng(7).integers(0, 256, (height, width, 3), np.uint8)


def test_it_finds_the_one_face_of_a_portrait(detector: Detector, portrait: Frame) -> None:
    (face,) = detector.detect(portrait)
    assert 0 < face.score <= 1
    assert face.box.width >= 40
    assert face.box.height >= 40


def test_landmarks_lie_in_the_box_in_the_order_that_the_protocol_names(detector: Detector, portrait: Frame) -> None:
    (face,) = detector.detect(portrait)
    assert face.landmarks.shape == (5, 2)
    assert face.landmarks.dtype == np.float32
    near = (face.box.x, face.box.y)
    far = (face.box.x + face.box.width, face.box.y + face.box.height)
    assert (face.landmarks > near).all()
    assert (face.landmarks < far).all()
    first_eye, second_eye, nose, first_corner, second_corner = face.landmarks
    assert first_eye[0] < nose[0] < second_eye[0]
    assert first_corner[0] < second_corner[0]
    assert max(first_eye[1], second_eye[1]) < nose[1] < min(first_corner[1], second_corner[1])


def test_in_a_mirrored_frame_the_viewers_left_still_comes_first(detector: Detector, portrait: Frame) -> None:
    (face,) = detector.detect(portrait[:, ::-1])
    assert face.landmarks[0, 0] < face.landmarks[1, 0]
    assert face.landmarks[3, 0] < face.landmarks[4, 0]


@pytest.mark.parametrize("size", [(1, 1), (3, 200), (200, 3), (12, 12), (39, 39), (41, 57), (480, 640)])
@pytest.mark.parametrize("brightness", [0, 128, 255])
def test_it_finds_nothing_in_a_frame_of_one_colour(detector: Detector, size: tuple[int, int], brightness: int) -> None:
    assert detector.detect(np.full((*size, 3), brightness, np.uint8)) == []


def test_noise_is_answered(detector: Detector) -> None:
    for face in detector.detect(_noise(480, 640)):
        assert np.isfinite(face.landmarks).all()


def test_a_face_that_moves_is_found_where_it_went(detector: Detector, portrait: Frame) -> None:
    (face,) = detector.detect(portrait)
    (moved,) = detector.detect(np.pad(portrait, ((64, 0), (32, 0), (0, 0))))
    assert _near(moved, face, shift=(32, 64), tolerance_px=0.1 * face.box.width)


def test_a_face_cut_by_the_edge_has_finite_numbers_if_it_is_found(detector: Detector, portrait: Frame) -> None:
    (face,) = detector.detect(portrait)
    middle_x, middle_y = int(face.box.x + face.box.width / 2), int(face.box.y + face.box.height / 2)
    for cut in (portrait[:, middle_x:], portrait[:, :middle_x], portrait[middle_y:], portrait[:middle_y]):
        for part in detector.detect(cut):
            assert np.isfinite([part.box.x, part.box.y, part.box.width, part.box.height, part.score]).all()
            assert np.isfinite(part.landmarks).all()


def test_faces_come_best_first(detector: Detector, portrait: Frame) -> None:
    scores = [face.score for face in detector.detect(np.concatenate([portrait, portrait[:, ::-1]], axis=1))]
    assert len(scores) == 2
    assert scores == sorted(scores, reverse=True)


def test_the_frame_is_only_read(detector: Detector, portrait: Frame) -> None:
    frame = portrait.copy()
    frame.setflags(write=False)
    assert len(detector.detect(frame)) == 1
    assert (frame == portrait).all()


def test_many_threads_get_the_answers_that_one_gets(detector: Detector, portrait: Frame) -> None:
    frames = [portrait, portrait[:, ::-1].copy(), portrait[:-20, :-10].copy(), _noise(120, 160)]
    alone = [detector.detect(frame) for frame in frames]
    together = Barrier(len(frames))

    def detect(frame: Frame) -> list[Detection]:
        together.wait(timeout=30)
        return detector.detect(frame)

    with ThreadPoolExecutor(len(frames)) as threads:
        for found, expected in zip(threads.map(detect, frames), alone, strict=True):
            assert len(found) == len(expected)
            assert all(_near(face, other) for face, other in zip(found, expected, strict=True))


def test_it_says_what_it_is(detector: Detector) -> None:
    assert detector.name
    assert detector.version
