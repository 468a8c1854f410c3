import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from asgi_lifespan import LifespanManager
from httpx import ASGITransport

from recognizer.app import create_app
from recognizer.errors import StartError

Draw = Callable[..., Path]
Run = Callable[..., str]


def test_a_folder_and_strangers_are_measured_and_reported(run: Run, people: Path, draw: Draw, tmp_path: Path) -> None:
    for number in range(4):
        draw(tmp_path / "strangers" / f"{number}.png", f"stranger {number}")
    draw(people / "Person_0" / "nobody.png", None)
    out = tmp_path / "report"
    text = run("evaluate", "--known", people, "--strangers", tmp_path / "strangers", "--enroll", "2", "--out", out)
    assert re.search(r"photos +41 of 16 people", text)
    assert re.search(r"failure to acquire: no face +1/41", text)
    assert "Identification: 12 people enrolled with 2 photos each" in text
    assert re.search(r"strangers named +0/4 ", text)
    report = json.loads((out / "report.json").read_text())
    assert report["not_acquired"] == [{"photo": "Person_0/nobody.png", "reason": "no_face"}]
    assert report["verification"]["pairs"]["failed"] == 40
    assert report["verification"]["mistakes"][0]["first"] == "Person_0/0.png"
    assert (out / "report.html").read_text().startswith("<!doctype html>")


def test_lists_of_pairs_are_measured_fold_by_fold(run: Run, draw: Draw, tmp_path: Path) -> None:
    images = tmp_path / "lfw"
    for person in ("Ann", "Bob"):
        for number in (1, 2):
            draw(images / person / f"{person}_000{number}.jpg", person, grey=100 + number)
    fold = ["Ann\t1\t2", "Ann\t1\tBob\t2"]
    (tmp_path / "pairs.txt").write_text("\n".join(["2\t1", *fold, "Bob\t1\t2", "Bob\t1\tAnn\t2"]))
    text = run("evaluate", "--pairs", tmp_path / "pairs.txt", "--images", images)
    assert re.search(r"pairs +2 of one person, 2 of two", text)
    assert "mean and standard error over 2 folds" in text
    assert "Identification" not in text


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--known", "nowhere"], "no folders with photos"),
        (["--known", "dataset", "--strangers", "nowhere"], "no photos"),
        (["--pairs", "nowhere.txt", "--images", "dataset"], "cannot be read"),
        (["--pairs", "nowhere.txt"], "goes with --images"),
    ],
)
def test_what_cannot_be_measured_is_said_in_a_sentence(
    run: Run, people: Path, arguments: list[str], message: str
) -> None:
    with pytest.raises(StartError, match=message):
        run("evaluate", *arguments)


def test_as_a_process_it_ends_with_a_sentence_and_a_status(run: Run, people: Path) -> None:
    command = [sys.executable, "-m", "recognizer", "evaluate", "--known"]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])}
    fine, wrong = (
        subprocess.run([*command, folder], check=False, capture_output=True, text=True, env=environment)
        for folder in ("dataset", "nowhere")
    )
    assert (fine.returncode, wrong.returncode) == (0, 1)
    assert "Verification" in fine.stdout
    assert wrong.stderr == "nowhere holds no folders with photos in them\n"


def test_other_alignments_can_be_measured(run: Run, people: Path) -> None:
    for arguments in (["--closer", "1.1"], ["--align", "box"], ["--views", "mirrored", "--templates", "nearest"]):
        assert "accuracy" in run("evaluate", "--known", people, "--enroll", "1", *arguments)


async def _ready(tmp_path: Path) -> dict[str, object]:
    app = create_app()
    async with (
        LifespanManager(app, startup_timeout=60, shutdown_timeout=60) as manager,
        httpx.AsyncClient(transport=ASGITransport(manager.app), base_url="http://test") as client,
    ):
        answer: dict[str, object] = (await client.get("/readyz")).json()
        return answer


async def test_the_service_uses_the_calibration_and_says_so(run: Run, people: Path, tmp_path: Path) -> None:
    before = await _ready(tmp_path)
    assert "engine: patterns are either equal" in json.dumps(before)
    text = run("calibrate", "--fpir", "0.2", "--people", "5")
    assert "12 people, 36 photos used, 0 refused" in text
    assert "TOO LITTLE DATA to promise 20.0%: there are 12 people, and it takes 15" in text
    saved = json.loads((tmp_path / "state" / "calibration.json").read_text())
    assert saved["gallery"] == 5
    assert saved["threshold_at_ten_times"] <= saved["threshold"] <= 0.25  # never looser than the engine's own
    after = json.dumps(await _ready(tmp_path))
    assert "20.0% of strangers at 5 people, from too few people to promise it" in after
    assert f'"threshold": "{saved["threshold"]}"' in after


async def test_a_calibration_of_another_engine_is_not_used(
    run: Run, people: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("calibrate", "--fpir", "0.2")
    monkeypatch.setenv("RECOGNIZER_VIEWS", "mirrored")
    assert "engine: patterns are either equal" in json.dumps(await _ready(tmp_path))


async def test_settings_win_over_the_calibration(
    run: Run, people: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("calibrate", "--fpir", "0.2")
    monkeypatch.setenv("RECOGNIZER_THRESHOLD", "0.01")
    ready = json.dumps(await _ready(tmp_path))
    assert '"threshold": "0.01"' in ready
    assert "threshold from settings; calibration of" in ready


def test_with_enough_people_the_rate_is_promised(run: Run, people: Path) -> None:
    assert "TOO LITTLE DATA" not in run("calibrate", "--fpir", "0.3", "--people", "2", "--dry-run")


def test_a_dry_run_changes_nothing(run: Run, people: Path, tmp_path: Path) -> None:
    assert "nothing was written" in run("calibrate", "--dry-run")
    assert not (tmp_path / "state" / "calibration.json").exists()


def test_too_few_people_to_say_anything_are_refused(run: Run, draw: Draw, tmp_path: Path) -> None:
    for person in range(9):
        draw(tmp_path / "dataset" / f"Person_{person}" / "1.png", f"person {person}")
    with pytest.raises(StartError, match=r"9 people with usable photos say nothing .* 300 to promise 1\.0%"):
        run("calibrate")


def test_the_check_finds_the_photo_in_the_wrong_folder(run: Run, people: Path, draw: Draw) -> None:
    draw(people / "Person_3" / "misplaced.png", "person 7")
    draw(people / "Person_4" / "empty.png", None)
    text = run("people", "--check")
    assert "Person_4/empty.png: no_face" in text
    assert re.search(
        r"photos that look like somebody else's: 1\n  Person_3/misplaced\.png: 0\.0\d+ from Person 7", text
    )
    assert "people too alike to be told apart: 0" in text
