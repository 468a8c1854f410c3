"""`make run`: both services on the embedded defaults, as processes of their own, until Ctrl-C."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
from dotenv import dotenv_values

from shared.security import new_secret, read_secret_file, write_secret_file

KEYS = Path("var/keys")
RECOGNIZER_KEY = KEYS / "recognizer.key"
OPERATOR_KEY = KEYS / "operator.key"
ENROLMENT_KEY = KEYS / "enrolment.key"
READY_TIMEOUT_S = 300.0  # a first start embeds every photo in dataset/
STOP_TIMEOUT_S = 30.0
PHOTOS = {".jpg", ".jpeg", ".png", ".webp"}


class ServiceEnded(Exception):
    """A service stopped by itself; its own last words are on the terminal."""


@dataclass(frozen=True, slots=True)
class Service:
    package: str
    url: str
    process: "subprocess.Popen[bytes]"

    def check(self) -> None:
        if self.process.poll() is not None:
            raise ServiceEnded(f"the {self.package} ended with status {self.process.returncode}")


def main() -> int:
    for ending in (signal.SIGINT, signal.SIGTERM):  # a shell's background job starts with SIGINT ignored
        signal.signal(ending, _interrupt)
    environment = _environment()
    try:
        _join_enrolment(environment)
        _make_keys(environment)
        sign_in = _make_administrator(environment)
        _offer_demo(environment)
        with ExitStack() as stack:
            logger = stack.enter_context(_running("logger", environment))
            recognizer = stack.enter_context(_running("recognizer", environment))
            for service in (logger, recognizer):
                _wait_until_ready(service)
            _say(_greeting(recognizer, logger, sign_in, environment))
            _wait_until_ended((logger, recognizer))
    except KeyboardInterrupt:
        _say("Stopped.")
        return 0
    except (ServiceEnded, subprocess.CalledProcessError) as error:
        _say(f"Stopped: {error}")
        return 1
    return 0


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


def _environment() -> dict[str, str]:
    """The caller's environment and `.env`, and what joins the two services."""
    given = {name: value for name, value in dotenv_values(".env").items() if value is not None} | dict(os.environ)
    if not {"RECOGNIZER_LOGGER_KEY", "RECOGNIZER_LOGGER_KEY_FILE"} & given.keys():
        given["RECOGNIZER_LOGGER_KEY_FILE"] = str(RECOGNIZER_KEY)
    given.setdefault("RECOGNIZER_LOGGER_URL", _url("logger", given))
    return given


def _join_enrolment(environment: dict[str, str]) -> None:
    """A key for enrolling people, which the logger is given as well: who is erased there is erased here."""
    if "RECOGNIZER_ENROLL_KEY" not in environment:
        if not ENROLMENT_KEY.exists():
            write_secret_file(ENROLMENT_KEY, new_secret())
        environment["RECOGNIZER_ENROLL_KEY"] = read_secret_file(ENROLMENT_KEY)
    environment.setdefault("LOGGER_RECOGNIZER_URL", _url("recognizer", environment))
    environment.setdefault("LOGGER_RECOGNIZER_KEY", environment["RECOGNIZER_ENROLL_KEY"])


def _url(package: str, environment: Mapping[str, str]) -> str:
    prefix, port = {"logger": ("LOGGER", "8001"), "recognizer": ("RECOGNIZER", "8000")}[package]
    host = environment.get(f"{prefix}_HOST", "127.0.0.1")
    if host in {"0.0.0.0", "::"}:  # noqa: S104 - every interface, so this machine's own too
        host = "127.0.0.1"
    return f"http://{host}:{environment.get(f'{prefix}_PORT', port)}"


def _make_keys(environment: Mapping[str, str]) -> None:
    for file, label, scopes in (
        (RECOGNIZER_KEY, "recognizer", ("events:write", "attendance:read", "people:read", "people:write")),
        (OPERATOR_KEY, "operator", ("attendance:read",)),
    ):
        asked = (part for scope in scopes for part in ("--scope", scope))
        _run("logger", "keys", "ensure", "--file", str(file), *asked, "--label", label, env=environment)


def _make_administrator(environment: Mapping[str, str]) -> str:
    """How to sign in, with the password where it was made just now."""
    command = [sys.executable, "-m", "logger", "users", "first"]
    return subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()  # noqa: S603


def _offer_demo(environment: Mapping[str, str]) -> None:
    if _first_photo(environment) is None and _agreed():
        _run("recognizer", "demo", env=environment)


def _agreed() -> bool:
    """Without a terminal to ask at, yes: somebody who runs this by script wants something to look at."""
    if not sys.stdin.isatty():
        return True
    answer = input("dataset/ is empty. Add two demo people, Grace Hopper and Eileen Collins? [Y/n] ")
    return answer.strip().lower() in {"", "y", "yes"}


def _run(package: str, *arguments: str, env: Mapping[str, str]) -> None:
    subprocess.run([sys.executable, "-m", package, *arguments], env=env, check=True)  # noqa: S603


@contextmanager
def _running(package: str, environment: Mapping[str, str]) -> Iterator[Service]:
    # A session of its own: Ctrl-C reaches this process alone, which then stops the services in order.
    process = subprocess.Popen([sys.executable, "-m", package, "serve"], env=environment, start_new_session=True)  # noqa: S603
    try:
        yield Service(package, _url(package, environment), process)
    finally:
        process.terminate()
        try:
            process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_until_ready(service: Service) -> None:
    deadline_s = time.monotonic() + READY_TIMEOUT_S
    while not _is_ready(service.url):
        service.check()
        if time.monotonic() > deadline_s:
            raise ServiceEnded(
                f"the {service.package} is not ready after {READY_TIMEOUT_S:.0f} s: {service.url}/readyz"
            )
        time.sleep(0.1)
    service.check()  # what answered may be another program on the same port


def _is_ready(url: str) -> bool:
    try:
        return httpx.get(f"{url}/readyz", timeout=5, trust_env=False).is_success
    except httpx.HTTPError:
        return False


def _wait_until_ended(services: tuple[Service, ...]) -> None:
    while True:
        for service in services:
            service.check()
        time.sleep(0.5)


def _first_photo(environment: Mapping[str, str]) -> Path | None:
    dataset = Path(environment.get("RECOGNIZER_DATASET_DIR", "dataset"))
    photos = (path for path in sorted(dataset.glob("*/*")) if path.suffix.lower() in PHOTOS)
    return next(photos, None)


def _greeting(recognizer: Service, logger: Service, sign_in: str, environment: Mapping[str, str]) -> str:
    photo = _first_photo(environment) or "photo.jpg"
    return f"""
Rollcall is running. Ctrl-C stops it.

  recognizer   {recognizer.url}   (API: {recognizer.url}/docs)
  logger       {logger.url}   (API: {logger.url}/docs)
  sign-in      {logger.url}   as {sign_in}
  programs     the operator's key is in {OPERATOR_KEY}
  enrolment    {recognizer.url}/enroll   with the key in {_where_enrolment_key_is(environment)}

Recognize a photo, then read the attendance:

  curl -F image=@{photo} {recognizer.url}/recognize
  curl -H "X-API-Key: $(cat {OPERATOR_KEY})" {logger.url}/v1/attendance
"""


def _where_enrolment_key_is(environment: Mapping[str, str]) -> str:
    own = ENROLMENT_KEY.exists() and read_secret_file(ENROLMENT_KEY) == environment["RECOGNIZER_ENROLL_KEY"]
    return str(ENROLMENT_KEY) if own else "RECOGNIZER_ENROLL_KEY"


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    raise SystemExit(main())
