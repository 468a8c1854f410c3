import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from recognizer.decision import MatchPolicy
from recognizer.evaluation.choices import Combination, FaceChoice
from recognizer.evaluation.evaluation import Protocol, Setup, evaluate_folder
from recognizer.evaluation.photos import LabelledPhoto, Look, Sample
from recognizer.evaluation.report import as_json
from tests.bench import gallery, logger_ingest, logger_pages, service
from tests.bench.__main__ import SECTIONS
from tests.bench.logger_homes import Home
from tests.bench.rows import Plan, Row
from tests.figures.glance import PROMISED, glance
from tests.figures.measured import Measured, Unreadable, read
from tests.figures.page import page
from tests.figures.tables import Table

ROOT = Path(__file__).parents[2]
Write = Callable[..., Path]


def chaos(store: str, machine: dict[str, Any], **changes: Any) -> dict[str, Any]:
    run: dict[str, Any] = {"machine": machine, "store": store, "seed": 7, "rounds": 200, "kills": 120, "accepted": 9000}
    more: dict[str, Any] = {"delivered": 9000, "lost": 0, "duplicated": 0, "5xx_without_reason": 0, "faults": []}
    return {**run, **more, "answers": {"delivered": 9000}, **changes}


def line(text: str, start: str) -> str:
    return next(each for each in text.splitlines() if each.startswith(f"| {start} "))


def test_what_was_not_measured_says_so_with_the_command_that_measures_it(tmp_path: Path) -> None:
    text = page(read(tmp_path))

    assert line(text, "chaos: lost") == "| chaos: lost | not measured | 0 |  |"
    assert line(text, "service, 4 clients: throughput").split(" | ")[1] == "not measured"
    for command in ("make chaos", "make soak", "make bench ONLY=service", "make evaluate"):
        assert f"Not measured: `{command}" in text


def test_faults_of_both_stores_are_added_up_and_stand_side_by_side(write: Write, machine: dict[str, Any]) -> None:
    runs = {"sqlite": chaos("sqlite", machine), "mongo": chaos("mongo", machine, lost=1, seed=8)}

    text = page(read(write("chaos.json", runs)))

    assert line(text, "chaos: kills") == "| chaos: kills | 240 |  | sqlite, seed 7 and mongo, seed 8 |"
    assert line(text, "chaos: lost").startswith("| chaos: lost | 1 | 0 |")
    assert "| figure | sqlite | mongo |" in text
    assert "| lost | 0 | 1 |" in text


def test_a_row_of_the_benchmark_keeps_its_unit_its_ratio_its_target_and_its_n(write_bench: Write) -> None:
    row = Row("service, 4 clients: share of bare", 48.84, "frames/s", 0.904, "n = 1,200", "≥ 0.85")

    text = page(read(write_bench("bench.json", {"service": [row]})))

    assert line(text, row.name) == f"| {row.name} | 48.8 frames/s; ratio 0.90 | ≥ 0.85 | n = 1,200 |"
    assert f"| {row.name} | 48.8 frames/s | 0.904 | ≥ 0.85 | n = 1,200 |" in text
    assert "from `bench.json`" in text


def test_the_machine_the_versions_and_a_loose_run_are_named(write_bench: Write) -> None:
    text = page(read(write_bench("bench.json", {"startup": []}, quick=True)))

    for said in (
        "A Processor, 2 cores, 8 GiB, Linux 6.1.0;",
        "Python 3.11.7",
        "numpy 2.4.6",
        "commit abc1234",
        "**`QUICK=1`: loose**",
    ):
        assert said in text


def test_of_a_section_that_was_measured_twice_the_later_one_counts(write_bench: Write) -> None:
    name = "warm start to ready"
    write_bench("bench.json", {"startup": [Row(name, 1, "s")]}, at="2026-01-02T00:00:00+00:00")
    folder = write_bench("bench-again.json", {"startup": [Row(name, 2, "s")]}, at="2026-01-03T00:00:00+00:00")

    assert read(folder).sections["startup"].rows[0].value == 2


def test_a_section_that_nobody_promised_is_on_the_page_too(write_bench: Write) -> None:
    assert "## Some thing new" in page(read(write_bench("bench.json", {"some_thing_new": [Row("x", 1, "s")]})))


def test_a_run_of_either_form_is_shown(write: Write, write_bench: Write, machine: dict[str, Any]) -> None:
    write("bad_input.json", {"machine": machine, "tried": 12345, "server_faults": 0})
    text = page(read(write_bench("soak.json", {"soak": [Row("recognizer: memory at the end", 321, "MB")]})))

    assert line(text, "bad input: tried").startswith("| bad input: tried | 12,345 |")
    assert "| recognizer: memory at the end | 321 MB |" in text


@pytest.fixture
def evaluation() -> dict[str, Any]:
    """Eight people with four photos each and four strangers, as `evaluate` writes it."""
    generator = np.random.default_rng(0)
    samples = []
    for person in range(12):
        direction = generator.normal(size=16)
        for number in range(4 if person < 8 else 1):
            row = direction + generator.normal(size=16)
            unit = (row / np.linalg.norm(row)).astype(np.float32)
            photo = LabelledPhoto(Path(f"secret-name/{number}.jpg"), f"p{person}", person >= 8)
            samples.append(Sample(photo, Look(unit, unit), None))
    protocol = Protocol(FaceChoice.CENTRE, (1, 2), Combination.CENTRE, MatchPolicy(0.3, 0.01), draws=20)
    result = evaluate_folder(samples, Setup("Dlib/mtcnn", "mirrored", "mirrored", 11.5, "x"), protocol, dimension=16)
    written: dict[str, Any] = json.loads(json.dumps(as_json(result)))
    return written


def test_each_engine_that_was_evaluated_has_a_column_with_intervals_and_n(
    write: Write, evaluation: dict[str, Any]
) -> None:
    write("evaluation/Facenet512/report.json", evaluation)
    text = page(read(write("evaluation/usual/report.json", evaluation)))
    best = evaluation["verification"]["accuracy"]

    assert "| figure | Facenet512 | usual |" in text
    assert f"usual: verification accuracy | {best['mean']:.2%} ± {best['standard_error']:.2%} over" in text
    for label in ("TAR at FAR 0.01", "FNIR at FPIR 1.0%, 1:8, 1 enrolled", "FNIR at FPIR 0.3%, 1:8, 2 enrolled"):
        assert f"usual: {label} |" in text
        assert f"| {label} |" in text
    assert "| TAR at FAR 0.001 | not measured: too few pairs |" in text
    assert "| n | 36 photos of 12 people |" in text
    assert "as the service decides: strangers named | " in text
    assert "secret-name" not in text


@pytest.mark.parametrize("content", ["{", "[]", '{"sections": {"service": [{"name": "x"}]}}', '{"sections": [1]}'])
def test_a_file_that_cannot_be_read_is_no_missing_measurement(tmp_path: Path, content: str) -> None:
    (tmp_path / "bench.json").write_text(content)

    with pytest.raises(Unreadable, match=r"bench\.json"):
        read(tmp_path)


def test_every_figure_that_was_promised_is_one_that_the_benchmark_takes() -> None:
    """By the names that the benchmark itself gives, so that no figure is lost when one is renamed."""
    rounds = {name: [_rate()] for name in _round_names()}
    loads = logger_ingest._loads(Home("sqlite", "", ""), Plan())
    names = {
        "service": {row.name for row in service._rows(rounds)} | {"recognizer, resident"},
        "gallery": {f"{size:,} people, 1 probe" for size in gallery.SIZES},
        "logger_ingest": {f"{kind}: {load.name}" for kind in ("sqlite", "mongodb") for load in loads},
        "logger_pages": {f"sqlite: {address}" for address in logger_pages.PAGES},
    }

    assert set(PROMISED) <= set(SECTIONS)
    assert {section: set(PROMISED[section]) - names[section] for section in names} == {
        section: set() for section in names
    }


def _round_names() -> list[str]:
    served = [f"{kind}, {clients}" for kind in ("service", "recording") for clients in service.CLIENTS]
    return ["bare", "bare, all cores", service.ONE_LOOK, "kiosks", "Poisson", *served, *service._CONTENDERS]


def _rate() -> service.Rate:
    return service.Rate(fps=1.0, ms=[1.0, 2.0], processor_ms=1.0, moments_s=[0.0, 1.0])


def test_the_command_writes_the_page_and_measures_nothing(
    write: Write, machine: dict[str, Any], tmp_path: Path
) -> None:
    measured = write("chaos.json", {"sqlite": chaos("sqlite", machine)})
    written = tmp_path / "figures.md"
    command = [sys.executable, "-m", "tests.figures", "--measured", str(measured), "--page", str(written)]

    assert subprocess.run(command, cwd=ROOT, check=False, capture_output=True).returncode == 0
    assert written.read_text("utf-8") == page(read(measured))
    (measured / "chaos.json").write_text(json.dumps([]))
    failed = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)
    assert (failed.returncode, "chaos.json" in failed.stderr) == (1, True)


def test_a_table_survives_whatever_a_note_says() -> None:
    row = Row("warm start to ready", 1, "s", note="a | b\nc")

    assert len({text.count("|") for text in glance(Measured()).lines()}) == 1
    assert list(Table(("x",), ((row.note,),)).lines())[-1] == "| a \\| b c |"
