"""Which views the loader takes when nobody chooses, and when somebody does."""

from pathlib import Path
from typing import get_args

import numpy as np
import pytest

from recognizer.engine.loader import Engine, load_engine
from recognizer.engine.viewed import views_of
from recognizer.engine.views import Views
from recognizer.settings import ViewsName


def opened(model: str, graphs: Path, views: str | None = None, enroll_views: str | None = None) -> Engine:
    detector = "fake" if model == "fake" else "mtcnn"
    return load_engine(
        model=model,
        detector=detector,
        models_dir=graphs,
        state_dir=graphs,
        views=views,
        enroll_views=enroll_views,
    )


def test_the_setting_knows_the_views_there_are() -> None:
    assert get_args(ViewsName) == tuple(Views)


@pytest.mark.parametrize(
    ("model", "views", "enroll_views", "expected"),
    [
        ("Dlib", None, None, (Views.MIRRORED, Views.MIRRORED)),
        ("Dlib", "plain", None, (Views.PLAIN, Views.MIRRORED)),
        ("Dlib", "scaled", None, (Views.SCALED, Views.SCALED)),
        ("Dlib", "plain", "plain", (Views.PLAIN, Views.PLAIN)),
        ("fake", None, None, (Views.PLAIN, Views.PLAIN)),
        ("fake", "mirrored", None, (Views.MIRRORED, Views.MIRRORED)),
    ],
)
def test_enrolment_has_no_fewer_views_than_usual_unless_told_to(
    model: str, views: str | None, enroll_views: str | None, expected: tuple[Views, Views], graphs: Path
) -> None:
    engine = opened(model, graphs, views, enroll_views)
    assert (views_of(engine.embedder), views_of(engine.enroller)) == expected


def test_the_views_of_one_face_lie_near_each_other_and_are_not_the_same(graphs: Path) -> None:
    engine = opened("Dlib", graphs, "plain", "scaled")
    size = engine.embedder.alignment.size
    ramp = np.linspace(0, 255, size, dtype=np.uint8)
    chips = np.broadcast_to(ramp[np.newaxis, np.newaxis, :, np.newaxis], (1, size, size, 3)).copy()
    plain, scaled = engine.embedder.embed(chips), engine.enroller.embed(chips)
    assert 1e-6 < 1 - float(plain[0] @ scaled[0]) < 0.2
