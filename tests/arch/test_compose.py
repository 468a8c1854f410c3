"""What docker-compose.yml promises, read from the file: no Docker is needed."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeAlias

import pytest
import yaml

from logger.settings import LoggerSettings
from recognizer.settings import RecognizerSettings
from shared.settings import ServiceSettings

Service: TypeAlias = Mapping[str, Any]  # as the file has it
Environment: TypeAlias = Mapping[str, str | None]  # None: passed on from .env

ROOT = Path(__file__).parents[2]
EXAMPLE = (ROOT / ".env.example").read_text("utf-8")
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text("utf-8"))
SERVICES: Mapping[str, Service] = COMPOSE["services"]
OURS: Mapping[str, type[ServiceSettings]] = {"recognizer": RecognizerSettings, "logger": LoggerSettings}

VARIABLE = re.compile(r"\$\{(?P<name>\w+)(?P<rule>:[-?])?(?P<text>[^}]*)\}")
SCOPE = re.compile(r"[a-z]+:[a-z]+(\+[a-z]+:[a-z]+)*=")
SECRET_NAME = re.compile(r"_(KEY|KEYS|PASSWORD|TOKEN|AUTHTOKEN)$")

each_service = pytest.mark.parametrize("service", SERVICES.values(), ids=SERVICES)
each_of_ours = pytest.mark.parametrize("name", OURS)


def environment_of(name: str) -> Environment:
    environment: Environment = SERVICES[name].get("environment", {})
    return environment


def interpolated(text: str, given: Mapping[str, str]) -> str:
    """`text` as compose passes it on. A required variable that is not given raises KeyError."""

    def value(found: re.Match[str]) -> str:
        default = found["text"] if found["rule"] == ":-" else None
        return given.get(found["name"]) or default or given[found["name"]]

    return VARIABLE.sub(value, text)


def settings_of_example(*, commented: bool) -> set[str]:
    marker = "#?" if commented else ""
    return set(re.findall(rf"^{marker}([A-Z_]+)=", EXAMPLE, re.MULTILINE))


@each_service
def test_no_service_may_do_more_than_it_needs(service: Service) -> None:
    assert service["cap_drop"] == ["ALL"]
    assert "cap_add" not in service
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["read_only"] is True
    assert any(mount.startswith("/tmp:size=") for mount in service["tmpfs"])  # noqa: S108
    assert {"privileged", "network_mode", "pid", "ipc", "devices"}.isdisjoint(service)


@each_service
def test_every_service_is_bounded_and_comes_back(service: Service) -> None:
    assert service["mem_limit"]
    assert service["pids_limit"]
    assert service["restart"] == "unless-stopped"


@each_of_ours
def test_requests_in_flight_end_before_docker_loses_patience(name: str) -> None:
    patience_s = int(SERVICES[name]["stop_grace_period"].removesuffix("s"))

    assert patience_s > OURS[name].model_fields["stop_timeout_s"].default


def test_only_the_two_services_are_published_and_on_this_machine_alone_unless_told_otherwise() -> None:
    published = {name: service["ports"] for name, service in SERVICES.items() if "ports" in service}

    assert {name: [interpolated(port, {}) for port in ports] for name, ports in published.items()} == {
        "recognizer": ["127.0.0.1:8000:8000"],
        "logger": ["127.0.0.1:8001:8001"],
    }


def test_the_database_is_reached_by_the_logger_alone() -> None:
    sharing = {name for name, service in SERVICES.items() if "store" in service.get("networks", ["default"])}

    assert sharing == {"logger", "mongo"}
    assert SERVICES["mongo"]["networks"] == ["store"]
    assert COMPOSE["networks"]["store"]["internal"] is True


def test_the_database_asks_who_is_there_and_does_not_run_as_root() -> None:
    mongo = SERVICES["mongo"]

    assert mongo["user"] == "mongodb"
    assert "--keyFile" in mongo["command"][0]
    assert mongo["image"].startswith("mongo:8")


def test_each_service_waits_until_the_one_behind_it_is_healthy() -> None:
    gates = {
        name: {other: gate["condition"] for other, gate in service.get("depends_on", {}).items()}
        for name, service in SERVICES.items()
    }

    assert gates == {
        "recognizer": {"logger": "service_healthy"},
        "logger": {"mongo": "service_healthy"},
        "mongo": {},
        "ngrok": {"recognizer": "service_healthy"},
    }
    assert SERVICES["mongo"]["healthcheck"]["test"]  # the other two bring theirs in the image


def test_the_tunnel_starts_only_when_asked_for_and_leads_to_the_recognizer() -> None:
    assert SERVICES["ngrok"]["profiles"] == ["ngrok"]
    assert "http://recognizer:8000" in SERVICES["ngrok"]["command"]
    assert all("profiles" not in SERVICES[name] for name in ("recognizer", "logger", "mongo"))


def test_the_file_is_read_by_old_engines_too() -> None:
    assert {"name", "version"}.isdisjoint(COMPOSE)


@each_service
def test_no_secret_is_written_down(service: Service) -> None:
    for name, value in service.get("environment", {}).items():
        if value is None:
            continue
        rest = VARIABLE.sub("", value)
        assert not re.search(r":[^/@]+@", rest), f"{name} holds a password"
        if SECRET_NAME.search(name):
            assert SCOPE.sub("", rest).strip(",") == "", f"{name} holds a secret"


@each_service
def test_every_secret_is_required(service: Service) -> None:
    values = [value for value in service.get("environment", {}).values() if value is not None]
    secrets = [found for value in values for found in VARIABLE.finditer(value) if SECRET_NAME.search(found["name"])]

    assert all(found["rule"] == ":?" for found in secrets)


def test_the_example_leaves_every_secret_empty() -> None:
    lines = dict(re.findall(r"^#?([A-Z_]+)=(.*)$", EXAMPLE, re.MULTILINE))

    assert {name: value for name, value in lines.items() if SECRET_NAME.search(name) and value} == {}


def test_the_example_has_every_variable_and_no_other() -> None:
    text = yaml.safe_dump(COMPOSE)
    interpolated_names = {found["name"] for found in VARIABLE.finditer(text)}
    passed_on = {name for service in SERVICES for name, value in environment_of(service).items() if value is None}

    assert settings_of_example(commented=True) == interpolated_names | passed_on


def test_what_the_example_sets_is_what_compose_requires() -> None:
    required = {found["name"] for found in VARIABLE.finditer(yaml.safe_dump(COMPOSE)) if found["rule"] == ":?"}

    assert settings_of_example(commented=False) == required


@pytest.mark.parametrize("prefix", ["RECOGNIZER_", "LOGGER_"])
def test_every_name_with_a_prefix_of_ours_is_a_setting(prefix: str) -> None:
    kind = OURS[prefix.strip("_").lower()]
    known = {f"{prefix}{field}".upper() for field in kind.model_fields}
    given = settings_of_example(commented=True).union(*map(environment_of, SERVICES))

    assert {name for name in given if name.startswith(prefix)} <= known


def test_the_logger_understands_what_it_is_given() -> None:
    secrets = (
        "ROLLCALL_EVENTS_KEY",
        "ROLLCALL_READ_KEY",
        "ROLLCALL_ENROLL_KEY",
        "MONGO_PASSWORD",
        "LOGGER_ADMIN_PASSWORD",
    )
    given = {name: letter * 64 for name, letter in zip(secrets, "efcab", strict=True)}
    environment = {
        name.removeprefix("LOGGER_").lower(): interpolated(value, given | {"LOGGER_TIMEZONE": "Asia/Kolkata"})
        for name, value in environment_of("logger").items()
        if value is not None
    }

    settings = LoggerSettings.model_validate(environment)

    assert [sorted(key.scopes) for key in settings.fixed_keys or ()] == [
        ["attendance:read", "events:write", "people:read", "people:write"],
        ["attendance:read"],
    ]
    assert settings.sqlite_path is None
    assert settings.admin_password is not None
    assert settings.timezone == "Asia/Kolkata"


def test_the_recognizer_presents_the_key_with_which_events_are_written() -> None:
    given = {name: name for name in ("ROLLCALL_EVENTS_KEY", "ROLLCALL_READ_KEY")}
    presented = interpolated(environment_of("recognizer")["RECOGNIZER_LOGGER_KEY"] or "", given)
    accepted = interpolated(environment_of("logger")["LOGGER_API_KEYS"] or "", given)

    assert f"attendance:read+events:write+people:read+people:write={presented}" in accepted.split(",")


def test_the_logger_erases_with_the_key_that_the_recognizer_takes() -> None:
    given = {"ROLLCALL_ENROLL_KEY": "e" * 64}
    logger, recognizer = environment_of("logger"), environment_of("recognizer")

    assert interpolated(logger["LOGGER_RECOGNIZER_KEY"] or "", given) == given["ROLLCALL_ENROLL_KEY"]
    assert interpolated(recognizer["RECOGNIZER_ENROLL_KEY"] or "", given) == given["ROLLCALL_ENROLL_KEY"]
    assert logger["LOGGER_RECOGNIZER_URL"] == "http://recognizer:8000"


def test_photos_state_and_records_outlive_the_containers() -> None:
    mounts = {name: [interpolated(each, {}) for each in SERVICES[name].get("volumes", [])] for name in SERVICES}

    assert mounts == {
        "recognizer": ["./dataset:/app/dataset", "./models:/app/models:ro", "recognizer-state:/app/var"],
        "logger": ["logger-state:/app/var"],
        "mongo": ["mongo-data:/data/db"],
        "ngrok": [],
    }
    assert set(COMPOSE["volumes"]) == {"recognizer-state", "logger-state", "mongo-data"}
