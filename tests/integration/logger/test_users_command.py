"""`python -m logger users`, as a process, and what the first start says."""

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

ROOT = Path(__file__).parents[3]
SHOWN = r"password (\S+)   \("
Command = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def users(environment: dict[str, str], tmp_path: Path) -> Command:
    def run(*arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "logger", "users", *arguments],
            env=environment | settings,
            cwd=tmp_path,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )

    return run


def test_accounts_are_made_listed_closed_and_given_another_password(users: Command) -> None:
    made = [re.search(SHOWN, users("add", "Zoe", "--role", "teacher", "--name", "Zoë").stdout)]
    made.append(re.search(SHOWN, users("passwd", "ZOE").stdout))
    assert all(made)
    assert len({found[1] for found in made if found}) == 2
    assert users("add", "zoe", "--role", "viewer").stderr == "There is an account with this name\n"
    assert users("disable", "zoe").stdout == "zoe is disabled\n"
    assert users("list").stdout == "zoe  teacher  disabled  Zoë\n"
    assert users("enable", "zoe").stdout == "zoe is enabled\n"
    unknown = users("passwd", "nobody")
    assert (unknown.returncode, unknown.stderr) == (1, "There is no such account\n")
    assert users("disable", "a b").returncode == 1


def test_a_device_gets_a_key_and_then_the_one_that_replaces_it(users: Command) -> None:
    keys = [users("add", "kiosk", "--role", "device", "--room", "Room 1").stdout, users("passwd", "kiosk").stdout]
    secrets = {found[1] for found in (re.search(r"key (rollcall-login_\S+)", key) for key in keys) if found}
    assert len(secrets) == 2
    assert users("passwd", "kiosk").stderr == "This device has two keys; withdraw one first\n"
    assert "room Room 1" in users("list").stdout


def test_the_first_administrators_password_is_shown_once(users: Command) -> None:
    first, second = users("first").stdout, users("first").stdout
    assert re.search(SHOWN, first)
    assert second.startswith("admin, with the password shown at the first start, on ")
    assert "python -m logger users passwd admin" in second


def test_the_first_administrators_password_may_be_a_setting_and_is_then_never_shown(users: Command) -> None:
    short = users("first", LOGGER_ADMIN_PASSWORD="short")  # noqa: S106 - of nobody
    assert (short.returncode, short.stderr) == (1, "A password has 10 to 200 characters\n")
    done = users("first", LOGGER_ADMIN_PASSWORD="correct horse battery")  # noqa: S106 - of nobody
    assert done.stdout.startswith("admin, with the password that was in LOGGER_ADMIN_PASSWORD at the first start")
    assert "horse" not in done.stdout + done.stderr


def test_a_service_that_starts_for_the_first_time_says_once_how_to_sign_in_and_its_log_never_does(
    environment: dict[str, str], tmp_path: Path
) -> None:
    address = f"http://127.0.0.1:{environment['LOGGER_PORT']}"
    said = []
    for _ in range(2):
        with (tmp_path / "out").open("wb") as out, (tmp_path / "log").open("ab") as log:
            command = [sys.executable, "-m", "logger", "serve"]
            process = subprocess.Popen(command, env=environment, cwd=tmp_path, stdout=out, stderr=log)
        try:
            with httpx.Client(transport=httpx.HTTPTransport(retries=8)) as patient:  # connects again while it starts
                assert patient.get(f"{address}/readyz", timeout=20).status_code == 200
                said.append((tmp_path / "out").read_text())
                [password] = re.findall(SHOWN, said[0])
                credentials = {"username": "admin", "password": password}
                assert patient.post(f"{address}/auth/login", json=credentials).status_code == 200
        finally:
            process.terminate()
            assert process.wait(20) == 0
    assert said[1] == ""
    assert password not in (tmp_path / "log").read_text()
