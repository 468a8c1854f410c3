"""The logger's settings: environment and `.env`, prefix `LOGGER_`."""

from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

import tzlocal
from pydantic import Field, HttpUrl, SecretStr, field_validator
from pydantic_settings import SettingsConfigDict

from shared.security import ApiKey, Scope, new_key
from shared.settings import ServiceSettings, check_names, split_commas

SQLITE_SCHEME = "sqlite:///"  # three slashes and a relative path, or four and an absolute one
MONGO_SCHEMES = ("mongodb://", "mongodb+srv://")
MIN_SECRET_CHARACTERS = 32


def _machine_zone() -> str:
    return tzlocal.get_localzone_name() or "UTC"


class LoggerSettings(ServiceSettings):
    model_config = SettingsConfigDict(env_prefix="LOGGER_", env_file=".env", extra="ignore", frozen=True)

    port: Annotated[int, Field(ge=0, le=65535)] = 8001
    store_url: SecretStr = SecretStr("sqlite:///var/logger/attendance.db")  # may hold a password
    timezone: str = Field(default_factory=_machine_zone, validate_default=True)
    admin_password: SecretStr | None = None  # of the first administrator; None: made at the first start
    api_keys: SecretStr | None = None  # "scope+scope=secret, …"; None: keys live in the store
    mark_attendance: Literal["verify", "trusted"] = "verify"
    mark_window_s: Annotated[float, Field(gt=0, le=3600)] = 60  # how fresh a sighting a front end may speak of
    recognizer_url: HttpUrl | None = None  # asked to remove the photos of who is erased
    recognizer_key: SecretStr | None = None
    keep_days: Annotated[int, Field(ge=30)] | None = None  # attendance older than this is removed; None: kept for ever
    backup_dir: Path | None = None  # a CSV of each day is written here
    consent_required: bool = False  # before a face is enrolled; the recognizer asks
    warn_below_percent: Annotated[float, Field(ge=0, le=100)] = 75  # reports warn of who was present less
    max_body_bytes: Annotated[int, Field(ge=1_000)] = 4 * 1024 * 1024  # room for a thousand events

    _split = field_validator("cors_origins", mode="before")(split_commas)

    @field_validator("store_url")
    @classmethod
    def _known_store(cls, url: SecretStr) -> SecretStr:
        text = url.get_secret_value()
        path = text.removeprefix(SQLITE_SCHEME)
        if not text.startswith(MONGO_SCHEMES) and (path == text or not path.strip("/")):
            raise ValueError("must be sqlite:///path/to/file.db or mongodb://host/database")
        return url

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (KeyError, ValueError, OSError):  # unknown; not a plain name; a folder of zones
            raise ValueError("is not an IANA time zone such as Asia/Kolkata") from None
        return name

    @field_validator("api_keys")
    @classmethod
    def _readable_keys(cls, given: SecretStr | None) -> SecretStr | None:
        if given is not None:
            _parse_keys(given.get_secret_value())
        return given

    @property
    def site(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)

    @property
    def fixed_keys(self) -> tuple[ApiKey, ...] | None:
        return None if self.api_keys is None else _parse_keys(self.api_keys.get_secret_value())

    @property
    def sqlite_path(self) -> Path | None:
        """The file of the embedded store; None when the store is MongoDB."""
        text = self.store_url.get_secret_value()
        return None if text.startswith(MONGO_SCHEMES) else Path(text.removeprefix(SQLITE_SCHEME))


def load_settings() -> LoggerSettings:
    """Raises UnknownSetting or ValidationError."""
    check_names(LoggerSettings)
    return LoggerSettings()


def _parse_keys(text: str) -> tuple[ApiKey, ...]:
    """Raises ValueError, which never repeats a secret."""
    entries = [entry.strip() for entry in text.split(",") if entry.strip()]
    return tuple(_parse_key(entry, f"LOGGER_API_KEYS {number}") for number, entry in enumerate(entries, 1))


def _parse_key(entry: str, label: str) -> ApiKey:
    words, _, secret = entry.partition("=")
    if len(secret) < MIN_SECRET_CHARACTERS:
        raise ValueError(f"each key is scope+scope=secret, the secret of {MIN_SECRET_CHARACTERS} characters or more")
    try:
        scopes = [Scope(word.strip()) for word in words.split("+")]
    except ValueError:
        raise ValueError(f"scopes are {', '.join(Scope)}") from None
    return new_key(secret, scopes, label)
