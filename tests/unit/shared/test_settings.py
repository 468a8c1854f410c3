from pathlib import Path

import pytest
from pydantic import ValidationError

from recognizer.settings import RecognizerSettings, load_settings
from shared.settings import UnknownSetting, load_or_exit


@pytest.fixture(autouse=True)
def empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)  # no .env but the test's own
    return tmp_path


def test_a_name_that_is_no_setting_stops_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RECOGNIZER_TRESHOLD", "0.2")
    with pytest.raises(UnknownSetting, match="RECOGNIZER_TRESHOLD"):
        load_settings()


def test_so_does_one_in_the_env_file(empty_folder: Path) -> None:
    (empty_folder / ".env").write_text("RECOGNIZER_MODLE=Facenet\nLOGGER_PORT=1\n")
    with pytest.raises(UnknownSetting, match="RECOGNIZER_MODLE"):
        load_settings()


def test_the_environment_wins_over_the_env_file(empty_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (empty_folder / ".env").write_text("RECOGNIZER_PORT=1\nRECOGNIZER_MODEL=Facenet\n")
    monkeypatch.setenv("RECOGNIZER_PORT", "2")
    settings = load_settings()
    assert (settings.port, settings.model) == (2, "Facenet")


def test_origins_are_separated_by_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RECOGNIZER_CORS_ORIGINS", "https://a.example, https://b.example")
    assert load_settings().cors_origins == ("https://a.example", "https://b.example")


def test_proxies_are_addresses_and_networks(monkeypatch: pytest.MonkeyPatch) -> None:
    assert load_settings().trusted_proxies == ("127.0.0.1", "::1")
    monkeypatch.setenv("RECOGNIZER_TRUSTED_PROXIES", "10.1.0.0/16, ::1")
    assert load_settings().trusted_proxies == ("10.1.0.0/16", "::1")
    monkeypatch.setenv("RECOGNIZER_TRUSTED_PROXIES", "")
    assert load_settings().trusted_proxies == ()


@pytest.mark.parametrize("proxies", ["*", "0.0.0.0/0", "::/0", "proxy.example", "10.0.0.1/8"])
def test_not_everybody_is_a_proxy(monkeypatch: pytest.MonkeyPatch, proxies: str) -> None:
    monkeypatch.setenv("RECOGNIZER_TRUSTED_PROXIES", proxies)
    with pytest.raises(ValidationError):
        load_settings()


@pytest.mark.parametrize(
    ("name", "value"),
    [("THRESHOLD", "3"), ("PORT", "70000"), ("AUTH", "maybe"), ("MARGIN", "nan"), ("RATE_PER_S", "-1")],
)
def test_a_value_out_of_range_stops_the_start(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(f"RECOGNIZER_{name}", value)
    with pytest.raises(ValidationError):
        load_settings()


def test_the_operator_is_told_which_setting_and_why(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("RECOGNIZER_PORT", "many")
    with pytest.raises(SystemExit) as exit_info:
        load_or_exit(load_settings, "RECOGNIZER_")
    assert exit_info.value.code == 2
    assert capsys.readouterr().err.startswith("RECOGNIZER_PORT: ")


def test_a_body_has_room_for_the_largest_picture_as_base64() -> None:
    settings = RecognizerSettings(max_bytes=3_000_000)
    assert settings.max_body_bytes > 4_000_000
