"""What the environment may say, and what is said back to it."""

from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from pydantic import ValidationError

from logger.settings import LoggerSettings, load_settings
from shared.security import Scope, digest_of
from shared.settings import UnknownSetting, load_or_exit

SECRET = "s" * 32


@pytest.fixture(autouse=True)
def no_dotenv(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_the_defaults_need_nothing_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = load_settings()
    assert (settings.host, settings.port) == ("127.0.0.1", 8001)
    assert settings.sqlite_path == Path("var/logger/attendance.db")
    assert (settings.mark_attendance, settings.fixed_keys) == ("verify", None)
    assert isinstance(settings.site, ZoneInfo)


def test_a_path_is_relative_after_three_slashes_and_absolute_after_four(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOGGER_STORE_URL", "sqlite:///data/a.db")
    assert load_settings().sqlite_path == Path("data/a.db")
    monkeypatch.setenv("LOGGER_STORE_URL", "sqlite:////data/a.db")
    assert load_settings().sqlite_path == Path("/data/a.db")


@pytest.mark.parametrize("url", ["mongodb://user:pw@db:27017/rollcall", "mongodb+srv://cluster.example/rollcall"])
def test_an_address_of_mongodb_is_not_a_path(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv("LOGGER_STORE_URL", url)
    assert load_settings().sqlite_path is None


@pytest.mark.parametrize(
    "url", ["", "attendance.db", "sqlite:attendance.db", "sqlite:///", "sqlite:////", "redis://db"]
)
def test_an_address_of_no_store_stops_the_start(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv("LOGGER_STORE_URL", url)
    with pytest.raises(ValidationError, match="must be sqlite:///path"):
        load_settings()


@pytest.mark.parametrize("zone", ["Mars/Olympus", "", "America", "../../etc/passwd", "India\x00", "A" * 5000])
def test_a_zone_that_does_not_exist_stops_the_start_with_an_example(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], zone: str
) -> None:
    with pytest.raises(ValidationError, match="not an IANA time zone such as Asia/Kolkata"):
        LoggerSettings(timezone=zone)


def test_the_operator_is_told_which_setting_is_wrong(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LOGGER_TIMEZONE", "Mars/Olympus")
    with pytest.raises(SystemExit):
        load_or_exit(load_settings, "LOGGER_")
    assert capsys.readouterr().err == ("LOGGER_TIMEZONE: Value error, is not an IANA time zone such as Asia/Kolkata\n")


def test_a_mistyped_name_stops_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOGGER_TIMEZOME", "Asia/Kolkata")
    with pytest.raises(UnknownSetting, match="LOGGER_TIMEZOME"):
        load_settings()


def test_keys_of_the_environment_have_scopes_and_only_their_digests_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    other = "t=" * 20
    monkeypatch.setenv("LOGGER_API_KEYS", f"events:write={SECRET}, events:write+attendance:read={other}")
    keys = load_settings().fixed_keys
    assert keys is not None
    assert [key.digest for key in keys] == [digest_of(SECRET), digest_of(other)]
    assert keys[1].scopes == {Scope.EVENTS_WRITE, Scope.ATTENDANCE_READ}
    assert SECRET not in repr(load_settings())


@pytest.mark.parametrize("keys", [SECRET, "events:write=short", f"everything={SECRET}", f"={SECRET}"])
def test_a_key_that_cannot_be_read_stops_the_start_without_being_repeated(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], keys: str
) -> None:
    monkeypatch.setenv("LOGGER_API_KEYS", keys)
    with pytest.raises(SystemExit):
        load_or_exit(load_settings, "LOGGER_")
    told = capsys.readouterr().err
    assert told.startswith("LOGGER_API_KEYS: ")
    assert SECRET not in told
