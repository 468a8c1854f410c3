"""From a folder of photos to people who are recognized, and back to nobody: both services as `make run` has them."""

import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

PATIENCE_S = 120
READY = "/v1/attendance"  # in the last line of the greeting


@dataclass
class Site:
    folder: Path
    recognizer: str
    logger: str
    environment: dict[str, str]

    def key(self, name: str) -> dict[str, str]:
        return {"X-API-Key": (self.folder / "var" / "keys" / f"{name}.key").read_text().strip()}

    def command(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [sys.executable, "-m", "recognizer", *arguments],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=False,
        )

    def recognize(self, picture: bytes) -> str:
        answer = httpx.post(
            f"{self.recognizer}/recognize", files={"image": picture}, timeout=PATIENCE_S, trust_env=False
        )
        return str(answer.json()["person"])

    def person(self, person_id: str) -> httpx.Response:
        return httpx.get(f"{self.logger}/v1/people/{person_id}", headers=self.key("recognizer"), trust_env=False)


@pytest.fixture
def site(tmp_path: Path, ports: Callable[[], int], environment: dict[str, str], graphs: Path) -> Iterator[Site]:
    """With somebody in the dataset already, so that no demo is offered."""
    (tmp_path / "var" / "recognizer").mkdir(parents=True)
    (tmp_path / "var" / "recognizer" / "graphs").symlink_to(graphs, target_is_directory=True)
    (tmp_path / "dataset" / "Nobody_0").mkdir(parents=True)
    (tmp_path / "dataset" / "Nobody_0" / "x.jpg").write_bytes(b"no photo")
    settings = {**environment, "RECOGNIZER_PORT": str(ports()), "LOGGER_PORT": str(ports())}
    settings["RECOGNIZER_DELIVERY_BUDGET_S"] = "10"
    with subprocess.Popen(
        [sys.executable, "-m", "shared.launch"],
        cwd=tmp_path,
        env=settings,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        greeting = _greeting(process)
        assert "var/keys/enrolment.key" in greeting
        recognizer, logger = (re.findall(rf"{name} +(http://\S+)", greeting)[0] for name in ("recognizer", "logger"))
        yield Site(tmp_path, recognizer, logger, settings)
        process.send_signal(signal.SIGINT)


def _greeting(process: Any) -> str:
    lines = []
    for line in process.stdout:
        lines.append(line)
        if READY in line:
            return "".join(lines)
    raise AssertionError("".join(lines))


TABLE = """person_id,name,email,consent_version,consent_how,photos
C1,Eileen Collins,eileen@example.org,2026-1,paper,collins.jpg; hopper.jpg; notes.png
H1,Grace Hopper,,,,hopper.jpg
"""


def test_a_folder_becomes_people_with_profiles_who_can_be_erased(
    site: Site, photos: Any, jpeg: Callable[[Any], bytes], tmp_path: Path
) -> None:
    people = tmp_path / "people"
    people.mkdir()
    (people / "people.csv").write_text(TABLE)
    (people / "collins.jpg").write_bytes(jpeg(photos.collins))
    (people / "hopper.jpg").write_bytes(jpeg(photos.hopper))
    (people / "notes.png").write_bytes(b"no picture")

    done = site.command("enroll", str(people))

    assert "hopper.jpg: unlike_the_others" in done.stdout
    assert "notes.png: unreadable" in done.stdout
    assert "2 of 2 people enrolled, 2 photos taken, 2 refused" in done.stdout
    assert done.returncode == 0, done.stderr
    assert site.recognize(jpeg(photos.collins_again)) == "Eileen Collins C1"
    assert site.recognize(jpeg(photos.hopper_again)) == "Grace Hopper H1"
    profile = site.person("C1").json()
    assert (profile["email"], profile["consent"]["version"]) == ("eileen@example.org", "2026-1")
    assert site.person("H1").json()["name"] == "Grace Hopper"

    assert re.search(r"enrolled  C1$", site.command("people", "--deeds").stdout, re.MULTILINE)

    archive = shutil.make_archive(str(tmp_path / "people"), "zip", people)
    again = site.command("enroll", archive)
    assert "hopper.jpg: unlike_the_others" in again.stdout
    assert "2 of 2 people enrolled, 2 photos taken, 2 refused" in again.stdout

    erased = httpx.delete(
        f"{site.logger}/v1/people/C1", headers=site.key("recognizer"), timeout=PATIENCE_S, trust_env=False
    )
    assert erased.status_code == 200
    assert "removed photos" in erased.text
    assert site.recognize(jpeg(photos.collins)) == "Unknown"
    assert not (site.folder / "dataset" / "Eileen_Collins_C1").exists()
