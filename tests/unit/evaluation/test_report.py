"""The words, the JSON and the page of a small evaluation."""

import json
import re
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import pytest

from recognizer.decision import MatchPolicy
from recognizer.evaluation.choices import Combination, FaceChoice
from recognizer.evaluation.evaluation import Evaluation, Protocol, Setup, evaluate_folder
from recognizer.evaluation.page import page
from recognizer.evaluation.photos import Sample
from recognizer.evaluation.plots import Series, distance_axis, normal_axis, percent, plot, rate_axis, share_axis
from recognizer.evaluation.report import as_json, sections, table

MakeSamples = Callable[..., list[Sample]]

SETUP = Setup("Dlib/mtcnn", "mirrored", "mirrored", 11.5, "folder <known>")
PROTOCOL = Protocol(FaceChoice.CENTRE, (1, 2), Combination.CENTRE, MatchPolicy(0.3, 0.01), draws=20)


@pytest.fixture
def result(make_samples: MakeSamples, without_face: Callable[[Sample], Sample], dimension: int) -> Evaluation:
    samples = make_samples([4] * 8 + [1] * 4, strangers=4, scatter=2.0)
    samples[5] = without_face(samples[5])
    samples[9] = replace(samples[9], photo=replace(samples[9].photo, path=Path("p2/<script>.jpg")))
    return evaluate_folder(samples, SETUP, PROTOCOL, dimension=dimension)


def test_every_figure_asked_for_is_in_the_table(result: Evaluation) -> None:
    text = table(result)
    for label in (
        "accuracy",
        "TAR at FAR 0.01",
        "equal error rate",
        "FNIR at FPIR 1.0%",
        "FNIR at FPIR 0.3%",
        "rank one",
    ):
        assert label in text
    assert "failure to acquire: no face  1/36" in re.sub(" +", " ", text).replace("face 1", "face  1")
    assert text.count("Identification: 8 people enrolled") == 2
    assert "not measured  (too few pairs" in text


def test_a_rate_that_rests_on_few_strangers_says_so(result: Evaluation) -> None:
    remarks = [row.remark for part in sections(result) for row in part.rows if row.label == "FNIR at FPIR 1.0%"]
    assert all("the rate means 0.1 of the 12" in remark for remark in remarks)


def test_the_json_is_strict_and_holds_the_curve_and_the_mistakes(result: Evaluation) -> None:
    values = json.loads(json.dumps(as_json(result), allow_nan=False))
    assert values["verification"]["pairs"] == {"genuine": 48, "impostor": 582, "failed": 35}
    assert len(values["verification"]["mistakes"]) == 10
    assert values["verification"]["mistakes"][0]["similarity"] is None  # the photo without a face
    rates = [far for far, _ in values["verification"]["roc"]]
    assert rates == sorted(rates)
    assert values["identification"][0]["fnir_at_fpir"][0]["fpir"] == 0.01


class _Collector(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.addresses: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.addresses += [value or "" for name, value in attrs if name in {"src", "href"}]


def test_the_page_needs_nothing_from_outside_and_runs_nothing(result: Evaluation) -> None:
    found = _Collector()
    text = page(result)
    found.feed(text)
    assert found.addresses == []
    assert not {"script", "link", "img", "iframe"} & set(found.tags)
    assert "url(" not in text
    assert "@import" not in text
    assert found.tags.count("svg") == 4
    assert "prefers-color-scheme: dark" in text


def test_the_page_shows_the_mistakes_by_file_name_and_names_as_text(result: Evaluation) -> None:
    text = page(result)
    verification = result.verification
    assert verification is not None
    assert all(pair.first.replace("<", "&lt;").replace(">", "&gt;") in text for pair in verification.mistakes)
    assert "<script>" not in text
    assert "folder &lt;known&gt;" in text


def test_every_plot_is_well_formed_and_stays_inside_its_frame(result: Evaluation) -> None:
    for drawing in re.findall(r"<svg.*?</svg>", page(result), flags=re.DOTALL):
        root = ElementTree.fromstring(drawing)  # noqa: S314 (our own drawing)
        for line in root.iter("polyline"):
            points = [tuple(map(float, point.split(","))) for point in line.attrib["points"].split()]
            assert all(58 <= x <= 498 and 14 <= y <= 314 for x, y in points)


def test_an_evaluation_without_galleries_or_pairs_still_has_a_page(make_samples: MakeSamples, dimension: int) -> None:
    alone = evaluate_folder(make_samples([1, 1]), SETUP, PROTOCOL, dimension=dimension)
    assert alone.verification is None
    assert alone.identifications == ()
    assert "<h2>Curves</h2>" not in page(alone)
    assert "As the service decides" in table(alone)


def test_axes_put_values_in_order_and_outside_ones_at_the_ends() -> None:
    for axis, values in (
        (rate_axis("", 1e-4), [1e-5, 1e-4, 1e-2, 1.0]),
        (normal_axis("", 0.001, (0.01, 0.4)), [0.0, 0.001, 0.01, 0.4]),
        (share_axis("", 0.9), [0.5, 0.9, 0.95, 1.0]),
        (distance_axis("", 0.4), [-1.0, 0.0, 0.2, 0.4]),
    ):
        assert [axis.place(value) for value in values][::3] == [0, 1]
        assert axis.place(values[1]) == 0
        assert 0 < axis.place(values[2]) < 1


@pytest.mark.parametrize("high", [0.04, 0.3, 0.47, 0.99, 1.3, 2.0])
def test_distances_have_round_ticks_and_neither_many_nor_few(high: float) -> None:
    ticks = distance_axis("", high).ticks
    assert 3 <= len(ticks) <= 8
    assert all(len(f"{tick:.6g}") <= 5 for tick in ticks)


def test_percentages_have_the_digits_they_need() -> None:
    assert [percent(value) for value in (0.00001, 0.0005, 0.02, 1.0)] == ["0.001 %", "0.05 %", "2 %", "100 %"]


def test_a_plot_of_one_line_needs_no_legend() -> None:
    axis = share_axis("share", 0.0)
    assert "swatch" not in plot("one", axis, axis, [Series("a", [(0, 0), (1, 1)], 1)])
    assert plot("two", axis, axis, [Series("a", [(0, 0)], 1), Series("b", [(1, 1)], 2)]).count("swatch") == 2
