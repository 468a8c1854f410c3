"""What the settings of both services have in common."""

import os
import sys
from collections.abc import Callable
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, NoReturn, TypeVar

from dotenv import dotenv_values
from pydantic import Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from shared.logs import LogFormat, LogLevel

LOCAL_ORIGINS = tuple(
    f"http://{host}:{port}" for host in ("localhost", "127.0.0.1") for port in (3000, 5173, 8000, 8001)
)

Settings = TypeVar("Settings", bound="ServiceSettings")
CommaSeparated = Annotated[tuple[str, ...], NoDecode]  # "a, b" in the environment, not JSON


class UnknownSetting(ValueError):
    pass


class ServiceSettings(BaseSettings):
    """Read from the environment and `.env`. A name with our prefix that we do not know stops the start."""

    model_config = SettingsConfigDict(env_file=".env", extra="ignore", frozen=True)

    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)]
    log_level: LogLevel = "info"
    log_format: LogFormat | None = None
    cors_origins: CommaSeparated = LOCAL_ORIGINS
    allowed_hosts: CommaSeparated = ()  # names that are ours; see shared.web.hosts
    body_timeout_s: Annotated[float, Field(gt=0)] = 30  # the whole body must have arrived by then
    head_timeout_s: Annotated[float, Field(gt=0)] = 10  # and what comes before it
    max_connections: Annotated[int, Field(ge=1)] = 512
    trusted_proxies: CommaSeparated = ("127.0.0.1", "::1")  # whose X-Forwarded-For is believed
    rate_per_s: Annotated[float, Field(ge=0)] = 100  # requests of one address; 0: no limit
    key_rate_per_s: Annotated[float, Field(ge=0)] = 1_000  # of whoever holds a key
    stop_timeout_s: Annotated[int, Field(gt=0)] = 20  # requests in flight get this long after SIGTERM

    @field_validator("trusted_proxies", "allowed_hosts", mode="before")
    @classmethod
    def _split_names(cls, given: object) -> object:
        return split_commas(given)

    @field_validator("trusted_proxies")
    @classmethod
    def _addresses(cls, proxies: tuple[str, ...]) -> tuple[str, ...]:
        """Not everybody: then the first address would count that a client has made up."""
        if any(ip_network(proxy).prefixlen == 0 for proxy in proxies):
            raise ValueError("may not be everybody")
        return proxies


def split_commas(value: object) -> object:
    if isinstance(value, str):
        return tuple(part.strip() for part in value.split(",") if part.strip())
    return value


def check_names(settings: type[ServiceSettings]) -> None:
    """Raises UnknownSetting for a name with our prefix that is no setting: a typing error must not pass silently."""
    prefix = str(settings.model_config.get("env_prefix", ""))
    env_file = Path(str(settings.model_config.get("env_file")))
    given = set(os.environ) | set(dotenv_values(env_file) if env_file.is_file() else ())
    known = {f"{prefix}{name}".upper() for name in settings.model_fields}
    unknown = sorted(name for name in given if name.upper().startswith(prefix) and name.upper() not in known)
    if unknown:
        raise UnknownSetting(f"unknown setting {', '.join(unknown)}; known are {', '.join(sorted(known))}")


def load_or_exit(load: Callable[[], Settings], prefix: str) -> Settings:
    """The settings, or a sentence for each mistake on standard error and exit status 2."""
    try:
        return load()
    except UnknownSetting as error:
        _exit(str(error))
    except ValidationError as error:
        lines = (f"{prefix}{'.'.join(map(str, e['loc'])).upper()}: {e['msg']}" for e in error.errors())
        _exit("\n".join(lines))


def _exit(message: str) -> NoReturn:
    sys.stderr.write(message + "\n")
    raise SystemExit(2)
