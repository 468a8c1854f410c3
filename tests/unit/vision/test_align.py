import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recognizer.engine.base import Box, Detection, EyeLevelBox, Frame, Landmarks, LandmarkTemplate
from recognizer.errors import EngineFailed
from recognizer.vision.align import align, similarity

POINTS: Landmarks = np.array([[30, 40], [70, 40], [50, 60], [35, 80], [65, 80]], np.float32)
TEMPLATE = LandmarkTemplate(100, POINTS)


def detection(landmarks: Landmarks, box: Box | None = None) -> Detection:
    return Detection(box or Box(0, 0, 100, 100), np.asarray(landmarks, np.float32), 1.0)


def turned(points: Landmarks, degrees: float, scale: float, x: float, y: float) -> Landmarks:
    angle = np.radians(degrees)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return np.asarray(points @ turn.T * scale + (x, y), np.float32)


def smooth_frame(height: int = 240, width: int = 320) -> Frame:
    rows, columns = np.mgrid[:height, :width]
    waves = [np.sin(columns / 17) + np.cos(rows / 23), np.sin(columns / 29 + rows / 31), np.cos(columns / 37)]
    return np.stack([127 + 60 * wave for wave in waves], axis=2).astype(np.uint8)


@given(st.floats(-180, 180), st.floats(0.05, 20), st.floats(-500, 500), st.floats(-500, 500))
def test_a_turned_scaled_and_shifted_face_is_brought_exactly_to_the_template(
    degrees: float, scale: float, x: float, y: float
) -> None:
    found = turned(POINTS, degrees, scale, x, y)
    placement = similarity(found, POINTS)
    assert np.allclose(found @ placement[:, :2].T + placement[:, 2], POINTS, atol=0.02)


def test_a_face_is_never_mirrored() -> None:
    mirrored = POINTS * (-1, 1) + (100, 0)
    assert np.linalg.det(similarity(mirrored.astype(np.float32), POINTS)[:, :2]) > 0


def test_where_not_all_can_fit_the_placement_is_the_best_of_its_neighbours() -> None:
    found = turned(POINTS, 10, 1.5, 20, 30) + np.array([[0, 3], [4, 0], [-9, 2], [1, 1], [0, -6]], np.float32)
    weights = np.array([1, 1, 0.1, 0.3, 0.3])

    def error(placement: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> float:
        distances = np.linalg.norm(found @ placement[:, :2].T + placement[:, 2] - POINTS, axis=1)
        return float(weights @ distances**2)

    best = similarity(found, POINTS, tuple(weights))
    scale_up, shift = best * [[1.01], [1.01]], best + np.array([[0, 0, 0.5], [0, 0, 0]])
    turn = np.array([[0, -0.01], [0.01, 0]]) @ best + best
    assert error(best) < min(error(scale_up), error(shift), error(turn))


def test_a_landmark_of_no_weight_does_not_count() -> None:
    astray = POINTS.copy()
    astray[2] = (500, 500)
    placement = similarity(astray, POINTS, (1, 1, 0, 1, 1))
    assert np.allclose(placement, [[1, 0, 0], [0, 1, 0]], atol=1e-6)


def test_a_face_that_lies_as_the_template_wants_is_copied() -> None:
    frame = smooth_frame()
    chip = align(frame, detection(turned(POINTS, 0, 1, 120, 60)), TEMPLATE)
    assert (chip == frame[60:160, 120:220]).all()


@pytest.mark.parametrize("degrees", [0, 20, 90, 180])
@pytest.mark.parametrize("scale", [0.8, 2.0, 4.3])
def test_each_landmark_of_the_frame_comes_to_its_place_in_the_chip(degrees: float, scale: float) -> None:
    found = turned(POINTS - 50, degrees, scale, 400, 420)
    colours = np.array([[250, 0, 0], [0, 250, 0], [0, 0, 250], [250, 250, 0], [0, 250, 250]])
    frame = np.zeros((800, 800, 3), np.uint8)
    reach = int(3 * scale) + 2
    for (x, y), colour in zip(found.round().astype(int), colours, strict=True):
        frame[y - reach : y + reach + 1, x - reach : x + reach + 1] = colour
    chip = align(frame, detection(found), TEMPLATE)
    for (x, y), colour in zip(POINTS.astype(int), colours, strict=True):
        assert np.abs(chip[y, x].astype(int) - colour).max() < 25


def test_a_face_reduced_tenfold_is_averaged_and_not_sampled() -> None:
    checks = np.indices((1200, 1200)).sum(axis=0) % 2 * 255
    frame = np.repeat(checks[:, :, None], 3, axis=2).astype(np.uint8)
    chip = align(frame, detection(POINTS * 10 + 50), TEMPLATE)
    assert chip.min() > 115
    assert chip.max() < 140


@pytest.mark.parametrize(("x", "y"), [(-50, 0), (270, 0), (0, -50), (0, 190), (-50, -50), (280, 200)])
def test_what_lies_outside_the_frame_is_black_and_the_rest_is_there(x: int, y: int) -> None:
    frame = np.full((240, 320, 3), 200, np.uint8)
    chip = align(frame, detection(turned(POINTS, 0, 1, x, y)), TEMPLATE)
    columns, rows = np.arange(100) + x, np.arange(100) + y
    inside = ((rows >= 0) & (rows < 240))[:, None] & ((columns >= 0) & (columns < 320))
    assert (chip[inside] == 200).all()
    assert (chip[~inside] == 0).all()


@pytest.mark.parametrize("scale", [1, 8])
def test_a_face_wholly_outside_the_frame_is_a_black_chip(scale: int) -> None:
    chip = align(np.full((60, 60, 3), 200, np.uint8), detection(POINTS * scale + 5000), TEMPLATE)
    assert chip.shape == (100, 100, 3)
    assert not chip.any()


@pytest.mark.parametrize("value", [50.0, float("nan")])
@pytest.mark.parametrize("alignment", [TEMPLATE, EyeLevelBox(112)])
def test_landmarks_on_one_point_or_of_no_number_are_refused(
    value: float, alignment: LandmarkTemplate | EyeLevelBox
) -> None:
    with pytest.raises(EngineFailed):
        align(smooth_frame(), detection(np.full((5, 2), value, np.float32)), alignment)


def test_an_empty_box_is_refused() -> None:
    with pytest.raises(EngineFailed):
        align(smooth_frame(), detection(POINTS, Box(10, 10, 0, 20)), EyeLevelBox(112))


def test_an_upright_box_is_cut_scaled_and_letterboxed() -> None:
    frame = np.full((240, 320, 3), 30, np.uint8)
    frame[40:140, 100:150] = 200
    chip = align(frame, detection(turned(POINTS, 0, 1, 80, 40), Box(100, 40, 50, 100)), EyeLevelBox(200))
    assert (chip[:, :50] == 0).all()
    assert (chip[:, 150:] == 0).all()
    assert (chip[2:-2, 52:148] == 200).all()


def test_a_wide_box_has_its_bars_above_and_below() -> None:
    frame = np.full((240, 320, 3), 200, np.uint8)
    chip = align(frame, detection(turned(POINTS, 0, 1, 80, 40), Box(60, 60, 150, 100)), EyeLevelBox(150))
    assert (chip[:25] == 0).all()
    assert (chip[125:] == 0).all()
    assert (chip[26:124] == 200).all()


@pytest.mark.parametrize("degrees", [-35, 0, 20, 60])
def test_the_eyes_come_level_and_the_centre_of_the_box_stays_the_centre(degrees: float) -> None:
    found = turned(POINTS - 50, degrees, 1, 160, 120)
    frame = np.zeros((240, 320, 3), np.uint8)
    for (x, y), channel in zip(found[:2].round().astype(int), (0, 1), strict=True):
        frame[y - 2 : y + 3, x - 2 : x + 3, channel] = 255
    chip = align(frame, detection(found, Box(110.5, 70.5, 100, 100)), EyeLevelBox(100))
    first, second = (np.argwhere(chip[..., channel] > 100).mean(axis=0) for channel in (0, 1))
    assert abs(first[0] - second[0]) < 1.5
    assert np.allclose((first + second) / 2, (39.5, 49.5), atol=1.5)
    assert second[1] - first[1] == pytest.approx(40, abs=1.5)


def test_aligning_only_reads_the_frame() -> None:
    frame = smooth_frame()
    frame.setflags(write=False)
    for alignment in (TEMPLATE, EyeLevelBox(64)):
        align(frame, detection(POINTS * 2), alignment)
    assert (frame == smooth_frame()).all()
