"""`python -m logger` as a process: its commands, and a stop that loses nothing."""

import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

Event = Callable[..., dict[str, Any]]
ROOT = Path(__file__).parents[3]


@pytest.fixture
def logger_command(environment: dict[str, str], tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "logger", *arguments]
        return subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True, check=False)

    return run


@pytest.fixture
def served(environment: dict[str, str], tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """The service, ready; it writes its log to `log`."""
    command = [sys.executable, "-m", "logger", "serve"]
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(command, env=environment, cwd=tmp_path, stderr=log)
    address = f"http://127.0.0.1:{environment['LOGGER_PORT']}/readyz"
    with httpx.Client(transport=httpx.HTTPTransport(retries=8)) as patient:  # connects again while it starts
        ready = patient.get(address, timeout=20)
    assert ready.status_code == 200, ready.text
    yield process
    process.kill()
    process.wait()


@pytest.fixture
def client(environment: dict[str, str]) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=f"http://127.0.0.1:{environment['LOGGER_PORT']}", timeout=20) as made:
        yield made


def test_keys_are_made_listed_used_and_withdrawn(
    logger_command: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path
) -> None:
    made = logger_command("keys", "add", "--scope", "events:write", "--scope", "attendance:read", "--label", "office")
    assert made.returncode == 0, made.stderr
    secret = made.stdout.strip()
    listed = logger_command("keys", "list").stdout
    assert secret not in listed
    assert "attendance:read+events:write  office" in listed
    key_id = listed.split()[0]
    assert logger_command("keys", "revoke", key_id).stdout == f"key {key_id} is revoked\n"
    assert "revoked" in logger_command("keys", "list").stdout
    refused = logger_command("keys", "revoke", "abc")
    assert (refused.returncode, refused.stderr) == (1, "there is no key abc; `keys list` shows those there are\n")
    assert secret.encode() not in (tmp_path / "attendance.db").read_bytes()


def test_a_key_goes_to_a_file_that_only_its_owner_reads_and_never_over_another(
    logger_command: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path
) -> None:
    add = ("keys", "add", "--scope", "attendance:read", "--label", "office", "--file", "office.key")
    assert logger_command(*add).returncode == 0
    secret = (tmp_path / "office.key").read_text()
    assert (tmp_path / "office.key").stat().st_mode & 0o777 == 0o600
    assert logger_command(*add).returncode == 1
    assert (tmp_path / "office.key").read_text() == secret


def test_a_bad_setting_stops_the_start_with_a_sentence(
    environment: dict[str, str], logger_command: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    environment["LOGGER_TIMEZONE"] = "Mars/Olympus"
    refused = logger_command("serve")
    assert refused.returncode == 2
    assert refused.stderr == "LOGGER_TIMEZONE: Value error, is not an IANA time zone such as Asia/Kolkata\n"


@pytest.mark.parametrize(
    ("url", "command", "told"),
    [
        ("mongodb://host:port/db", "serve", "LOGGER_STORE_URL is not an address of MongoDB: Port"),
        ("sqlite:////dev/null/a.db", "reconcile", "The attendance file cannot be used at the moment: "),
    ],
)
def test_a_store_that_cannot_be_used_is_a_sentence_and_no_traceback(
    environment: dict[str, str],
    logger_command: Callable[..., subprocess.CompletedProcess[str]],
    url: str,
    command: str,
    told: str,
) -> None:
    environment["LOGGER_STORE_URL"] = url
    refused = logger_command(command)
    assert refused.returncode == 1
    assert refused.stderr.startswith(told)
    assert refused.stderr.count("\n") == 1


def test_a_stop_in_the_middle_of_deliveries_keeps_all_that_was_acknowledged(
    served: subprocess.Popen[bytes],
    client: httpx.Client,
    logger_command: Callable[..., subprocess.CompletedProcess[str]],
    tmp_path: Path,
    event: Event,
) -> None:
    ensured = logger_command("keys", "ensure", "--file", "key", "--scope", "events:write", "--label", "recognizer")
    assert ensured.returncode == 0, ensured.stderr
    headers = {"X-API-Key": (tmp_path / "key").read_text().strip()}

    def deliver(number: int) -> int:
        if number == 100:
            served.send_signal(signal.SIGTERM)
        try:
            answer = client.post("/v1/events", json={"events": [events[number]]}, headers=headers)
        except httpx.TransportError:
            return 0
        return int(answer.status_code == 200)

    events = [event(str(number)) for number in range(200)]
    with ThreadPoolExecutor(8) as several:
        acknowledged = sum(several.map(deliver, range(200)))
    assert served.wait() == 0
    assert "Alice" not in (tmp_path / "log").read_text()
    assert acknowledged >= 90
    reconciled = logger_command("reconcile")
    stored = re.fullmatch(r"events (\d+)  attendance (\d+)  repaired 0\n", reconciled.stdout)
    assert reconciled.returncode == 0
    assert stored is not None
    assert acknowledged <= int(stored[1]) == int(stored[2]) <= 200


def test_a_killed_service_has_kept_all_that_it_acknowledged(
    served: subprocess.Popen[bytes],
    client: httpx.Client,
    logger_command: Callable[..., subprocess.CompletedProcess[str]],
    tmp_path: Path,
    event: Event,
) -> None:
    logger_command("keys", "ensure", "--file", "key", "--scope", "events:write", "--label", "recognizer")
    headers = {"X-API-Key": (tmp_path / "key").read_text().strip()}
    for number in range(20):
        assert client.post("/v1/events", json={"events": [event(str(number))]}, headers=headers).status_code == 200
    served.kill()
    served.wait()
    assert logger_command("reconcile").stdout == "events 20  attendance 20  repaired 0\n"


def test_reconcile_says_what_clients_were_told_and_is_not_stored(
    logger_command: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path
) -> None:
    line = '{"event_id": "00000000-0000-4000-8000-%012d", "person_id": "101", "safe": %s}'
    (tmp_path / "told").write_text("\n".join([line % (1, "false"), line % (2, "false")]))
    assert logger_command("reconcile", "--told", "told").returncode == 0
    (tmp_path / "told").write_text("\n".join([line % (1, "false"), line % (1, "true")]))
    lost = logger_command("reconcile", "--told", "told")
    assert lost.returncode == 4
    assert lost.stdout.splitlines()[1:] == [
        "told safe 1  missing 1  misnamed 0  unasked 0",
        "not as told: 00000000-0000-4000-8000-000000000001",
    ]


@pytest.mark.parametrize("content", [b"101", b'{"event_id": "1"}', b"\xff\xfe", None])
def test_what_clients_were_told_has_to_be_readable(
    logger_command: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path, content: bytes | None
) -> None:
    if content is not None:
        (tmp_path / "told").write_bytes(content)
    refused = logger_command("reconcile", "--told", "told")
    assert refused.returncode == 1
    assert refused.stderr.startswith("told")
    assert refused.stderr.count("\n") == 1


def test_a_stop_ends_streams_at_once_instead_of_waiting_for_them(
    served: subprocess.Popen[bytes],
    client: httpx.Client,
    logger_command: Callable[..., subprocess.CompletedProcess[str]],
) -> None:
    """The service gives requests 20 seconds, which is what the client would run into as well."""
    made = logger_command("keys", "add", "--scope", "attendance:read", "--label", "office")
    headers = {"Authorization": f"Bearer {made.stdout.strip()}"}
    with client.stream("GET", "/v1/live", headers=headers, timeout=15) as stream:
        pieces = stream.iter_text()
        while ": listening" not in next(pieces):
            pass
        served.send_signal(signal.SIGTERM)
        assert "".join(pieces) == ""
    assert served.wait(timeout=15) == 0
