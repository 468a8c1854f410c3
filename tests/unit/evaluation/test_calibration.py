import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from recognizer.engine.base import MatchDefaults
from recognizer.evaluation.calibration import (
    Calibration,
    choose_policy,
    load_calibration,
    save_calibration,
)

MADE = Calibration(
    engine="engine 1",
    made_at=datetime(2026, 3, 2, 10, tzinfo=UTC),
    threshold=0.05,
    margin=0.01,
    fpir=0.01,
    gallery=40,
    threshold_at_ten_times=0.04,
    people=320,
    photos=900,
    promised=True,
)
DEFAULTS = MatchDefaults(threshold=0.07, margin=0.005, source="a book")


def test_what_was_saved_is_loaded(tmp_path: Path) -> None:
    file = save_calibration(MADE, tmp_path / "state")
    assert load_calibration(tmp_path / "state", "engine 1") == MADE
    assert [each.name for each in file.parent.iterdir()] == ["calibration.json"]


def test_a_second_replaces_the_first(tmp_path: Path) -> None:
    save_calibration(MADE, tmp_path)
    save_calibration(replace(MADE, threshold=0.03), tmp_path)
    loaded = load_calibration(tmp_path, "engine 1")
    assert loaded is not None
    assert loaded.threshold == 0.03


def test_one_for_another_engine_is_not_used(tmp_path: Path) -> None:
    save_calibration(MADE, tmp_path)
    assert load_calibration(tmp_path, "engine 2") is None


def test_where_there_is_none_there_is_none(tmp_path: Path) -> None:
    assert load_calibration(tmp_path, "engine 1") is None


@pytest.mark.parametrize(
    "change",
    [
        {"format": 2},
        {"threshold": 7},
        {"threshold": "0.05"},
        {"margin": None},
        {"made_at": "yesterday"},
        {"surplus": 1},
    ],
)
def test_one_that_cannot_be_right_is_not_used(tmp_path: Path, change: dict[str, object]) -> None:
    file = save_calibration(MADE, tmp_path)
    file.write_text(json.dumps({**json.loads(file.read_text()), **change}))
    assert load_calibration(tmp_path, "engine 1") is None


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "\x00", '{"format": 1}'])
def test_neither_is_one_that_is_damaged(tmp_path: Path, text: str) -> None:
    (tmp_path / "calibration.json").write_text(text)
    assert load_calibration(tmp_path, "engine 1") is None


def test_settings_come_before_calibration_before_the_engine() -> None:
    by_engine = choose_policy(None, None, None, DEFAULTS)
    assert (by_engine.policy.threshold, by_engine.policy.margin, by_engine.source) == (0.07, 0.005, "engine: a book")
    calibrated = choose_policy(None, None, MADE, DEFAULTS)
    assert (calibrated.policy.threshold, calibrated.policy.margin) == (0.05, 0.01)
    assert calibrated.source == "calibration of 2026-03-02: 1.0% of strangers at 40 people"
    by_settings = choose_policy(0.1, 0.0, MADE, DEFAULTS)
    assert (by_settings.policy.threshold, by_settings.policy.margin, by_settings.source) == (0.1, 0.0, "settings")


def test_a_setting_replaces_its_own_half_alone() -> None:
    chosen = choose_policy(0.1, None, MADE, DEFAULTS)
    assert (chosen.policy.threshold, chosen.policy.margin) == (0.1, 0.01)
    assert chosen.source.startswith("threshold from settings; calibration of")


def test_a_calibration_that_promises_nothing_says_so() -> None:
    assert "too few people" in choose_policy(None, None, replace(MADE, promised=False), DEFAULTS).source
