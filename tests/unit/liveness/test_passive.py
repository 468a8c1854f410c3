import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recognizer.engine.base import Box, Frame
from recognizer.engine.fake import FakeLiveness, draw_face
from recognizer.liveness.passive import FaceInFrame, LivenessAverage, LivenessVerdict, cut_out, p_live

GREY, RED = (128, 128, 128), (230, 20, 20)


def frame_with_face(around: tuple[int, int, int]) -> Frame:
    frame = np.full((240, 320, 3), around, np.uint8)
    draw_face(frame, "Alice", x=110, y=70, size=100)
    return frame


def test_each_face_gets_its_own_answer_in_order() -> None:
    held_up, present = (FaceInFrame(frame_with_face(colour), Box(110, 70, 100, 100)) for colour in (RED, GREY))

    spoof, live, again = p_live(FakeLiveness(), [held_up, present, held_up])

    assert live > 0.95
    assert spoof < 0.05
    assert again == spoof


def test_the_cutout_is_the_square_around_the_middle_of_the_box() -> None:
    frame = np.zeros((100, 100, 3), np.uint8)
    frame[40:60, 30:70] = 200  # 40 wide, 20 high

    cutout = cut_out(frame, Box(30, 40, 40, 20), size=60, reach=1.5)

    rows, columns = np.flatnonzero(cutout[:, 30, 0] > 100), np.flatnonzero(cutout[30, :, 0] > 100)
    assert (rows[0], rows[-1]) == (20, 39)
    assert (columns[0], columns[-1]) == (10, 49)


@given(st.floats(-300, 300), st.floats(-300, 300), st.floats(0, 400), st.floats(0, 400))
def test_a_box_anywhere_gives_a_cutout_without_invented_colours(
    x: float, y: float, width: float, height: float
) -> None:
    frame = np.full((48, 64, 3), 7, np.uint8)

    cutout = cut_out(frame, Box(x, y, width, height), size=32, reach=1.5)

    assert cutout.shape == (32, 32, 3)
    assert (cutout == 7).all()


def test_what_lies_outside_the_frame_is_its_mirror_image() -> None:
    frame = np.tile(np.arange(0, 200, 2, dtype=np.uint8)[np.newaxis, :, np.newaxis], (100, 1, 3))

    cutout = cut_out(frame, Box(-10, 40, 20, 20), size=30, reach=1.5)

    assert cutout[0, :, 0].tolist() == [2 * abs(column) for column in range(-15, 15)]


def test_a_verdict_needs_its_frames_and_follows_their_mean() -> None:
    average = LivenessAverage(threshold=0.5, needed=3)
    verdicts = []
    for share in (0.9, 0.1, 0.8):
        average.add(share)
        verdicts.append(average.verdict)

    assert verdicts == [LivenessVerdict.UNDECIDED, LivenessVerdict.UNDECIDED, LivenessVerdict.LIVE]
    assert average.mean == pytest.approx(0.6)


def test_one_lucky_frame_does_not_make_a_picture_live() -> None:
    average = LivenessAverage(threshold=0.5, needed=3)
    for share in (0.05, 0.99, 0.02, 0.1):
        average.add(share)
    assert average.verdict is LivenessVerdict.SPOOF


def test_old_frames_are_forgotten() -> None:
    average = LivenessAverage(threshold=0.5, needed=2, window=3)
    for share in (1.0, 1.0, 1.0, 0.0, 0.0, 0.0):
        average.add(share)
    assert average.mean == 0


def test_another_person_begins_anew() -> None:
    average = LivenessAverage(threshold=0.5, needed=1)
    average.add(0.9)
    average.clear()
    assert average.mean is None
    assert average.verdict is LivenessVerdict.UNDECIDED
